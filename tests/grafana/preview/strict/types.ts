// What a dashboard of ours may say: Grafana's own types, with no room for what they don't name.
//
// They are narrower than Grafana's in what we want of each panel (title, place, queries of Prometheus), and wider only where Grafana's files say `any`.
import type {
  Dashboard,
  DataSourceRef,
  FieldColorModeId,
  FieldConfig,
  GraphFieldConfig,
  HideableFieldConfig,
  Panel,
  RowPanel,
  ScaleDistributionConfig,
  TableFieldOptions,
  TableOptions,
  VariableModel,
  VariableType,
  VizLegendOptions,
  VizTooltipOptions,
} from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as HeatmapOptions } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';

/** A query of Prometheus. Its data source's own types are in no package. */
interface Target {
  refId: string;
  expr: string;
  datasource: DataSourceRef;
  editorMode?: 'code' | 'builder';
  legendFormat?: string;
  range?: boolean;
  instant?: boolean;
  exemplar?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  interval?: string;
  hide?: boolean;
}

/** What Grafana has defaults for need not be said. */
type Partly<T> = T extends Array<infer U> ? Array<Partly<U>> : T extends object ? { [K in keyof T]?: Partly<T[K]> } : T;

interface Color {
  mode: `${FieldColorModeId}`;
  fixedColor?: string;
  seriesBy?: 'last' | 'min' | 'max';
}

type Overrides = Panel['fieldConfig'] extends infer F ? (F extends { overrides: infer O } ? O : never) : never;

interface Fields<Custom> {
  defaults: Omit<FieldConfig, 'custom' | 'color'> & { custom?: Partly<Custom>; color?: Color };
  overrides: Overrides;
}

/** Grafana's is optional, and no panel stands anywhere without it. */
interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

type Kind<Type, Options, Custom = {}> = Omit<
  Panel,
  'type' | 'id' | 'title' | 'description' | 'options' | 'fieldConfig' | 'targets' | 'gridPos' | 'transformations'
> & {
  type: Type;
  id: number;
  title: string;
  description: string;
  options: Partly<Options>;
  fieldConfig: Fields<Custom>;
  targets: Target[];
  gridPos: Place;
  transformations?: Array<{ id: string; options: any; disabled?: boolean; filter?: any }>;
};

/** Grafana 12 took the footer out of its table's types; the versions before read it, and those after pass over it. */
interface TableFooter {
  footer?: { show: boolean; reducer: string[]; fields?: string | string[]; countRows?: boolean; enablePagination?: boolean };
}

export type stat = Kind<'stat', StatOptions>;
export type bargauge = Kind<'bargauge', BarGaugeOptions>;
export type timeseries = Kind<'timeseries', { legend: VizLegendOptions; tooltip: VizTooltipOptions }, GraphFieldConfig>;
export type heatmap = Kind<'heatmap', HeatmapOptions, HideableFieldConfig & { scaleDistribution?: ScaleDistributionConfig }>;
export type table = Kind<'table', Omit<TableOptions, 'footer'> & TableFooter, TableFieldOptions>;
export type row = Omit<RowPanel, 'panels'> & { panels: any[]; title: string };

type Variable = Omit<VariableModel, 'query' | 'type' | 'current'> & {
  type: VariableType;
  /** Empty: Grafana chooses when it opens the dashboard. */
  current?: VariableModel['current'] | Record<string, never>;
  query?: string | { qryType?: number; query: string; refId: string };
  definition?: string;
};

/** Panels are checked by their kind, one by one. */
export type dashboard = Omit<Dashboard, 'panels' | 'id' | 'templating' | 'annotations' | 'snapshot'> & {
  annotations?: { list?: Array<Record<string, any>> };
  panels: any[];
  title: string;
  uid: string;
  description: string;
  templating: { list: Variable[] };
};
