// Loads a stretch of history; the same question is asked once and kept a short while.
import { get } from '../api.js';

const KEEP_MS = 20_000;
const kept = new Map();

/** {times, series: {point: [value|null]}, stepS} of points between two times. */
export async function loadSeries(points, fromUs, toUs, stepS, aggregate) {
  const key = [points.join(), Math.round(fromUs / 1e6), Math.round(toUs / 1e6), stepS, aggregate].join('|');
  const before = kept.get(key);
  if (before && performance.now() - before.at < KEEP_MS) return before.answer;
  const answer = get('series', { points: points.join(), from_us: Math.round(fromUs), to_us: Math.round(toUs), step_s: stepS, aggregate })
    .then(({ time_us: times, series, step_s: step }) => ({ times, series, stepS: step }));
  kept.set(key, { at: performance.now(), answer });
  if (kept.size > 40) kept.delete(kept.keys().next().value);
  answer.catch(() => kept.delete(key));
  return answer;
}

const USUAL_SHARE = 0.9;
const ROOM = 1.6;

/**
 * Which steps without a value are gaps. Data that comes less often than the steps leaves steps empty that hide nothing;
 * only a pause longer than nine tenths of all pauses (and some room) is one. Returns [[time, value|null]]: null where the
 * line is to break.
 */
export function bridged(times, values) {
  const known = [];
  values.forEach((value, i) => {
    if (value !== null && value !== undefined) known.push([times[i], value]);
  });
  const pauses = known.slice(1).map(([time], i) => time - known[i][0]).sort((a, b) => a - b);
  const longest = pauses.length ? pauses[Math.floor((pauses.length - 1) * USUAL_SHARE)] * ROOM : Infinity;
  return known.flatMap((row, i) => (i && row[0] - known[i - 1][0] > longest ? [[known[i - 1][0] + 1, null], row] : [row]));
}

/** Whether a value stands alone between two breaks, so that a line alone would not show it. */
export const isAlone = (rows, i) => rows[i]?.[1] !== null && (rows[i - 1]?.[1] ?? null) === null && (rows[i + 1]?.[1] ?? null) === null;

const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/** The smallest usual step that gives at most `most` values. */
export function stepFor(fromUs, toUs, most = 600) {
  const seconds = (toUs - fromUs) / 1e6;
  return STEPS.find((step) => seconds / step <= most) ?? 86_400;
}
