// Series into a chart: one strip a unit, all on one time axis; codes as steps; gaps stay gaps.
import { axis, frame, tip } from '../../parts/chart.js';
import { pointValue, seriesName, unitSign } from '../../parts/figures.js';
import { bridged, isAlone } from '../../parts/series.js';
import { clock, dateTime, day } from '../../parts/time.js';
import { campus, pointOf } from '../../state/campus.js';
import { say } from '../../i18n/words.js';

const DAY_US = 86_400_000_000;

/** Points by what they share an axis with: a unit, or a set of codes. */
export function strips(points) {
  const found = new Map();
  for (const point of points) {
    const { unit, codes } = pointOf(point) ?? { unit: '', codes: null };
    const key = codes ? `code:${codes}` : unit;
    if (!found.has(key)) found.set(key, { unit, codes, points: [] });
    found.get(key).points.push(point);
  }
  return [...found.values()];
}

function axisLabels(colours, from, to, last) {
  const wide = to - from > 2 * DAY_US;
  return { show: last, color: colours.faint, hideOverlap: true, formatter: (ms) => (wide ? day(ms * 1000).slice(5) : clock(ms * 1000).slice(0, 5)) };
}

function codeAxis(colours, codes) {
  const words = campus.value.codes[codes] ?? {};
  return { interval: 1, minInterval: 1, axisLabel: { color: colours.faint, formatter: (value) => (words[String(value)] ? say(words[String(value)]) : '') } };
}

function unitAxis(colours, unit) {
  return { axisLabel: { color: colours.faint, formatter: (value) => `${value.toLocaleString('en-US')} ${unitSign(unit)}` } };
}

/** A function of the palette that gives the ECharts option. */
export function drawing({ times, series, from, to }, points) {
  const list = strips(points);
  const curves = points.map((point) => bridged(times, series[point] ?? []));
  const height = (100 - 8) / list.length;
  return (colours) => frame(colours, {
    legend: { type: 'scroll', top: 0, left: 0, textStyle: { color: colours.soft }, pageTextStyle: { color: colours.soft }, pageIconColor: colours.soft, itemWidth: 16, itemHeight: 3, icon: 'rect' },
    axisPointer: { link: [{ xAxisIndex: 'all' }], lineStyle: { color: colours.soft } },
    grid: list.map((_, i) => ({ left: 78, right: 18, top: `${8 + i * height + 2}%`, height: `${height - (i === list.length - 1 ? 8 : 5)}%` })),
    xAxis: list.map((_, i) => axis(colours, { type: 'time', gridIndex: i, min: from / 1000, max: to / 1000, splitLine: { show: false }, axisLabel: axisLabels(colours, from, to, i === list.length - 1) })),
    yAxis: list.map((strip, i) => axis(colours, { type: 'value', gridIndex: i, scale: true, splitNumber: list.length > 2 ? 2 : 4, ...(strip.codes ? codeAxis(colours, strip.codes) : unitAxis(colours, strip.unit)) })),
    dataZoom: [{ type: 'inside', xAxisIndex: list.map((_, i) => i), filterMode: 'none' }],
    tooltip: { ...frame(colours).tooltip, formatter: (rows) => tip(dateTime(rows[0].axisValue * 1000), rows.map((row) => [row.seriesName, pointValue(points[row.seriesIndex], row.value[1])])) },
    series: points.map((point, number) => ({
      name: seriesName(point), type: 'line', showSymbol: true, symbol: 'circle', connectNulls: false, symbolSize: (_, { dataIndex }) => (isAlone(curves[number], dataIndex) ? 4 : 0), step: pointOf(point)?.codes ? 'end' : false,
      xAxisIndex: list.findIndex((strip) => strip.points.includes(point)), yAxisIndex: list.findIndex((strip) => strip.points.includes(point)),
      lineStyle: { width: 1.6, type: number < 6 ? 'solid' : number < 12 ? 'dashed' : 'dotted' }, color: colours.lines[number % 6],
      data: curves[number].map(([time, value]) => [time / 1000, value]),
    })),
  });
}
