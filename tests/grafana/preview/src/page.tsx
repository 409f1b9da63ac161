// The page: a line with title, variables and time range, and below it the panels in Grafana's frames.
import { GrafanaTheme2, LoadingState, ThemeContext, TimeRange } from '@grafana/data';
import { GlobalStyles, Icon, PanelChrome, PortalContainer } from '@grafana/ui';
import { Component, ComponentType, ReactNode } from 'react';
import { Dashboard, Panel } from './dashboard';
import { boxOf, heightOf } from './layout';
import { Loaded } from './load';
import { HeatmapPanel } from './panels/heatmap';
import { Drawn } from './panels/panel';
import { TablePanel } from './panels/table';
import { TimeSeriesPanel } from './panels/timeseries';
import { BarGaugePanel, StatPanel } from './panels/values';
import { Variables } from './variables';

const KINDS: Record<string, ComponentType<Drawn>> = {
  bargauge: BarGaugePanel,
  heatmap: HeatmapPanel,
  stat: StatPanel,
  table: TablePanel,
  timeseries: TimeSeriesPanel,
};

interface Props {
  dashboard: Dashboard;
  panels: Panel[];
  loaded: Map<number, Loaded>;
  variables: Variables;
  range: TimeRange;
  theme: GrafanaTheme2;
  width: number;
}

export function Page({ dashboard, panels, loaded, variables, range, theme, width }: Props) {
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ background: theme.colors.background.canvas, width }}>
        <Head dashboard={dashboard} variables={variables} range={range} theme={theme} />
        <div style={{ position: 'relative', height: heightOf(panels) }}>
          {panels.map((panel) => {
            const box = { position: 'absolute' as const, ...boxOf(panel.gridPos, width) };
            return panel.type === 'row' ? (
              <div key={panel.id} style={{ ...box, ...theme.typography.h5, color: theme.colors.text.primary, lineHeight: '30px' }}>
                <Icon name="angle-down" /> {variables.inText(panel.title ?? '')}
              </div>
            ) : (
              <div key={panel.id} data-panel={panel.id} style={box}>
                <Framed loaded={loaded.get(panel.id)!} range={range} theme={theme} width={box.width} height={box.height} />
              </div>
            );
          })}
        </div>
      </div>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

function Head({ dashboard, variables, range, theme }: Pick<Props, 'dashboard' | 'variables' | 'range' | 'theme'>) {
  const { colors, components } = theme;
  const box = { height: 32, lineHeight: '30px', padding: '0 8px', border: `1px solid ${components.input.borderColor}` };
  return (
    <div
      style={{ display: 'flex', flexWrap: 'wrap', gap: 12, padding: '12px 16px 8px', alignItems: 'center', color: colors.text.primary }}
    >
      <span style={{ ...theme.typography.h4, marginRight: 12 }}>{dashboard.title}</span>
      {[...variables.shown()].map(([label, value]) => (
        <span key={label} style={{ display: 'inline-flex' }}>
          <span style={{ ...box, ...theme.typography.bodySmall, lineHeight: '30px', background: colors.background.secondary }}>{label}</span>
          <span style={{ ...box, borderLeft: 'none', background: components.input.background }}>{value}</span>
        </span>
      ))}
      <span style={{ marginLeft: 'auto', color: colors.text.secondary }}>
        {range.from.format('YYYY-MM-DD HH:mm')} to {range.to.format('YYYY-MM-DD HH:mm')} UTC
      </span>
    </div>
  );
}

function Framed({ loaded, range, theme, width, height }: Drawn) {
  const { panel, report } = loaded;
  const Kind = KINDS[panel.type] ?? Unknown;
  return (
    <PanelChrome
      width={width}
      height={height}
      title={report.title}
      description={panel.description}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      statusMessage={report.queries.find(({ error }) => error)?.error}
      loadingState={LoadingState.Done}
      padding={panel.type === 'stat' ? 'none' : 'md'}
    >
      {(innerWidth, innerHeight) => (
        <Boundary problems={report.problems}>
          {report.empty ? (
            <Empty text={panel.fieldConfig?.defaults.noValue ?? 'No data'} theme={theme} height={innerHeight} />
          ) : (
            <Kind loaded={loaded} range={range} theme={theme} width={innerWidth} height={innerHeight} />
          )}
        </Boundary>
      )}
    </PanelChrome>
  );
}

function Unknown({ loaded }: Drawn): ReactNode {
  throw new Error(`the preview knows no panel of type ${loaded.panel.type}`);
}

const Empty = ({ text, theme, height }: { text: string; theme: GrafanaTheme2; height: number }) => (
  <div style={{ display: 'grid', placeItems: 'center', height, color: theme.colors.text.secondary }}>{text}</div>
);

/** Keeps what a panel throws to that panel. */
class Boundary extends Component<{ problems: string[]; children: ReactNode }, { failed?: string }> {
  state: { failed?: string } = {};

  static getDerivedStateFromError(bad: unknown) {
    return { failed: String(bad) };
  }

  componentDidCatch(bad: unknown) {
    this.props.problems.push(`not drawn: ${bad}`);
  }

  render() {
    return this.state.failed ? <pre>{this.state.failed}</pre> : this.props.children;
  }
}
