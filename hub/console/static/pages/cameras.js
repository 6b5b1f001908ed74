// Every camera point as one tile, grey while it is good; rates with the definition they follow printed beside them.
import { computed, html, ref } from '../parts/html.js';
import { get } from '../api.js';
import { AsOf, useAsked } from '../parts/asked.js';
import { Chooser } from '../parts/chooser.js';
import { ExportButtons } from '../parts/export.js';
import { percent } from '../parts/figures.js';
import { PlaceLinks, placeWords } from '../parts/place.js';
import { age, dateTime, duration } from '../parts/time.js';
import { say, t } from '../i18n/words.js';
import { campus, deviceOf } from '../state/campus.js';
import { nowUs } from '../state/clock.js';
import { staleAfter } from '../state/values.js';
import { amend, href, route } from '../router.js';

const STATES = ['online', 'dark', 'frozen', 'offline', 'unauthorised', 'not-a-picture', 'unknown'];
const ASK_S = 10;

/** What is wrong, as a small sign: never by colour alone. */
const SIGNS = {
  dark: 'M3 3 H13 V13 H3 Z', frozen: 'M4 3 H7 V13 H4 Z M9 3 H12 V13 H9 Z', offline: 'M3 4.5 L4.5 3 L8 6.5 L11.5 3 L13 4.5 L9.5 8 L13 11.5 L11.5 13 L8 9.5 L4.5 13 L3 11.5 L6.5 8 Z',
  unauthorised: 'M4 7 H12 V14 H4 Z M5.5 7 V4.5 A2.5 2.5 0 0 1 10.5 4.5 V7 H9 V4.5 A1 1 0 0 0 7 4.5 V7 Z', 'not-a-picture': 'M2 4 H14 V12 H2 Z M4 6 V10 H12 V6 Z', unknown: 'M6.8 11.5 H9.2 V14 H6.8 Z M4.4 5.6 C4.4 1 11.6 1 11.6 5.6 C11.6 8 9 8.2 9 10.2 H7 C7 7 9.6 7.2 9.6 5.6 C9.6 3.4 6.4 3.4 6.4 5.6 Z',
};
export function CameraSign({ state }) {
  return SIGNS[state] ? html`<svg class=${`camera-sign sign-${state}`} viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path fill-rule="evenodd" d=${SIGNS[state]} /></svg>` : null;
}

/** The state to show: one that is older than its link allows is not known any more. */
export function shownState(row) {
  const limit = staleAfter(row.device);
  const known = row.time_us !== null && (limit === null || (nowUs() - row.time_us) / 1e6 <= limit);
  return { state: row.state, stale: !known && row.state !== 'unknown' };
}

function groupsOf(rows, by) {
  const groups = new Map();
  for (const row of rows) {
    const key = by === 'kind' ? row.kind_of_area : row.site;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  const order = by === 'kind' ? [...groups.keys()].sort() : [...campus.value.sites.keys()].filter((site) => groups.has(site));
  return order.map((key) => ({ key, rows: groups.get(key), name: by === 'kind' ? t(`areaKind.${key}`) : say(campus.value.sites.get(key)?.name) || key }));
}

// Called, not mounted: one drawing of the page each second, not one of each of 854 parts.
function Tile({ row, chosen, choose }) {
  const { state, stale } = shownState(row);
  const number = row.device.split('-').at(-1);
  return html`<button key=${row.device} class=${['tile', `tile-${state}`, stale && 'is-stale', chosen && 'is-chosen']} data-device=${row.device} data-state=${state}
    aria-label=${`${row.device} ${t(`camera.${state}`)}`} onClick=${() => choose(row.device)}><${CameraSign} state=${state} />${number}</button>`;
}

function Rates({ rates, definition, groups, by }) {
  const own = by === 'kind' ? rates.by_area_kind : rates.by_site;
  const line = (name, rate, strong) => html`<tr class=${strong && 'is-strong'}><th scope="row">${name}</th><td>${rate?.points ?? t('value.none')}</td><td>${percent(rate?.online_rate)}</td><td>${percent(rate?.good_rate)}</td></tr>`;
  return html`<section class="rates"><table class="plain"><thead><tr><th></th><th>${t('camera.points')}</th><th>${t('camera.onlineRate')}</th><th>${t('camera.goodRate')}</th></tr></thead>
    <tbody>${line(t('camera.all'), rates.overall, true)}${groups.map((group) => line(group.name, own?.[group.key]))}</tbody></table>
    <p class="definition">${say(definition)}</p></section>`;
}

function Chosen({ row }) {
  if (!row) return html`<p class="faint">${t('camera.choose')}</p>`;
  const known = deviceOf(row.device);
  const { state, stale } = shownState(row);
  return html`<section class="chosen" data-chosen=${row.device}><h3><${CameraSign} state=${state} /> ${say(known?.device.name) || row.device}</h3><dl class="pairs">
    <dt>${t('device.state')}</dt><dd>${stale ? t('camera.wasState', { state: t(`camera.${state}`) }) : t(`camera.${state}`)}</dd>
    <dt>${t('alert.since')}</dt><dd>${row.since_us ? `${dateTime(row.since_us)} · ${duration((nowUs() - row.since_us) / 1e6)}` : t('value.none')}</dd>
    <dt>${t('device.read')}</dt><dd>${row.time_us ? t('value.stale', { age: age((nowUs() - row.time_us) / 1e6) }) : t('value.none')}</dd>
    <dt>${t('alert.where')}</dt><dd><${PlaceLinks} where=${row} /></dd>
    <dt>${t('device.id')}</dt><dd><a class="link" href=${href('device', [row.device])}>${row.device}</a></dd></dl></section>`;
}

/** What needs a person, in words, beside the tiles. */
function Attention({ rows, chosen, choose }) {
  const bad = rows.filter((row) => row.state !== 'online').sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.since_us ?? 0) - (b.since_us ?? 0));
  if (!bad.length) return null;
  return html`<section class="attention"><h3>${t('camera.attention', { n: bad.length })}</h3><ul>${bad.map((row) => html`<li key=${row.device}><button class=${row.device === chosen ? 'is-chosen' : ''} onClick=${() => choose(row.device)}>
    <${CameraSign} state=${row.state} /><span>${say(deviceOf(row.device)?.device.name) || row.device}</span><small>${t(`camera.${row.state}`)}${row.since_us ? ` ${age((nowUs() - row.since_us) / 1e6)}` : ''}</small></button></li>`)}</ul></section>`;
}

const columns = () => [
  { key: 'device', title: t('device.id'), text: (row) => row.device },
  { key: 'place', title: t('alert.where'), text: (row) => placeWords(row) },
  { key: 'state', title: t('device.state'), text: (row) => t(`camera.${row.state}`) },
  { key: 'since', title: t('alert.since'), text: (row) => dateTime(row.since_us) },
  { key: 'time', title: t('device.read'), text: (row) => dateTime(row.time_us) },
];

export const CamerasPage = {
  setup() {
    const asked = useAsked(() => get('cameras'), ASK_S);
    const chosen = ref(null);
    const by = computed(() => (route.query.by === 'kind' ? 'kind' : 'site'));
    const rows = computed(() => (asked.answer?.rows ?? []).filter((row) => !route.query.state || row.state === route.query.state));
    const groups = computed(() => groupsOf(rows.value, by.value));
    const counts = computed(() => {
      const found = Object.fromEntries(STATES.map((state) => [state, 0]));
      for (const row of asked.answer?.rows ?? []) found[row.state] = (found[row.state] ?? 0) + 1;
      return found;
    });
    const choose = (device) => { chosen.value = device; };
    const chip = (state) => html`<button class=${['chip', route.query.state === state && 'is-on']} aria-pressed=${route.query.state === state ? 'true' : 'false'} disabled=${counts.value[state] === 0}
      onClick=${() => amend({ state: route.query.state === state ? '' : state })}><${CameraSign} state=${state} /> ${t(`camera.${state}`)} <b>${counts.value[state]}</b></button>`;
    return () => {
      const { answer } = asked;
      const now = answer?.rows.find((row) => row.device === chosen.value);
      return html`<div class="with-side cameras"><div class="main-part">
        <div class="page-head"><h1>${t('nav.cameras')}</h1><div class="chips">${STATES.map(chip)}</div>
          <${Chooser} label=${t('camera.by')} value=${by.value} options=${[['site', t('camera.bySite')], ['kind', t('camera.byKind')]]} pick=${(value) => amend({ by: value })} />${answer ? html`<${ExportButtons} name="cameras" columns=${columns()} rows=${rows.value} />` : null}<${AsOf} asked=${asked} /></div>
        <div class="tiles-scroll" tabindex="-1">${groups.value.map((group) => html`<section class="tile-group" key=${group.key}><h2>${group.name}<span class="faint">${t('camera.groupCount', { n: group.rows.length, good: group.rows.filter((row) => row.state === 'online').length })}</span></h2>
          <div class="tiles">${group.rows.map((row) => Tile({ row, chosen: row.device === chosen.value, choose }))}</div></section>`)}
          ${answer && !rows.value.length ? html`<p class="faint page-empty">${t('camera.none')}</p>` : null}</div></div>
        <aside class="side-part">${answer ? html`<${Rates} rates=${answer.rates} definition=${answer.definition} groups=${groupsOf(answer.rows, by.value)} by=${by.value} />` : null}
          <${Chosen} row=${now} />${answer ? html`<${Attention} rows=${answer.rows} chosen=${chosen.value} choose=${choose} />` : null}</aside></div>`;
    };
  },
};
