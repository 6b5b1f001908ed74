// The rule as sentences whose values are fields; what is wrong stands under the sentence that it is about.
import { html, ref, watch } from '../../parts/html.js';
import { Field } from '../../parts/field.js';
import { say, t } from '../../i18n/words.js';
import { aroundLines, conditionLines, restLines, tokenWords } from './describing.js';
import { at, lineAt, linesOf, put } from './document.js';
import { keyWords } from './subjects.js';

const isWithin = (path, part) => part === '' || path === part || path.startsWith(`${part}.`);

/** What the hub found wrong, at one place. */
export function Problem({ problem, take }) {
  return html`<p class="rule-problem" role="alert" data-problem=${problem.path}><code>${problem.path || t('rules.wholeRule')}</code>
    <span>${say(problem.found)}</span><span>${t('rules.expected')}</span><span>${say(problem.expected)}</span>
    ${problem.suggestion && take ? html`<button class="quiet-button" onClick=${() => take(problem)}>${t('rules.takeSuggestion', { word: problem.suggestion })}</button>` : null}</p>`;
}

function Line({ line, draft, live, problems, edit, disabled }) {
  const own = problems.filter((problem) => line.path.length && isWithin(problem.path, line.path.join('.')));
  const token = (piece) => {
    if (typeof piece === 'string') return piece;
    const path = piece.path.join('.');
    const inForce = live ? at(live, piece.path) ?? piece.initial : undefined;
    return html`<${Field} key=${path} field=${piece} label=${keyWords(piece.key ?? piece.path.at(-1))} live=${inForce} disabled=${disabled} wrong=${own.some((problem) => isWithin(problem.path, path))} put=${(value) => edit(piece.path, value)} />`;
  };
  return html`<li class=${['rule-line', `is-depth-${Math.min(3, line.depth)}`]} data-line=${line.path.join('.')}><span>${disabled ? tokenWords(line.tokens) : line.tokens.map(token)}</span>${own.map((problem) => html`<${Problem} problem=${problem} />`)}</li>`;
}

/** props: draft, live (documents), problems, edit(path, value), disabled. */
export function RuleForm({ draft, live, problems, edit, disabled }) {
  const lines = (list) => html`<ul class="rule-lines">${list.map((line) => html`<${Line} key=${line.path.join('.')} line=${line} draft=${draft} live=${live} problems=${problems} edit=${edit} disabled=${disabled} />`)}</ul>`;
  const all = !disabled;
  const [conditions, around, rest] = [conditionLines(draft, all), aroundLines(draft, all), restLines(draft, all)];
  return html`<div class="rule-form"><h3>${t('rules.conditions')}</h3>${lines(conditions)}
    ${around.length ? html`<h3>${t('rules.around')}</h3>${lines(around)}` : null}
    ${rest.length ? html`<details><summary>${t('rules.passes')}</summary>${lines(rest)}</details>` : null}</div>`;
}

const WORDS = ['title', 'message', 'advice'];

/** Title, message and advice in both languages. */
export function RuleWords({ draft, edit, disabled, problems }) {
  const area = (key, language) => html`<label class="rule-words-field"><span>${t(`rules.words.${key}`)} · ${t(`rules.language.${language}`)}</span>
    <textarea data-path=${`${key}.${language}`} disabled=${disabled} lang=${language === 'zh' ? 'zh-CN' : 'en'} rows=${key === 'advice' ? 4 : key === 'title' ? 1 : 2} value=${draft[key]?.[language] ?? ''} onInput=${(event) => edit([key, language], event.target.value)}></textarea></label>`;
  const own = problems.filter((problem) => WORDS.some((key) => isWithin(problem.path, key)));
  return html`<div class="rule-words">${WORDS.map((key) => [area(key, 'zh'), area(key, 'en')])}<p class="faint">${t('rules.messageFields')} <code>${'{device} {area} {value} {limit} {unit} {hold}'}</code></p>${own.map((problem) => html`<${Problem} problem=${problem} />`)}</div>`;
}

/** The whole document as JSON; what is wrong is marked at its line. */
export const RuleText = {
  props: ['draft', 'problems', 'replace', 'disabled'],
  setup(props) {
    const written = () => JSON.stringify(props.draft, null, 2);
    const text = ref(written());
    const wrong = ref('');
    const area = ref(null);
    let own = text.value;
    watch(() => props.draft, () => {
      if (own === written()) return; // what comes back is what was typed here
      own = text.value = written();
      wrong.value = '';
    });
    const read = (event) => {
      text.value = event.target.value;
      try {
        const rule = JSON.parse(text.value);
        if (rule === null || typeof rule !== 'object' || Array.isArray(rule)) throw new SyntaxError(t('rules.notARule'));
        wrong.value = '';
        own = JSON.stringify(rule, null, 2);
        props.replace(rule);
      } catch (error) {
        wrong.value = error.message;
      }
    };
    const show = (line) => {
      const start = text.value.split('\n').slice(0, line).join('\n').length + (line ? 1 : 0);
      area.value.focus();
      area.value.setSelectionRange(start, start + (text.value.slice(start).indexOf('\n') + 1 || text.value.length));
    };
    const take = (problem) => props.replace(put(props.draft, problem.path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key)), problem.suggestion));
    return () => {
      const lines = wrong.value ? new Map() : linesOf(text.value);
      const found = props.problems.map((problem) => ({ problem, line: lineAt(lines, problem.path) }));
      const marked = new Set(found.map(({ line }) => line));
      const count = text.value.split('\n').length;
      return html`<div class="rule-text"><div class="rule-text-box"><div class="rule-numbers" aria-hidden="true">${Array.from({ length: count }, (_, i) => html`<span class=${marked.has(i) ? 'is-wrong' : ''}>${i + 1}</span>`)}</div>
          <textarea ref=${area} class="rule-json" spellcheck="false" wrap="off" rows=${count} disabled=${props.disabled} aria-label=${t('rules.document')} value=${text.value} onInput=${read}></textarea></div>
        ${wrong.value ? html`<p class="rule-problem" role="alert"><span>${t('rules.notJson')}</span><span lang="en">${wrong.value}</span></p>` : null}
        ${found.map(({ problem, line }) => html`<div class="rule-place"><button class="quiet-button" onClick=${() => show(line)}>${t('rules.line', { n: line + 1 })}</button><${Problem} problem=${problem} take=${props.disabled ? null : take} /></div>`)}</div>`;
    };
  },
};
