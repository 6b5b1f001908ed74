// How far each gateway is with the set in force; kept up by the stream.
import { html } from '../../parts/html.js';
import { Mark } from '../../parts/mark.js';
import { age } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';

export const agentName = (id) => say(campus.value.agents.get(id)?.name) || id;

/** props: agents (rows with agent, state, since_us, problems; name, online, trial where known), version (of a rule) by agent. */
export function Rollout({ agents, running }) {
  return html`<ul class="rollout">${agents.map((row) => {
    const bad = row.state === 'refused' ? 3 : row.online === false && row.state === 'pending' ? 2 : null;
    return html`<li key=${row.agent} class=${`is-${row.state}`} data-agent=${row.agent} data-state=${row.state}>
      <span class="rollout-sign">${bad ? html`<${Mark} severity=${bad} size=${13} />` : null}</span><span>${say(row.name) || agentName(row.agent)}</span>
      <span class="rollout-state">${t(`rules.agent.${row.state}`)}${row.trial ? t('rules.agent.trial') : ''}${row.online === false ? t('rules.agent.away') : ''}${running?.[row.agent] ? ` · ${t('rules.v', { n: running[row.agent] })}` : ''}</span>
      <span class="faint">${row.since_us ? t('value.stale', { age: age((nowUs() - row.since_us) / 1e6) }) : ''}</span>
      ${(row.problems ?? []).map((problem) => html`<p class="rule-problem"><code>${problem.path}</code> <span>${say(problem.found)}</span><span>${t('rules.expected')}</span><span>${say(problem.expected)}</span></p>`)}</li>`;
  })}</ul>`;
}
