// A panel with its data: asked, transformed, and with its units, thresholds and overrides applied.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  DataFrame,
  FieldColorModeId,
  fieldReducers,
  FieldType,
  GrafanaTheme2,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import { Panel } from './dashboard';
import { framesOf } from './frames';
import { Prometheus } from './prometheus';
import { CUSTOM, CUSTOM_DEFAULTS, isUnit, optionsOf, STANDARD } from './registries';
import { PanelReport } from './report';
import { Variables } from './variables';

export interface Loaded {
  panel: Panel;
  report: PanelReport;
  frames: DataFrame[];
  fieldConfig: any;
  inText: (text: string) => string;
}

/** `width`: of the panel, in pixels. */
export async function load(
  panel: Panel,
  prometheus: Prometheus,
  variables: Variables,
  width: number,
  theme: GrafanaTheme2,
): Promise<Loaded> {
  const report: PanelReport = {
    id: panel.id,
    type: panel.type,
    title: variables.inText(panel.title ?? ''),
    queries: [],
    names: [],
    empty: false,
    problems: [],
  };
  const inText = (text: string) => variables.inText(text);
  let frames = await asked(panel, prometheus, variables, width, report);
  if (panel.transformations?.length) {
    const known = panel.transformations.filter(({ id }) => {
      const there = Boolean(standardTransformersRegistry.getIfExists(id));
      if (!there) {
        report.problems.push(`unknown transformation ${id}`);
      }
      return there;
    });
    frames = await lastValueFrom(transformDataFrame(known as any, frames, { interpolate: inText }));
  }
  const fieldConfig = fieldConfigOf(panel, report);
  frames = applyFieldOverrides({
    data: frames,
    fieldConfig,
    fieldConfigRegistry: optionsOf(panel.type),
    replaceVariables: inText,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(frames); // or a table heads its columns with the raw names
  report.empty = !frames.some((frame) => frame.length);
  report.names = frames.flatMap((frame) =>
    frame.fields.filter(({ type }) => type !== FieldType.time).map((field) => field.state?.displayName ?? field.name),
  );
  return { panel, report, frames, fieldConfig, inText };
}

async function asked(panel: Panel, prometheus: Prometheus, variables: Variables, width: number, report: PanelReport) {
  const frames: DataFrame[] = [];
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  for (const target of targets) {
    const { stepMs, builtIn } = prometheus.intervals(panel.maxDataPoints ?? width, target.interval || panel.interval);
    const expr = variables.inQuery(target.expr, builtIn);
    try {
      const answer = await (target.instant ? prometheus.instant(expr) : prometheus.over(expr, stepMs));
      report.queries.push({ refId: target.refId, expr, series: answer.result.length });
      frames.push(...framesOf(answer, target, expr, stepMs, targets.length > 1));
    } catch (bad: any) {
      report.queries.push({ refId: target.refId, expr, series: 0, error: bad.message });
      report.problems.push(`query ${target.refId}: ${bad.message}`);
    }
  }
  return frames;
}

/** The panel's field options over Grafana's defaults. What Grafana would pass over without a word is a problem. */
function fieldConfigOf(panel: Panel, report: PanelReport) {
  const { problems } = report;
  const given = panel.fieldConfig?.defaults ?? {};
  const checkUnit = (unit?: string) => unit && !isUnit(unit) && problems.push(`unknown unit ${unit}`);
  checkUnit(given.unit);
  problems.push(
    ...unknown(Object.keys(given), [...STANDARD, 'custom'], 'fieldConfig.defaults'),
    ...unknown(Object.keys(given.custom ?? {}), CUSTOM[panel.type] ?? [], 'fieldConfig.defaults.custom'),
  );
  const reducers = [...(panel.options?.reduceOptions?.calcs ?? []), ...(panel.options?.legend?.calcs ?? [])];
  problems.push(...reducers.filter((id) => !fieldReducers.getIfExists(id)).map((id) => `unknown reducer ${id}`));
  const known = optionsOf(panel.type);
  const overrides = (panel.fieldConfig?.overrides ?? []).map((override) => ({
    ...override,
    properties: override.properties.map((property: any) => {
      if (!known.getIfExists(property.id)) {
        problems.push(`unknown override property ${property.id}`);
      }
      if (property.id === 'unit') {
        checkUnit(property.value);
      }
      return property.id === 'thresholds' ? { ...property, value: fromMinusInfinity(property.value) } : property;
    }),
  }));
  const mode = panel.type === 'timeseries' ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds;
  const green = { mode: 'absolute', steps: [{ color: 'green' }, { color: 'red', value: 80 }] };
  return {
    defaults: {
      mappings: [],
      ...given,
      color: given.color ?? { mode },
      thresholds: fromMinusInfinity(given.thresholds ?? green),
      custom: { ...CUSTOM_DEFAULTS[panel.type], ...given.custom },
    },
    overrides,
  };
}

const unknown = (names: string[], known: string[], where: string) =>
  names.filter((name) => !known.includes(name)).map((name) => `unknown ${where}.${name}`);

/** JSON has no infinity: the first step of thresholds is null there. */
const fromMinusInfinity = (thresholds: any) => ({
  ...thresholds,
  steps: thresholds.steps.map((step: any, index: number) => (index ? step : { ...step, value: -Infinity })),
});
