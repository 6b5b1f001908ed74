// All about one order: what, who, why, when, before and after, what happened; and taking it back.
import { html, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { PlaceLinks } from '../../parts/place.js';
import { dateTime, duration } from '../../parts/time.js';
import { t } from '../../i18n/words.js';
import { deviceOf } from '../../state/campus.js';
import { may } from '../../state/session.js';
import { takeOrder } from '../../state/orders.js';
import { href } from '../../router.js';
import { showAlert } from '../board/board.js';
import { AskWhy } from './asking.js';
import { byWords, changeWords, codeWords, detailWords, deviceName, nextWords, numberOf, OrderState, pointName } from './words.js';

/** The way of an order as far as it has come; the state it is in now stands out. */
export function OrderSteps({ order }) {
  const end = order.over || order.state === 'verified' ? order.state : order.kind !== 'write' ? 'done' : 'verified';
  const passed = { queued: true, sent: order.sent_us, taken: order.taken_us, verified: order.verified_us && end !== 'done' };
  const way = [...Object.keys(passed).filter((state) => state !== end && (passed[state] || (!order.over && state !== 'verified'))), end];
  const at = way.indexOf(order.state);
  return html`<ol class="order-steps" aria-label=${t('orders.way')}>${way.map((state, number) => html`<li key=${state} class=${[number < at && 'is-past', number === at && 'is-now', (state === 'failed' || state === 'expired') && 'is-bad']} aria-current=${number === at ? 'step' : null}>${t(`orders.state.${state}`)}</li>`)}</ol>`;
}

/** Why it ended so, in our words and in those of the device or program. */
export function OrderTrouble({ order }) {
  const detail = detailWords(order);
  if (!order.code && !detail) return null;
  return html`<p class=${order.state === 'failed' || order.state === 'expired' ? 'problem' : 'faint'}>${codeWords(order)}${order.assumed ? ` · ${t('orders.assumed')}` : ''} ${detail ? html`<span lang="en">${detail}</span>` : null}</p>`;
}

function Times({ order }) {
  const rows = ['created', 'sent', 'taken', 'verified', 'ended'].filter((name) => order[`${name}_us`]);
  return html`${rows.map((name) => html`<dt>${t(`orders.at.${name}`)}</dt><dd>${dateTime(order[`${name}_us`])}</dd>`)}
    <dt>${t('orders.at.expires')}</dt><dd>${dateTime(order.expires_us)}</dd>${order.until_us ? html`<dt>${t('orders.at.until')}</dt><dd>${dateTime(order.until_us)}</dd>` : null}`;
}

/** Whether the code of a line says more than its state does. */
const saysMore = (line) => line.code !== 'asked-back' && line.code !== line.state;

function History({ lines }) {
  if (!lines?.length) return null;
  return html`<section><h3>${t('alert.history')}</h3><ol class="history">${lines.map((line, number) => html`<li key=${number}><time>${dateTime(line.time_us).slice(5)}</time><span class="history-act">${line.code === 'asked-back' ? codeWords(line) : t(`orders.state.${line.state}`)}</span>
    <span>${line.actor ? html`<b>${line.actor}</b> ` : null}${saysMore(line) ? codeWords(line) : ''} <span lang=${line.actor === 'hub' || !line.actor ? 'en' : null}>${detailWords(line)}</span></span></li>`)}</ol></section>`;
}

const mayCancel = (order) => may('engineer') && (!order.over || order.holding);

/** props: order. */
export const OrderCard = {
  props: ['order'],
  setup(props) {
    const state = shallowReactive({ history: [] });
    const load = async () => {
      const { id } = props.order;
      const answer = await get(`orders/${id}`).catch(() => null);
      if (id === props.order.id) state.history = answer?.history ?? [];
    };
    watch(() => [props.order.id, props.order.state, props.order.holding].join(), load, { immediate: true });
    const cancel = async (why) => takeOrder(await post(`orders/${props.order.id}/cancel`, { why }));
    return () => {
      const { order } = props;
      const known = deviceOf(order.device);
      return html`<article class="order-card" data-order=${order.id} data-state=${order.state}>
        <header><h2>${numberOf(order)} · ${pointName(order)}</h2><${OrderState} order=${order} /></header>
        <p class="order-change">${changeWords(order)}</p><${OrderSteps} order=${order} /><${OrderTrouble} order=${order} />
        <p class="faint">${nextWords(order)}</p>
        <dl class="pairs"><dt>${t('alert.device')}</dt><dd>${known ? html`<a class="link" href=${href('device', [order.device])}>${deviceName(order)}</a>` : deviceName(order)}</dd>
          ${known ? html`<dt>${t('alert.where')}</dt><dd><${PlaceLinks} where=${{ site: known.device.site, building: known.building?.id, area: known.device.area }} /></dd>` : null}
          <dt>${t('orders.who')}</dt><dd>${order.rule ? html`<a class="link" href=${href('rule', [order.rule])}>${byWords(order)}</a>` : byWords(order)}</dd>
          <dt>${t('orders.why')}</dt><dd class="order-why">${order.why || t('value.none')}</dd>
          ${order.alert ? html`<dt>${t('orders.alert')}</dt><dd><button class="quiet-button link" onClick=${() => showAlert(order.alert)}>${t('cooling.alert')}</button></dd>` : null}
          ${order.hold_s ? html`<dt>${t('orders.hold')}</dt><dd>${duration(order.hold_s)}</dd>` : null}<${Times} order=${order} />
          ${order.cancelled_by ? html`<dt>${t('orders.cancelledBy')}</dt><dd>${order.cancelled_by}</dd>` : null}</dl>
        ${order.kind === 'probe' && order.state === 'done' ? html`<p><a class="link" href=${href('probe', [order.link], { order: order.id })}>${t('probe.result')}</a></p>` : null}
        ${mayCancel(order) ? html`<${AskWhy} name="cancel" label=${t(order.holding ? 'orders.giveBack' : 'orders.cancel')} confirm=${t('orders.cancelDo')} press=${cancel} />` : null}
        <${History} lines=${state.history} /></article>`;
    };
  },
};
