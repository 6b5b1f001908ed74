// Everything about one alert, beside the list: what, where, since when, evidence, what to do first, who, what happened.
import { html, nextTick, ref, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AlertMark, severityName } from '../../parts/mark.js';
import { amount, pointTitle, pointValue, seriesName, unitSign } from '../../parts/figures.js';
import { PlaceLinks } from '../../parts/place.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { nowUs } from '../../state/clock.js';
import { alertOf, alertsChanged, allAlerts, awaitsReset } from '../../state/alerts.js';
import { campus, deviceOf } from '../../state/campus.js';
import { session, may } from '../../state/session.js';
import { href } from '../../router.js';
import { mayBeOrdered, OrderForm } from '../orders/form.js';
import { acknowledge, acting, addNote, assign, canAck, clearByHand, reset } from './acts.js';
import { detailOpen, select, selected, settled } from './board.js';
import { Footage, wasInSight } from './footage.js';
import { History } from './history.js';
import { Plate } from './plate.js';
import { lasting, stateWords } from './row.js';
import { AlertTrend } from './trend.js';

/** Steps are numbered here, also those that their rule has numbered. */
const OWN_NUMBER = /^\d{1,2}\s*[.)\u3001]\s*/;

/** The field in which a note is written; N opens it, Escape leaves it. */
export const noteOpen = ref(false);
/** The form for an order to the device of the alert; O opens it. */
export const orderOpen = ref(false);

function Evidence({ alert }) {
  const rows = Object.entries(alert.evidence ?? {}).map(([name, value]) => [name.includes('.') ? name : `${alert.device}.${name}`, value]);
  const titleOf = (name) => (name.startsWith(`${alert.device}.`) ? pointTitle(name) : seriesName(name));
  const compared = alert.limit !== null && alert.value !== null && unitSign(alert.unit);
  return html`<div class="evidence">
    ${compared ? html`<div class="evidence-main">
      <span class="evidence-value">${amount(alert.value, alert.unit)}</span>
      <span class="evidence-limit">${t('alert.limit', { limit: amount(alert.limit, alert.unit) })}</span></div>` : null}
    <dl class="readings">${rows.map(([name, value]) => html`<div key=${name}><dt>${titleOf(name)}</dt><dd>${pointValue(name, value)}</dd></div>`)}</dl>
    ${alert.has_plate ? html`<${Plate} alert=${alert} key=${alert.id} />` : null}
    ${wasInSight(alert) ? html`<${Footage} alert=${alert} key=${`${alert.id} footage`} />` : null}
  </div>`;
}

function Advice({ alert }) {
  const steps = say(alert.advice).split('\n').map((step) => step.trim().replace(OWN_NUMBER, '')).filter(Boolean);
  if (!steps.length) return null;
  return html`<section><h3>${t('alert.advice')}</h3><ol class="advice">${steps.map((step) => html`<li>${step}</li>`)}</ol></section>`;
}

/** A set point that is outside of its limit can be put right from here. */
function Order({ alert }) {
  if (!mayBeOrdered(deviceOf(alert.device)?.device)) return null;
  const { acts } = alert;
  const toggle = () => { orderOpen.value = !orderOpen.value; };
  return html`<section class="alert-order"><h3>${t('orders.order')}</h3>
    ${acts ? html`<p class="alert-acts">${t(acts.even_acked ? 'orders.actsAnyway' : 'orders.acts', { at: dateTime(acts.due_us), what: pointTitle(`${alert.device}.${acts.point}`), value: pointValue(`${alert.device}.${acts.point}`, acts.value) })}</p>` : null}
    <button aria-expanded=${orderOpen.value ? 'true' : 'false'} data-act="open-order" onClick=${toggle}>${t(orderOpen.value ? 'orders.close' : 'orders.open')} <kbd>O</kbd></button>
    ${orderOpen.value ? html`<${OrderForm} device=${alert.device} alert=${alert.id} wanted=${alert.limit} close=${toggle} />` : null}</section>`;
}

function Covered({ alert }) {
  const ids = settled.value.children.get(alert.id) ?? [];
  if (!ids.length) return null;
  return html`<section><h3>${t('alert.covers', { n: ids.length })}</h3>
    <ul class="covered">${ids.slice(0, 12).map((id) => alertOf(id)).filter(Boolean).map((child) => html`
      <li><${AlertMark} alert=${child} size=${12} /><a href="#/board" onClick=${() => select(child.id)}>${say(child.device_name)}</a></li>`)}
      ${ids.length > 12 ? html`<li class="faint">${t('alert.andMore', { n: ids.length - 12 })}</li>` : null}</ul></section>`;
}

function People({ alert }) {
  const zone = campus.value.zones.get(alert.zone);
  const change = (event) => assign(alert.id, event.target.value.trim());
  return html`<section><h3>${t('alert.people')}</h3><dl class="pairs">
    <dt>${t('alert.owner')}</dt><dd>${say(alert.owner) || t('value.none')}${zone?.phone ? html` <span class="faint">${zone.phone}</span>` : null}</dd>
    <dt>${t('alert.assignee')}</dt><dd>${may('operator') ? html`<span class="assign">
      <input value=${alert.assignee ?? ''} maxlength="60" aria-label=${t('alert.assignee')} placeholder=${t('alert.nobody')} onChange=${change} />
      <button onClick=${() => assign(alert.id, session.user.name)}>${t('alert.me')}</button></span>` : alert.assignee || t('alert.nobody')}</dd>
  </dl></section>`;
}

const NoteField = {
  props: ['alert'],
  setup(props) {
    const text = ref('');
    const field = ref(null);
    watch(noteOpen, (open) => open && nextTick(() => field.value?.focus()), { immediate: true });
    const save = async () => {
      const words = text.value.trim();
      if (!words || await addNote(props.alert.id, words)) {
        text.value = '';
        noteOpen.value = false;
      }
    };
    const keys = (event) => {
      if (event.key === 'Escape') noteOpen.value = false;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
    };
    return () => (noteOpen.value ? html`<div class="note-field">
      <textarea ref=${field} rows="2" maxlength="2000" value=${text.value} placeholder=${t('alert.notePlaceholder')} aria-label=${t('alert.note')}
        onInput=${(event) => { text.value = event.target.value; }} onKeydown=${keys}></textarea>
      <button onClick=${save}>${t('alert.saveNote')}</button></div>` : null);
  },
};

function Actions({ alert }) {
  const doing = acting.get(alert.id);
  const byHand = () => clearByHand(alert.id, t('alert.clearedByHand'));
  return html`<div class="actions">
    ${doing?.problem ? html`<p class="problem" role="alert">${say(doing.problem.text) || t('problem.unreachable')}</p>` : null}
    <${NoteField} alert=${alert} />
    <div class="buttons">
      ${canAck(alert) ? html`<button class="primary" disabled=${doing?.busy} onClick=${() => acknowledge(alert.id)}>${t('alert.ack')} <kbd>A</kbd></button>`
        : html`<span class="done">${alert.acked_us ? t('alert.ackedAt', { who: alert.acked_by ?? '', at: dateTime(alert.acked_us) }) : may('operator') ? '' : t('alert.lookOnly')}</span>`}
      ${may('operator') ? html`<button disabled=${doing?.busy} onClick=${() => { noteOpen.value = !noteOpen.value; }}>${t('alert.note')} <kbd>N</kbd></button>` : null}
      ${may('engineer') && (alert.state === 'raised' || alert.state === 'acked') ? html`<button disabled=${doing?.busy} onClick=${byHand}>${t('alert.clear')}</button>` : null}
      ${may('operator') && awaitsReset(alert) ? html`<button disabled=${doing?.busy} onClick=${() => reset(alert.id)}>${t('alert.reset')}</button>` : null}
    </div></div>`;
}

/** The page of what an alert is about: an area, a camera or any other device. */
function pageOf(id) {
  if (campus.value.areas.has(id)) return href('campus', ['area', id]);
  return href(campus.value.devices.get(id)?.kind === 'camera' ? 'camera' : 'device', [id]);
}

function Head({ alert }) {
  return html`<header class="detail-head">
    <button class="back" onClick=${() => { detailOpen.value = false; }}>${t('board.back')}</button>
    <div class="detail-line"><${AlertMark} alert=${alert} size=${26} /><b>${severityName(alert.severity)}</b>
      <span>${t(`family.${alert.family}`)}</span><span class="faint">${t('alert.number', { n: alert.seq })}</span>
      <span class=${['state', `state-${alert.state}`]}>${alert.stale ? t('alert.stale') : stateWords(alert)}</span></div>
    <h2>${say(alert.title)}</h2>
    <p class="detail-message">${say(alert.message)}</p>
    <dl class="pairs">
      <dt>${t('alert.where')}</dt><dd><${PlaceLinks} where=${alert} /></dd>
      <dt>${t('alert.device')}</dt><dd><a href=${pageOf(alert.device)}>${say(alert.device_name)}</a></dd>
      <dt>${t('alert.since')}</dt><dd>${dateTime(alert.start_us)} · ${lasting(alert)}${alert.cleared_us ? t('alert.until', { at: dateTime(alert.cleared_us) }) : ''}
        ${alert.count > 1 ? html` <span class="faint">${t('alert.times', { n: alert.count })}</span>` : null}
        ${alert.historical ? html` <span class="faint">${t('alert.late')}</span>` : null}</dd>
    </dl></header>`;
}

export const Detail = {
  setup() {
    const history = ref([]);
    const load = async () => {
      const id = selected.value;
      if (!id) return;
      try {
        const answer = await get(`alerts/${id}`);
        if (id === selected.value) history.value = answer.history ?? [];
      } catch {
        if (id === selected.value) history.value = null;
      }
    };
    watch(selected, () => {
      history.value = [];
      noteOpen.value = orderOpen.value = false;
    });
    const mark = () => {
      alertsChanged.value;
      const alert = alertOf(selected.value);
      return alert ? [alert.id, alert.state, alert.epoch, alert.notes, alert.assignee, alert.last_us].join() : null;
    };
    watch(mark, load, { immediate: true });
    return () => {
      alertsChanged.value;
      const alert = alertOf(selected.value);
      if (!alert) return html`<aside class="detail detail-empty"><p class="faint">${allAlerts().size ? t('board.choose') : ''}</p></aside>`;
      return html`<aside class=${['detail', alert.family === 'fire' && 'is-fire', detailOpen.value && 'is-open']} aria-label=${t('board.detail')} key=${alert.id}>
        <div class="detail-scroll">
          <${Head} alert=${alert} />
          <section class="two"><div><h3>${t('alert.evidence')}</h3><${Evidence} alert=${alert} /></div><${AlertTrend} alert=${alert} /></section>
          <${Advice} alert=${alert} /><${Order} alert=${alert} /><${Covered} alert=${alert} /><${People} alert=${alert} />
          <${History} lines=${history.value} nowUs=${nowUs()} />
        </div>
        <${Actions} alert=${alert} />
      </aside>`;
    };
  },
};
