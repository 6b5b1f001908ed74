// What a unit said: each place with its registers as they are, and what they could mean, plausible ones marked.
import { html } from '../../parts/html.js';
import { save } from '../../parts/export.js';
import { DataTable } from '../../parts/table.js';
import { say, t } from '../../i18n/words.js';
import { addressWords, candidateWords, formWords, known, rangeWords } from './words.js';

const chosenOf = (row) => (row.chosen === null || row.chosen === undefined ? null : row.candidates[row.chosen]);
const otherWords = (row) => row.candidates.filter((_, i) => i !== row.chosen).map((one) => `${formWords(one)} = ${candidateWords(one)}`).join(' · ');

function Meaning({ one }) {
  if (!one) return html`<span class="faint">${t('probe.unclear')}</span>`;
  const moved = one.first !== null && one.first !== undefined && one.first !== one.value;
  return html`<span class=${['candidate', one.plausible && 'is-plausible']}>${one.plausible ? html`<svg class="order-sign" viewBox="0 0 16 16" width="13" height="13" role="img" aria-label=${t('probe.plausible')}><path d="M2.5 8.5L6.5 12.5L13.5 4" /></svg>` : null}
    <b>${candidateWords(one)}</b> ${one.meaning ? known('meaning', one.meaning) : ''} ${moved ? html`<small class="faint">${t('probe.moved', { first: candidateWords({ ...one, value: one.first }) })}</small>` : null}</span>`;
}

function columns() {
  return [
    { key: 'addr', title: t('probe.address'), width: '9em', text: (row) => addressWords(row.addr), sort: (row) => row.addr },
    { key: 'words', title: t('probe.registers'), width: '11em', text: (row) => row.words.join(' '), cell: (row) => html`<code>${row.words.join(' ')}</code>` },
    { key: 'form', title: t('probe.form'), width: '10em', text: (row) => (chosenOf(row) ? formWords(chosenOf(row)) : ''), sort: (row) => -(chosenOf(row)?.score ?? 0) },
    { key: 'meaning', title: t('probe.couldBe'), width: 'minmax(0, 1.3fr)', text: (row) => (chosenOf(row) ? `${candidateWords(chosenOf(row))} ${chosenOf(row).meaning ?? ''}` : ''), sort: (row) => (chosenOf(row)?.plausible ? 0 : 1), cell: (row) => html`<${Meaning} one=${chosenOf(row)} />` },
    { key: 'other', title: t('probe.others'), width: 'minmax(0, 1.5fr)', text: otherWords, cell: (row) => html`<span class="faint" title=${otherWords(row)}>${otherWords(row)}</span>` },
  ];
}

function Notes({ data }) {
  const lines = [
    t('probe.took', { n: data.requests, s: data.took_s.toFixed(1), looks: data.looks }),
    data.read.length ? t('probe.read', { ranges: data.read.map(rangeWords).join(t('place.and')) }) : t('probe.readNothing'),
    ...data.refused.map((row) => t('probe.refused', { range: rangeWords([row.first, row.last]), why: known('why', row.why) })),
    ...(data.zeros.length ? [t('probe.zeros', { ranges: data.zeros.map(rangeWords).join(t('place.and')) })] : []),
    ...(data.ones?.length ? [t('probe.ones', { ranges: data.ones.map(rangeWords).join(t('place.and')) })] : []),
    ...(data.truncated ? [t('probe.truncated')] : []),
  ];
  return html`<ul class="probe-notes">${lines.map((line) => html`<li>${line}</li>`)}${data.texts.map((row) => html`<li>${addressWords(row.addr)} <code>${row.text}</code>${row.swapped && row.swapped !== row.text ? html` ${t('probe.swapped')} <code>${row.swapped}</code>` : null}</li>`)}</ul>`;
}

function Draft({ data, name }) {
  if (!data.draft) return html`<p class="faint">${t('probe.noDraft')}</p>`;
  const take = () => save(name, new Blob([data.draft], { type: 'application/yaml' }), 'yaml');
  return html`<section class="probe-draft"><div class="buttons"><button class="primary" data-act="draft" onClick=${take}>${t('probe.draft')}</button><span class="faint">${t('probe.draftNote')}</span></div>
    <details><summary>${t('probe.draftShow')}</summary><pre lang="en">${data.draft}</pre></details></section>`;
}

/** props: data of a probe, name (for the file). */
export function Found({ data, name }) {
  return html`<section class="probe-found"><${Notes} data=${data} /><${Draft} data=${data} name=${name} />
    <${DataTable} columns=${columns()} rows=${data.rows} keyOf=${(row) => row.addr} name=${name} rowClass=${(row) => (chosenOf(row)?.plausible ? 'is-plausible' : '')} empty=${t('probe.nothing')} /></section>`;
}

const SUMS = ['good', 'wrong', 'open'];
const isWrong = (row) => !['good', 'no_value', 'doubtful'].includes(row.verdict);
const insteadWords = (row) => (row.instead ?? []).map((one) => `${formWords(one)} = ${candidateWords({ ...one, unit: row.unit })}`).join(' · ');

/** props: data of a check: each point of the profile with what the unit says there. */
export function Checked({ data, name }) {
  const columnsOf = [
    { key: 'point', title: t('device.point'), width: 'minmax(0, 1.2fr)', text: (row) => say(row.title) || row.point },
    { key: 'addr', title: t('probe.address'), width: '9em', text: (row) => addressWords(row.addr), sort: (row) => row.addr },
    { key: 'words', title: t('probe.registers'), width: '9em', text: (row) => row.words.join(' '), cell: (row) => html`<code>${row.words.join(' ')}</code>` },
    { key: 'value', title: t('device.now'), right: true, width: '9em', text: candidateWords, sort: (row) => row.value },
    { key: 'verdict', title: t('probe.verdictTitle'), width: '11em', text: (row) => t(`probe.verdict.${row.verdict}`), sort: (row) => (isWrong(row) ? 0 : 1), cell: (row) => html`<span class=${isWrong(row) ? 'is-outside' : ''}>${t(`probe.verdict.${row.verdict}`)}</span>` },
    { key: 'instead', title: t('probe.others'), width: 'minmax(0, 1.2fr)', text: insteadWords },
  ];
  return html`<section class="probe-found"><p class="probe-sum">${SUMS.map((sum) => html`<b class=${sum === 'wrong' && data.wrong ? 'is-outside' : ''}>${t(`probe.sum.${sum}`, { n: data[sum] })}</b> `)}<span class="faint">${t('probe.checked', { profile: data.profile, unit: data.unit, n: data.requests, s: data.took_s.toFixed(1) })}</span></p>
    <${DataTable} columns=${columnsOf} rows=${data.points} keyOf=${(row) => row.point} name=${name} order=${{ key: 'verdict', down: false }} /></section>`;
}
