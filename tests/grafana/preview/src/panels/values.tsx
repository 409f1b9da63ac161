// Panels of single figures: stat and bargauge.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { defaultOptions as barDefaults } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import { defaultOptions as statDefaults } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import { BarGauge, BigValue, VizRepeater } from '@grafana/ui';
import { Drawn } from './panel';

/** One component for each figure that the reduce options leave. */
function Figures({ loaded, theme, width, height, options, sparkline, more, render }: Drawn & Record<string, any>) {
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: loaded.fieldConfig,
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false, ...options.reduceOptions },
      replaceVariables: loaded.inText,
      theme,
      data: loaded.frames,
      sparkline,
      percentChange: options.showPercentChange,
      timeZone: 'utc',
    });
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors as any}
      renderValue={render}
      width={width}
      height={height}
      source={loaded.frames}
      renderCounter={0}
      orientation={options.orientation ?? 'auto'}
      {...more}
    />
  );
}

export function StatPanel(drawn: Drawn) {
  const options: any = { ...statDefaults, ...drawn.loaded.panel.options };
  const render = ({ value, alignmentFactors, width, height, count }: any) => (
    <BigValue
      value={value.display}
      count={count}
      sparkline={value.sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      alignmentFactors={alignmentFactors}
      text={options.text}
      width={width}
      height={height}
      theme={drawn.theme}
      disableWideLayout={!options.wideLayout}
      percentChangeColorMode={options.percentChangeColorMode}
    />
  );
  return (
    <Figures {...drawn} options={options} sparkline={options.graphMode !== 'none'} more={{ autoGrid: true }} render={render} />
  );
}

export function BarGaugePanel(drawn: Drawn) {
  const options: any = { ...barDefaults, ...drawn.loaded.panel.options };
  const more = {
    minVizWidth: options.minVizWidth,
    minVizHeight: options.minVizHeight,
    maxVizHeight: options.sizing === 'auto' ? undefined : options.maxVizHeight,
    itemSpacing: 10,
  };
  const render = ({ value, alignmentFactors, orientation, width, height, count }: any) => (
    <BarGauge
      value={{ ...value.display, title: value.display.title ?? '' }}
      width={width}
      height={height}
      orientation={orientation}
      field={value.field}
      text={options.text}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      theme={drawn.theme}
      itemSpacing={10}
      displayMode={options.displayMode}
      alignmentFactors={count > 1 ? alignmentFactors : undefined}
      showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      isOverflow={false}
    />
  );
  return <Figures {...drawn} options={options} sparkline={false} more={more} render={render} />;
}
