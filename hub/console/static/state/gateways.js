// The newest row of every gateway, from the first load and from the stream.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';
import { campus } from './campus.js';
import { say } from '../i18n/words.js';

export const gateways = shallowRef({ known: false, rows: new Map(), quarantine: null, hub: null });

// Rows that the stream brought, counted, so that an answer asked for earlier does not bring an older row back.
const told = new Map();
let news = 0;

export async function loadGateways() {
  const asked = news;
  const answer = await get('gateways');
  const now = gateways.value.rows;
  const newest = (row) => ((told.get(row.agent) ?? 0) > asked ? now.get(row.agent) : row);
  const rows = new Map(answer.rows.map((row) => [row.agent, newest(row)]));
  gateways.value = { known: true, rows, quarantine: answer.quarantine, hub: answer.hub };
}

/** Names of the gateways that are not there, as far as their rows say. */
export function awayNames() {
  return [...gateways.value.rows.values()].filter((row) => campus.value.agents.has(row.agent) && row.state !== 'online').map((row) => say(row.name) || row.agent);
}

export function takeGateway(row) {
  news += 1;
  told.set(row.agent, news);
  const rows = new Map(gateways.value.rows);
  rows.set(row.agent, row);
  gateways.value = { ...gateways.value, rows };
}
