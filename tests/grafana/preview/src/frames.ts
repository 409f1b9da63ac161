// From Prometheus' answers to Grafana's data frames, as Grafana's Prometheus data source makes them.
import { createDataFrame, DataFrame, DataFrameType, FieldType, renderLegendFormat } from '@grafana/data';
import { Target } from './dashboard';
import { Answer, Sample } from './prometheus';

const number = (text: string) =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : text === 'NaN' ? NaN : parseFloat(text);
const samplesOf = (row: Sample) => row.values ?? [row.value!];
const labelsText = (metric: Record<string, string>) =>
  `{${Object.entries(metric)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}}`;

function rowsOf(answer: Answer): Sample[] {
  const single = answer.resultType === 'scalar' || answer.resultType === 'string';
  return single ? [{ metric: {}, value: answer.result }] : answer.result;
}

/** `several`: the panel has more than one query, and value columns are told apart by their letters. */
export function framesOf(answer: Answer, target: Target, expr: string, stepMs: number, several: boolean): DataFrame[] {
  const rows = rowsOf(answer);
  switch (target.format) {
    case 'table':
      return [asTable(rows, target, several)];
    case 'heatmap':
      return asBuckets(rows, target, stepMs);
    default:
      return rows.map((row) => asSeries(row, legendOf(row, target, expr), target, stepMs));
  }
}

function legendOf({ metric }: Sample, target: Target, expr: string): string {
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return renderLegendFormat(target.legendFormat, metric);
  }
  const { __name__: name = '', ...labels } = metric;
  if (target.legendFormat === '__auto') {
    const values = Object.values(labels);
    return values.length === 1 ? values[0] : Object.keys(metric).length ? `${name}${labelsText(labels)}` : expr;
  }
  return `${name}${Object.keys(labels).length ? labelsText(labels) : ''}` || expr;
}

function asSeries(row: Sample, name: string, target: Target, stepMs: number): DataFrame {
  const samples = samplesOf(row);
  return createDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, values: samples.map(([at]) => at * 1000), config: { interval: stepMs } },
      {
        name: 'Value',
        type: FieldType.number,
        labels: row.metric,
        values: samples.map(([, value]) => number(value)),
        config: { displayNameFromDS: name },
      },
    ],
  });
}

function asTable(rows: Sample[], target: Target, several: boolean): DataFrame {
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.metric)))].sort();
  const cells = rows.flatMap((row) => samplesOf(row).map(([at, value]) => ({ metric: row.metric, at, value })));
  return createDataFrame({
    refId: target.refId,
    meta: { type: DataFrameType.NumericLong },
    fields: [
      { name: 'Time', type: FieldType.time, values: cells.map((cell) => cell.at * 1000), config: {} },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: cells.map((cell) => cell.metric[label] ?? ''),
        config: { filterable: true },
      })),
      {
        name: several ? `Value #${target.refId}` : 'Value',
        type: FieldType.number,
        values: cells.map((cell) => number(cell.value)),
        config: {},
      },
    ],
  });
}

/** Cumulative buckets become counts of each bucket alone, in the order of their bounds. */
function asBuckets(rows: Sample[], target: Target, stepMs: number): DataFrame[] {
  const bound = (row: Sample) => number(row.metric.le ?? '+Inf');
  const ordered = [...rows].sort((a, b) => bound(a) - bound(b));
  return ordered.map((row, index) => {
    const below = new Map(index ? samplesOf(ordered[index - 1]) : []);
    const alone = samplesOf(row).map(([at, value]): [number, string] => [
      at,
      String(Math.max(0, number(value) - number(below.get(at) ?? '0'))),
    ]);
    return asSeries({ metric: row.metric, values: alone }, row.metric.le ?? '+Inf', target, stepMs);
  });
}
