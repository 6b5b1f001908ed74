// What a backtest found, in figures: totals of both sides, alerts by day, and the load on an operator against ISA-18.2.
import { html } from '../../parts/html.js';
import { Chart, axis, frame, tip } from '../../parts/chart.js';
import { figure, percent } from '../../parts/figures.js';
import { CHANGES, ChangeSign } from '../../parts/lanes.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';

const count = (value) => value.toLocaleString('en-US');

/** Live and draft side by side, and what became of each alert. */
export function Totals({ report }) {
  const { live, draft, difference } = report;
  const pair = (name, words, note) => html`<div class="figure"><dt>${t(`rules.total.${name}`)}</dt><dd>${words}</dd><small>${note}</small></div>`;
  return html`<dl class="figures trial-figures">
    ${pair('alerts', html`<span data-total="live">${count(live.alerts)}</span> → <span data-total="draft">${count(draft.alerts)}</span>`, t('rules.total.liveToDraft'))}
    ${pair('hours', `${figure(live.active_h, 'h')} → ${figure(draft.active_h, 'h')}`, t('rules.total.open', { n: count(draft.open_at_end) }))}
    ${CHANGES.map((what) => html`<div class=${['figure', `is-${what}`]} key=${what} data-total=${what}><dt><${ChangeSign} what=${what} /> ${t(`rules.what.${what}`)}</dt><dd>${count(difference[what])}</dd><small>${t(`rules.whatMeans.${what}`)}</small></div>`)}</dl>`;
}

function dayBars(days) {
  return (colours) => frame(colours, {
    grid: { left: 8, right: 12, top: 28, bottom: 4, containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: colours.soft }, itemWidth: 12, itemHeight: 8 },
    xAxis: axis(colours, { type: 'category', data: days.map(({ day }) => day.slice(5)), splitLine: { show: false } }),
    yAxis: axis(colours, { type: 'value', minInterval: 1 }),
    tooltip: { ...frame(colours).tooltip, formatter: (rows) => tip(days[rows[0].dataIndex].day, [...rows.map((row) => [row.seriesName, count(row.value)]), [t('rules.samples'), count(days[rows[0].dataIndex].samples)]]) },
    series: [['live', colours.bar], ['draft', colours.lines[1]]].map(([side, colour]) => ({ name: t(`rules.${side}`), type: 'bar', barMaxWidth: 22, color: colour, data: days.map((row) => row[side]) })),
  });
}

const option = new WeakMap(); // the same days give the same drawing, so that the chart is not drawn anew at each second

export function ByDay({ report }) {
  if (!option.has(report)) option.set(report, dayBars(report.days));
  const columns = [
    { key: 'day', title: t('rules.day'), text: (row) => row.day },
    ...['samples', 'live', 'draft'].map((key) => ({ key, title: t(`rules.${key}`), right: true, text: (row) => count(row[key]), raw: (row) => row[key], sort: (row) => row[key] })),
    ...['live_h', 'draft_h'].map((key) => ({ key, title: t(`rules.col.${key}`), right: true, text: (row) => figure(row[key], 'h'), raw: (row) => row[key], sort: (row) => row[key] })),
  ];
  return html`<${Chart} title=${t('rules.byDay')} name="alerts-by-day" option=${option.get(report)} columns=${columns} rows=${report.days} keyOf=${(row) => row.day} />`;
}

/** Alerts per ten minutes of this rule alone, beside what all rules together may ask of one operator. */
export function Load({ report }) {
  const { live, draft, load_targets: target, days } = report;
  const perDay = (side) => report[side].alerts / Math.max(1, (report.to_us - report.from_us) / 86_400_000_000);
  const rows = [
    ['median', live.load.median, draft.load.median, target.per_10_min, figure],
    ['p95', live.load.p95, draft.load.p95, target.per_10_min, figure],
    ['max', live.load.max, draft.load.max, target.most_per_10_min, figure],
    ['flood', live.load.flood_share, draft.load.flood_share, target.flood_share, percent],
    ['perDay', perDay('live'), perDay('draft'), target.per_day, (n) => figure(n, 'C')],
    ['worstDay', Math.max(...days.map((row) => row.live)), Math.max(...days.map((row) => row.draft)), report.limit_per_day, figure],
  ].map(([key, before, after, most, words]) => ({ key, before, after, most, words }));
  const shown = (key) => (row) => row.words(row[key]);
  const columns = [
    { key: 'key', title: t('rules.load.title'), width: 'minmax(0, 2.4fr)', text: (row) => t(`rules.load.${row.key}`) },
    { key: 'before', title: t('rules.live'), right: true, text: shown('before'), raw: (row) => row.before, sort: (row) => row.before },
    { key: 'after', title: t('rules.draft'), right: true, text: shown('after'), raw: (row) => row.after, sort: (row) => row.after, cell: (row) => html`<span class=${row.after > row.most ? 'is-outside' : ''}>${row.words(row.after)}${row.after > row.most ? t('rules.load.over') : ''}</span>` },
    { key: 'most', title: t('rules.load.target'), right: true, text: (row) => `≤ ${row.words(row.most)}`, raw: (row) => row.most, sort: (row) => row.most },
  ];
  const busiest = draft.load.busiest_us ? t('rules.load.busiest', { at: dateTime(draft.load.busiest_us).slice(5, 16) }) : t('rules.load.all');
  return html`<${Chart} title=${t('rules.load.heading')} note=${busiest} name="operator-load" columns=${columns} rows=${rows}>${() => html`
    <table class="plain load"><thead><tr>${columns.map((column) => html`<th>${column.title}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.key}><th scope="row">${t(`rules.load.${row.key}`)}</th>${columns.slice(1).map((column) => html`<td>${column.cell ? column.cell(row) : column.text(row)}</td>`)}</tr>`)}</tbody></table>`}<//>`;
}

/** What has to be acknowledged at publishing, and what is good to know. */
export function Remarks({ report }) {
  if (!report.warnings.length && !report.notes.length) return null;
  return html`<ul class="trial-remarks">${report.warnings.map((words) => html`<li class="problem" role="alert">${say(words)}</li>`)}${report.notes.map((words) => html`<li class="faint">${say(words)}</li>`)}</ul>`;
}
