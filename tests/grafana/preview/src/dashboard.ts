// The dashboard as its JSON says, as far as the preview reads it. strict/ checks all of it.

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Target {
  refId: string;
  expr: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  hide?: boolean;
  interval?: string;
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: GridPos;
  targets?: Target[];
  options?: any;
  fieldConfig?: { defaults: any; overrides: any[] };
  transformations?: Array<{ id: string; options: any }>;
  interval?: string;
  maxDataPoints?: number;
  transparent?: boolean;
  collapsed?: boolean;
  panels?: Panel[];
}

export interface Variable {
  name: string;
  label?: string;
  type: string;
  query?: string | { query: string };
  regex?: string;
  sort?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  hide?: number;
  current?: { value?: string | string[] };
}

export interface Dashboard {
  title: string;
  time?: { from: string; to: string };
  panels: Panel[];
  templating?: { list: Variable[] };
}
