// The switch that stops all writing at once, for everything or for one gateway; and what each gateway has heard of it.
import { html } from '../../parts/html.js';
import { post } from '../../api.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { may } from '../../state/session.js';
import { freezeOf, orders, takeOrdersHead } from '../../state/orders.js';
import { AskWhy } from './asking.js';

const ALL = '*';

const setFreeze = (scope, what) => async (why) => takeOrdersHead(await post(`orders/${what}`, { scope, why }));

function Button({ scope, frozen, big }) {
  if (frozen) return html`<${AskWhy} key="thaw" name=${`thaw-${scope}`} label=${t('orders.thaw')} confirm=${t('orders.thawDo')} big=${big} disabled=${!may('engineer')} press=${setFreeze(scope, 'thaw')} />`;
  return html`<${AskWhy} key="freeze" name=${`freeze-${scope}`} label=${t(big ? 'orders.freezeAll' : 'orders.freeze')} confirm=${t('orders.freezeDo')} note=${t('orders.freezeNote')} big=${big} disabled=${!may('operator')} press=${setFreeze(scope, 'freeze')} />`;
}

const frozenWords = (freeze) => t('orders.frozenBy', { who: freeze.by, at: dateTime(freeze.time_us), why: freeze.why });

function agentWords(row) {
  const found = [row.online ? t('gateway.online') : t('gateway.offline')];
  if (!row.known) found.push(t('orders.agent.unknown'));
  else found.push(t(row.enabled ? 'orders.agent.enabled' : 'orders.agent.disabled'));
  if (row.frozen_here) found.push(t('orders.agent.frozenHere'));
  if (row.pending) found.push(t('orders.agent.pending'));
  return found.join(' · ');
}

function Agent({ row }) {
  const own = freezeOf(row.agent);
  return html`<li class=${['order-agent', own && 'is-frozen']} data-agent=${row.agent}><b>${say(row.name) || row.agent}</b><span class=${row.pending ? 'is-outside' : 'faint'}>${agentWords(row)}</span>
    ${own ? html`<span class="frozen-words">${frozenWords(own)}</span>` : null}<${Button} scope=${row.agent} frozen=${own} /></li>`;
}

export function FreezePanel() {
  const { enabled, agents } = orders.value;
  const all = freezeOf(ALL);
  return html`<section class=${['freeze', all && 'is-frozen', !enabled && 'is-off']} aria-label=${t('orders.freezeTitle')}>
    <div class="freeze-main"><p class="freeze-words"><b>${t(all ? 'orders.frozenAll' : enabled ? 'orders.allowed' : 'orders.off')}</b>
      <span>${all ? frozenWords(all) : t(enabled ? 'orders.allowedNote' : 'orders.offNote')}</span></p><${Button} scope=${ALL} frozen=${all} big=${true} /></div>
    <details class="freeze-agents"><summary>${t('orders.agents', { n: agents.length, on: agents.filter((row) => row.enabled).length })}</summary><ul>${agents.map((row) => html`<${Agent} key=${row.agent} row=${row} />`)}</ul></details></section>`;
}
