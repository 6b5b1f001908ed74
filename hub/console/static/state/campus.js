// The registry: what stands where. It changes only with the hub's configuration, so it is kept as plain maps.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';
import { useZone } from '../parts/time.js';

const byId = (rows) => new Map((rows ?? []).map((row) => [row.id, row]));

export const EMPTY = {
  known: false, head: null, sites: new Map(), buildings: new Map(), zones: new Map(), areas: new Map(), agents: new Map(),
  links: new Map(), devices: new Map(), profiles: {}, codes: {}, rules: new Map(), standards: {},
};
export const campus = shallowRef(EMPTY);

export async function loadCampus() {
  const answer = await get('campus');
  if (answer.head?.timezone) useZone(answer.head.timezone);
  campus.value = {
    known: true,
    head: answer.head,
    sites: byId(answer.sites),
    buildings: byId(answer.buildings),
    zones: byId(answer.zones),
    areas: byId(answer.areas),
    agents: byId(answer.agents),
    links: byId(answer.links),
    devices: byId(answer.devices),
    profiles: answer.profiles ?? {},
    codes: answer.codes ?? {},
    rules: byId(answer.rules),
    standards: answer.standards ?? {},
  };
}

/** A device with its area, building, site, link, agent and profile; null if the registry does not know it. */
export function deviceOf(id) {
  const { devices, areas, buildings, sites, links, profiles } = campus.value;
  const device = devices.get(id);
  if (!device) return null;
  const area = areas.get(device.area);
  const link = links.get(device.link);
  return {
    device, area, link,
    building: area && buildings.get(area.building),
    site: sites.get(device.site),
    profile: profiles[device.profile],
  };
}

/** The description of `<device>.<point>`: {name, title, unit, codes}; null if unknown. */
export function pointOf(name) {
  const [id, point] = name.split('.');
  return deviceOf(id)?.profile?.points.find((row) => row.name === point) ?? null;
}
