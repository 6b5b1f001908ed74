// Which alerts stand where on the board. Pure: no clock, no page; tested on its own.
import { needsAck } from '../../state/alerts.js';

const STATE_RANK = { raised: 0, acked: 1, cleared: 2, latched: 3, closed: 4 };

/** Grave first, then what nobody has acknowledged, then the newest. */
export function compare(a, b) {
  return b.severity - a.severity || STATE_RANK[a.state] - STATE_RANK[b.state] || b.start_us - a.start_us || a.seq - b.seq;
}

/** Whether an alert passes the filters {family, site, text, unacked}. */
export function passes(alert, filters) {
  if (filters.family && alert.family !== filters.family) return false;
  if (filters.site && alert.site !== filters.site) return false;
  if (filters.unacked && !needsAck(alert)) return false;
  if (!filters.text) return true;
  const found = [alert.device, alert.title.zh, alert.title.en, alert.message.zh, alert.message.en, alert.area_name?.zh,
    alert.area_name?.en, alert.device_name?.zh, alert.device_name?.en, `a-${alert.seq}`];
  const wanted = filters.text.toLowerCase();
  return found.some((words) => words && words.toLowerCase().includes(wanted));
}

const COVERED = new Set(['device', 'camera']);

/**
 * Put children under the alert of the device (or link, or alert) that covers them; those of a gateway that is away under its alert.
 * Only what a dead link or gateway explains is folded: silent devices and cameras. A forced door or a pump never hides.
 * Returns {roots: [alert], children: Map(root id -> [alert])}; a child whose parent is not here stands alone.
 */
export function fold(alerts) {
  const covers = new Map();
  for (const alert of alerts) {
    covers.set(alert.id, alert);
    const other = covers.get(alert.device);
    if (!other || alert.family === 'device') covers.set(alert.device, alert);
  }
  const rootOf = (alert, depth) => {
    const above = covers.get(alert.parent) ?? (alert.stale ? covers.get(alert.agent) : undefined);
    const parent = COVERED.has(alert.family) && above;
    return !parent || parent === alert || depth > 8 ? alert : rootOf(parent, depth + 1);
  };
  const roots = [];
  const children = new Map();
  for (const alert of alerts) {
    const root = rootOf(alert, 0);
    if (root === alert) roots.push(alert);
    else if (children.has(root.id)) children.get(root.id).push(alert);
    else children.set(root.id, [alert]);
  }
  return { roots, children };
}

/** Ids in the order in which they are to stay until the next settling; `kept` is shown whatever its state. */
export function settle(alerts, filters, kept) {
  const shown = [];
  for (const alert of alerts) if (alert.id === kept || (alert.state !== 'closed' && passes(alert, filters))) shown.push(alert);
  const { roots, children } = fold(shown);
  roots.sort(compare);
  for (const list of children.values()) list.sort(compare);
  const ids = (list) => list.map((alert) => alert.id);
  return {
    fire: ids(roots.filter((alert) => alert.family === 'fire')),
    rest: ids(roots.filter((alert) => alert.family !== 'fire')),
    children: new Map([...children].map(([id, list]) => [id, ids(list)])),
    known: new Set(ids(shown)),
  };
}

/** Open alerts that pass the filters and are not in the settled list yet, gravest first. */
export function pending(alerts, filters, known) {
  const found = [];
  for (const alert of alerts) {
    if (alert.state !== 'closed' && !known.has(alert.id) && passes(alert, filters)) found.push(alert);
  }
  return found.sort(compare);
}

/** Rows to draw: roots, and under an opened root its children: [{alert, child, covered}]. */
export function rows(ids, settled, opened, alertOf) {
  const found = [];
  for (const id of ids) {
    const alert = alertOf(id);
    if (!alert) continue;
    const covered = (settled.children.get(id) ?? []).filter((child) => alertOf(child));
    found.push({ alert, child: false, covered: covered.length, open: opened.has(id) });
    if (!opened.has(id)) continue;
    for (const child of covered) found.push({ alert: alertOf(child), child: true, covered: 0, open: false });
  }
  return found;
}
