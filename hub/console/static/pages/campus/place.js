// The chosen site, building or room: a drawing with what needs a person, or the room's facts and devices.
import { html } from '../../parts/html.js';
import { AlertMark } from '../../parts/mark.js';
import { PlaceLinks } from '../../parts/place.js';
import { Reading } from '../../parts/reading.js';
import { say, t } from '../../i18n/words.js';
import { alertsChanged, allAlerts } from '../../state/alerts.js';
import { campus } from '../../state/campus.js';
import { isSilent, waitsForTraffic } from '../../state/values.js';
import { href, route } from '../../router.js';
import { lasting } from '../board/row.js';
import { compare, fold } from '../board/order.js';
import { showAlert } from '../board/board.js';
import { Elevation } from './elevation.js';
import { Plan } from './plan.js';
import { planOfArea, plans, plansOf } from './plans.js';
import { devicesBelow, keyPoints } from './tree.js';

const KINDS = ['ac', 'camera', 'meter', 'pump', 'pressure', 'radar', 'plate', 'door'];
const ALERTS_SHOWN = 8;

function Figures({ devices }) {
  const lines = KINDS.map((kind) => {
    const own = devices.filter((device) => device.kind === kind);
    const silent = waitsForTraffic({ kind }) ? 0 : own.filter((device) => { const [point] = keyPoints(device, campus.value.profiles); return point && isSilent(point); }).length;
    return { kind, n: own.length, silent };
  }).filter((line) => line.n);
  return html`<dl class="kind-figures">${lines.map((line) => html`<div><dt>${t(`kind.${line.kind}`)}</dt><dd>${line.n}</dd>
    <small class=${line.silent ? 'is-outside' : 'faint'}>${line.silent ? t('campus.silent', { n: line.silent }) : t('campus.allHeard')}</small></div>`)}</dl>`;
}

function Alerts({ match }) {
  alertsChanged.value;
  const own = fold([...allAlerts().values()].filter((alert) => alert.state !== 'closed' && match(alert))).roots.sort(compare);
  if (!own.length) return html`<p class="faint">${t('campus.noAlerts')}</p>`;
  return html`<ul class="place-alerts">${own.slice(0, ALERTS_SHOWN).map((alert) => html`<li key=${alert.id}><button onClick=${() => showAlert(alert.id)}><${AlertMark} alert=${alert} size=${14} />
      <b>${say(alert.title)}</b><span>${say(alert.device_name)}</span><span class="faint">${lasting(alert)}</span></button></li>`)}
    ${own.length > ALERTS_SHOWN ? html`<li class="faint">${t('alert.andMore', { n: own.length - ALERTS_SHOWN })}</li>` : null}</ul>`;
}

function Room({ area, tree }) {
  const zone = campus.value.zones.get(area.zone);
  const devices = tree.devices.get(area.id) ?? [];
  return html`<dl class="pairs room-facts">
      <dt>${t('campus.kind')}</dt><dd>${t(`areaKind.${area.kind}`)}</dd><dt>${t('campus.floorTitle')}</dt><dd>${t('campus.floor', { n: area.floor })}</dd>
      <dt>${t('campus.size')}</dt><dd>${t('campus.m2', { n: area.m2 })}</dd>
      ${area.department ? html`<dt>${t('campus.department')}</dt><dd>${area.department}${area.people ? t('campus.people', { n: area.people }) : ''}</dd>` : null}
      <dt>${t('campus.zone')}</dt><dd>${say(zone?.name)} · ${say(zone?.owner)}${zone?.phone ? ` · ${zone.phone}` : ''}</dd></dl>
    <h3>${t('campus.devices')} <${OnPlan} area=${area} /></h3><div class="room-devices">${devices.map((device) => html`<div class="room-device" key=${device.id}><span><a class="link" href=${href('device', [device.id])}>${say(device.name)}</a> <${OnPlan} area=${area} device=${device.id} /></span>
      <span class="room-readings">${keyPoints(device, campus.value.profiles).map((point) => html`<${Reading} point=${point} titled=${true} />`)}</span></div>`)}</div>`;
}

function Tabs({ kind, id, shown }) {
  const found = plansOf(kind, id, plans.value.plans);
  if (!found.length) return null;
  const tab = (plan, words) => html`<a key=${plan} class=${(shown?.id ?? '') === plan ? 'is-on' : ''} href=${href('campus', [kind, id], { plan })} data-tab=${plan}>${words}</a>`;
  return html`<nav class="plan-tabs">${tab('', t('plans.elevation'))}${found.map((plan) => tab(plan.id, plan.site ? t('plans.map') : t('campus.floor', { n: plan.floor })))}</nav>`;
}

function OnPlan({ area, device }) {
  const site = campus.value.buildings.get(area.building)?.site;
  const plan = device ? plans.value.plans.get(plans.value.positions.get(device)?.plan) : planOfArea(area, site, plans.value.plans);
  return plan ? html`<a class="link" href=${href('campus', plan.site ? ['site', plan.site] : ['building', plan.building], { plan: plan.id, device })} data-on-plan=${device ?? area.id}>${t('plans.onPlan')}</a>` : null;
}

export function Place({ kind, id, tree, worst }) {
  const { head, sites, buildings, areas } = campus.value;
  const item = kind === 'campus' ? head : { site: sites, building: buildings, area: areas }[kind]?.get(id);
  if (!item) return html`<section class="place-part"><p class="faint page-empty">${campus.value.known ? t('campus.unknown') : t('page.loading')}</p></section>`;
  const drawn = { campus: () => [...buildings.values()], site: () => tree.buildings.get(id) ?? [], building: () => [item], area: () => [] }[kind]();
  const where = kind === 'area' ? { site: buildings.get(item.building)?.site, building: item.building } : kind === 'building' ? { site: item.site } : null;
  const plan = plansOf(kind, id, plans.value.plans).find((one) => one.id === route.query.plan);
  return html`<section class="place-part scroll"><header class="page-head"><h1>${say(item.name)}</h1>${where ? html`<${PlaceLinks} where=${where} />` : null}</header>
    <${Figures} devices=${devicesBelow(kind, id, tree)} />
    <${Tabs} kind=${kind} id=${id} shown=${plan} />
    ${plan ? html`<${Plan} plan=${plan} worst=${worst} />` : drawn.length ? html`<div class=${['elevations', `elevations-${kind}`]}>${drawn.map((building) => html`<${Elevation} key=${building.id} building=${building} tree=${tree} campus=${campus.value} alerts=${worst} named=${kind === 'building'} sited=${kind === 'campus'} />`)}</div>` : null}
    ${kind === 'area' ? html`<${Room} area=${item} tree=${tree} />` : null}
    <h3>${t('campus.openAlerts')}</h3><${Alerts} match=${(alert) => kind === 'campus' || alert[kind] === id} /></section>`;
}
