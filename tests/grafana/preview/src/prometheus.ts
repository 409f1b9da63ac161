// Prometheus' HTTP API, and the intervals that Grafana's data source makes of a panel's width.
import { rangeUtil, TimeRange } from '@grafana/data';

export interface Sample {
  metric: Record<string, string>;
  value?: [number, string];
  values?: Array<[number, string]>;
}

export interface Answer {
  resultType: 'vector' | 'matrix' | 'scalar' | 'string';
  result: any;
}

export class Prometheus {
  /** `scrapeMs`: the scrape interval that the data source is set to, in milliseconds. */
  constructor(
    readonly url: string,
    readonly range: TimeRange,
    readonly scrapeMs: number,
  ) {}

  /** Seconds since 1970. */
  get from() {
    return this.range.from.valueOf() / 1000;
  }

  get to() {
    return this.range.to.valueOf() / 1000;
  }

  /** The value of an expression at the end of the time range. */
  async instant(expr: string): Promise<Answer> {
    return this.get('query', { query: expr, time: this.to });
  }

  /** Its values over the time range; as in Grafana both ends are multiples of the step. */
  async over(expr: string, stepMs: number): Promise<Answer> {
    const align = (seconds: number) => (Math.floor((seconds * 1000) / stepMs) * stepMs) / 1000;
    return this.get('query_range', { query: expr, start: align(this.from), end: align(this.to), step: stepMs / 1000 });
  }

  async labelValues(label: string, selector?: string): Promise<string[]> {
    return this.get(`label/${label}/values`, {
      start: this.from,
      end: this.to,
      ...(selector ? { 'match[]': selector } : {}),
    });
  }

  /** The step of a panel's queries in milliseconds, and the variables that stand for it and for the range. */
  intervals(points: number, atLeast?: string): { stepMs: number; builtIn: Record<string, string> } {
    const low = atLeast ? atLeast.replace(/^>/, '') : `${this.scrapeMs}ms`;
    const { intervalMs, interval } = rangeUtil.calculateInterval(this.range, points, low);
    const rangeMs = this.range.to.valueOf() - this.range.from.valueOf();
    const mostPoints = 11_000; // of an answer of Prometheus
    const stepMs = Math.max(intervalMs, Math.ceil(rangeMs / mostPoints / 1000) * 1000);
    const rateMs = Math.max(stepMs + this.scrapeMs, 4 * this.scrapeMs);
    return {
      stepMs,
      builtIn: {
        __interval: interval,
        __interval_ms: String(intervalMs),
        __rate_interval: `${Math.round(rateMs / 1000)}s`,
        __range: `${Math.round(rangeMs / 1000)}s`,
        __range_s: String(Math.round(rangeMs / 1000)),
        __range_ms: String(rangeMs),
        __from: String(this.range.from.valueOf()),
        __to: String(this.range.to.valueOf()),
      },
    };
  }

  private async get(path: string, parameters: Record<string, string | number>): Promise<any> {
    const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
    const answer = await (await fetch(`${this.url}/api/v1/${path}?${query}`)).json();
    if (answer.status !== 'success') {
      throw new Error(`${answer.errorType}: ${answer.error}`);
    }
    return answer.data;
  }
}
