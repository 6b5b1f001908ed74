// Every alert that is open, and those that closed while somebody was looking. Plain objects in a map: ten thousand of
// them must not cost ten thousand watchers. `alertsChanged` counts up a few times a second at most.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';

const PAGE = 500;
const DRAW_MS = 60;
const byId = new Map();
const raisedListeners = new Set();
export const alertsChanged = shallowRef(0);
let drawing = null;

function changed() {
  drawing ??= setTimeout(() => {
    drawing = null;
    alertsChanged.value += 1;
  }, DRAW_MS);
}

/** Called with each alert that was not active before and is now. */
export function onRaised(listener) {
  raisedListeners.add(listener);
  return () => raisedListeners.delete(listener);
}

export const isActive = (alert) => alert.state === 'raised' || alert.state === 'acked';
/** It latches, and all is normal again: a person may let it go. */
export const awaitsReset = (alert) => Boolean(alert.latch) && (alert.state === 'cleared' || alert.state === 'latched');
export const needsAck = (alert) => alert.state === 'raised' || alert.state === 'cleared';

export function takeAlert(alert) {
  const before = byId.get(alert.id);
  byId.set(alert.id, alert);
  changed();
  const again = before && alert.epoch > before.epoch;
  const moment = !before && alert.state === 'cleared';
  if (!alert.historical && ((alert.state === 'raised' && (!before || again || before.state !== 'raised')) || moment)) {
    for (const listener of raisedListeners) listener(alert);
  }
}

/** All open alerts, page by page, in place of what was known. */
export async function loadAlerts() {
  const fresh = [];
  let after;
  do {
    const answer = await get('alerts', { state: 'open', limit: PAGE, after });
    fresh.push(...answer.alerts);
    after = answer.next;
  } while (after !== null && after !== undefined);
  byId.clear();
  for (const alert of fresh) byId.set(alert.id, alert);
  changed();
}

export function forgetAlerts() {
  byId.clear();
  changed();
}

export const alertOf = (id) => byId.get(id);
export const allAlerts = () => byId;

/** Closed ones stay until the list is settled; then they may go, but for the one that somebody looks at. */
export function dropClosed(kept) {
  for (const [id, alert] of byId) if (alert.state === 'closed' && id !== kept) byId.delete(id);
}

/** Counts of open alerts: by state, by severity, and how many nobody has acknowledged. */
export function countAlerts() {
  alertsChanged.value;
  const counts = { open: 0, raised: 0, acked: 0, cleared: 0, latched: 0, unacked: 0, severity: { 1: 0, 2: 0, 3: 0, 4: 0 }, gravest: null };
  for (const alert of byId.values()) {
    if (alert.state === 'closed') continue;
    counts.open += 1;
    counts[alert.state] += 1;
    counts.severity[alert.severity] += 1;
    if (!needsAck(alert)) continue;
    counts.unacked += 1;
    if (counts.gravest === null || alert.severity > counts.gravest.severity) counts.gravest = alert;
  }
  return counts;
}
