// All rules that are live: what each judges, where it comes from, and which version each gateway runs.
import { computed, html, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { Chooser } from '../../parts/chooser.js';
import { Mark, SEVERITY } from '../../parts/mark.js';
import { DataTable } from '../../parts/table.js';
import { say, t } from '../../i18n/words.js';
import { amend, href, route } from '../../router.js';
import { nowUs } from '../../state/clock.js';
import { loadRules, rulebook } from '../../state/rules.js';
import { sentence } from './describing.js';
import { agentName } from './rollout.js';
import { selectWords } from './subjects.js';

const ASK_S = 60;
const FAMILIES = ['fire', 'traffic', 'cooling', 'energy', 'access', 'camera', 'device'];
const COUNT_DAYS = 30;
const PAGE = 500;
const MOST_PAGES = 4;

/** Alerts by rule of the last 30 days, as far as a few calls tell: {counts, whole}. */
async function countAlerts() {
  const counts = new Map();
  let after;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { alerts, next } = await get('alerts', { state: 'all', from_us: Math.round(nowUs() - COUNT_DAYS * 86_400e6), limit: PAGE, after });
    for (const { rule } of alerts) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    if (!next) return { counts, whole: true };
    after = next;
  }
  return { counts, whole: false };
}

const sourceWords = (row) => (row.source === 'site-file' ? t('rules.siteFile') : t('rules.publishedBy', { n: row.set, who: row.author }));

/** Gateways that run another version than the one in force: [[agent, version|null]]; those that never said are not told. */
export function otherVersions(row, agents) {
  return agents.filter((agent) => agent.set !== null && agent.set !== undefined).map(({ agent }) => [agent, row.running[agent] ?? null]).filter(([, version]) => version !== null && version !== row.version);
}

function Running({ row, agents }) {
  const known = agents.filter(({ agent }) => (row.running[agent] ?? null) !== null);
  const other = otherVersions(row, agents);
  if (!known.length) return html`<span class="faint">${t('value.none')}</span>`;
  if (!other.length) return html`<span>${t('rules.runningAll', { n: known.length })}</span>`;
  return html`<span class="is-outside"><${Mark} severity=${2} size=${12} /> ${other.map(([agent, version]) => `${agentName(agent)} ${t('rules.v', { n: version })}`).join(t('place.and'))}</span>`;
}

const runningText = (row, agents) => agents.map(({ agent }) => `${agentName(agent)} ${row.running[agent] ?? t('value.none')}`).join(t('place.and'));

export const RulesPage = {
  setup() {
    const asked = useAsked(async () => { await loadRules(); return true; }, ASK_S);
    const counted = useAsked(countAlerts);
    const text = computed(() => (route.query.text ?? '').toLowerCase());
    const all = computed(() => rulebook.value.rules.map((row) => ({ ...row, says: sentence(row.document), selects: selectWords(row.document) })));
    const rows = computed(() => {
      const order = (row) => FAMILIES.indexOf(row.family);
      const found = all.value.filter((row) => (!route.query.family || row.family === route.query.family)
        && text.value.split(/\s+/).every((word) => [row.id, row.title.zh, row.title.en, row.says, row.selects, row.author ?? ''].join(' ').toLowerCase().includes(word)));
      return found.sort((a, b) => order(a) - order(b) || b.severity - a.severity);
    });
    const count = (row) => counted.answer && (counted.answer.counts.get(row.id) ?? 0);
    watch(() => rulebook.value.set, () => counted.again());
    const columns = () => [
      { key: 'family', title: t('rules.col.family'), width: '5.5em', text: (row) => t(`family.${row.family}`), sort: (row) => FAMILIES.indexOf(row.family) },
      { key: 'severity', title: t('rules.col.severity'), width: '7em', text: (row) => t(`severity.${SEVERITY[row.severity]}`), sort: (row) => row.severity, cell: (row) => html`<${Mark} severity=${row.severity} fire=${row.family === 'fire'} hollow=${!row.enabled} size=${14} /> ${t(`severity.${SEVERITY[row.severity]}`)}` },
      { key: 'title', title: t('rules.col.rule'), width: 'minmax(0, 2.6fr)', text: (row) => say(row.title), cell: (row) => html`<span class="two-lines rule-cell"><a class="link" data-rule=${row.id} href=${href('rule', [row.id])}>${say(row.title)}</a><small title=${row.says}>${row.says}</small></span>` },
      { key: 'says', title: t('rules.conditions'), hidden: true, text: (row) => row.says },
      { key: 'select', title: t('rules.col.select'), width: 'minmax(0, 1.5fr)', text: (row) => row.selects },
      { key: 'version', title: t('gateway.version'), right: true, width: '4.5em', text: (row) => t('rules.v', { n: row.version }), raw: (row) => row.version, sort: (row) => row.version },
      { key: 'source', title: t('rules.col.source'), width: 'minmax(0, 1.1fr)', text: sourceWords, cell: (row) => (row.set ? html`<a class="link" href=${href('publications', [row.set])}>${sourceWords(row)}</a>` : sourceWords(row)) },
      { key: 'running', title: t('rules.col.running'), width: 'minmax(0, 1.3fr)', text: (row) => runningText(row, rulebook.value.agents), cell: (row) => html`<${Running} row=${row} agents=${rulebook.value.agents} />` },
      { key: 'count', title: t('rules.col.count'), right: true, width: '6.5em', text: (row) => count(row) ?? t('value.none'), raw: (row) => count(row), sort: (row) => count(row) },
      { key: 'enabled', title: t('rules.col.enabled'), width: '5em', text: (row) => t(row.enabled ? 'rules.on_' : 'rules.off_') },
    ];
    return () => {
      const { waiting, set } = rulebook.value;
      const families = FAMILIES.filter((family) => all.value.some((row) => row.family === family));
      return html`<div class="stack rules-page"><div class="page-head"><h1>${t('nav.rules')}</h1>
          <input type="search" value=${route.query.text ?? ''} placeholder=${t('rules.search')} aria-label=${t('rules.search')} onInput=${(event) => amend({ text: event.target.value })} />
          <${Chooser} label=${t('rules.col.family')} value=${route.query.family ?? ''} options=${[['', t('camera.all')], ...families.map((family) => [family, t(`family.${family}`)])]} pick=${(family) => amend({ family })} />
          <a class="link" href=${href('publications')}>${set ? t('rules.setInForce', { n: set }) : t('rules.siteFileInForce')}</a>
          ${waiting ? html`<a class="link is-outside" href=${href('publications', [waiting])}>${t('rules.waiting', { n: waiting })}</a>` : null}<${AsOf} asked=${asked} /></div>
        <${DataTable} columns=${columns()} rows=${rows.value} keyOf=${(row) => row.id} name="rules" rowHeight=${50} rowClass=${(row) => (row.enabled ? '' : 'is-off')} empty=${asked.answer ? null : t('page.loading')} />
        ${counted.answer && !counted.answer.whole ? html`<p class="faint">${t('rules.countCut', { n: PAGE * MOST_PAGES })}</p>` : null}</div>`;
    };
  },
};
