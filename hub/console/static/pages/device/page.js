// One device: what it is, what each of its points says now and said in the last hour, its alerts, how it is reached.
import { computed, html, ref, shallowRef, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { AlertMark } from '../../parts/mark.js';
import { amount, pointValue, unitSign } from '../../parts/figures.js';
import { PlaceLinks } from '../../parts/place.js';
import { Reading } from '../../parts/reading.js';
import { loadSeries } from '../../parts/series.js';
import { Spark } from '../../parts/spark.js';
import { age, dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { alertsChanged, allAlerts } from '../../state/alerts.js';
import { campus, deviceOf, pointOf } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { gateways } from '../../state/gateways.js';
import { reading, staleAfter, wantValues } from '../../state/values.js';
import { href, route } from '../../router.js';
import { showAlert } from '../board/board.js';
import { pointFor } from '../board/trend.js';
import { lasting, stateWords } from '../board/row.js';

const HOUR_US = 3_600_000_000;
const ASK_S = 60;
const POINTS_A_CALL = 20;

/** Limits that open or recent alerts of this device were judged by: point -> {limit, unit}. */
function limitsOf(alerts) {
  const limits = new Map();
  for (const alert of alerts) {
    const point = pointFor(alert);
    if (point && alert.limit !== null && unitSign(alert.unit) && !limits.has(point)) limits.set(point, alert);
  }
  return limits;
}

async function lastHour(points) {
  const to = nowUs();
  const calls = [];
  for (let i = 0; i < points.length; i += POINTS_A_CALL) calls.push(loadSeries(points.slice(i, i + POINTS_A_CALL), to - HOUR_US, to, 30, 'last'));
  const parts = await Promise.all(calls);
  return { from: to - HOUR_US, to, times: parts[0]?.times ?? [], series: Object.assign({}, ...parts.map((part) => part.series)) };
}

function PointRow({ point, hour, alert }) {
  const name = pointOf(point);
  const { timeUs, value } = reading(point);
  const values = hour?.series[point] ?? [];
  const known = values.filter((v) => v !== null);
  const usual = known.length > 2 && !name.codes && Math.min(...known) !== Math.max(...known) ? t('device.between', { low: amount(Math.min(...known), name.unit), high: amount(Math.max(...known), name.unit) }) : '';
  return html`<tr><th scope="row">${say(name.title)}<small class="faint">${name.name}</small></th><td class="is-right point-now"><${Reading} point=${point} /></td>
    <td class="is-right">${alert ? amount(alert.limit, alert.unit) : ''}</td><td class="point-usual">${usual}</td>
    <td class="point-spark">${values.length ? html`<${Spark} times=${hour.times} values=${values} limit=${alert ? alert.limit : null} fromUs=${hour.from} toUs=${hour.to} height=${26} step=${Boolean(name.codes)} label=${say(name.title)} />` : null}</td>
    <td class="is-right faint">${timeUs ? t('value.stale', { age: age((nowUs() - timeUs) / 1e6) }) : ''}</td>
    <td><a class="link" href=${href('trends', [], { points: point, last: '24h' })} aria-label=${`${t('alert.openTrend')} ${say(name.title)} ${pointValue(point, value)}`}>${t('device.trend')}</a></td></tr>`;
}

function Alerts({ alerts }) {
  if (!alerts.length) return html`<p class="faint">${t('campus.noAlerts')}</p>`;
  return html`<ul class="place-alerts">${alerts.slice(0, 12).map((alert) => html`<li key=${alert.id}><button onClick=${() => showAlert(alert.id)}><${AlertMark} alert=${alert} size=${14} /><span class="two-lines"><b>${say(alert.title)}</b>
    <small>${dateTime(alert.start_us)} · ${lasting(alert)} · ${stateWords(alert)}</small></span></button></li>`)}</ul>`;
}

function Facts({ known }) {
  const { device, link, profile } = known;
  const row = (gateways.value.rows.get(link?.agent)?.links ?? []).find((other) => other.id === device.link);
  const limit = staleAfter(device.id);
  return html`<dl class="pairs">
    <dt>${t('device.id')}</dt><dd>${device.id}</dd><dt>${t('device.profile')}</dt><dd>${say(profile?.title)} <span class="faint">${profile?.grade === 'own' ? '' : [profile?.make, profile?.model].filter(Boolean).join(' ')}</span></dd>
    <dt>${t('device.grade')}</dt><dd>${profile?.grade ? t(`grade.${profile.grade}`) : t('value.none')}</dd>
    <dt>${t('gateway.link')}</dt><dd>${say(link?.name) || device.link} <span class="faint">${link?.kind ?? ''}</span></dd>
    <dt>${t('device.gateway')}</dt><dd><a class="link" href=${href('gateways')}>${say(campus.value.agents.get(link?.agent)?.name) || link?.agent}</a></dd>
    <dt>${t('device.poll')}</dt><dd>${link?.poll_s ? t('gateway.seconds', { s: link.poll_s }) : t('device.speaks')}</dd>
    <dt>${t('device.staleAfter')}</dt><dd>${limit === null ? t('value.none') : t('gateway.seconds', { s: limit })}</dd>
    ${row ? html`<dt>${t('device.linkState')}</dt><dd class=${row.silent ? 'is-outside' : ''}>${t('device.linkFigures', { silent: row.silent ?? 0, devices: row.devices ?? 0, period: (row.period_s ?? 0).toFixed(1) })}</dd>` : null}</dl>`;
}

export const DevicePage = {
  setup() {
    const id = computed(() => route.rest[0] ?? '');
    const points = computed(() => (deviceOf(id.value)?.profile?.points ?? []).map((point) => `${id.value}.${point.name}`));
    const recent = shallowRef([]);
    const missing = ref(false);
    const asked = useAsked(async () => {
      if (!points.value.length) return null;
      await wantValues({ devices: id.value });
      const answer = await get('alerts', { state: 'all', device: id.value, limit: 20 });
      recent.value = answer.alerts;
      return lastHour(points.value);
    }, ASK_S);
    watch([id, points], () => asked.again());
    watch(campus, (now) => { missing.value = now.known && !now.devices.has(id.value); }, { immediate: true });
    const alerts = computed(() => {
      alertsChanged.value;
      const byId = new Map(recent.value.map((alert) => [alert.id, alert]));
      for (const alert of allAlerts().values()) if (alert.device === id.value) byId.set(alert.id, alert);
      return [...byId.values()].sort((a, b) => b.start_us - a.start_us);
    });
    return () => {
      const known = deviceOf(id.value);
      if (!known) return html`<p class="page-empty faint">${missing.value ? t('device.unknown', { id: id.value }) : t('page.loading')}</p>`;
      const limits = limitsOf(alerts.value);
      return html`<div class="with-side device"><div class="main-part scroll"><div class="page-head"><h1>${say(known.device.name)}</h1><${PlaceLinks} where=${{ site: known.device.site, building: known.building?.id, area: known.device.area }} /><${AsOf} asked=${asked} /></div>
          <table class="plain points"><thead><tr>${['point', 'now', 'limit', 'lastHour'].map((name) => html`<th class=${name === 'now' || name === 'limit' ? 'is-right' : ''}>${t(`device.${name}`)}</th>`)}<th></th><th class="is-right">${t('device.read')}</th><th></th></tr></thead>
            <tbody>${points.value.map((point) => html`<${PointRow} key=${point} point=${point} hour=${asked.answer} alert=${limits.get(point)} />`)}</tbody></table></div>
        <aside class="side-part"><h3>${t('device.about')}</h3><${Facts} known=${known} /><h3>${t('device.alerts')}</h3><${Alerts} alerts=${alerts.value} /></aside></div>`;
    };
  },
};
