// What to ask a unit: which link and unit, which registers, or which data sheet to hold against it.
import { html, shallowReactive } from '../../parts/html.js';
import { post } from '../../api.js';
import { Chooser } from '../../parts/chooser.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { takeOrder } from '../../state/orders.js';
import { may } from '../../state/session.js';
import { problemWords } from '../orders/asking.js';
import { parametersOf, rangesOf, TABLES } from './words.js';

const EXPIRES_S = 90;
const WAYS = ['look', 'check'];

export const modbusLinks = () => [...campus.value.links.values()].filter((link) => link.kind.startsWith('modbus'));

/** The body that the fields make, and the names of those that are wrong. */
function asked(state) {
  const unit = Number(state.unit);
  const wrong = [];
  if (!(Number.isInteger(unit) && unit >= 0 && unit <= 255 && String(state.unit).trim())) wrong.push('unit');
  if (state.way === 'check') {
    const parameters = parametersOf(state.parameters);
    if (!state.profile.trim()) wrong.push('profile');
    if (parameters === null) wrong.push('parameters');
    return { wrong, args: { unit, check: state.profile.trim(), index: Number(state.index) || 0, parameters } };
  }
  const ranges = rangesOf(state.ranges);
  if (ranges === null) wrong.push('ranges');
  return { wrong, args: { unit, table: state.table, ranges, looks: Number(state.looks), wait_s: Number(state.wait_s) } };
}

/** props: link (id to begin with), done(order). */
export const ProbeForm = {
  props: ['link', 'done'],
  setup(props) {
    const state = shallowReactive({ way: 'look', link: props.link ?? '', unit: '1', table: 'holding', ranges: '0-99', looks: '2', wait_s: '3', profile: '', index: '0', parameters: '', why: '', busy: false, problem: '' });
    const send = async (event) => {
      event.preventDefault();
      Object.assign(state, { busy: true, problem: '' });
      try {
        const made = await post('orders/probes', { link: state.link || modbusLinks()[0]?.id, args: asked(state).args, why: state.why.trim(), expires_in_s: EXPIRES_S });
        takeOrder(made);
        props.done(made);
      } catch (error) {
        state.problem = problemWords(error);
      } finally {
        state.busy = false;
      }
    };
    const put = (name) => (event) => { state[name] = event.target.value; };
    const field = (name, wrong, more = {}) => html`<label><span>${t(`probe.field.${name}`)}</span><input name=${name} value=${state[name]} aria-invalid=${wrong.includes(name) ? 'true' : null} onInput=${put(name)} ...${more} /></label>`;
    const choice = (name, options) => html`<label><span>${t(`probe.field.${name}`)}</span><select name=${name} value=${state[name]} onChange=${put(name)}>${options.map(([id, words]) => html`<option value=${id}>${words}</option>`)}</select></label>`;
    return () => {
      const { wrong } = asked(state);
      const links = modbusLinks();
      const why = !may('engineer') ? t('probe.needsEngineer') : links.length ? '' : t('probe.noLinks');
      return html`<form class=${['order-form', 'probe-form', why && 'is-off']} onSubmit=${send}>${why ? html`<p class="order-obstacle" role="note">${why}</p>` : null}<fieldset disabled=${Boolean(why) || state.busy}>
        <${Chooser} label=${t('probe.title')} value=${state.way} options=${WAYS.map((way) => [way, t(`probe.way.${way}`)])} pick=${(way) => { state.way = way; }} /><p class="faint">${t(`probe.note.${state.way}`)}</p>
        <div class="probe-fields">${choice('link', links.map((link) => [link.id, `${say(campus.value.agents.get(link.agent)?.name)}${t('place.between')}${say(link.name)}`]))}${field('unit', wrong, { inputmode: 'numeric', size: 4 })}
          ${state.way === 'look' ? html`${choice('table', TABLES.map((table) => [table, t(`probe.table.${table}`)]))}${field('ranges', wrong, { size: 26 })}${choice('looks', ['1', '2', '3'].map((n) => [n, n]))}${choice('wait_s', ['0', '1', '3', '5', '10'].map((n) => [n, t('gateway.seconds', { s: n })]))}`
            : html`${field('profile', wrong, { list: 'probe-profiles', size: 24 })}<datalist id="probe-profiles">${Object.entries(campus.value.profiles).map(([id, profile]) => html`<option value=${id}>${say(profile.title)}</option>`)}</datalist>${field('index', wrong, { inputmode: 'numeric', size: 4 })}${field('parameters', wrong, { size: 20, placeholder: 'ct=40' })}`}
          ${field('why', wrong, { required: true, maxlength: 2000, size: 26, placeholder: t('probe.whyNeeded') })}</div>
        <div class="buttons"><button class="primary" data-act="probe" disabled=${wrong.length > 0 || !state.why.trim()}>${t(`probe.do.${state.way}`)}</button>${wrong.includes('ranges') ? html`<span class="problem">${t('probe.rangesWrong')}</span>` : null}</div></fieldset>
        ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}</form>`;
    };
  },
};
