// Speeds lane by lane: a table of figures, and P85 of each hour of the day, darker where more vehicles pass.
import { html } from '../parts/html.js';
import { Chart, axis, frame, tip } from '../parts/chart.js';
import { amount, figure, percent } from '../parts/figures.js';
import { DataTable } from '../parts/table.js';
import { say, t } from '../i18n/words.js';
import { deviceOf } from '../state/campus.js';

const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);

/** A lane is a radar and a direction. */
export const laneName = (lane) => `${say(deviceOf(lane.device)?.device.name) || lane.device} · ${t(`speed.${lane.direction}`)}`;
const kmh = (value) => (value === null ? '' : value);

function laneColumns(minimum) {
  const shown = (value) => (typeof value === 'number' && !Number.isInteger(value) ? figure(value, 'km/h') : value);
  const number = (key, text) => ({ key, title: t(`speed.${key}`), right: true, width: '5.2em', text, cell: (row) => shown(text(row)), sort: (row) => row[key] });
  const enough = (row, value) => (row.passes < minimum ? '' : kmh(value)); // too few say nothing
  return [
    { key: 'lane', title: t('speed.lane'), text: laneName },
    number('passes', (row) => row.passes),
    number('limit', (row) => kmh(row.limit_kmh)),
    number('p15', (row) => enough(row, row.p15)), number('p50', (row) => enough(row, row.p50)), number('p85', (row) => enough(row, row.p85)),
    number('mean', (row) => kmh(row.mean)), number('std', (row) => kmh(row.std)),
    { ...number('over', (row) => percent(row.over_share)), sort: (row) => row.over_share, title: t('speed.over'), width: '6.4em' },
    { key: 'pace', title: t('speed.pace'), right: true, width: '9em', text: (row) => (row.pace ? `${figure(row.pace[0], 'level')}–${figure(row.pace[1], 'level')} (${percent(row.pace[2], 0)})` : '') },
    { ...number('coverage', (row) => percent(row.coverage)), width: '6em' },
  ];
}

/** Every lane and hour in which anything passed, one row each. */
const cells = (lanes) => lanes.flatMap((lane, number) => lane.by_hour.filter((hour) => hour.passes).map((hour) => ({ ...hour, lane, number, key: `${number} ${hour.hour}` })));

function hourColumns() {
  const number = (key, title) => ({ key, title, right: true, text: (row) => kmh(row[key]), sort: (row) => row[key] });
  return [
    { key: 'lane', title: t('speed.lane'), text: (row) => laneName(row.lane) }, { key: 'hour', title: t('speed.when'), text: (row) => HOURS[row.hour], sort: (row) => row.hour },
    number('passes', t('speed.passes')), number('over', t('speed.overCount')), number('p85', t('speed.p85')),
  ];
}

function heat(lanes, rows) {
  const over = (row) => row.lane.limit_kmh !== null && row.p85 > row.lane.limit_kmh;
  const most = Math.max(1, ...rows.map((row) => row.passes));
  return (colours) => {
    const series = (chosen, name) => ({ type: 'heatmap', name, label: { show: true, color: colours.text, fontSize: 11, textBorderColor: colours.ground, textBorderWidth: 2, formatter: ({ value }) => figure(value[3], 'level') }, itemStyle: { borderColor: colours.ground, borderWidth: 1 }, data: rows.filter(chosen).map((row) => [row.hour, row.number, row.passes, row.p85]) });
    const shade = (index, colour) => ({ show: false, type: 'continuous', seriesIndex: index, dimension: 2, min: 0, max: most, inRange: { color: [colours.ground, colour] } });
    const find = ([hour, number]) => rows.find((row) => row.hour === hour && row.number === number);
    return frame(colours, {
      grid: { left: 8, right: 14, top: 8, bottom: 8, containLabel: true },
      xAxis: axis(colours, { type: 'category', data: HOURS.map((hour) => hour.slice(0, 2)) }),
      yAxis: axis(colours, { type: 'category', data: lanes.map(laneName), inverse: true }),
      visualMap: [shade(0, colours.bar), shade(1, colours.over)],
      tooltip: { ...frame(colours).tooltip, trigger: 'item', formatter: ({ value }) => {
        const row = find(value);
        return tip(`${laneName(row.lane)} ${HOURS[row.hour]}`, [[t('speed.passes'), row.passes], [t('speed.overCount'), row.over], [t('speed.p85'), amount(row.p85, 'km/h')]]);
      } },
      series: [series((row) => !over(row), t('speed.within')), series(over, t('speed.overCount'))],
    });
  };
}

export function Lanes({ answer }) {
  const rows = cells(answer.lanes);
  return html`<section class="lanes"><h2>${t('speed.lanes')} <small class="faint">${t('speed.coverageNote')}</small></h2>
      <${DataTable} name="speed-lanes" columns=${laneColumns(answer.minimum_sample)} rows=${answer.lanes} keyOf=${(row) => `${row.device} ${row.direction}`} /></section>
    <${Chart} title=${t('speed.hourLane')} name="speed-hours-by-lane" option=${heat(answer.lanes, rows)} columns=${hourColumns()} rows=${rows} />`;
}
