// Where panels stand. As in Grafana's grid each panel moves up until it meets another; folded rows are opened, so that all is seen.
import { Dashboard, GridPos, Panel } from './dashboard';

const COLUMNS = 24;
const CELL_HEIGHT = 30;
const GAP = 8;
const MARGIN = 16;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** `width` of the page, in pixels. */
export function boxOf({ x, y, w, h }: GridPos, width: number): Box {
  const cell = (width - 2 * MARGIN + GAP) / COLUMNS;
  const row = CELL_HEIGHT + GAP;
  return { left: MARGIN + x * cell, top: y * row, width: w * cell - GAP, height: h * row - GAP };
}

export function heightOf(panels: Panel[]): number {
  return Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * (CELL_HEIGHT + GAP) + MARGIN;
}

/** Rows and panels in their order, each with its place. Throws where a panel has none. */
export function placed(dashboard: Dashboard): Panel[] {
  const opened: Panel[] = [];
  let shift = 0;
  for (const panel of [...dashboard.panels].map(withPlace).sort(byPlace)) {
    const { gridPos } = panel;
    opened.push({ ...panel, gridPos: { ...gridPos, y: gridPos.y + shift } });
    const inside = panel.type === 'row' && panel.collapsed ? (panel.panels ?? []).map(withPlace).sort(byPlace) : [];
    if (inside.length) {
      const top = Math.min(...inside.map((one) => one.gridPos.y));
      const bottom = Math.max(...inside.map((one) => one.gridPos.y + one.gridPos.h));
      const below = gridPos.y + shift + 1;
      opened.push(...inside.map((one) => ({ ...one, gridPos: { ...one.gridPos, y: one.gridPos.y - top + below } })));
      shift += bottom - top;
    }
  }
  const settled: GridPos[] = [];
  return opened.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const above = settled.filter((other) => other.y < y + h && (panel.type === 'row' || (other.x < x + w && x < other.x + other.w)));
    const gridPos = { x, y: Math.max(0, ...above.map((other) => other.y + other.h)), w, h };
    settled.push(gridPos);
    return { ...panel, gridPos };
  });
}

function withPlace(panel: Panel): Panel {
  const { x, y, w, h } = panel.gridPos ?? {};
  if (![x, y, w, h].every(Number.isInteger)) {
    throw new Error(`panel ${panel.id}: gridPos must have the whole numbers x, y, w and h`);
  }
  return panel;
}

const byPlace = (a: Panel, b: Panel) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x;
