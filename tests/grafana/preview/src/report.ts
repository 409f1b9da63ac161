// What the page tells of a dashboard: the program that opened it waits for `window.report`.

/** One query of a panel. */
export interface QueryReport {
  refId: string;
  expr: string;
  series: number;
  error?: string;
}

/** One panel as it was drawn. */
export interface PanelReport {
  id: number;
  type: string;
  title: string;
  queries: QueryReport[];
  /** Names of the series or columns that are shown. */
  names: string[];
  /** No data came for it. */
  empty: boolean;
  /** What is wrong with it, in words. */
  problems: string[];
}

/** The whole dashboard; `fatal` where it was not drawn at all. */
export interface Report {
  title: string;
  /** What is wrong outside of panels. */
  problems: string[];
  panels: PanelReport[];
  fatal?: string;
}

declare global {
  interface Window {
    report?: Report;
  }
}
