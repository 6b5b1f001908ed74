// What an order is called, and in which state it is: by colour, shape and word.
import { html } from '../../parts/html.js';
import { pointTitle, pointValue } from '../../parts/figures.js';
import { duration } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus, deviceOf } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';

export const STATES = ['queued', 'sent', 'taken', 'verified', 'done', 'failed', 'expired', 'cancelled', 'released'];
/** Which states a filter shows; what needs a person is a group of its own. */
export const GROUPS = { open: (row) => !row.over, failed: (row) => row.state === 'failed' || row.state === 'expired', verified: (row) => row.state === 'verified' || row.state === 'done', released: (row) => row.state === 'released', cancelled: (row) => row.state === 'cancelled' };

const SIGNS = {
  queued: 'M3 4H13M3 8H13M3 12H13', sent: 'M2 8H13M9 4L13 8L9 12', taken: 'M8 2V9M4.5 6L8 9.5L11.5 6M3 13H13', verified: 'M2.5 8.5L6.5 12.5L13.5 4', done: 'M2.5 8.5L6.5 12.5L13.5 4',
  failed: 'M3.5 3.5L12.5 12.5M12.5 3.5L3.5 12.5', expired: 'M4 2H12M4 14H12M5 2V4.5L11 11.5V14M11 2V4.5L5 11.5V14', cancelled: 'M3 8H13', released: 'M13 5H5A3 3 0 0 0 5 11H13M10 2L13 5L10 8',
};
export const isBad = (row) => row.state === 'failed' || row.state === 'expired';

export function OrderSign({ state }) {
  return html`<svg class="order-sign" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d=${SIGNS[state] ?? SIGNS.queued} /></svg>`;
}

export function OrderState({ order }) {
  return html`<span class=${['order-state', isBad(order) && 'is-bad', !order.over && 'is-open']} data-state=${order.state}><${OrderSign} state=${order.state} />${t(`orders.state.${order.state}`)}${order.holding ? ` · ${t('orders.holding')}` : ''}</span>`;
}

export const numberOf = (order) => t('orders.number', { n: order.seq });
export const deviceName = (order) => say(order.name) || say(deviceOf(order.device)?.device.name) || say(campus.value.links.get(order.link)?.name) || order.device || order.link;
export const pointName = (order) => (order.kind !== 'write' ? t(`orders.${order.kind}`) : say(order.title) || pointTitle(`${order.device}.${order.point}`));
export const valueWords = (order, value) => (order.kind !== 'write' ? '' : pointValue(`${order.device}.${order.point}`, value));

/** "22.0 -> 26.0": what stood there and what was ordered, and beside it what was read back if that is another. */
export function changeWords(order) {
  if (order.kind !== 'write') return '';
  const before = order.before === null ? '' : `${valueWords(order, order.before)} → `;
  if (order.state === 'released' && order.after !== null) return `${before}${valueWords(order, order.value)} → ${valueWords(order, order.after)}`;
  const other = order.after !== null && order.after !== order.value ? ` (${t('orders.readBack', { value: valueWords(order, order.after) })})` : '';
  return `${before}${valueWords(order, order.value)}${other}`;
}

/** What programs say that has words of ours in the code already. */
const NO_MORE = /^(?:it shows another value|it does not answer|it is so already|it was cancelled|it was changed meanwhile|its time is over|writing is frozen|it does not take back what it had|orders are not enabled on this agent|the agent was started anew|another order holds \S+|this agent does not list .*|the data sheet \S+ is only for reading|no fresh reading: )/;
/** What is said beside the code, where it says more. */
export const detailWords = (line) => (line.text && line.code ? line.text.replace(NO_MORE, '') : line.text ?? '');

/** A person by name, or the rule by its title. */
export const byWords = (order) => (order.rule ? t('orders.byRule', { rule: say(campus.value.rules.get(order.rule)?.title) || order.rule }) : order.by);

/** What happens next, with its time: when it expires, or until when the value is held. */
export function nextWords(order) {
  const left = (us) => duration(Math.max(0, us - nowUs()) / 1e6);
  if (order.holding && order.until_us) return t('orders.heldFor', { left: left(order.until_us) });
  return order.over || order.state === 'verified' ? '' : t('orders.expiresIn', { left: left(order.expires_us) });
}

export const codeWords = (order) => (order.code ? (t(`orders.code.${order.code}`) === `orders.code.${order.code}` ? order.code : t(`orders.code.${order.code}`)) : '');
