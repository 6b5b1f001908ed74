// The campus as a tree: site, building, room, device. Pure: what is open and searched for goes in, rows come out.

/** The points that tell most about a device of a kind; the first is shown in the tree. */
export const KEY_POINTS = {
  ac: ['setpoint_c', 'room_c', 'on', 'mode'], meter: ['power_w', 'energy_kwh'], pump: ['position', 'pressure_mpa', 'power_ok'], camera: ['link'],
  door: ['open', 'locked'], radar: ['speed_kmh'], pressure: ['pressure_mpa'],
};

export function keyPoints(device, profiles) {
  const known = new Set((profiles[device.profile]?.points ?? []).map((point) => point.name));
  return (KEY_POINTS[device.kind] ?? []).filter((name) => known.has(name)).map((name) => `${device.id}.${name}`);
}

/** Children by parent, in file order; rooms by floor. */
export function branches(campus) {
  const buildings = new Map();
  const areas = new Map();
  const devices = new Map();
  const push = (map, key, value) => (map.has(key) ? map.get(key).push(value) : map.set(key, [value]));
  for (const building of campus.buildings.values()) push(buildings, building.site, building);
  for (const area of campus.areas.values()) push(areas, area.building, area);
  for (const device of campus.devices.values()) push(devices, device.area, device);
  for (const list of areas.values()) list.sort((a, b) => a.floor - b.floor);
  return { buildings, areas, devices };
}

/** Devices below a node. */
export function devicesBelow(kind, id, tree) {
  if (kind === 'area') return tree.devices.get(id) ?? [];
  if (kind === 'building') return (tree.areas.get(id) ?? []).flatMap((area) => devicesBelow('area', area.id, tree));
  if (kind === 'campus') return [...tree.devices.values()].flat();
  return (tree.buildings.get(id) ?? []).flatMap((building) => devicesBelow('building', building.id, tree));
}

/**
 * Rows of the tree: {kind, id, level, item, open, below}.
 * opened: set of ids; found: set of device ids that a search found, or null: then only the ways to them are shown, opened.
 */
export function treeRows(campus, tree, opened, found) {
  const rows = [];
  const count = (devices) => (found ? devices.filter((device) => found.has(device.id)).length : devices.length);
  const walk = (kind, item, level, children) => {
    const below = count(devicesBelow(kind, item.id, tree));
    if (found && !below) return;
    const open = found ? true : opened.has(item.id);
    rows.push({ kind, id: item.id, level, item, open, below });
    if (open) children(level + 1);
  };
  const leaves = (area, level) => {
    for (const device of tree.devices.get(area.id) ?? []) {
      if (!found || found.has(device.id)) rows.push({ kind: 'device', id: device.id, level, item: device, open: false, below: 0 });
    }
  };
  const rooms = (building, level) => (tree.areas.get(building.id) ?? []).forEach((area) => walk('area', area, level, (next) => leaves(area, next)));
  const houses = (site, level) => (tree.buildings.get(site.id) ?? []).forEach((building) => walk('building', building, level, (next) => rooms(building, next)));
  if (campus.head) walk('campus', campus.head, 0, (level) => campus.sites.forEach((site) => walk('site', site, level, (next) => houses(site, next))));
  return rows;
}
