// One publication: who, why, what it changed, how far the gateways are, and what may be done with it.
import { html, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { href } from '../../router.js';
import { loadRules, rulebook } from '../../state/rules.js';
import { may, session } from '../../state/session.js';
import { differences } from './document.js';
import { problemWords } from './draft.js';
import { Rollout } from './rollout.js';
import { keyWords } from './subjects.js';

const shown = (value) => (value === undefined ? t('value.none') : typeof value === 'string' ? value : JSON.stringify(value));

/** Every place at which a rule became another one. */
export function Differences({ before, after }) {
  return html`<table class="plain differences"><tbody>${differences(before ?? {}, after ?? {}).filter(({ path }) => path !== 'id' && path !== 'version').map((row) => html`<tr key=${row.path}><th scope="row">${keyWords(row.path.split('.').findLast((key) => !/^\d+$/.test(key)))} <code class="faint">${row.path}</code></th><td><del>${shown(row.before)}</del></td><td><ins>${shown(row.after)}</ins></td></tr>`)}</tbody></table>`;
}

/** The documents of one rule after a publication and before it: {after, before}; before undefined for a new one. */
async function bothOf(id, number) {
  const { versions } = await get(`rules/${encodeURIComponent(id)}`);
  const i = versions.findIndex((row) => row.set === number);
  return { after: versions[i]?.document, before: versions.slice(i + 1).find((row) => row.state !== 'withdrawn' && row.state !== 'waiting')?.document };
}

/** Approve, withdraw, publish again; a reason is asked for where it stands. */
export const Acts = {
  props: ['made', 'done'],
  setup(props) {
    const state = shallowReactive({ asks: null, words: '', problem: '', busy: false });
    const act = async (what, body) => {
      Object.assign(state, { busy: true, problem: '' });
      try {
        await post(`rules/publications/${props.made.number}/${what}`, body);
        Object.assign(state, { asks: null, words: '' });
        await loadRules();
        props.done();
      } catch (error) {
        state.problem = problemWords(error);
      } finally {
        state.busy = false;
      }
    };
    const send = (event) => {
      event.preventDefault();
      if (state.asks === 'again') act('again', { base: rulebook.value.set, note: state.words.trim() });
      else act('withdraw', { reason: state.words.trim() });
    };
    const ask = (what) => html`<button class="quiet-button" data-act=${what} aria-expanded=${state.asks === what ? 'true' : 'false'} onClick=${() => { state.asks = state.asks === what ? null : what; }}>${t(`rules.act.${what}`)}</button>`;
    return () => {
      const { made } = props;
      if (!may('engineer')) return null;
      const isOwn = made.author === session.user?.name;
      const waits = made.state === 'waiting';
      return html`<div class="publication-acts"><div class="buttons">
          ${waits ? (may('admin') && !isOwn ? html`<button class="primary" data-act="approve" disabled=${state.busy} onClick=${() => act('approve', {})}>${t('rules.act.approve')}</button>` : html`<span class="faint">${t(isOwn ? 'rules.act.notOwn' : 'rules.act.needsAdmin')}</span>`) : null}
          ${waits || made.state === 'live' ? ask('withdraw') : null}${waits || made.state === 'live' ? null : ask('again')}</div>
        ${state.asks ? html`<form class="note-field" onSubmit=${send}><textarea name="reason" rows="2" maxlength="2000" required value=${state.words} aria-label=${t('rules.act.why')} placeholder=${t('rules.act.why')} onInput=${(event) => { state.words = event.target.value; }}></textarea>
          <button data-act="confirm" disabled=${state.busy || !state.words.trim()}>${t(`rules.act.${state.asks}`)}</button></form>` : null}
        ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}</div>`;
    };
  },
};

/** props: made, done(). */
export const PublicationCard = {
  props: ['made', 'done'],
  setup(props) {
    const state = shallowReactive({ documents: new Map() });
    const load = async () => {
      const { number, rules } = props.made;
      const found = await Promise.all(rules.map(async ({ id }) => [id, await bothOf(id, number).catch(() => null)]));
      if (number === props.made.number) state.documents = new Map(found);
    };
    watch(() => props.made.number, load, { immediate: true });
    return () => {
      const { made } = props;
      return html`<article class="publication" data-publication=${made.number} data-state=${made.state}>
        <header><h2>${t('rules.set', { n: made.number })}</h2><span class=${['publication-state', made.state === 'withdrawn' && 'is-bad']}>${t(`rules.state.${made.state}`)}</span></header>
        <p>${dateTime(made.time_us)} · <b>${made.author}</b>${made.again === null ? '' : ` · ${t('rules.againOf', { n: made.again })}`}${made.backtest ? ` · ${t('rules.publish.backtested')}` : ''}</p><p class="publication-note">${made.note}</p>
        ${made.approved_by ? html`<p>${t('rules.approvedBy', { who: made.approved_by, at: dateTime(made.approved_us) })}</p>` : made.needs_approval && made.state === 'waiting' ? html`<p class="publish-fire">${t('rules.waits')}</p>` : null}
        ${made.withdrawn_by ? html`<p class="problem">${t('rules.withdrawnBy', { who: made.withdrawn_by, at: dateTime(made.withdrawn_us) })} <span lang=${made.withdrawn_by === 'hub' ? 'en' : null}>${made.withdrawn_why}</span></p>` : null}
        ${made.warnings.length ? html`<ul class="trial-remarks">${made.warnings.map((words) => html`<li>${t('rules.ticked')} ${say(words)}</li>`)}</ul>` : null}
        ${made.rules.map((rule) => html`<section key=${rule.id} class="publication-rule"><h3><a class="link" href=${href('rule', [rule.id])}>${say(rule.title)}</a> <span class="faint">${rule.before === null ? t('rules.new') : t('rules.v', { n: rule.before })} → ${t('rules.v', { n: rule.version })}${rule.words_only ? ` · ${t('rules.publish.wordsOnly')}` : ''}</span></h3>
          ${state.documents.get(rule.id) ? html`<${Differences} ...${state.documents.get(rule.id)} />` : null}</section>`)}
        ${made.removed.length ? html`<p>${t('rules.removed')} ${made.removed.join(t('place.and'))}</p>` : null}
        ${made.agents.length ? html`<h3>${t('rules.agents')}</h3><${Rollout} agents=${made.agents} />` : null}
        <${Acts} made=${made} done=${props.done} /></article>`;
    };
  },
};
