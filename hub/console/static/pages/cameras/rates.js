// Rates of a month beside those of the month before: by time and by day, recordings too, by site and use, with definitions.
import { computed, html, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { Chooser } from '../../parts/chooser.js';
import { percent } from '../../parts/figures.js';
import { DataTable } from '../../parts/table.js';
import { dateTime, day } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { amend, route } from '../../router.js';
import { ViewChooser } from './views.js';

const MONTHS = 12;

/** 2026-11 and the months before it, newest first. */
export function monthsUntil(last, n = MONTHS) {
  const [year, month] = last.split('-').map(Number);
  return Array.from({ length: n }, (_, i) => new Date(Date.UTC(year, month - 1 - i, 1)).toISOString().slice(0, 7));
}

const GROUPS = { site: ['by_site', (key) => say(campus.value.sites.get(key)?.name) || key], kind: ['by_area_kind', (key) => t(`areaKind.${key}`)] };

/** One line for all, and one for each group, this month and the one before. */
function linesOf({ now, before }, by) {
  const [key, name] = GROUPS[by];
  const all = { key: '', name: t('camera.all'), now: now.overall, before: before.overall };
  return [all, ...Object.keys(now[key]).map((id) => ({ key: id, name: name(id), now: now[key][id], before: before[key]?.[id] }))].filter((row) => row.now);
}

/** A month of which nothing is known has no rate; where anything is, what is unknown counts as not online. */
const before = (row, which) => (row.before && row.before.time.unknown < 1 ? row.before.time[which] : null);

function columns() {
  const share = (key, title, of, width = '5.7em') => ({ key, title, right: true, width, text: (row) => percent(of(row)), raw: of, sort: of });
  return [
    { key: 'name', title: t('camera.rates.group'), width: 'minmax(6.5em, 1fr)', text: (row) => row.name, sort: (row) => (row.key ? row.name : '') },
    { key: 'points', title: t('camera.points'), right: true, width: '4em', text: (row) => row.now.points, sort: (row) => row.now.points },
    share('online', t('camera.rates.onlineTime'), (row) => row.now.time.online),
    share('good', t('camera.rates.goodTime'), (row) => row.now.time.good),
    share('unknown', t('camera.rates.unknownTime'), (row) => row.now.time.unknown),
    share('onlineCheck', t('camera.rates.onlineCheck'), (row) => row.now.snapshot.online),
    share('goodCheck', t('camera.rates.goodCheck'), (row) => row.now.snapshot.good),
    share('recorded', t('camera.rates.recorded'), (row) => row.now.recording.time),
    share('recordedUnknown', t('camera.rates.recordedUnknown'), (row) => row.now.recording.unknown),
    share('recordedDays', t('camera.rates.recordedDays'), (row) => row.now.recording.days),
    share('recordedLast', t('camera.rates.recordedLast'), (row) => row.now.recording.last_day),
    share('onlineBefore', t('camera.rates.onlineBefore'), (row) => before(row, 'online')),
    share('goodBefore', t('camera.rates.goodBefore'), (row) => before(row, 'good')),
  ];
}

export const RatesView = {
  setup() {
    const last = computed(() => day(nowUs()).slice(0, 7));
    const month = computed(() => (/^\d{4}-\d\d$/.test(route.query.month ?? '') ? route.query.month : last.value));
    const by = computed(() => (route.query.by === 'kind' ? 'kind' : 'site'));
    const asked = useAsked(async () => {
      const [, earlier] = monthsUntil(month.value, 2);
      const [now, before] = [await get('cameras/rates', { month: month.value }), await get('cameras/rates', { month: earlier })];
      return { now, before };
    });
    watch(month, () => asked.again());
    return () => {
      const { answer } = asked;
      return html`<div class="stack rates-page"><div class="page-head"><h1>${t('nav.cameras')}</h1><${ViewChooser} view="rates" />
          <label class="field">${t('camera.rates.month')} <select name="month" value=${month.value} onChange=${(event) => amend({ month: event.target.value })}>${monthsUntil(last.value).map((one) => html`<option value=${one}>${one}</option>`)}</select></label>
          <${Chooser} label=${t('camera.by')} value=${by.value} options=${['site', 'kind'].map((id) => [id, t(`camera.by_${id}`)])} pick=${(value) => amend({ by: value })} /><${AsOf} asked=${asked} /></div>
        ${answer ? html`<p class="faint">${t('camera.rates.span', { from: dateTime(answer.now.from_us), to: dateTime(answer.now.to_us), checks: answer.now.snapshots })} ${answer.now.last_day ? t('camera.rates.lastDay', { day: answer.now.last_day }) : ''}</p>
        <${DataTable} columns=${columns()} rows=${linesOf(answer, by.value)} keyOf=${(row) => row.key} name=${`camera-rates-${answer.now.month}`} rowClass=${(row) => (row.key ? '' : 'is-strong')} />
        <ul class="definitions">${Object.entries(answer.now.definitions).map(([name, words]) => html`<li key=${name} data-definition=${name}>${say(words)}</li>`)}</ul>` : null}</div>`;
    };
  },
};
