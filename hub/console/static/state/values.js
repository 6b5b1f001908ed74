// The newest value of every point that this page has heard of. A value is never called fresh by the connection:
// only its own age against the hub's clock, and the limit of its link, decide.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';
import { nowUs } from './clock.js';
import { deviceOf } from './campus.js';

const newest = new Map();
/** Counts up at each change; read it in a render function to be drawn again. */
export const valuesChanged = shallowRef(0);
const wanted = new Map(); // query text -> query, loaded again after a reset

export function takeValues(values) {
  for (const [name, row] of Object.entries(values)) {
    const before = newest.get(name);
    if (!before || row[0] >= before[0]) newest.set(name, row);
  }
  valuesChanged.value += 1;
}

export async function wantValues(query = {}) {
  const key = JSON.stringify(query);
  if (wanted.has(key)) return;
  wanted.set(key, query);
  try {
    takeValues((await get('latest', query)).values);
  } catch (error) {
    wanted.delete(key);
    throw error;
  }
}

export async function reloadValues() {
  const all = [...wanted.values()].some((query) => Object.keys(query).length === 0);
  const queries = all ? [{}] : [...wanted.values()];
  for (const query of queries) takeValues((await get('latest', query)).values);
}

export function forgetValues() {
  newest.clear();
  wanted.clear();
}

/** Devices that speak only when a vehicle passes: their silence says nothing. */
export const waitsForTraffic = (device) => device.kind === 'radar' || device.kind === 'plate';

/** Seconds after which a value of this device is old; null for devices that speak only when something happens. */
export function staleAfter(deviceId) {
  const known = deviceOf(deviceId);
  if (!known || waitsForTraffic(known.device)) return null;
  return known.link?.stale_after_s ?? null;
}

/** Whether a point says nothing of use now: too old, or without a reading. */
export function isSilent(name) {
  const { stale, bad } = reading(name);
  return stale || bad;
}

/** {value, timeUs, quality, ageS, stale, bad} of a point; value null where there is no reading. */
export function reading(name) {
  valuesChanged.value;
  const row = newest.get(name);
  if (!row) return { value: null, timeUs: null, quality: null, ageS: null, stale: true, bad: true };
  const ageS = Math.max(0, (nowUs() - row[0]) / 1e6);
  const limit = staleAfter(name.slice(0, name.indexOf('.')));
  const value = typeof row[1] === 'number' ? row[1] : null;
  return { value, timeUs: row[0], quality: row[2], ageS, stale: limit !== null && ageS > limit, bad: value === null };
}
