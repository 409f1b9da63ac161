// Lines, areas and bars over time.
import { DataFrame } from '@grafana/data';
import { TimeSeries, TooltipDisplayMode, TooltipPlugin2 } from '@grafana/ui';
import { Drawn } from './panel';

export function TimeSeriesPanel({ loaded, range, width, height }: Drawn) {
  const { options } = loaded.panel;
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...options?.legend };
  const hoverMode = options?.tooltip?.mode === TooltipDisplayMode.Multi ? 1 : 0;
  return (
    <TimeSeries
      frames={loaded.frames.map(withGaps)}
      structureRev={1}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={legend}
      options={options}
    >
      {(config: any) => <TooltipPlugin2 config={config} hoverMode={hoverMode} render={() => null} />}
    </TimeSeries>
  );
}

/** Nulls where samples are missing, or a line is drawn across. Grafana's core puts them in each frame; the component in the first only. */
function withGaps(frame: DataFrame): DataFrame {
  const [time, ...rest] = frame.fields;
  const stepMs = time.config.interval;
  if (!stepMs) {
    return frame;
  }
  const gaps = new Set<number>();
  time.values.forEach((at, index) => index && at - time.values[index - 1] > stepMs * 1.5 && gaps.add(index));
  const filled = (values: any[], filler: (index: number) => any) =>
    values.flatMap((value, index) => (gaps.has(index) ? [filler(index), value] : [value]));
  return {
    ...frame,
    length: frame.length + gaps.size,
    fields: [
      { ...time, values: filled(time.values, (index) => time.values[index - 1] + stepMs) },
      ...rest.map((field) => ({ ...field, values: filled(field.values, () => null) })),
    ],
  };
}
