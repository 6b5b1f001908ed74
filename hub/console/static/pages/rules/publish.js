// Publishing without a dialogue: the version, why, what has to be ticked, and what came of it.
import { html, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { say, t } from '../../i18n/words.js';
import { href } from '../../router.js';
import { loadRules, rulebook } from '../../state/rules.js';
import { problemWords } from './draft.js';
import { Rollout } from './rollout.js';

/** What became of what was published here. */
function Made({ made }) {
  const gone = made.state === 'withdrawn';
  return html`<div class="publish-made" role="status" data-made=${made.number} data-state=${made.state}><p><a class="link" href=${href('publications', [made.number])}>${t('rules.set', { n: made.number })}</a> <b class=${gone ? 'problem' : ''}>${t(`rules.state.${made.state}`)}</b></p>
    ${gone ? html`<p class="problem">${t('rules.withdrawnBy', { who: made.withdrawn_by, at: '' })} <span lang=${made.withdrawn_by === 'hub' ? 'en' : null}>${made.withdrawn_why}</span></p><${Rollout} agents=${made.agents.filter((row) => row.state === 'refused')} />` : null}</div>`;
}

/** props: work (of useDraft), trial (of useTrial). */
export const PublishPanel = {
  props: ['work', 'trial'],
  setup(props) {
    const state = shallowReactive({ note: '', warnings: [], ticked: new Set(), problem: '', conflict: false, busy: false, made: null });
    // another draft or another backtest has other warnings
    watch([props.work.draft, () => props.trial.result], () => Object.assign(state, { warnings: [], ticked: new Set(), problem: '' }));
    const look = async () => {
      if (state.made) state.made = await get(`rules/publications/${state.made.number}`).catch(() => state.made);
    };
    watch(() => [rulebook.value.set, rulebook.value.waiting], look);
    const tick = (key) => {
      const ticked = new Set(state.ticked);
      if (!ticked.delete(key)) ticked.add(key);
      state.ticked = ticked;
    };
    const send = async (event) => {
      event.preventDefault();
      Object.assign(state, { busy: true, problem: '', conflict: false });
      const rule = props.work.draft.value;
      const backtest = props.trial.fits(rule) ? props.trial.result.id : null;
      try {
        state.made = await post('rules/publications', { base: rulebook.value.set, rules: [rule], note: state.note.trim(), backtest, warnings_acknowledged: [...state.ticked] });
        state.note = '';
        await Promise.all([loadRules(), props.work.settle()]);
      } catch (error) {
        refused(error);
      } finally {
        state.busy = false;
      }
    };
    const refused = (error) => {
      if (error.code === 'not-acknowledged') {
        state.warnings = error.body.error.details;
        return;
      }
      state.conflict = error.status === 409;
      state.problem = problemWords(error);
    };
    return () => {
      const { work, trial } = props;
      const rule = work.draft.value;
      const version = rule.version ?? 1;
      const right = work.isRight.value;
      const unticked = state.warnings.some(({ key }) => !state.ticked.has(key));
      const backtested = trial.fits(rule);
      return html`<form class="publish" onSubmit=${send}><h3>${t('rules.publish.heading')}</h3>
        ${!work.changed.value ? html`<p class="faint">${t('rules.publish.nothing')}</p>` : html`
          <p class="publish-version"><b>${t('rules.v', { n: work.live.version })} → ${t('rules.v', { n: version })}</b> <span class="faint">${version === work.live.version ? t('rules.publish.wordsOnly') : backtested ? t('rules.publish.backtested') : t('rules.publish.notBacktested')}</span></p>
          ${rule.family === 'fire' && version !== work.live.version ? html`<p class="publish-fire">${t('rules.publish.fire')}</p>` : null}
          <label>${t('rules.publish.note')}<textarea name="note" rows="2" maxlength="2000" required value=${state.note} placeholder=${t('rules.publish.notePlaceholder')} onInput=${(event) => { state.note = event.target.value; }}></textarea></label>
          ${state.warnings.length ? html`<fieldset class="warnings"><legend>${t('rules.publish.tick')}</legend>${state.warnings.map((warning) => html`<label key=${warning.key}><input type="checkbox" data-warning=${warning.key} checked=${state.ticked.has(warning.key)} onChange=${() => tick(warning.key)} />${say(warning)}</label>`)}</fieldset>` : null}
          <div class="buttons"><button class="primary" data-act="publish" disabled=${!right || state.busy || unticked || !state.note.trim()}>${t('rules.publish.do')}</button>
            <button type="button" class="quiet-button" data-act="undo" onClick=${work.undo}>${t('rules.publish.undo')}</button>
            ${right ? null : html`<span class="problem">${work.problems.length ? t('rules.publish.wrong', { n: work.problems.length }) : t('rules.publish.checking')}</span>`}</div>`}
        ${state.made ? html`<${Made} made=${state.made} />` : null}
        ${state.problem ? html`<p class="problem" role="alert">${state.problem} ${state.conflict ? html`<button type="button" class="quiet-button" onClick=${() => { loadRules(); state.conflict = false; }}>${t('page.again')}</button>` : null}</p>` : null}
      </form>`;
    };
  },
};
