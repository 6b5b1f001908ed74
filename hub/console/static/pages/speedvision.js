// What cameras say to the speeds of radars, lane by lane, with what the figures mean beside them.
import { html } from '../parts/html.js';
import { figure, percent } from '../parts/figures.js';
import { DataTable } from '../parts/table.js';
import { t } from '../i18n/words.js';
import { laneName } from './speedlanes.js';

const CHECKS = ['confirmed', 'single_source', 'conflict'];
const times = (value) => value.toFixed(3);

function columns() {
  const share = (name) => ({ key: name, title: t(`vision.${name}`), right: true, width: '7em', text: ({ vision }) => percent(vision.shares[name]), sort: ({ vision }) => vision.shares[name] });
  return [
    { key: 'lane', title: t('speed.lane'), text: laneName },
    { key: 'passes', title: t('speed.passes'), right: true, width: '5em', text: (row) => row.passes, sort: (row) => row.passes },
    { key: 'checked', title: t('vision.checked'), right: true, width: '6em', text: ({ vision }) => vision.checked, sort: ({ vision }) => vision.checked },
    ...CHECKS.map(share),
    { key: 'ratio', title: t('vision.ratio'), right: true, width: '6em', text: ({ vision: { ratio } }) => (ratio ? times(ratio.median) : t('value.none')), sort: ({ vision }) => vision.ratio?.median ?? null },
    { key: 'spread', title: t('vision.spread'), right: true, width: '9em', text: ({ vision: { ratio } }) => (ratio ? `${times(ratio.low)}–${times(ratio.high)}` : t('value.none')) },
    { key: 'n', title: t('vision.n'), right: true, width: '5em', text: ({ vision: { ratio } }) => ratio?.n ?? 0, sort: ({ vision }) => vision.ratio?.n ?? 0 },
    { key: 'says', title: t('vision.says'), text: ({ vision: { ratio } }) => (ratio?.angle ? t('vision.angle', { off: figure((ratio.median - 1) * 100, '%') }) : ''), cell: ({ vision: { ratio } }) => (ratio?.angle ? html`<b class="is-outside">${t('vision.angle', { off: figure((ratio.median - 1) * 100, '%') })}</b>` : '') },
  ];
}

export function SecondOpinion({ answer }) {
  return html`<section class="speed-vision"><h2>${t('vision.title')}</h2>
    <${DataTable} name="speed-vision" columns=${columns()} rows=${answer.lanes} keyOf=${(row) => `${row.device} ${row.direction}`} />
    <dl class="pairs vision-words">${['checked', ...CHECKS, 'ratio', 'angle'].map((name) => html`<dt>${t(`vision.${name === 'angle' ? 'says' : name}`)}</dt><dd>${t(`vision.of.${name}`, { n: answer.minimum_ratios })}</dd>`)}</dl></section>`;
}
