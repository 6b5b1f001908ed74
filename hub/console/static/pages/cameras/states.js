// The states of cameras: which there are, their signs and words, and what is shown when a reading is too old.
import { html } from '../../parts/html.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { staleAfter } from '../../state/values.js';

/** In the order in which they need a person. */
export const STATES = ['online', 'picture', 'dark', 'frozen', 'offline', 'silent', 'session-limit', 'undecodable', 'cached', 'unauthorised', 'not-a-picture', 'unknown'];

/** What is wrong, as a small sign: never by colour alone. */
const SIGNS = {
  picture: 'M2 3 H14 V13 H2 Z M4 5 V11 H12 V5 Z M5 10 L7.5 7 L9 9 L10 8 L11.5 10 Z', dark: 'M3 3 H13 V13 H3 Z', frozen: 'M4 3 H7 V13 H4 Z M9 3 H12 V13 H9 Z', offline: 'M3 4.5 L4.5 3 L8 6.5 L11.5 3 L13 4.5 L9.5 8 L13 11.5 L11.5 13 L8 9.5 L4.5 13 L3 11.5 L6.5 8 Z',
  silent: 'M2 7 H14 V9 H2 Z', 'session-limit': 'M2 3 H14 V5 H2 Z M3 7 H6 V13 H3 Z M7 7 H9 V13 H7 Z M10 7 H13 V13 H10 Z', undecodable: 'M3 3 H7 V7 H3 Z M9 9 H13 V13 H9 Z M9 3 H13 V7 H9 Z M10.5 4.5 V5.5 H11.5 V4.5 Z M3 9 H7 V13 H3 Z M4.5 10.5 V11.5 H5.5 V10.5 Z', cached: 'M8 2 A6 6 0 1 0 14 8 H12 A4 4 0 1 1 8 4 V6.5 L12 3 L8 0 Z',
  unauthorised: 'M4 7 H12 V14 H4 Z M5.5 7 V4.5 A2.5 2.5 0 0 1 10.5 4.5 V7 H9 V4.5 A1 1 0 0 0 7 4.5 V7 Z', 'not-a-picture': 'M2 4 H14 V12 H2 Z M4 6 V10 H12 V6 Z', unknown: 'M6.8 11.5 H9.2 V14 H6.8 Z M4.4 5.6 C4.4 1 11.6 1 11.6 5.6 C11.6 8 9 8.2 9 10.2 H7 C7 7 9.6 7.2 9.6 5.6 C9.6 3.4 6.4 3.4 6.4 5.6 Z',
};
export function CameraSign({ state }) {
  return SIGNS[state] ? html`<svg class=${`camera-sign sign-${state}`} viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path fill-rule="evenodd" d=${SIGNS[state]} /></svg>` : null;
}

/** The state in words; a picture that an alert is open about by that alert's own name. */
export function stateWords(row) {
  const rule = row.state === 'picture' && campus.value.rules.get(row.trouble);
  return rule ? say(rule.title) : t(`camera.${row.state}`);
}

/** The state to show: one that is older than its link allows is not known any more. */
export function shownState(row) {
  const limit = staleAfter(row.device);
  const known = row.time_us !== null && (limit === null || (nowUs() - row.time_us) / 1e6 <= limit);
  return { state: row.state, stale: !known && row.state !== 'unknown' };
}
