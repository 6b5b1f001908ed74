// Brings the event stream and the first load together: nothing that happens in between is lost, nothing is shown twice.
import { follow } from '../live.js';
import { address, signedOut } from '../api.js';
import { countAlerts, forgetAlerts, loadAlerts, takeAlert } from './alerts.js';
import { loadCampus } from './campus.js';
import { setHubTime } from './clock.js';
import { loadGateways, takeGateway } from './gateways.js';
import { alive, link, lost, takeStatus } from './link.js';
import { forgetOrders, loadOrders, takeOrder, takeOrdersHead } from './orders.js';
import { takeRules } from './rules.js';
import { forgetValues, reloadValues, takeValues } from './values.js';

const AGAIN_MS = 2000;
const DIFFERENCES_BEFORE_RELOAD = 4;
let end = null;
let boot = null;
let waiting = null; // events that came while everything was being loaded
let again = false;
let differs = 0;

const TAKE = {
  alert: takeAlert,
  values: (data) => takeValues(data.values),
  gateway: takeGateway,
  rules: takeRules,
  order: takeOrder,
  orders: takeOrdersHead,
  status: takeStatus,
};

export function startFeed() {
  end ??= follow(address('events'), { event: take, alive, lost, signedOut });
}

export function stopFeed() {
  end?.();
  end = boot = waiting = null;
  forgetAlerts();
  forgetValues();
  forgetOrders();
  Object.assign(link, { state: 'connecting', lostUs: null, sureUs: null, loading: false });
}

function take(name, data) {
  if (data.now_us) setHubTime(data.now_us);
  if (name === 'hello') {
    const other = boot !== data.boot;
    boot = data.boot;
    if (other) reload();
  } else if (name === 'reset') {
    reload();
  } else if (waiting) {
    waiting.push([name, data]);
  } else {
    TAKE[name]?.(data);
    if (name === 'status') compareCounts(data.counts);
  }
}

/** Everything anew; events that come meanwhile wait, and are applied after it, in their order. */
async function reload() {
  if (waiting) {
    again = true;
    return;
  }
  waiting = [];
  again = false;
  link.loading = true;
  try {
    await Promise.all([loadCampus(), loadAlerts(), loadGateways(), loadOrders(), reloadValues()]);
  } catch {
    // whatever it was, nothing was applied: ask again, and stay "loading", so that nothing old looks current
    waiting = null;
    if (end) setTimeout(reload, AGAIN_MS);
    return;
  }
  const events = waiting ?? [];
  waiting = null;
  link.loading = false;
  for (const [name, data] of events) TAKE[name]?.(data);
  if (again) reload();
}

// The hub says how many are open. If this page goes on seeing another number, it is wrong and loads anew.
function compareCounts(counts) {
  if (!counts) return;
  const own = countAlerts();
  const same = ['raised', 'acked', 'cleared', 'latched'].every((state) => counts[state] === undefined || counts[state] === own[state]);
  differs = same ? 0 : differs + 1;
  if (differs < DIFFERENCES_BEFORE_RELOAD) return;
  differs = 0;
  reload();
}
