import { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Loaded } from '../load';

/** What each kind of panel is drawn from; `width` and `height` are those inside its frame, in pixels. */
export interface Drawn {
  loaded: Loaded;
  range: TimeRange;
  theme: GrafanaTheme2;
  width: number;
  height: number;
}
