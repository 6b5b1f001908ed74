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

const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/** The smallest usual step that gives at most `most` values. */
export function stepFor(fromUs, toUs, most = 600) {
  const seconds = (toUs - fromUs) / 1e6;
  return STEPS.find((step) => seconds / step <= most) ?? 86_400;
}
