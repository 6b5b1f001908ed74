// Any points over any stretch of time: chosen by search, drawn by unit one below the other, read as a table, exported.
import { computed, html, shallowRef, watch } from '../../parts/html.js';
import { address } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { Chart } from '../../parts/chart.js';
import { Chooser } from '../../parts/chooser.js';
import { amount, pointValue, seriesName, unitSign } from '../../parts/figures.js';
import { placeWords } from '../../parts/place.js';
import { RangeChooser, rangeOf } from '../../parts/range.js';
import { loadSeries, stepFor } from '../../parts/series.js';
import { dateTime } from '../../parts/time.js';
import { language, say, t } from '../../i18n/words.js';
import { deviceOf, pointOf } from '../../state/campus.js';
import { amend, href, route } from '../../router.js';
import { drawing } from './drawing.js';
import { PointSearch } from './search.js';

const ASK_S = 30;
const MOST_POINTS = 20;
const STEPS = ['0', '60', '300', '900', '3600', '86400'];
const WAYS = ['mean', 'min', 'max', 'last'];

function Chosen({ points, colours, drop }) {
  return html`<ul class="chosen-points">${points.map((point, number) => {
    const known = deviceOf(point.split('.')[0]);
    const unit = unitSign(pointOf(point)?.unit);
    return html`<li key=${point}><i class=${`swatch swatch-${number % colours + 1}`}></i><span class="chosen-name"><a href=${href('device', [point.split('.')[0]])}>${seriesName(point)}</a>
      <small>${known ? placeWords({ site: known.device.site, building: known.building?.id, area: known.device.area }) : ''}${unit ? ` · ${unit}` : ''}</small></span>
      <button class="quiet-button" aria-label=${t('trends.drop')} onClick=${() => drop(point)}>${t('trends.dropSign')}</button></li>`;
  })}</ul>`;
}

/** Numbers as asked for; codes as they were last, since there is no mean of manual and automatic. */
async function loadBoth(points, from, to, step, way) {
  const codes = points.filter((point) => pointOf(point)?.codes);
  const numbers = points.filter((point) => !codes.includes(point));
  const parts = await Promise.all([[numbers, way], [codes, 'last']].filter(([some]) => some.length).map(([some, how]) => loadSeries(some, from, to, step, how)));
  return { times: parts[0].times, stepS: parts[0].stepS, series: Object.assign({}, ...parts.map((part) => part.series)) };
}

/** The table below or instead of the chart: one line a moment. */
function tableOf(loaded, points) {
  const columns = [
    { key: 'time', title: t('trends.time'), width: '12.5em', text: (row) => dateTime(row.key), sort: (row) => row.key },
    ...points.map((point, number) => ({
      key: point, title: unitSign(pointOf(point)?.unit) ? `${seriesName(point)} (${unitSign(pointOf(point)?.unit)})` : seriesName(point), right: true,
      text: (row) => (row.values[number] === null || row.values[number] === undefined ? '' : pointValue(point, row.values[number])), raw: (row) => row.values[number], sort: (row) => row.values[number],
    })),
  ];
  const rows = loaded.times.map((time, i) => ({ key: time, values: points.map((point) => loaded.series[point]?.[i] ?? null) }));
  return { columns, rows };
}

function summaryOf(loaded, points) {
  return points.map((point) => {
    const known = (loaded.series[point] ?? []).filter((value) => value !== null);
    const code = pointOf(point)?.codes;
    const unit = pointOf(point)?.unit ?? '';
    return { point, n: known.length, missing: (loaded.series[point] ?? []).length - known.length, code,
      low: known.length ? amount(Math.min(...known), unit) : t('value.none'), high: known.length ? amount(Math.max(...known), unit) : t('value.none'),
      mean: known.length ? amount(known.reduce((sum, value) => sum + value, 0) / known.length, unit) : t('value.none') };
  });
}

function Summary({ rows }) {
  return html`<table class="plain summary"><thead><tr><th></th>${['low', 'mean', 'high', 'missing'].map((name) => html`<th>${t(`trends.${name}`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.point}><th scope="row">${seriesName(row.point)}</th>${row.code ? html`<td></td><td></td><td></td>` : html`<td>${row.low}</td><td>${row.mean}</td><td>${row.high}</td>`}<td>${row.missing}</td></tr>`)}</tbody></table>`;
}

export const TrendsPage = {
  setup() {
    const points = computed(() => (route.query.points ?? '').split(',').filter((point) => point.includes('.')).slice(0, MOST_POINTS));
    const range = () => rangeOf('8h');
    const way = computed(() => (WAYS.includes(route.query.way) ? route.query.way : 'mean'));
    const asked = useAsked(async () => {
      if (!points.value.length) return null;
      const { from, to, moving } = range();
      const step = Number(route.query.step) || stepFor(from, to, 720);
      const each = Math.max(step, stepFor(from, to, 5000));
      return { ...(await loadBoth(points.value, from, to, each, way.value)), from, to, moving };
    }, ASK_S);
    watch(() => JSON.stringify(route.query), () => asked.again());
    const option = shallowRef(null);
    watch(() => asked.answer, (answer) => { option.value = answer ? drawing(answer, points.value) : null; });
    const put = (list) => amend({ points: list.join() });
    return () => {
      const { answer } = asked;
      const table = answer && tableOf(answer, points.value);
      const query = answer && { points: points.value.join(), from_us: Math.round(answer.from), to_us: Math.round(answer.to), step_s: answer.stepS, aggregate: way.value, lang: language.value };
      return html`<div class="with-side trends"><div class="main-part scroll">
        <div class="page-head"><h1>${t('nav.trends')}</h1><${RangeChooser} range=${range()} lasts=${['1h', '8h', '24h', '7d', '30d']} />
          <label class="field">${t('trends.step')} <select value=${route.query.step ?? '0'} onChange=${(event) => amend({ step: event.target.value })}>${STEPS.map((step) => html`<option value=${step}>${t(`trends.step${step}`)}</option>`)}</select></label>
          <${Chooser} label=${t('trends.way')} value=${way.value} options=${WAYS.map((id) => [id, t(`trends.${id}`)])} pick=${(id) => amend({ way: id })} /><${AsOf} asked=${asked} /></div>
        ${!points.value.length ? html`<p class="page-empty faint">${t('trends.choose')}</p>` : answer && option.value ? html`<div class="trend-box"><${Chart} title=${t('trends.title')} name="trends" option=${option.value} columns=${table.columns} rows=${table.rows}
            hrefs=${{ csv: address('export/series.csv', query), xlsx: address('export/series.xlsx', query) }} note=${t('trends.stepIs', { s: answer.stepS })} /></div><${Summary} rows=${summaryOf(answer, points.value)} />` : null}</div>
        <aside class="side-part"><${PointSearch} chosen=${points.value} add=${(point) => put([...points.value, point].slice(0, MOST_POINTS))} /><${Chosen} points=${points.value} colours=${6} drop=${(point) => put(points.value.filter((other) => other !== point))} /></aside></div>`;
    };
  },
};
