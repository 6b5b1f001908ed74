// A building as a drawing: its floors one above the other, its rooms side by side. A room is grey; what needs a person is
// marked, and a room of which nothing is heard is drawn with a broken line.
import { html } from '../../parts/html.js';
import { AlertMark } from '../../parts/mark.js';
import { placeWords } from '../../parts/place.js';
import { say, t } from '../../i18n/words.js';
import { isSilent, waitsForTraffic } from '../../state/values.js';
import { href } from '../../router.js';
import { keyPoints } from './tree.js';

function floorsOf(areas) {
  const floors = new Map();
  for (const area of areas) {
    if (!floors.has(area.floor)) floors.set(area.floor, []);
    floors.get(area.floor).push(area);
  }
  return [...floors].sort(([a], [b]) => b - a);
}

/** Whether every device of a room that should be heard is silent. */
export function isUnheard(devices, profiles) {
  const points = devices.filter((device) => !waitsForTraffic(device)).map((device) => keyPoints(device, profiles)[0]).filter(Boolean);
  return points.length > 0 && points.every(isSilent);
}

export function Elevation({ building, tree, campus, alerts, named, sited }) {
  const areas = tree.areas.get(building.id) ?? [];
  return html`<section class=${['elevation', named && 'is-named']}><h3><a href=${href('campus', ['building', building.id])}>${sited ? placeWords({ site: building.site, building: building.id }) : say(building.name)}</a>
      ${sited ? null : html`<span class="faint">${t('campus.elevation', { floors: building.floors, rooms: areas.length })}</span>`}</h3>
    ${floorsOf(areas).map(([floor, rooms]) => html`<div class="floor" key=${floor}><span class="floor-name">${t('campus.floor', { n: floor })}</span>
      <div class="rooms">${rooms.map((area) => {
    const worst = alerts.get(area.id);
    const devices = tree.devices.get(area.id) ?? [];
    const kind = ['room', isUnheard(devices, campus.profiles) && 'is-silent', worst && 'has-alert'];
    return html`<a class=${kind} href=${href('campus', ['area', area.id])} data-area=${area.id} aria-label=${say(area.name)} title=${say(area.name)}>
          ${worst ? html`<${AlertMark} alert=${worst} size=${13} />` : null}<span class="room-name">${say(area.name)}</span></a>`;
  })}</div></div>`)}
  </section>`;
}
