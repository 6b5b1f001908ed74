// Finding out what a device says: its registers with what they could mean, a profile to start from, and a profile held against a device.
import { computed, html, shallowReactive, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { orders, takeOrder } from '../../state/orders.js';
import { amend, route } from '../../router.js';
import { OrderSteps, OrderTrouble } from '../orders/card.js';
import { numberOf } from '../orders/words.js';
import { Checked, Found } from './found.js';
import { ProbeForm } from './form.js';

const linkName = (order) => say(campus.value.links.get(order.link)?.name) || order.link;

function Earlier({ chosen }) {
  const rows = [...orders.value.rows.values()].filter((row) => row.kind === 'probe').sort((a, b) => b.seq - a.seq).slice(0, 12);
  if (!rows.length) return null;
  return html`<section class="probe-earlier"><h3>${t('probe.earlier')}</h3><ul>${rows.map((row) => html`<li key=${row.id}><button class=${['chip', row.id === chosen && 'is-on']} onClick=${() => amend({ order: row.id })}>${numberOf(row)} · ${linkName(row)} · ${dateTime(row.created_us).slice(5, 16)} · ${t(`orders.state.${row.state}`)}</button></li>`)}</ul></section>`;
}

export const ProbePage = {
  setup() {
    const id = computed(() => route.query.order ?? '');
    const order = computed(() => orders.value.rows.get(id.value) ?? null);
    const state = shallowReactive({ data: null, problem: '' });
    let latest = 0; // an answer that was overtaken by a later question tells nothing
    const load = async () => {
      const mine = id.value;
      const number = ++latest;
      state.data = null;
      if (!mine) return;
      try {
        const answer = await get(`orders/${mine}`);
        if (number !== latest) return;
        if (!order.value) takeOrder(answer);
        Object.assign(state, { data: answer.state === 'done' ? answer.data : null, problem: '' });
      } catch {
        if (number === latest) state.problem = t('problem.unreachable');
      }
    };
    watch(() => [id.value, order.value?.state].join(), load, { immediate: true });
    return () => {
      const { data } = state;
      const name = data ? `probe-${order.value?.link ?? ''}-${data.unit}` : '';
      return html`<div class="scroll probe"><div class="page-head"><h1>${t('probe.title')}</h1></div>
        <${ProbeForm} key=${route.rest[0] ?? ''} link=${route.rest[0]} done=${(made) => amend({ order: made.id })} /><${Earlier} chosen=${id.value} />
        ${order.value ? html`<section class="probe-order" data-order=${order.value.id} data-state=${order.value.state}><h2>${numberOf(order.value)} · ${linkName(order.value)}${data ? ` · ${t('probe.unit', { n: data.unit })}` : ''}</h2><${OrderSteps} order=${order.value} /><${OrderTrouble} order=${order.value} /></section>` : null}
        ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}
        ${data?.kind === 'check' ? html`<${Checked} data=${data} name=${name} />` : data?.kind === 'probe' ? html`<${Found} data=${data} name=${name} />` : null}</div>`;
    };
  },
};
