// Draws the dashboard at /dashboard.json. The address says: prometheus (its URL), from and to (absolute or as in Grafana), scrape (the data
// source's scrape interval, in seconds), theme (dark or light), and var-NAME for variables.
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/roboto-mono/400.css';
import 'uplot/dist/uPlot.min.css';

import { createTheme, dateTime } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { createRoot } from 'react-dom/client';
import { Dashboard } from './dashboard';
import { boxOf, placed } from './layout';
import { load, Loaded } from './load';
import { Page } from './page';
import { Prometheus } from './prometheus';
import { fillRegistries } from './registries';
import { Variables } from './variables';

const QUIET_MS = 300;

async function main() {
  (window as any).__grafana_public_path__ = '/public/';
  await initPluginTranslations('grafana');
  fillRegistries();
  const asked = new URLSearchParams(location.search);
  const theme = createTheme({ colors: { mode: asked.get('theme') === 'light' ? 'light' : 'dark' } });
  const [from, to] = [dateTime(Number(asked.get('from')) * 1000).utc(), dateTime(Number(asked.get('to')) * 1000).utc()];
  const range = { from, to, raw: { from, to } };
  const prometheus = new Prometheus(asked.get('prometheus')!, range, Number(asked.get('scrape') ?? 15) * 1000);
  const given = new Map<string, string[]>();
  asked.forEach((value, name) => {
    if (name.startsWith('var-')) {
      given.set(name.slice(4), [...(given.get(name.slice(4)) ?? []), value]);
    }
  });

  const dashboard: Dashboard = await (await fetch('/dashboard.json')).json();
  const variables = await Variables.of(dashboard, prometheus, given);
  const panels = placed(dashboard);
  const width = innerWidth;
  const loaded = new Map<number, Loaded>();
  await Promise.all(
    panels
      .filter(({ type }) => type !== 'row')
      .map(async (panel) => {
        loaded.set(panel.id, await load(panel, prometheus, variables, Math.round(boxOf(panel.gridPos, width).width), theme));
      }),
  );
  createRoot(document.getElementById('root')!).render(<Page {...{ dashboard, panels, loaded, variables, range, theme, width }} />);
  await document.fonts.ready;
  await quiet();
  checkDrawn(loaded);
  window.report = {
    title: dashboard.title,
    problems: [...new Set(variables.problems)],
    panels: [...loaded.values()].map(({ report }) => report),
  };
}

/** Charts and tables draw themselves after React is done: wait until nothing in the page changes any more. */
function quiet(): Promise<void> {
  return new Promise((done) => {
    let timer = setTimeout(ended, QUIET_MS);
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(ended, QUIET_MS);
    });
    function ended() {
      observer.disconnect();
      done();
    }
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}

/** What stands in a panel of a kind when it is drawn. */
const MARKS: Record<string, string> = {
  bargauge: '[data-testid^="data-testid Bar gauge"]',
  heatmap: 'rect',
  stat: '[data-testid="data-testid panel content"] span',
  table: '[role="gridcell"]',
  timeseries: 'canvas',
};

function checkDrawn(loaded: Map<number, Loaded>) {
  for (const { report } of loaded.values()) {
    const box = document.querySelector(`[data-panel="${report.id}"]`);
    if (!report.empty && !report.problems.length && !box?.querySelector(MARKS[report.type])) {
      report.problems.push('nothing is drawn, though there is data');
    }
  }
}

main().catch((bad) => {
  window.report = { title: '', problems: [], panels: [], fatal: String(bad?.message ?? bad) };
});
