// The readings of one device under the lanes: mean within the band of lowest and highest, and the limits of the live rule and of the draft.
import { computed, html, onUnmounted, ref, shallowRef, watch } from '../../parts/html.js';
import { Chart } from '../../parts/chart.js';
import { Chooser } from '../../parts/chooser.js';
import { amount, pointTitle, pointValue, unitSign } from '../../parts/figures.js';
import { bridged, loadSeries, stepFor } from '../../parts/series.js';
import { linePath } from '../../parts/spark.js';
import { xOf } from '../../parts/timeaxis.js';
import { dateTime } from '../../parts/time.js';
import { t } from '../../i18n/words.js';
import { deviceOf, pointOf } from '../../state/campus.js';
import { limitsOf, pointsOf } from './limits.js';
import { subjectName } from './subjects.js';

const HEIGHT = 176;
const PAD = 14;
const PAUSE_MS = 250;
const MARKS = 4;

/** Limits with the readings that make them. */
async function withReadings(device, limits, from, to, step) {
  return Promise.all(limits.map(async (limit) => {
    if (!limit.point) return limit;
    const other = `${device}.${limit.point.name}`;
    const { times, series } = await loadSeries([other], from, to, step, 'mean');
    return { ...limit, at: bridged(times, series[other] ?? []).map(([us, value]) => [us, value === null ? null : value * limit.point.times + limit.point.plus]) };
  }));
}

async function load(device, name, rules, from, to) {
  const point = `${device}.${name}`;
  const step = stepFor(from, to, 900);
  const ways = pointOf(point)?.codes ? ['last'] : ['mean', 'min', 'max'];
  const [parts, live, draft] = await Promise.all([
    Promise.all(ways.map((way) => loadSeries([point], from, to, step, way))),
    ...rules.map((rule) => withReadings(device, rule ? limitsOf(rule, name, from, to) : [], from, to, step)),
  ]);
  const [mean, min, max] = parts.map(({ series }) => series[point] ?? []);
  return { name, from, to, stepS: step, times: parts[0].times, mean, min: min ?? mean, max: max ?? mean, limits: { live, draft } };
}

/** Marks at round values between two. */
function rounds(low, high) {
  const raw = (high - low) / MARKS || 1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * size).find((one) => one >= raw);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(Number(value.toPrecision(10)));
  return found;
}

function bandPath(times, min, max, x, y, stepUs) {
  let path = '';
  times.forEach((us, i) => {
    if (min[i] === null || max[i] === null || min[i] === undefined) return;
    const [left, right] = [x(us), x(us + stepUs)];
    path += `M${left.toFixed(1)} ${y(max[i]).toFixed(1)}H${Math.max(right, left + 0.8).toFixed(1)}V${(y(min[i]) + 0.6).toFixed(1)}H${left.toFixed(1)}z`;
  });
  return path;
}

function Drawing({ loaded, view, width, gutter, unit, codes, pairs }) {
  const known = [...loaded.min, ...loaded.max, ...Object.values(loaded.limits).flat().flatMap(({ at }) => at.map(([, value]) => value))].filter((value) => value !== null && value !== undefined);
  if (!known.length) return html`<p class="table-empty faint">${t('rules.noReadings')}</p>`;
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = xOf(view, width);
  const y = (value) => HEIGHT - PAD - ((value - low) / (high - low)) * (HEIGHT - 2 * PAD);
  const stepUs = loaded.stepS * 1e6;
  const limit = (side) => loaded.limits[side].map((one, i) => html`<path key=${`${side}${i}`} class=${`trend-limit is-${side}`} d=${linePath(one.at, x, y, !one.point)} />`);
  const lastOf = (one) => one.at.findLast(([, value]) => value !== null)?.[1];
  // where both are close, the upper one's words stand above its line and the lower one's below
  const other = (side, i) => lastOf(loaded.limits[side === 'live' ? 'draft' : 'live'][i] ?? { at: [] }) ?? -Infinity;
  const words = (side) => loaded.limits[side].map((one, i) => ({ side, value: lastOf(one), below: lastOf(one) < other(side, i) })).filter(({ value }) => value !== undefined);
  const marks = codes ? rounds(low, high).filter(Number.isInteger) : rounds(low, high);
  return html`<div class="trend-lane"><svg class="trend-scale" width=${gutter} height=${HEIGHT} aria-hidden="true">${marks.map((value) => html`<text x=${gutter - 8} y=${y(value) + 4}>${codes ? codes(value) : `${value} ${unitSign(unit)}`}</text>`)}</svg>
    <svg class="trend-svg" width=${width} height=${HEIGHT} role="img" aria-label=${t('rules.trendLabel', { low: amount(Math.min(...known), unit), high: amount(Math.max(...known), unit) })}>
      ${marks.map((value) => html`<line class="trend-grid" x1="0" x2=${width} y1=${y(value)} y2=${y(value)} />`)}
      ${pairs.filter(({ draft }) => draft).map(({ what, draft }) => html`<rect key=${draft.id} class=${`trend-since is-${what}`} x=${x(draft.raised_us)} width=${Math.max(2, x(draft.cleared_us ?? view.most) - x(draft.raised_us))} y="0" height=${HEIGHT} />`)}
      <path class="trend-band" d=${bandPath(loaded.times, loaded.min, loaded.max, x, y, stepUs)} />
      <path class="trend-line" d=${linePath(bridged(loaded.times, loaded.mean), x, y, Boolean(codes))} />
      ${limit('live')}${limit('draft')}
      ${[...words('live'), ...words('draft')].map(({ side, value, below }) => html`<text class=${`trend-limit-words is-${side}`} x=${side === 'live' ? 6 : width - 6} y=${y(value) + (below ? 14 : -4)}>${t(`rules.${side}`)} ${value} ${unitSign(unit)}</text>`)}</svg></div>`;
}

/** props: device, draft, live (documents), view, width, gutter, pairs. */
export const DeviceTrend = {
  props: ['device', 'draft', 'live', 'view', 'width', 'gutter', 'pairs'],
  setup(props) {
    const has = (name) => pointOf(`${props.device}.${name}`) || props.draft.kind === 'speeding';
    // a draft that names no point of this device yet still stands beside the readings that the live rule judges
    const names = computed(() => [pointsOf(props.draft), pointsOf(props.live)].map((all) => all.filter(has)).find((found) => found.length) ?? []);
    const chosen = ref(null);
    const name = computed(() => (names.value.includes(chosen.value) ? chosen.value : names.value[0]));
    const loaded = shallowRef(null);
    const failed = ref(false);
    let timer = null;
    let number = 0;
    const fetchIt = async () => {
      number += 1;
      const mine = number;
      if (!name.value || !deviceOf(props.device)) return;
      try {
        const found = await load(props.device, name.value, [props.live, props.draft], props.view.from, props.view.to);
        if (mine === number) [loaded.value, failed.value] = [found, false];
      } catch {
        if (mine === number) failed.value = true;
      }
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(fetchIt, PAUSE_MS);
    };
    watch([name, () => props.view.from, () => props.view.to, () => props.draft, () => props.live], later);
    fetchIt();
    onUnmounted(() => {
      number += 1;
      clearTimeout(timer);
    });
    return () => {
      if (!name.value) return html`<p class="faint trend-none">${t('rules.noTrend', { device: subjectName(props.device) })}</p>`;
      const point = `${props.device}.${name.value}`;
      const { unit, codes } = pointOf(point) ?? { unit: props.draft.kind === 'speeding' ? 'km/h' : '', codes: null };
      const rows = (loaded.value?.times ?? []).map((us, i) => ({ us, mean: loaded.value.mean[i], min: loaded.value.min[i], max: loaded.value.max[i] })).filter((row) => row.mean !== null && row.mean !== undefined);
      const value = (key) => ({ key, title: `${t(`trends.${key}`)}${unitSign(unit) ? ` (${unitSign(unit)})` : ''}`, right: true, text: (row) => pointValue(point, row[key]), raw: (row) => row[key], sort: (row) => row[key] });
      const columns = [{ key: 'us', title: t('trends.time'), width: '12.5em', text: (row) => dateTime(row.us), sort: (row) => row.us }, ...(codes ? ['mean'] : ['mean', 'min', 'max']).map(value)];
      const title = `${subjectName(props.device)} · ${pointTitle(point)}`;
      return html`<div class="device-trend" data-trend=${point}>${names.value.length > 1 ? html`<${Chooser} label=${t('device.point')} value=${name.value} options=${names.value.map((one) => [one, pointTitle(`${props.device}.${one}`)])} pick=${(one) => { chosen.value = one; }} />` : null}
        <${Chart} title=${title} name="trend" columns=${columns} rows=${rows} keyOf=${(row) => row.us} note=${failed.value ? t('trend.failed') : loaded.value ? t('trends.stepIs', { s: loaded.value.stepS }) : t('page.loading')}>
          ${() => (loaded.value ? html`<${Drawing} loaded=${loaded.value} view=${props.view} width=${props.width} gutter=${props.gutter} unit=${unit} codes=${codes && ((n) => pointValue(point, n))} pairs=${props.pairs} />` : null)}<//></div>`;
    };
  },
};
