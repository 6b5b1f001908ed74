// Confirming and forgetting what a camera should see: an order to its gateway, followed until it is over.
import { html, onUnmounted, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { t } from '../../i18n/words.js';
import { orders, takeOrder } from '../../state/orders.js';
import { may } from '../../state/session.js';
import { AskWhy, problemWords } from '../orders/asking.js';
import { OrderTrouble } from '../orders/card.js';

/** How long the stream may be late before we ask ourselves. */
const ASK_MS = 4000;

/** {of (camera -> {order, problem}), told (camera -> {day, night, atUs}), ask(camera, what, light, why)}; changed(camera) when one is over. */
export function useReferenceOrders(changed) {
  const state = shallowReactive({ of: {}, told: {} });
  const put = (camera, what) => { state.of = { ...state.of, [camera]: { ...state.of[camera], ...what } }; };
  const waiting = new Map(); // order id -> camera
  const over = async (id, camera) => {
    waiting.delete(id);
    try {
      const order = await get(`orders/${id}`);
      if (!order.over) {
        waiting.set(id, camera);
        return;
      }
      const references = order.data?.references ?? [];
      state.told = { ...state.told, [camera]: { ...state.told[camera], ...Object.fromEntries(references.map((row) => [row.light, row.state])), atUs: order.ended_us } };
      put(camera, { order });
    } catch (error) {
      put(camera, { problem: error });
    }
    changed(camera);
  };
  const look = () => {
    for (const [id, camera] of waiting) if (orders.value.rows.get(id)?.over) over(id, camera);
  };
  watch(orders, look);
  const timer = setInterval(() => {
    for (const [id, camera] of waiting) over(id, camera);
  }, ASK_MS);
  onUnmounted(() => clearInterval(timer));
  state.ask = async (camera, what, light, why) => {
    put(camera, { order: null, problem: null });
    const order = await post(`cameras/${camera}/reference`, { do: what, light, why });
    put(camera, { order });
    waiting.set(order.id, camera);
    takeOrder(order);
    look();
  };
  /** Confirm what was looked at; a refusal stands beside it. */
  state.confirm = (camera, light) => state.ask(camera, 'confirm', light, t('camera.reference.confirmWhy')).catch((error) => put(camera, { problem: error }));
  return state;
}

/** Whether an order about a camera's references is on its way. */
export const isUnderWay = (state, camera) => Boolean(state.of[camera]?.order && !state.of[camera].order.over);

/** What a person may do beside the reference of a light: confirm what was looked at. */
export function Confirm({ asked, camera, light, row, standing }) {
  if (!may('engineer') || !row || standing === 'confirmed') return null;
  return html`<button data-act=${`confirm-${light}`} disabled=${isUnderWay(asked, camera)} onClick=${() => asked.confirm(camera, light)}>${t('camera.reference.confirm')}</button>`;
}

/** Letting both be learnt anew, with the reason; and what became of the last order. */
export function Deeds({ asked, camera }, { slots }) {
  const { order, problem } = asked.of[camera] ?? {};
  const news = problem ? html`<p class="problem" role="alert">${problemWords(problem)}</p>` : order && !order.over ? html`<p class="faint">${t('camera.reference.underWay')}</p>` : order ? html`<${OrderTrouble} order=${order} />` : null;
  return html`<div class="reference-deeds">${slots.default?.()}${may('engineer') ? html`<${AskWhy} key=${camera} name="forget" label=${t('camera.reference.forget')} note=${t('camera.reference.forgetNote')} confirm=${t('camera.reference.forgetNow')} disabled=${isUnderWay(asked, camera)} press=${(why) => asked.ask(camera, 'forget', 'both', why)} />` : html`<span class="faint">${t('camera.reference.needsEngineer')}</span>`}${news}</div>`;
}
