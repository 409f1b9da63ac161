// What Grafana's core fills at its start. Without it units, thresholds and overrides are ignored without a word.
import {
  dataLinksOverrideProcessor,
  FieldConfigOptionsRegistry,
  getValueFormats,
  identityOverrideProcessor,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
} from '@grafana/data';

/** Options that fields of every panel kind have. */
export const STANDARD = [
  'unit', 'min', 'max', 'fieldMinMax', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links',
  'description', 'filterable', 'actions',
];

/** Those of one kind, under `custom`. */
export const CUSTOM: Record<string, string[]> = {
  timeseries: [
    'axisBorderShow', 'axisCenteredZero', 'axisColorMode', 'axisGridShow', 'axisLabel', 'axisPlacement', 'axisSoftMax',
    'axisSoftMin', 'axisWidth', 'barAlignment', 'barMaxWidth', 'barWidthFactor', 'drawStyle', 'fillBelowTo', 'fillColor',
    'fillOpacity', 'gradientMode', 'hideFrom', 'insertNulls', 'lineColor', 'lineInterpolation', 'lineStyle', 'lineWidth',
    'pointColor', 'pointSize', 'pointSymbol', 'scaleDistribution', 'showPoints', 'showValues', 'spanNulls', 'stacking',
    'thresholdsStyle', 'transform',
  ],
  table: [
    'align', 'cellOptions', 'filterable', 'footer', 'hidden', 'hideFrom', 'hideHeader', 'inspect', 'minWidth', 'tooltip',
    'width', 'wrapHeaderText', 'wrapText',
  ],
  heatmap: ['hideFrom', 'scaleDistribution'],
  stat: [],
  bargauge: [],
};

/** What the core puts where a dashboard says nothing. */
export const CUSTOM_DEFAULTS: Record<string, object> = {
  timeseries: {
    axisColorMode: 'text',
    axisPlacement: 'auto',
    barAlignment: 0,
    barWidthFactor: 0.6,
    drawStyle: 'line',
    fillOpacity: 0,
    gradientMode: 'none',
    hideFrom: { legend: false, tooltip: false, viz: false },
    lineInterpolation: 'linear',
    lineWidth: 1,
    pointSize: 5,
    scaleDistribution: { type: 'linear' },
    showPoints: 'auto',
    spanNulls: false,
    stacking: { mode: 'none', group: 'A' },
    thresholdsStyle: { mode: 'off' },
  },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
};

const option = (name: string, isCustom = false): any => ({
  id: isCustom ? `custom.${name}` : name,
  path: name,
  name,
  isCustom,
  process: name === 'links' ? dataLinksOverrideProcessor : identityOverrideProcessor,
  shouldApply: () => true,
  override: () => null,
  editor: () => null,
  settings: {},
});

/** The options that fields of a panel kind may have. */
export function optionsOf(kind: string): FieldConfigOptionsRegistry {
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((name) => option(name)),
    ...(CUSTOM[kind] ?? []).map((name) => option(name, true)),
  ]);
}

const units = new Set(getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)));

/** Whether Grafana knows a unit: one of its own, or text that it puts before or behind the figure. */
export const isUnit = (unit: string) => units.has(unit) || /^(suffix|prefix|time|si|count|currency|bool|dateTime):/.test(unit);

export function fillRegistries() {
  standardFieldConfigEditorRegistry.setInit(() => STANDARD.map((name) => option(name)));
  // joinByField is there twice.
  const transformers = [...new Map(Object.values(standardTransformers).map((one: any) => [one.id, one])).values()];
  standardTransformersRegistry.setInit(() =>
    transformers.map((one) => ({
      id: one.id,
      name: one.name,
      transformation: one,
      editor: () => null,
      imageDark: '',
      imageLight: '',
    })) as any,
  );
}
