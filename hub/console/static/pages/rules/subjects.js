// Which devices a rule is for, and what its points are called there.
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';

const has = (list, value) => !list?.length || list.includes(value);

/** The devices that the rule's `select` leaves. */
export function devicesOf(rule) {
  const { kinds, sites, area_kinds: uses, profiles, devices, but_not: butNot } = rule.select ?? {};
  return [...campus.value.devices.values()].filter((device) => has(kinds, device.kind) && has(sites, device.site) && has(uses, campus.value.areas.get(device.area)?.kind)
    && has(profiles, device.profile) && has(devices, device.id) && !butNot?.includes(device.id));
}

/** The description of a point as the rule's devices have it: {name, title, unit, codes}; null if none has. */
export function pointOfRule(rule, name) {
  const seen = new Set();
  for (const { profile } of devicesOf(rule)) {
    if (seen.has(profile)) continue;
    seen.add(profile);
    const found = campus.value.profiles[profile]?.points.find((point) => point.name === name);
    if (found) return found;
  }
  return null;
}

const words = (book, id) => (t(`${book}.${id}`) === `${book}.${id}` ? id : t(`${book}.${id}`));
const some = (ids, wordOf) => (ids?.length ? [ids.map(wordOf).join(t('place.and'))] : []);
const named = (map) => (id) => say(map.get(id)?.name) || id;

/** In words, how many devices and by what they are chosen. */
export function selectWords(rule) {
  const select = rule.select ?? {};
  const { sites, devices, profiles } = campus.value;
  const by = [
    ...some(select.kinds, (id) => words('kind', id)), ...some(select.area_kinds, (id) => words('areaKind', id)), ...some(select.sites, named(sites)),
    ...some(select.profiles, (id) => say(profiles[id]?.title) || id), ...some(select.devices, named(devices)),
    ...(select.but_not?.length ? [t('rules.butNot', { what: some(select.but_not, named(devices)).join() })] : []),
  ];
  return `${by.join(' · ') || t('rules.allDevices')} (${t('campus.found', { n: devicesOf(rule).length })})`;
}

/** The name of whatever an alert is about: a device or a link. */
export function subjectName(id) {
  const { devices, links } = campus.value;
  return say(devices.get(id)?.name ?? links.get(id)?.name) || id;
}

/** What a key of a rule's document is called. */
export const keyWords = (key) => words('rules.key', key);
