// Orders to devices, newest first by number, and who has frozen them: from the first load and from the stream.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';

const PAGE = 200;
const NONE = { known: false, enabled: false, freezes: [], agents: [], rows: new Map(), more: false };

export const orders = shallowRef(NONE);

export async function loadOrders() {
  const answer = await get('orders', { limit: PAGE });
  orders.value = { known: true, ...headOf(answer), rows: new Map(answer.orders.map((row) => [row.id, row])), more: answer.orders.length === PAGE };
}

const headOf = ({ enabled, freezes, agents }) => ({ enabled, freezes, agents });

/** Those before the oldest that is known. */
export async function loadOlderOrders() {
  const before = Math.min(...[...orders.value.rows.values()].map((row) => row.seq));
  const { orders: older } = await get('orders', { limit: PAGE, before });
  const rows = new Map(orders.value.rows);
  for (const row of older) if (!rows.has(row.id)) rows.set(row.id, row);
  orders.value = { ...orders.value, rows, more: older.length === PAGE };
}

export function takeOrder(order) {
  orders.value = { ...orders.value, rows: new Map(orders.value.rows).set(order.id, order) };
}

/** Enabled, frozen, and what each gateway has heard of it. */
export function takeOrdersHead(answer) {
  orders.value = { ...orders.value, ...headOf({ ...orders.value, ...answer }) };
}

export function forgetOrders() {
  orders.value = NONE;
}

/** What froze a gateway: its own freeze, or that of all; null while it is free. */
export const freezeOf = (scope) => orders.value.freezes.find((freeze) => freeze.scope === scope) ?? null;
