// Where the limits of a rule lie for one of its points over time, as far as they can be drawn.
import { clock, startOfDay } from '../../parts/time.js';
import { pointOfRule } from './subjects.js';

const DAY_US = 86_400_000_000;

function* leavesOf(expressions) {
  for (const part of expressions) {
    const inner = part.all ?? part.any ?? (part.not ? [part.not] : null);
    if (inner) yield* leavesOf(inner);
    else yield part;
  }
}

const FIXED = { setpoint: ['setpoint_c', 'real_setpoint_c', 'mode'], speeding: ['pass_kmh'] };

/** The points that a rule looks at, the first condition's first. */
export function pointsOf(rule) {
  if (FIXED[rule.kind]) return FIXED[rule.kind].filter((name) => pointOfRule(rule, name) || rule.kind === 'speeding');
  return [...new Set([...leavesOf([...(rule.when ?? []), ...(rule.levels ?? []).flatMap((level) => level.when ?? [])])].map((leaf) => leaf.point))];
}

const minutes = (words) => Number(words.slice(0, 2)) * 60 + Number(words.slice(3));

/** Within [start, end) of the day; what depends on a working calendar cannot be told here. */
function inHours({ start = '00:00', end = '24:00' }, us) {
  const now = minutes(clock(us));
  const [from, to] = [minutes(start), minutes(end)];
  return from < to ? now >= from && now < to : now >= from || now < to;
}

/** [[us, value|null]] of a limit that changes with the clock. */
function scheduled({ schedule, otherwise }, from, to) {
  if (schedule.some((part) => (part.hours?.days ?? 'all') !== 'all')) return null;
  const edges = new Set([from, to]);
  for (let day = startOfDay(from); day <= to; day += DAY_US) for (const { hours = {} } of schedule) for (const at of [hours.start ?? '00:00', hours.end ?? '24:00']) edges.add(day + minutes(at) * 60e6);
  const inside = [...edges].filter((us) => us >= from && us <= to).sort((a, b) => a - b);
  const valueAt = (us) => schedule.find((part) => inHours(part.hours ?? {}, us))?.limit ?? otherwise ?? null;
  return inside.map((us) => [us, valueAt(us)]);
}

/**
 * Limits for a point: [{path, way, at: [[us, value]], point: {name, times, plus}}]; `point` where another point's readings
 * make the limit. What is usual, or follows a calendar, is left out.
 */
export function limitsOf(rule, name, from, to) {
  const flat = (value) => [[from, value], [to, value]];
  if (rule.kind === 'setpoint') return name === 'mode' ? [] : [{ path: 'cooling_min_c', at: flat(rule.cooling_min_c ?? 26) }, { path: 'heating_max_c', at: flat(rule.heating_max_c ?? 20) }];
  if (rule.kind === 'speeding') return [rule.limit_kmh, -rule.limit_kmh].map((value) => ({ path: 'limit_kmh', at: flat(value) }));
  const found = [];
  for (const leaf of leavesOf([...(rule.when ?? []), ...(rule.levels ?? []).flatMap((level) => level.when ?? [])])) {
    if (leaf.point !== name || leaf.rate || leaf.count || leaf.energy || leaf.bit !== undefined) continue;
    for (const way of ['above', 'below']) {
      const limit = leaf[way];
      if (typeof limit === 'number') found.push({ path: way, at: flat(limit) });
      else if (limit?.schedule) found.push({ path: way, at: scheduled(limit, from, to) ?? [] });
      else if (limit?.point) found.push({ path: way, at: [], point: { name: limit.point, times: limit.times ?? 1, plus: limit.plus ?? 0 } });
    }
  }
  return found;
}
