// Floor plans and maps: which there are, what stands in them, what still has no place, and the words for the site file.
import { shallowRef } from '../../parts/html.js';
import { get } from '../../api.js';

const COLUMNS = ['plan', 'device', 'x', 'y', 'heading', 'angle'];

export const plans = shallowRef({ known: false, plans: new Map(), positions: new Map(), table: null });

export async function loadPlans() {
  const answer = await get('plans');
  plans.value = {
    known: true,
    plans: new Map(answer.plans.map((plan) => [plan.id, plan])),
    positions: new Map(answer.positions.map((position) => [position.device, position])),
    table: answer.table,
  };
}

/** Plans of a site or building, the lowest floor first. */
export const plansOf = (kind, id, all) => [...all.values()].filter((plan) => plan[kind] === id).sort((a, b) => a.floor - b.floor);

/** The plan of the place where a room is: its floor, or else its site. */
export function planOfArea(area, site, all) {
  const of = (test) => [...all.values()].find(test) ?? null;
  return of((plan) => plan.building === area?.building && plan.floor === area?.floor) ?? of((plan) => plan.site === site);
}

/** Devices that belong into a plan and have no place in any. */
export function unplaced(plan, { devices, areas }, { plans: all, positions }) {
  return [...devices.values()].filter((device) => !positions.has(device.id) && planOfArea(areas.get(device.area), device.site, all) === plan);
}

const tidy = (number) => Math.round(number * 10) / 10;

/** A position as it is written: no more digits than a person can place. */
export function written({ plan, device, x, y, heading, angle }) {
  const row = { plan, device, x: tidy(x), y: tidy(y) };
  if (heading !== null && heading !== undefined) Object.assign(row, { heading: ((Math.round(heading) % 360) + 360) % 360, ...(angle ? { angle: tidy(angle) } : {}) });
  return row;
}

/** Lines of the table of positions, or of the site file where they stand there. */
export function wordsFor(positions, table) {
  const rows = positions.map(written);
  if (table) return rows.map((row) => COLUMNS.map((key) => row[key] ?? '').join(',')).join('\n');
  const pairs = (row) => COLUMNS.filter((key) => row[key] !== undefined).map((key) => `${key}: ${row[key]}`).join(', ');
  return ['positions:', ...rows.map((row) => `- {${pairs(row)}}`)].join('\n');
}
