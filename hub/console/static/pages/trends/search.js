// Find a point by what it is called: device, room, building, or the name of the point; any words, in any order.
import { computed, html, ref } from '../../parts/html.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { placeWords } from '../../parts/place.js';
import { unitSign } from '../../parts/figures.js';

const MOST = 60;

/** Everything a device can be found by, in both languages and small letters. */
export function wordsOf(device) {
  const { areas, buildings, sites, profiles } = campus.value;
  const area = areas.get(device.area);
  const names = [device.name, area?.name, buildings.get(area?.building)?.name, sites.get(device.site)?.name, profiles[device.profile]?.title];
  return [device.id, area?.department, ...names.flatMap((name) => [name?.zh, name?.en])].join(' ').toLowerCase();
}

const index = computed(() => [...campus.value.devices.values()].map((device) => ({ device, words: wordsOf(device) })));

/** Devices that hold all the words. */
export function findDevices(text, most = Infinity) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const row of index.value) {
    if (wanted.every((word) => row.words.includes(word))) found.push(row.device);
    if (found.length >= most) break;
  }
  return found;
}

function findPoints(text, chosen) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const found = [];
  for (const { device, words } of index.value) {
    for (const point of campus.value.profiles[device.profile]?.points ?? []) {
      const own = `${point.name} ${point.title.zh} ${point.title.en}`.toLowerCase();
      const name = `${device.id}.${point.name}`;
      if (chosen.includes(name) || !wanted.every((word) => words.includes(word) || own.includes(word))) continue;
      found.push({ name, device, point });
      if (found.length >= MOST) return found;
    }
  }
  return found;
}

export const PointSearch = {
  props: ['chosen', 'add'],
  setup(props) {
    const text = ref('');
    const found = computed(() => findPoints(text.value, props.chosen));
    return () => html`<div class="point-search">
      <input type="search" value=${text.value} placeholder=${t('trends.search')} aria-label=${t('trends.search')} onInput=${(event) => { text.value = event.target.value; }} />
      ${text.value.trim() ? html`<ul class="found">${found.value.map(({ name, device, point }) => html`<li key=${name}><button data-point=${name} onClick=${() => props.add(name)}>
        <span>${say(device.name)} · <b>${say(point.title)}</b>${unitSign(point.unit) ? html` <span class="faint">${unitSign(point.unit)}</span>` : null}</span>
        <small>${placeWords({ site: device.site, building: campus.value.areas.get(device.area)?.building, area: device.area })}</small></button></li>`)}
        ${found.value.length ? null : html`<li class="faint">${t('trends.nothing')}</li>`}</ul>` : null}</div>`;
  },
};
