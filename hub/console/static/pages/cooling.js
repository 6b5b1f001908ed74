// Air conditioners against the standard: which rooms are outside it now, by building, for how long.
import { computed, html, ref } from '../parts/html.js';
import { get } from '../api.js';
import { AsOf, useAsked } from '../parts/asked.js';
import { Chooser } from '../parts/chooser.js';
import { amount, figure } from '../parts/figures.js';
import { placeWords } from '../parts/place.js';
import { Dated } from '../parts/reading.js';
import { useKeys } from '../parts/keys.js';
import { DataTable } from '../parts/table.js';
import { duration } from '../parts/time.js';
import { say, t } from '../i18n/words.js';
import { campus } from '../state/campus.js';
import { nowUs } from '../state/clock.js';
import { shownSize } from '../state/screen.js';
import { staleAfter } from '../state/values.js';
import { amend, href, route } from '../router.js';
import { showAlert } from './board/board.js';
import { OrderForm } from './orders/form.js';

const ASK_S = 10;
const SHOWN = ['outside', 'running', 'exempt', 'unknown', 'all'];

const modeWords = (mode) => say(campus.value.codes.ac_mode?.[String(mode)]) || t('value.none');
const ageOf = (row) => (row.time_us === null ? null : (nowUs() - row.time_us) / 1e6);

function limitWords(row, answer) {
  const period = answer.period[row.site];
  if (period === 'cooling') return t('cooling.atLeast', { c: figure(answer.standard.cooling_min_c, 'C') });
  if (period === 'heating') return t('cooling.atMost', { c: figure(answer.standard.heating_max_c, 'C') });
  return t('value.none');
}

function noteOf(row) {
  if (row.exempt) return t('cooling.exempt', { why: say(row.exempt) });
  return row.alert ? t('cooling.alert') : row.known === false ? t('cooling.unknown') : '';
}

/** The set point that the standard asks of a unit; null between the seasons. */
function standardOf(row, { period, standard }) {
  return { cooling: standard.cooling_min_c, heating: standard.heating_max_c }[period[row.site]] ?? null;
}

function columns(answer, order, narrow) {
  const dated = (row, words) => html`<${Dated} words=${words} ageS=${ageOf(row)} limitS=${staleAfter(row.device)} />`;
  return [
    { key: 'room', title: t('cooling.room'), width: 'minmax(7em, 1.6fr)', text: (row) => say(campus.value.areas.get(row.area)?.name) || row.area, cell: (row) => html`<a class="link" href=${href('device', [row.device])}>${say(campus.value.areas.get(row.area)?.name) || say(row.name)}</a>` },
    { key: 'building', hidden: narrow, title: t('cooling.building'), width: 'minmax(0, 1.6fr)', text: (row) => placeWords({ site: row.site, building: row.building }) },
    { key: 'mode', title: t('cooling.mode'), width: '6em', text: (row) => (row.on === null ? t('value.none') : row.on ? modeWords(row.mode) : t('cooling.off')) },
    { key: 'setpoint', title: t('cooling.setpoint'), right: true, width: '9em', text: (row) => figure(row.setpoint_c, 'C'), sort: (row) => row.setpoint_c, raw: (row) => row.setpoint_c, cell: (row) => dated(row, row.setpoint_c === null ? t('value.noReading') : html`<b class=${row.outside ? 'is-outside' : ''}>${amount(row.setpoint_c, 'C')}</b>`) },
    { key: 'limit', hidden: narrow, title: t('cooling.standard'), width: '8.5em', text: (row) => limitWords(row, answer) },
    { key: 'roomC', title: t('cooling.roomTemperature'), right: true, width: '9em', text: (row) => figure(row.room_c, 'C'), sort: (row) => row.room_c, raw: (row) => row.room_c, cell: (row) => dated(row, amount(row.room_c, 'C')) },
    { key: 'excess', hidden: narrow, title: t('cooling.excess'), right: true, width: '7em', text: (row) => (row.outside ? figure(row.excess_c, 'C') : ''), sort: (row) => (row.outside ? row.excess_c : null) },
    { key: 'since', title: t('cooling.lasting'), right: true, width: '11em', text: (row) => (row.since_us ? duration((nowUs() - row.since_us) / 1e6) : ''), sort: (row) => (row.since_us ? nowUs() - row.since_us : null) },
    { key: 'note', title: t('cooling.note'), width: 'minmax(0, 1.1fr)', text: noteOf, cell: (row) => (row.alert ? html`<button class="quiet-button link" onClick=${() => showAlert(row.alert)}>${t('cooling.alert')}</button>` : noteOf(row)) },
    { key: 'order', title: t('orders.order'), width: '8em', text: () => '', cell: (row) => html`<button class="quiet-button link" data-order-of=${row.device} onClick=${() => order(row)}>${t('orders.open')}</button>` },
  ];
}

/** How a building's units stand, as one bar of parts: outside, running inside, resting, unknown. */
function Building({ row, chosen }) {
  const known = campus.value.buildings.get(row.building);
  const resting = Math.max(0, row.units - row.running - row.unknown);
  const inside = Math.max(0, row.running - row.outside);
  const part = (name, n) => (n ? html`<span class=${`part part-${name}`} style=${{ flexGrow: n }}></span>` : null);
  return html`<button class=${['building', chosen && 'is-chosen', row.outside && 'has-outside']} aria-pressed=${chosen ? 'true' : 'false'} onClick=${() => amend({ building: chosen ? '' : row.building })}>
    <span class="building-name">${known ? placeWords({ site: known.site, building: row.building }) : row.building}</span>
    <span class="building-outside"><b>${row.outside}</b> ${t('cooling.outsideOf', { n: row.units })}</span>
    <span class="parts-bar">${part('outside', row.outside)}${part('inside', inside)}${part('resting', resting)}${part('unknown', row.unknown)}</span></button>`;
}

function Legend() {
  return html`<p class="legend">${['outside', 'inside', 'resting', 'unknown'].map((name) => html`<span><i class=${`part part-${name}`}></i>${t(`cooling.${name}`)}</span>`)}</p>`;
}

export const CoolingPage = {
  setup() {
    const asked = useAsked(() => get('cooling'), ASK_S);
    const shown = computed(() => (SHOWN.includes(route.query.show) ? route.query.show : 'outside'));
    const keep = { outside: (row) => row.outside, running: (row) => row.on, exempt: (row) => row.exempt !== null, unknown: (row) => row.known === false, all: () => true };
    const rows = computed(() => (asked.answer?.rows ?? []).filter((row) => keep[shown.value](row) && (!route.query.site || row.site === route.query.site) && (!route.query.building || row.building === route.query.building)));
    const ordered = ref(null); // the row whose form is open
    const order = (row) => { ordered.value = ordered.value?.device === row?.device ? null : row; };
    useKeys({ Escape: () => (ordered.value ? order(null) : false) });
    return () => {
      const { answer } = asked;
      const buildings = (answer?.summary ?? []).filter((row) => !route.query.site || campus.value.buildings.get(row.building)?.site === route.query.site);
      return html`<div class=${['cooling', ordered.value && 'has-order']}><div class="stack">
        <div class="page-head"><h1>${t('cooling.title')}</h1>
          <${Chooser} label=${t('cooling.show')} value=${shown.value} options=${SHOWN.map((id) => [id, t(`cooling.show_${id}`)])} pick=${(show) => amend({ show })} />
          <select value=${route.query.site ?? ''} aria-label=${t('place.site')} onChange=${(event) => amend({ site: event.target.value, building: '' })}><option value="">${t('board.allSites')}</option>
            ${[...campus.value.sites.values()].map((site) => html`<option value=${site.id}>${say(site.name)}</option>`)}</select><${AsOf} asked=${asked} /></div>
        ${answer ? html`<section class="buildings">${buildings.map((row) => html`<${Building} row=${row} chosen=${route.query.building === row.building} key=${row.building} />`)}</section><${Legend} />
        <${DataTable} columns=${columns(answer, order, ordered.value && shownSize.value !== 'wall')} rows=${rows.value} keyOf=${(row) => row.device} name="cooling" order=${{ key: 'since', down: true }} rowClass=${(row) => (row.outside ? 'is-outside' : '')}
          empty=${shown.value === 'outside' ? t('cooling.noneOutside') : t('table.empty')} />` : null}</div>
        ${ordered.value && answer ? html`<aside class="side-part order-side" aria-label=${t('orders.open')}><h2>${placeWords(ordered.value)}</h2><p class="faint">${say(ordered.value.name)}</p>
          <${OrderForm} key=${ordered.value.device} device=${ordered.value.device} alert=${ordered.value.alert} wanted=${standardOf(ordered.value, answer)} close=${() => order(null)} /></aside>` : null}</div>`;
    };
  },
};
