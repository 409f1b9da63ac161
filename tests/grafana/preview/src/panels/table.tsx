import { TableNG } from '@grafana/ui/unstable';
import { Drawn } from './panel';

export function TablePanel({ loaded, range, width, height }: Drawn) {
  const options = loaded.panel.options ?? {};
  return (
    <TableNG
      data={loaded.frames[0]}
      width={width}
      height={height}
      noHeader={!(options.showHeader ?? true)}
      initialSortBy={options.sortBy}
      cellHeight={options.cellHeight ?? 'sm'}
      fieldConfig={loaded.fieldConfig}
      timeRange={range}
      enableSharedCrosshair={false}
      structureRev={1}
      transparent={false}
    />
  );
}
