// Every camera point as one tile, grey while it is good; as many rows of them are in the page as can be seen.
import { computed, html, onMounted, onUnmounted, ref } from '../../parts/html.js';
import { VirtualList } from '../../parts/virtual.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { placeWords } from '../../parts/place.js';
import { CameraSign, shownState, stateWords, STATES } from './states.js';

const TILE_PX = 64;
const ROW_PX = 34;
const WAYS = {
  site: { key: (row) => row.site, name: (key) => say(campus.value.sites.get(key)?.name) || key, order: () => [...campus.value.sites.keys()] },
  kind: { key: (row) => row.kind_of_area, name: (key) => t(`areaKind.${key}`), order: (keys) => [...keys].sort() },
  area: { key: (row) => row.area, name: (key, rows) => placeWords(rows[0]), order: () => [...campus.value.areas.keys()] },
  state: { key: (row) => row.state, name: (key) => t(`camera.${key}`), order: () => [...STATES.slice(1), STATES[0]] },
};
export const GROUPINGS = Object.keys(WAYS);

/** [{key, name, rows}] of cameras by one of the groupings, in its order. */
export function groupsOf(rows, by) {
  const { key, name, order } = WAYS[by];
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(key(row))) groups.set(key(row), []);
    groups.get(key(row)).push(row);
  }
  return order(groups.keys()).filter((id) => groups.has(id)).map((id) => ({ key: id, rows: groups.get(id), name: name(id, groups.get(id)) }));
}

// Called, not mounted: one drawing of the page each second, not one of each of 854 parts.
function Tile(row, chosen, choose) {
  const { state, stale } = shownState(row);
  const number = row.device.split('-').at(-1);
  return html`<button key=${row.device} class=${['tile', `tile-${state}`, state !== 'online' && state !== 'unknown' && 'is-trouble', stale && 'is-stale', chosen && 'is-chosen']} data-device=${row.device} data-state=${state}
    title=${stateWords(row)} aria-label=${`${row.device} ${stateWords(row)}`} onClick=${() => choose(row.device)}><${CameraSign} state=${state} />${number}</button>`;
}

/** props: rows, by, chosen (id), choose(id). */
export const Wall = {
  props: ['rows', 'by', 'chosen', 'choose'],
  setup(props) {
    const box = ref(null);
    const width = ref(1000);
    const watcher = new ResizeObserver(() => { width.value = box.value?.clientWidth || width.value; });
    onMounted(() => watcher.observe(box.value));
    onUnmounted(() => watcher.disconnect());
    const across = computed(() => Math.max(1, Math.floor((width.value - 14) / TILE_PX)));
    const items = computed(() => groupsOf(props.rows, props.by).flatMap((group) => {
      const lines = [];
      for (let at = 0; at < group.rows.length; at += across.value) lines.push({ id: `${group.key} ${at}`, tiles: group.rows.slice(at, at + across.value) });
      return [{ id: group.key, group }, ...lines];
    }));
    const at = computed(() => items.value.findIndex((item) => item.tiles?.some((row) => row.device === props.chosen)));
    const line = (item) => (item.group ? html`<h2 class="tile-head">${item.group.name}<span class="faint">${t('camera.groupCount', { n: item.group.rows.length, good: item.group.rows.filter((row) => row.state === 'online').length })}</span></h2>`
      : html`<div class="tiles" style=${{ gridTemplateColumns: `repeat(${across.value}, minmax(0, 1fr))` }}>${item.tiles.map((row) => Tile(row, row.device === props.chosen, props.choose))}</div>`);
    return () => html`<div ref=${box} class="tiles-scroll"><${VirtualList} class="tiles-list" items=${items.value} rowHeight=${ROW_PX} keyOf=${(item) => item.id} row=${line} shown=${at.value} label=${t('nav.cameras')} /></div>`;
  },
};
