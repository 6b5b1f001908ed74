// The newest row of every gateway, from the first load and from the stream.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';

export const gateways = shallowRef({ known: false, rows: new Map(), quarantine: null, hub: null });

export async function loadGateways() {
  const answer = await get('gateways');
  const rows = new Map(answer.rows.map((row) => [row.agent, row]));
  gateways.value = { known: true, rows, quarantine: answer.quarantine, hub: answer.hub };
}

export function takeGateway(row) {
  const rows = new Map(gateways.value.rows);
  rows.set(row.agent, row);
  gateways.value = { ...gateways.value, rows };
}
