// The state of the board: the settled order, the selection, and when new alerts may move the list.
import { computed, reactive, ref, shallowRef, watch } from '../../parts/html.js';
import { alertOf, alertsChanged, allAlerts, dropClosed } from '../../state/alerts.js';
import { amend, go, route } from '../../router.js';
import { second } from '../../state/clock.js';
import { link } from '../../state/link.js';
import { pending, rows, settle } from './order.js';

const IDLE_MS = 10_000;
const EMPTY = { fire: [], rest: [], children: new Map(), known: new Set() };

let touched = -Infinity;
for (const touch of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchmove']) {
  addEventListener(touch, () => { touched = performance.now(); }, { capture: true, passive: true });
}

export const filters = computed(() => ({
  family: route.query.family ?? '', site: route.query.site ?? '', text: route.query.text ?? '', unacked: route.query.unacked === '1',
}));
export const settled = shallowRef(EMPTY);
export const opened = reactive(new Set());
export const selected = ref(null);
/** On a phone the detail covers the list; this says whether it is in front. */
export const detailOpen = ref(false);

/** Bring the list into its order. `kept`: the alert in the detail pane stays, so that A never meets another one unseen. */
export function settleNow(kept) {
  dropClosed(kept);
  settled.value = settle(allAlerts().values(), filters.value, kept);
  const all = flat();
  if (selected.value && !all.includes(selected.value)) selected.value = null;
  selected.value ??= all[0] ?? null;
}

/** New alerts, gravest first. They wait while a hand is on the board. */
export const newAlerts = computed(() => {
  alertsChanged.value;
  return pending(allAlerts().values(), filters.value, settled.value.known);
});

const handOnBoard = () => performance.now() - touched < IDLE_MS;

const SMALL = 500; // a longer list settles once a second at most

function settleIfQuiet() {
  const empty = settled.value.known.size === 0;
  const closed = [...settled.value.known].some((id) => id !== selected.value && (!alertOf(id) || alertOf(id).state === 'closed'));
  if ((newAlerts.value.length || closed) && (empty || !handOnBoard())) settleNow(selected.value);
}

/** Follow changes while the board is in front. */
export function watchBoard() {
  settleNow();
  watch(alertsChanged, () => { if (settled.value.known.size < SMALL) settleIfQuiet(); });
  watch(second, settleIfQuiet);
  watch(filters, () => settleNow());
  watch(() => link.loading, (loading) => { if (!loading) settleNow(); });
}

export const fireRows = computed(() => {
  alertsChanged.value;
  return rows(settled.value.fire, settled.value, opened, alertOf);
});
export const restRows = computed(() => {
  alertsChanged.value;
  return rows(settled.value.rest, settled.value, opened, alertOf);
});

const flat = () => [...fireRows.value, ...restRows.value].map((row) => row.alert.id);

export function select(id) {
  selected.value = id;
}

export function move(by) {
  const all = flat();
  if (!all.length) return;
  const at = all.indexOf(selected.value);
  selected.value = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
}

export function toggle(id) {
  if (opened.has(id)) opened.delete(id);
  else opened.add(id);
}

export function filter(change) {
  amend(change);
}

/** Show one alert on the board, from a link elsewhere. */
export function showAlert(id) {
  selected.value = id;
  go('board');
}
