// Cameras: a wall of tiles by state and place, areas that must be watched, and rates over time.
import { computed, html, ref } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { Chooser } from '../../parts/chooser.js';
import { ExportButtons } from '../../parts/export.js';
import { percent } from '../../parts/figures.js';
import { useKeys } from '../../parts/keys.js';
import { PlaceLinks, placeWords } from '../../parts/place.js';
import { age, dateTime, duration } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { deviceOf } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { amend, go, href, route } from '../../router.js';
import { CommissioningView } from './commissioning.js';
import { CoverageView } from './coverage.js';
import { RatesView } from './rates.js';
import { CameraSign, shownState, stateWords, STATES } from './states.js';
import { ViewChooser } from './views.js';
import { GROUPINGS, groupsOf, Wall } from './wall.js';

const ASK_S = 10;

function Rates({ rates, definition, groups, by }) {
  const own = by === 'kind' ? rates.by_area_kind : by === 'site' ? rates.by_site : null;
  const line = (name, rate, strong) => html`<tr class=${strong && 'is-strong'}><th scope="row">${name}</th><td>${rate?.points ?? t('value.none')}</td><td>${percent(rate?.online_rate)}</td><td>${percent(rate?.good_rate)}</td></tr>`;
  return html`<section class="rates"><table class="plain"><thead><tr><th></th><th>${t('camera.points')}</th><th>${t('camera.onlineRate')}</th><th>${t('camera.goodRate')}</th></tr></thead>
    <tbody>${line(t('camera.all'), rates.overall, true)}${own ? groups.map((group) => line(group.name, own[group.key])) : null}</tbody></table>
    <p class="definition">${say(definition)}</p></section>`;
}

function Chosen({ row }) {
  if (!row) return html`<p class="faint">${t('camera.choose')}</p>`;
  const known = deviceOf(row.device);
  const { stale } = shownState(row);
  return html`<section class="chosen" data-chosen=${row.device}><h3><${CameraSign} state=${row.state} /> ${say(known?.device.name) || row.device}</h3><dl class="pairs">
    <dt>${t('device.state')}</dt><dd>${stale ? t('camera.wasState', { state: stateWords(row) }) : stateWords(row)}</dd>
    <dt>${t('alert.since')}</dt><dd>${row.since_us ? `${dateTime(row.since_us)} · ${duration((nowUs() - row.since_us) / 1e6)}` : t('value.none')}</dd>
    <dt>${t('device.read')}</dt><dd>${row.time_us ? t('value.stale', { age: age((nowUs() - row.time_us) / 1e6) }) : t('value.none')}</dd>
    <dt>${t('alert.where')}</dt><dd><${PlaceLinks} where=${row} /></dd>
    <dt>${t('device.id')}</dt><dd><a class="link" href=${href('camera', [row.device])}>${row.device}</a></dd></dl></section>`;
}

/** What needs a person, gravest first. */
const attentionOf = (rows) => rows.filter((row) => row.state !== 'online').sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.since_us ?? 0) - (b.since_us ?? 0));

function Attention({ rows, chosen, choose }) {
  if (!rows.length) return null;
  return html`<section class="attention"><h3>${t('camera.attention', { n: rows.length })}</h3><ul>${rows.map((row) => html`<li key=${row.device}><button class=${row.device === chosen ? 'is-chosen' : ''} onClick=${() => choose(row.device)}>
    <${CameraSign} state=${row.state} /><span>${say(deviceOf(row.device)?.device.name) || row.device}</span><small>${stateWords(row)}${row.since_us ? ` ${age((nowUs() - row.since_us) / 1e6)}` : ''}</small></button></li>`)}</ul></section>`;
}

const columns = () => [
  { key: 'device', title: t('device.id'), text: (row) => row.device },
  { key: 'place', title: t('alert.where'), text: (row) => placeWords(row) },
  { key: 'state', title: t('device.state'), text: stateWords },
  { key: 'since', title: t('alert.since'), text: (row) => dateTime(row.since_us) },
  { key: 'time', title: t('device.read'), text: (row) => dateTime(row.time_us) },
];

const WallView = {
  setup() {
    const asked = useAsked(() => get('cameras'), ASK_S);
    const chosen = ref(route.query.device ?? null);
    const by = computed(() => (GROUPINGS.includes(route.query.by) ? route.query.by : 'site'));
    const all = computed(() => asked.answer?.rows ?? []);
    const rows = computed(() => all.value.filter((row) => !route.query.state || row.state === route.query.state));
    const attention = computed(() => attentionOf(all.value));
    // a second press opens the camera's page
    const choose = (device) => {
      if (device === chosen.value) go('camera', [device]);
      chosen.value = device;
    };
    const step = (way) => {
      const list = attention.value;
      const at = list.findIndex((row) => row.device === chosen.value);
      if (list.length) chosen.value = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + way))].device;
    };
    useKeys({ j: () => step(1), k: () => step(-1), Enter: () => (chosen.value ? go('camera', [chosen.value]) : false) });
    const chip = (state) => {
      const n = all.value.filter((row) => row.state === state).length;
      return n || state === 'online' ? html`<button key=${state} class=${['chip', route.query.state === state && 'is-on']} data-state=${state} aria-pressed=${route.query.state === state ? 'true' : 'false'}
        onClick=${() => amend({ state: route.query.state === state ? '' : state })}><${CameraSign} state=${state} /> ${t(`camera.${state}`)} <b>${n}</b></button>` : null;
    };
    return () => {
      const { answer } = asked;
      return html`<div class="with-side cameras"><div class="main-part">
        <div class="page-head"><h1>${t('nav.cameras')}</h1><${ViewChooser} view="wall" /><div class="chips">${STATES.map(chip)}</div>
          <${Chooser} label=${t('camera.by')} value=${by.value} options=${GROUPINGS.map((id) => [id, t(`camera.by_${id}`)])} pick=${(value) => amend({ by: value })} />${answer ? html`<${ExportButtons} name="cameras" columns=${columns()} rows=${rows.value} />` : null}<${AsOf} asked=${asked} /></div>
        ${answer && !rows.value.length ? html`<p class="faint page-empty">${t('camera.none')}</p>` : html`<${Wall} rows=${rows.value} by=${by.value} chosen=${chosen.value} choose=${choose} />`}</div>
        <aside class="side-part">${answer ? html`<${Rates} rates=${answer.rates} definition=${answer.definition} groups=${groupsOf(all.value, by.value)} by=${by.value} />` : null}
          <${Chosen} row=${all.value.find((row) => row.device === chosen.value)} /><${Attention} rows=${attention.value} chosen=${chosen.value} choose=${choose} /></aside></div>`;
    };
  },
};

export const CamerasPage = {
  setup: () => () => {
    if (route.rest[0] === 'coverage') return html`<${CoverageView} />`;
    if (route.rest[0] === 'commissioning') return html`<${CommissioningView} />`;
    return route.rest[0] === 'rates' ? html`<${RatesView} />` : html`<${WallView} />`;
  },
};
