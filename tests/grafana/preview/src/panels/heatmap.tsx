// A heat map of ready-made buckets. Grafana's own is part of its core and in no package: this one is ours, in its colours and proportions.
import { DataFrame, FieldType, formattedValueToString, getValueFormat, GrafanaTheme2 } from '@grafana/data';
import { interpolateBlues, interpolateOranges, interpolateSpectral, interpolateViridis } from 'd3-scale-chromatic';
import { Drawn } from './panel';

const SCHEMES: Record<string, (t: number) => string> = {
  Blues: interpolateBlues,
  Oranges: interpolateOranges,
  Spectral: interpolateSpectral,
  Viridis: interpolateViridis,
};
const AXIS_WIDTH = 76;
const AXIS_HEIGHT = 22;
const LEGEND_HEIGHT = 34;
const TICKS = 6;

export function HeatmapPanel({ loaded, range, theme, width, height }: Drawn) {
  const options = loaded.panel.options;
  const paint = SCHEMES[options.color?.scheme];
  if (options.calculate || !paint) {
    throw new Error(`the preview draws heat maps of buckets in the schemes ${Object.keys(SCHEMES).join(', ')} only`);
  }
  const rows = filledRows(loaded.frames.map(bucketOf), options.filterValues?.le ?? 0);
  const most = Math.max(...rows.flatMap((row) => [...row.counts.values()]));
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const plotWidth = width - AXIS_WIDTH;
  const plotHeight = height - AXIS_HEIGHT - (options.legend?.show ? LEGEND_HEIGHT : 0);
  const rowHeight = plotHeight / rows.length;
  const cellWidth = (rows[0].stepMs / (to - from)) * plotWidth;
  const gap = options.cellGap ?? 1;
  const shade = (count: number) => {
    const t = (count / most) ** (options.color.exponent ?? 0.5);
    // As in Grafana, a scheme that is light at its low end is turned round on a dark page.
    return paint(theme.isDark !== Boolean(options.color.reverse) ? 1 - t : t);
  };
  const left = (at: number) => AXIS_WIDTH + ((at - from) / (to - from)) * plotWidth;
  const unit = getValueFormat(options.yAxis?.unit ?? 'short');
  const boundText = (bound: number) =>
    bound === Infinity ? '+Inf' : formattedValueToString(unit(bound, options.yAxis?.decimals));
  const every = Math.ceil(14 / rowHeight);
  const text = { fill: theme.colors.text.primary, fontSize: 12, fontFamily: theme.typography.fontFamily };
  return (
    <svg width={width} height={height} style={{ display: 'block' }}>
      {rows.map((row, index) =>
        [...row.counts].map(([at, count]) => (
          <rect
            key={`${row.bound} ${at}`}
            x={Math.max(AXIS_WIDTH, left(at) - cellWidth)}
            y={plotHeight - (index + 1) * rowHeight}
            width={Math.max(0, Math.min(cellWidth, left(at) - AXIS_WIDTH) - gap)}
            height={rowHeight - gap}
            fill={shade(count)}
          />
        )),
      )}
      {rows.map(
        (row, index) =>
          index % every === 0 && (
            <text key={row.bound} x={AXIS_WIDTH - 8} y={plotHeight - index * rowHeight} textAnchor="end" {...text}>
              {boundText(row.bound)}
            </text>
          ),
      )}
      {Array.from({ length: TICKS }, (_, index) => from + ((index + 0.5) * (to - from)) / TICKS).map((at) => (
        <text key={at} x={left(at)} y={plotHeight + 16} textAnchor="middle" {...text}>
          {new Date(at).toISOString().slice(to - from > 2 * 86_400_000 ? 5 : 11, to - from > 2 * 86_400_000 ? 10 : 16)}
        </text>
      ))}
      {options.legend?.show && <Scale theme={theme} shade={shade} most={most} top={height - LEGEND_HEIGHT + 8} text={text} />}
    </svg>
  );
}

/** The colours, from the fewest to the most calls. */
function Scale({ theme, shade, most, top, text }: { theme: GrafanaTheme2; shade: (count: number) => string; most: number; top: number; text: any }) {
  const steps = 32;
  return (
    <g stroke={theme.colors.border.weak} strokeWidth={0}>
      {Array.from({ length: steps }, (_, index) => (
        <rect key={index} x={AXIS_WIDTH + index * 6} y={top} width={6} height={8} fill={shade((most * (index + 0.5)) / steps)} />
      ))}
      <text x={AXIS_WIDTH} y={top + 22} {...text}>0</text>
      <text x={AXIS_WIDTH + steps * 6} y={top + 22} textAnchor="end" {...text}>
        {formattedValueToString(getValueFormat('short')(most, most < 10 ? 1 : 0))}
      </text>
    </g>
  );
}

interface Bucket {
  bound: number;
  stepMs: number;
  counts: Map<number, number>; // by the time at which the cell ends
}

function bucketOf(frame: DataFrame): Bucket {
  const time = frame.fields.find((field) => field.type === FieldType.time)!;
  const value = frame.fields.find((field) => field.type === FieldType.number)!;
  return {
    bound: value.labels?.le === '+Inf' ? Infinity : Number(value.labels?.le),
    stepMs: time.config.interval ?? 60_000,
    counts: new Map(time.values.map((at, index) => [at, value.values[index]])),
  };
}

/** Without cells below the least count, and without empty buckets at both ends. */
function filledRows(buckets: Bucket[], least: number): Bucket[] {
  const rows = buckets.map((bucket) => ({ ...bucket, counts: new Map([...bucket.counts].filter(([, count]) => count > least)) }));
  const filled = rows.flatMap((row, index) => (row.counts.size ? [index] : []));
  return filled.length ? rows.slice(filled[0], filled[filled.length - 1] + 1) : rows;
}
