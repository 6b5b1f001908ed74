// How fast people drive: the distribution against the limit, P85, who was above it, at which hours, and the worst passes.
import { html, watch } from '../parts/html.js';
import { get } from '../api.js';
import { AsOf, useAsked } from '../parts/asked.js';
import { Chart, axis, frame, tip } from '../parts/chart.js';
import { amount, figure, percent } from '../parts/figures.js';
import { Mark } from '../parts/mark.js';
import { placeWords } from '../parts/place.js';
import { RangeChooser, rangeOf } from '../parts/range.js';
import { DataTable } from '../parts/table.js';
import { dateTime, day } from '../parts/time.js';
import { say, t } from '../i18n/words.js';
import { campus, deviceOf } from '../state/campus.js';
import { amend, route } from '../router.js';
import { showAlert } from './board/board.js';
import { Lanes } from './speedlanes.js';
import { SecondOpinion } from './speedvision.js';

const ASK_S = 60;

const radars = () => [...campus.value.devices.values()].filter((device) => device.kind === 'radar');
const radarName = (device) => `${placeWords({ site: device.site, area: device.area })}${t('place.between')}${say(device.name)}`;

function Figure({ name, words, note, bad }) {
  return html`<div class=${['figure', bad && 'is-bad']}><dt>${t(`speed.${name}`)}</dt><dd>${words}</dd><small>${note ?? ''}</small></div>`;
}

function Figures({ answer }) {
  const few = answer.passes < answer.minimum_sample;
  const limit = answer.limit_kmh;
  const kmh = (value) => (value === null ? t('value.none') : amount(value, 'km/h'));
  return html`<dl class="figures">
    <${Figure} name="passes" words=${answer.passes.toLocaleString('en-US')} note=${few ? t('speed.tooFew', { n: answer.minimum_sample }) : ''} bad=${few} />
    <${Figure} name="limit" words=${limit === null ? t('value.none') : `${limit} km/h`} />
    <${Figure} name="p85" words=${few ? t('value.none') : kmh(answer.p85)} note=${few ? '' : t('speed.p85Note')} bad=${!few && limit !== null && answer.p85 > limit} />
    <${Figure} name="mean" words=${kmh(answer.mean)} note=${t('speed.median', { v: kmh(answer.p50) })} />
    <${Figure} name="std" words=${kmh(answer.std)} note=${few ? '' : t('speed.p15Note', { v: kmh(answer.p15) })} />
    <${Figure} name="over" words=${percent(answer.over_share)} note=${t('speed.overNote')} bad=${answer.over_share > 0} />
    <${Figure} name="max" words=${kmh(answer.max)} bad=${limit !== null && answer.max > limit} />
    <${Figure} name="pace" words=${answer.pace ? `${figure(answer.pace[0], 'level')}–${figure(answer.pace[1], 'level')} km/h` : t('value.none')} note=${answer.pace ? t('speed.paceNote', { share: percent(answer.pace[2], 0) }) : ''} />
    <${Figure} name="coverage" words=${percent(answer.coverage)} note=${t('speed.heardNote')} bad=${answer.coverage !== null && answer.coverage < 0.9} />
  </dl>`;
}

function distribution(answer) {
  const { edges, counts } = answer.histogram;
  const rows = counts.map((n, i) => ({ key: i, low: edges[i], high: edges[i + 1], n }));
  const option = (colours) => {
    const limit = answer.limit_kmh;
    const width = rows.length ? rows[0].high - rows[0].low : 5;
    const bar = (row) => ({ value: [row.low + width / 2, row.n], itemStyle: { color: limit !== null && row.low >= limit ? colours.over : colours.bar } });
    const mark = (at, words, kind) => ({ xAxis: at, lineStyle: { color: kind === 'limit' ? colours.over : colours.text, type: kind === 'limit' ? 'solid' : 'dashed', width: kind === 'limit' ? 2 : 1.5 }, label: { formatter: words, color: colours.text, position: 'end', rotate: 0, align: (kind === 'limit') === (answer.limit_kmh <= answer.p85) ? 'right' : 'left', padding: [0, 5] } });
    return frame(colours, {
      grid: { left: 8, right: 24, top: 34, bottom: 26, containLabel: true },
      xAxis: axis(colours, { type: 'value', min: edges[0], max: edges.at(-1), interval: width * 2, name: 'km/h', nameLocation: 'middle', nameGap: 24, splitLine: { show: false } }),
      yAxis: axis(colours, { type: 'value', minInterval: 1 }),
      tooltip: { ...frame(colours).tooltip, formatter: ([{ dataIndex }]) => tip(t('speed.band', { low: rows[dataIndex].low, high: rows[dataIndex].high }), [[t('speed.passes'), rows[dataIndex].n]]) },
      series: [{ type: 'bar', barWidth: '92%', data: rows.map(bar), markLine: { symbol: 'none', animation: false, silent: true, data: [
        ...(limit === null ? [] : [mark(limit, t('speed.limitAt', { v: limit }), 'limit')]),
        ...(answer.passes >= answer.minimum_sample ? [mark(answer.p85, t('speed.p85At', { v: figure(answer.p85, 'C') }), 'p85')] : [])] } }],
    });
  };
  const columns = [{ key: 'band', title: t('speed.bandTitle'), text: (row) => t('speed.band', row), sort: (row) => row.low }, { key: 'n', title: t('speed.passes'), right: true, text: (row) => row.n, sort: (row) => row.n }];
  return { option, rows, columns };
}

/** Passes as bars, P85 as a line over them: by hour or by day. */
function over(rows, answer) {
  const option = (colours) => frame(colours, {
    legend: { top: 0, left: 'center', textStyle: { color: colours.soft }, itemWidth: 14, itemHeight: 8 },
    xAxis: axis(colours, { type: 'category', data: rows.map((row) => row.name) }),
    yAxis: [axis(colours, { type: 'value', minInterval: 1 }), axis(colours, { type: 'value', name: 'km/h', splitLine: { show: false }, min: 0 })],
    tooltip: { ...frame(colours).tooltip, formatter: ([{ dataIndex }]) => tip(rows[dataIndex].name, [[t('speed.passes'), rows[dataIndex].passes], [t('speed.overCount'), rows[dataIndex].over], [t('speed.p85'), amount(rows[dataIndex].p85, 'km/h')]]) },
    series: [
      { name: t('speed.within'), type: 'bar', stack: 'n', data: rows.map((row) => row.passes - row.over), itemStyle: { color: colours.bar } },
      { name: t('speed.overCount'), type: 'bar', stack: 'n', data: rows.map((row) => row.over), itemStyle: { color: colours.over } },
      { name: t('speed.p85'), type: 'line', yAxisIndex: 1, data: rows.map((row) => row.p85), symbolSize: 5, lineStyle: { width: 1.5, color: colours.text }, itemStyle: { color: colours.text },
        markLine: answer.limit_kmh === null ? undefined : { symbol: 'none', silent: true, data: [{ yAxis: answer.limit_kmh, lineStyle: { color: colours.over, type: 'solid', width: 1 }, label: { show: false } }] } },
    ],
  });
  const columns = [{ key: 'name', title: t('speed.when'), text: (row) => row.name }, ...['passes', 'over', 'p85'].map((key) => ({ key, title: t(key === 'over' ? 'speed.overCount' : `speed.${key}`), right: true, text: (row) => (row[key] === null ? '' : row[key]), sort: (row) => row[key] }))];
  return { option, rows, columns };
}

function worstColumns() {
  const name = (row) => say(deviceOf(row.device)?.device.name) || row.device;
  return [
    { key: 'value', title: t('speed.value'), right: true, width: '6.4em', text: (row) => amount(row.value, 'km/h'), sort: (row) => row.value, raw: (row) => row.value, cell: (row) => html`<b>${amount(row.value, 'km/h')}</b>` },
    { key: 'over', title: t('speed.above'), right: true, width: '4em', text: (row) => (row.limit ? percent(row.value / row.limit - 1, 0) : ''), sort: (row) => row.value },
    { key: 'time', title: t('speed.when'), width: '10.6em', text: (row) => dateTime(row.time_us ?? row.start_us) },
    { key: 'device', title: t('speed.where'), text: name },
    { key: 'alert', title: t('nav.board'), width: '5em', text: (row) => (row.seq ? t('alert.number', { n: row.seq }) : ''), cell: (row) => (row.id ? html`<button class="quiet-button link" onClick=${() => showAlert(row.id)}><${Mark} severity=${row.severity} size=${12} /> ${t('alert.number', { n: row.seq })}</button>` : row.seq ? t('alert.number', { n: row.seq }) : '') },
  ];
}

export const SpeedPage = {
  setup() {
    const range = () => rangeOf('7d');
    const asked = useAsked(() => get('speed', { device: route.query.device, from_us: Math.round(range().from), to_us: Math.round(range().to) }), ASK_S);
    watch(() => [route.query.device, route.query.last, route.query.from, route.query.to].join(), () => asked.again());
    return () => {
      const { answer } = asked;
      const parts = answer && {
        spread: distribution(answer),
        hours: over((answer.by_hour ?? []).map((row) => ({ ...row, key: row.hour, name: `${String(row.hour).padStart(2, '0')}:00` })), answer),
        days: over((answer.by_day ?? []).map((row) => ({ ...row, key: row.day ?? row.day_us, name: (row.day ?? day(row.day_us)).slice(5) })), answer),
      };
      const chart = (title, name, part) => html`<${Chart} title=${title} name=${name} option=${part.option} columns=${part.columns} rows=${part.rows} />`;
      return html`<div class="scroll speed"><div class="page-head"><h1>${t('speed.title')}</h1>
          <select value=${route.query.device ?? ''} aria-label=${t('speed.where')} onChange=${(event) => amend({ device: event.target.value })}><option value="">${t('speed.allRadars')}</option>
            ${radars().map((device) => html`<option value=${device.id}>${radarName(device)}</option>`)}</select>
          <${RangeChooser} range=${range()} lasts=${['24h', '7d', '30d']} /><a href="#/calibrate">${t('calibrate.title')}</a><${AsOf} asked=${asked} /></div>
        ${!answer ? null : !answer.passes ? html`<p class="page-empty faint">${t('speed.none')}</p>` : html`<${Figures} answer=${answer} />
        <div class="speed-charts"><div class="speed-main">${chart(t('speed.distribution'), 'speed-distribution', parts.spread)}</div>
          <section class="worst"><h2>${t('speed.worst')}</h2><${DataTable} bare=${true} name="speed-worst" columns=${worstColumns()} rows=${answer.worst ?? []} keyOf=${(row) => row.id || row.seq || row.time_us} order=${{ key: 'value', down: true }} /></section>
          ${chart(t('speed.byHour'), 'speed-by-hour', parts.hours)}${chart(t('speed.byDay'), 'speed-by-day', parts.days)}
          <${Lanes} answer=${answer} /><${SecondOpinion} answer=${answer} /></div>`}
      </div>`;
    };
  },
};
