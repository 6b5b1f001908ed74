// The alerts of one device in a backtest, asked for when its lane comes into view, and kept a while.
import { shallowReactive } from '../../parts/html.js';
import { get } from '../../api.js';
import { paired } from '../../parts/lanes.js';

const MOST = 1500;
const AGAIN_MS = 2000;
const kept = shallowReactive(new Map()); // backtest/device -> {pairs, cut}
const asked = new Set();

/** {pairs, cut}; null while it is on its way. */
export function pairsOf(backtest, device) {
  const key = `${backtest}/${device}`;
  const found = kept.get(key) ?? null;
  if (!found && !asked.has(key)) ask(key, backtest, device);
  return found;
}

async function ask(key, backtest, device) {
  asked.add(key);
  try {
    const { rules, cut } = await get(`backtests/${backtest}/intervals`, { device });
    if (kept.size > MOST) kept.clear();
    kept.set(key, { pairs: rules.flatMap((rule) => paired(rule.live, rule.draft)), cut });
    asked.delete(key);
  } catch (error) {
    if (error.status === 0) setTimeout(() => asked.delete(key), AGAIN_MS);
    else kept.set(key, { pairs: [], cut: 0 }); // the hub has forgotten this backtest
  }
}
