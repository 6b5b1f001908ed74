// Ordering a value: which point, what it is now, what will be written, how long the order and the value stand, and why.
import { computed, html, onMounted, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { Field } from '../../parts/field.js';
import { amount, pointValue, unitSign } from '../../parts/figures.js';
import { age, duration } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus, pointOf } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { orders, takeOrder } from '../../state/orders.js';
import { may } from '../../state/session.js';
import { href } from '../../router.js';
import { problemWords } from './asking.js';
import { OrderSteps, OrderTrouble } from './card.js';
import { numberOf } from './words.js';

const EXPIRES_S = [60, 120, 300, 600, 1800, 3600];
const HOLDS_S = [1800, 3600, 7200, 14_400, 28_800, 86_400, 604_800];
const USUAL_EXPIRY_S = 120;

/** Whether this kind of device could be ordered at all; what the device itself allows is asked of the hub. */
export const mayBeOrdered = (device) => Boolean(device) && device.kind === 'ac';

/** Lowest and highest value: what the hub allows, and within the other limit as it stands in the device. */
const boundsOf = ({ range, not_above: above, not_below: below }) => (range ? [Math.max(range[0], below ?? -Infinity), Math.min(range[1], above ?? Infinity)] : null);

const wordOf = (device, { point, value, word }) => {
  const codes = pointOf(`${device}.${point}`)?.codes;
  return (codes && say(campus.value.codes[codes]?.[String(value)])) || word;
};

/** Why nothing can be ordered here, in words; empty when it can. */
function obstacle(answer) {
  if (!may('engineer')) return t('orders.needsEngineer');
  if (!answer) return t('page.loading');
  if (answer.why_not) return say(answer.why_not);
  return answer.points.length ? '' : t('orders.nothingWritable');
}

function Choice({ name, label, value, options, pick }) {
  return html`<label><span>${label}</span><select name=${name} value=${String(value)} onChange=${(event) => pick(event.target.value)}>${options.map(([id, words]) => html`<option value=${String(id)}>${words}</option>`)}</select></label>`;
}

/** What will happen, in one sentence each. */
function Preview({ answer, point, state }) {
  const name = `${answer.device}.${point.point}`;
  const now = point.value === null ? t('value.none') : pointValue(name, point.value);
  const lines = [
    state.value === null ? t('orders.form.noValue') : t('orders.form.willWrite', { what: say(point.title), before: now, after: pointValue(name, state.value) }),
    t('orders.form.willExpire', { s: duration(state.expires) }),
    state.hold ? t('orders.form.willHold', { s: duration(state.hold) }) : t('orders.form.staysThere'),
    answer.left === null || answer.left === undefined ? t('orders.form.today', { n: answer.today }) : t('orders.form.todayLeft', { n: answer.today, left: answer.left }),
  ];
  return html`<ul class="order-preview">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

function ValueField({ answer, point, state }) {
  const put = (value) => { state.value = value ?? null; };
  if (point.members) {
    const options = point.members.map((member) => [member.value, wordOf(answer.device, { ...member, point: point.point })]);
    return html`<label><span>${t('orders.form.value')}</span><${Field} label=${t('orders.form.value')} put=${put} field=${{ type: 'choice', path: ['value'], value: state.value, options }} /></label>`;
  }
  const [min, max] = boundsOf(point) ?? [];
  return html`<label><span>${t('orders.form.value')}</span><${Field} label=${t('orders.form.value')} put=${put} field=${{ type: 'number', path: ['value'], value: state.value, unit: unitSign(point.unit), min, max }} />
    ${point.range ? html`<small class="faint">${t('orders.form.between', { low: amount(min, point.unit), high: amount(max, point.unit) })}</small>` : null}</label>`;
}

/** The order that was just made, as the stream tells of it. */
function Made({ id }) {
  const order = orders.value.rows.get(id);
  if (!order) return null;
  return html`<div class="order-made" role="status" data-order=${id}><b>${t('orders.form.made')} <a class="link" href=${href('orders', [id])}>${numberOf(order)}</a></b><${OrderSteps} order=${order} /><${OrderTrouble} order=${order} /></div>`;
}

/** props: device (id), alert (id or null), wanted (the value to begin with, or null), close(). */
export const OrderForm = {
  props: ['device', 'alert', 'wanted', 'close'],
  setup(props) {
    const state = shallowReactive({ answer: null, point: null, value: null, hold: 0, expires: USUAL_EXPIRY_S, why: '', busy: false, problem: '', made: null });
    const point = computed(() => state.answer?.points.find((one) => one.point === state.point) ?? null);
    const first = (chosen) => {
      const { members, value } = chosen;
      const range = boundsOf(chosen);
      const allowed = (one) => typeof one === 'number' && (members ? members.some((member) => member.value === one) : !range || (one >= range[0] && one <= range[1]));
      return [props.wanted, value, members?.[0].value, range?.[0]].find(allowed) ?? null;
    };
    const pick = (name) => {
      const chosen = state.answer.points.find((one) => one.point === name);
      Object.assign(state, { point: name, value: first(chosen), hold: chosen.hold === 'must' ? HOLDS_S[0] : 0 });
    };
    const load = async () => {
      try {
        state.answer = await get(`devices/${encodeURIComponent(props.device)}/writable`);
        if (!point.value && state.answer.points.length) pick(state.answer.points[0].point);
      } catch (error) {
        state.problem = problemWords(error);
      }
    };
    onMounted(load);
    watch(() => JSON.stringify([orders.value.enabled, orders.value.freezes, orders.value.agents]), load);
    const send = async (event) => {
      event.preventDefault();
      Object.assign(state, { busy: true, problem: '' });
      try {
        const made = await post('orders', { device: props.device, point: state.point, value: state.value, why: state.why.trim(), hold_s: state.hold || null, expires_in_s: state.expires, alert: props.alert ?? null });
        takeOrder(made);
        Object.assign(state, { made: made.id, why: '' });
        load();
      } catch (error) {
        state.problem = problemWords(error);
      } finally {
        state.busy = false;
      }
    };
    const keys = (event) => {
      if (event.key !== 'Escape' || !props.close) return;
      event.stopPropagation();
      props.close();
    };
    return () => {
      const { answer } = state;
      const why = obstacle(answer);
      const { modes, hold, longest_hold_s: longest } = point.value ?? {};
      const holds = HOLDS_S.filter((s) => !longest || s <= longest).map((s) => [s, duration(s)]);
      return html`<form class=${['order-form', why && 'is-off']} data-device=${props.device} onSubmit=${send} onKeydown=${keys}>
        ${why ? html`<p class="order-obstacle" role="note">${why}</p>` : null}
        ${answer && point.value ? html`<fieldset disabled=${Boolean(why) || state.busy}>
          ${answer.points.length > 1 ? html`<${Choice} name="point" label=${t('orders.what')} value=${state.point} options=${answer.points.map((one) => [one.point, say(one.title)])} pick=${pick} />` : html`<p><b>${say(point.value.title)}</b></p>`}
          <p class="order-now">${t('orders.form.now')} <b>${point.value.value === null ? t('value.none') : pointValue(`${props.device}.${state.point}`, point.value.value)}</b> ${point.value.time_us ? html`<small class="faint">${t('value.stale', { age: age((nowUs() - point.value.time_us) / 1e6) })}</small>` : null}</p>
          ${ValueField({ answer, point: point.value, state })}
          ${modes?.length ? html`<p class="faint">${t('orders.form.onlyModes', { modes: modes.map((mode) => say(Object.values(campus.value.codes.ac_mode ?? {}).find((code) => code.name === mode)) || mode).join(t('place.and')) })}</p>` : null}
          ${hold === 'never' ? null : html`<${Choice} name="hold" label=${t('orders.hold')} value=${state.hold} options=${hold === 'must' ? holds : [[0, t('orders.form.noHold')], ...holds]} pick=${(s) => { state.hold = Number(s); }} />`}
          <${Choice} name="expires" label=${t('orders.form.expires')} value=${state.expires} options=${EXPIRES_S.map((s) => [s, duration(s)])} pick=${(s) => { state.expires = Number(s); }} />
          <label><span>${t('orders.why')}</span><textarea name="why" rows="2" required maxlength="2000" value=${state.why} placeholder=${t('orders.form.whyNeeded')} onInput=${(event) => { state.why = event.target.value; }}></textarea></label>
          <${Preview} answer=${answer} point=${point.value} state=${state} />
          <div class="buttons"><button class="primary" data-act="order" disabled=${state.value === null || !state.why.trim()}>${t('orders.form.do')}</button></div></fieldset>` : null}
        ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}
        ${state.made ? html`<${Made} id=${state.made} />` : null}
        ${props.close ? html`<button type="button" class="quiet-button order-close" onClick=${props.close}>${t('help.close')}</button>` : null}</form>`;
    };
  },
};
