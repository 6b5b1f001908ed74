// The engineer's workbench: one rule in sentences to change, beside what the change would have raised, and under it the way to publish it.
import { computed, html, ref } from '../../parts/html.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { Chooser } from '../../parts/chooser.js';
import { Field } from '../../parts/field.js';
import { Mark, SEVERITY } from '../../parts/mark.js';
import { dateTime } from '../../parts/time.js';
import { useView } from '../../parts/timeaxis.js';
import { say, t } from '../../i18n/words.js';
import { href, route } from '../../router.js';
import { loadRules, rulebook, ruleOf } from '../../state/rules.js';
import { may } from '../../state/session.js';
import { problemWords, useDraft } from './draft.js';
import { Problem, RuleForm, RuleText, RuleWords } from './form.js';
import { Differences } from './publication.js';
import { PublishPanel } from './publish.js';
import { ByDay, Load, Remarks, Totals } from './result.js';
import { Rollout } from './rollout.js';
import { devicesOf, selectWords } from './subjects.js';
import { Timeline } from './timeline.js';
import { SPANS, useTrial } from './trial.js';

const ASK_S = 60;
const NAMES = { low: 1, medium: 2, high: 3, critical: 4 };
const SHOWN_IN_FORM = /^(when|levels|only|held_back_by|title|message|advice|on_delay_s|off_delay_s|good_share|limits)\b/;

function Head({ work, asked }) {
  const { document, live, edit } = work;
  const locked = !may('engineer');
  const severity = { path: ['severity'], type: 'choice', value: document.severity, options: Object.keys(NAMES).map((name) => [name, t(`severity.${name}`)]) };
  const enabled = { path: ['enabled'], type: 'switch', value: document.enabled ?? true, initial: true, words: t('rules.enabled') };
  const row = ruleOf(live.id);
  const source = !row ? '' : row.source === 'site-file' ? t('rules.siteFile') : `${t('rules.publishedBy', { n: row.set, who: row.author })} · ${dateTime(row.time_us)}`;
  return html`<header class="rule-head"><h1><${Mark} severity=${NAMES[document.severity] ?? 1} fire=${document.family === 'fire'} size=${18} /> ${say(document.title)}</h1>
    <p class="faint"><a class="link" href=${href('rules')}>${t('rules.toRules')}</a> · <code>${document.id}</code> · ${t(`family.${document.family}`)} · ${t('rules.v', { n: live.version })} · ${source}</p>
    <p>${selectWords(document)}</p>
    <p class="rule-switches"><${Field} field=${severity} label=${t('rules.col.severity')} live=${live.document.severity} disabled=${locked} put=${(value) => edit(['severity'], value)} />
      <${Field} field=${enabled} label=${t('rules.enabled')} live=${live.document.enabled ?? true} disabled=${locked} put=${(value) => edit(['enabled'], value)} /><${AsOf} asked=${asked} /></p></header>`;
}

function Versions({ versions }) {
  return html`<ol class="versions">${versions.map((row, i) => html`<li key=${`${row.set}/${row.version}`}><details><summary><b>${t('rules.v', { n: row.version })}</b> ${row.source === 'site-file' ? t('rules.siteFile') : t('rules.publishedBy', { n: row.set, who: row.author })} · ${t(`rules.state.${row.state}`)} <span class="faint">${dateTime(row.time_us)} ${row.note}</span></summary>
    ${versions[i + 1] ? html`<${Differences} before=${versions[i + 1].document} after=${row.document} />` : html`<p class="faint">${t('rules.first')}</p>`}</details></li>`)}</ol>`;
}

/** Asking, progress, cancel. */
function TrialHead({ trial, work }) {
  const running = trial.running();
  const { job } = trial;
  const waits = running && job.state === 'queued';
  const done = Math.round((job?.progress ?? 0) * 100);
  return html`<div class="page-head trial-head"><h2>${t('rules.trial.heading')}</h2><${Chooser} label=${t('rules.trial.span')} value=${trial.days} options=${SPANS.map((days) => [days, t('rules.trial.days', { n: days })])} pick=${trial.span} />
    ${running ? html`<span class="trial-progress"><progress max="100" value=${done} aria-label=${t('rules.trial.progress')}></progress><span role="status">${waits ? t('rules.trial.waits', { n: job.position }) : `${done}%`}</span><button data-act="cancel" onClick=${trial.cancel}>${t('rules.trial.cancel')}</button></span>`
    : html`<button data-act="run" disabled=${!work.isRight.value} onClick=${trial.run}>${t('rules.trial.run')}</button>`}
    ${trial.problem ? html`<span class="problem" role="alert">${trial.problem}</span>` : job?.state === 'failed' ? html`<span class="problem" role="alert">${say(job.error)}</span>` : null}
    ${trial.result ? html`<span class="faint trial-cost">${t('rules.trial.cost', { samples: trial.result.report.cost.samples.toLocaleString('en-US'), s: trial.result.report.cost.total_s.toFixed(1) })}</span>` : null}</div>`;
}

export const RulePage = {
  setup() {
    const id = computed(() => (route.page === 'rule' ? route.rest[0] ?? '' : ''));
    const asked = useAsked(async () => { await loadRules(); return true; }, ASK_S);
    const work = useDraft(id);
    const trial = useTrial(work);
    const view = useView();
    const chosen = ref(null);
    // the first that changes; where nothing is raised, any device of the rule, so that its readings can be looked at
    const shownDevice = computed(() => {
      const rows = trial.result?.report.devices ?? [];
      return rows.some((row) => row.device === chosen.value) ? chosen.value : rows[0]?.device ?? devicesOf(work.draft.value)[0]?.id ?? null;
    });
    const result = () => {
      if (!trial.result) return html`<p class="page-empty faint">${t(trial.running() ? 'rules.trial.first' : 'rules.trial.invite')}</p>`;
      const { report } = trial.result;
      const former = !trial.fits(work.draft.value);
      return html`<div class=${['trial', former && 'is-former']} data-former=${former ? 'true' : 'false'}>${former ? html`<p class="trial-former">${t('rules.trial.former')}</p>` : null}<${Totals} report=${report} /><${Remarks} report=${report} />
        <${Timeline} result=${trial.result} former=${former} view=${view} draft=${work.draft.value} live=${work.live.document} chosen=${shownDevice.value} choose=${(device) => { chosen.value = device; }} />
        <div class="trial-charts"><${ByDay} report=${report} /><${Load} report=${report} /></div></div>`;
    };
    return () => {
      if (work.unknown) return html`<p class="page-empty faint">${t('rules.unknown', { id: id.value })}</p>`;
      if (!work.document) return html`<p class="page-empty faint">${work.failed ? problemWords(work.failed) : t('page.loading')}</p>`;
      const locked = !may('engineer');
      const elsewhere = work.problems.filter((problem) => !SHOWN_IN_FORM.test(problem.path));
      const running = ruleOf(work.live.id)?.running;
      const form = { draft: work.document, problems: work.problems, edit: work.edit, disabled: locked };
      return html`<div class=${['workbench', locked && 'is-locked']} data-severity=${SEVERITY[NAMES[work.document.severity]]}><div class="rule-part">
          <${Head} work=${work} asked=${asked} />
          <${RuleForm} ...${form} live=${work.live.document} />${elsewhere.map((problem) => html`<${Problem} problem=${problem} />`)}
          ${locked ? null : html`<${PublishPanel} work=${work} trial=${trial} />`}
          <section><h3>${t('rules.agents')}</h3><${Rollout} agents=${rulebook.value.agents} running=${running} />
            ${rulebook.value.waiting ? html`<p><a class="link is-outside" href=${href('publications', [rulebook.value.waiting])}>${t('rules.waiting', { n: rulebook.value.waiting })}</a></p>` : null}</section>
          <details class="more" data-more="words"><summary>${t('rules.words.heading')}</summary><${RuleWords} ...${form} /></details>
          <details class="more" data-more="text"><summary>${t('rules.expert')}</summary><${RuleText} draft=${work.draft.value} problems=${work.problems} replace=${work.replace} disabled=${locked} /></details>
          <details class="more" data-more="versions"><summary>${t('rules.versions', { n: work.versions.length })}</summary><${Versions} versions=${work.versions} /><p><a class="link" href=${href('publications')}>${t('rules.publications')}</a></p></details></div>
        ${locked ? null : html`<div class="trial-part"><${TrialHead} trial=${trial} work=${work} />${result()}</div>`}</div>`;
    };
  },
};
