// The campus as a tree with live values, and beside it what the chosen place looks like.
import { computed, html, onMounted, reactive, ref, watch } from '../../parts/html.js';
import { AlertMark } from '../../parts/mark.js';
import { Reading } from '../../parts/reading.js';
import { VirtualList } from '../../parts/virtual.js';
import { useKeys } from '../../parts/keys.js';
import { say, t } from '../../i18n/words.js';
import { alertsChanged, allAlerts } from '../../state/alerts.js';
import { campus } from '../../state/campus.js';
import { link } from '../../state/link.js';
import { wantValues } from '../../state/values.js';
import { go, href, route } from '../../router.js';
import { findDevices } from '../trends/search.js';
import { fold } from '../board/order.js';
import { loadPlans } from './plans.js';
import { branches, keyPoints, treeRows } from './tree.js';
import { Place } from './place.js';

const ROW_PX = 32;

/** The gravest open alert of each site, building, area and device. */
export function worstByPlace() {
  const worst = new Map();
  const all = campus.value.head?.id;
  // what a parent covers is not said again in each room
  for (const alert of fold([...allAlerts().values()].filter((other) => other.state !== 'closed')).roots) {
    for (const id of [all, alert.site, alert.building, alert.area, alert.device]) {
      const other = id && worst.get(id);
      if (id && (!other || alert.severity > other.severity)) worst.set(id, alert);
    }
  }
  return worst;
}

function openWay(opened, [kind, id]) {
  const { areas, buildings, devices } = campus.value;
  const area = kind === 'device' ? devices.get(id)?.area : kind === 'area' ? id : null;
  const building = kind === 'building' ? id : areas.get(area)?.building;
  for (const step of [area, building, buildings.get(building)?.site, kind === 'site' ? id : null, campus.value.head?.id]) if (step) opened.add(step);
}

export const CampusPage = {
  setup() {
    const opened = reactive(new Set());
    const text = ref('');
    const field = ref(null);
    const tree = computed(() => branches(campus.value));
    const found = computed(() => (text.value.trim() ? new Set(findDevices(text.value).map((device) => device.id)) : null));
    const rows = computed(() => treeRows(campus.value, tree.value, opened, found.value));
    const worst = computed(() => { alertsChanged.value; return worstByPlace(); });
    const problem = ref(null);
    const load = () => Promise.all([wantValues(), loadPlans()]).then(() => { problem.value = null; }, (error) => { problem.value = error; });
    onMounted(load);
    watch(campus, load); // a hub that was started anew may have other plans
    watch(() => link.state, (state) => { if (state === 'live' && problem.value) load(); });
    const chosen = computed(() => (route.rest.length === 2 ? route.rest : ['campus', campus.value.head?.id]));
    watch([chosen, campus], () => openWay(opened, chosen.value), { immediate: true });
    useKeys({ '/': () => field.value?.focus() });

    const press = (row) => {
      if (row.kind === 'device') { go('device', [row.id]); return; }
      const here = chosen.value[1] === row.id;
      if (here && opened.has(row.id)) opened.delete(row.id);
      else opened.add(row.id);
      go('campus', [row.kind, row.id]);
    };
    const line = (row) => {
      const alert = worst.value.get(row.id);
      const points = row.kind === 'device' ? keyPoints(row.item, campus.value.profiles).slice(0, 2) : [];
      return html`<div class=${['tree-row', `tree-${row.kind}`, chosen.value[1] === row.id && 'is-selected']} role="treeitem" aria-level=${row.level + 1} aria-expanded=${row.kind === 'device' ? null : row.open ? 'true' : 'false'} data-node=${row.id}>
        <button class="tree-press" style=${{ paddingLeft: `${row.level * 18 + 6}px` }} onClick=${() => press(row)}><span class=${['tree-sign', row.kind === 'device' && 'is-leaf', row.open && 'is-open']} aria-hidden="true"></span>
          <span class="tree-name">${say(row.item.name)}</span>${alert ? html`<${AlertMark} alert=${alert} size=${12} />` : null}</button>
        <span class="tree-values">${points.map((point) => html`<${Reading} key=${point} point=${point} />`)}${row.kind === 'device' ? null : html`<span class="faint">${row.below}</span>`}</span></div>`;
    };
    return () => {
      const at = rows.value.findIndex((row) => row.id === chosen.value[1]);
      return html`<div class="campus"><section class="tree-part">
          <div class="tree-head"><input ref=${field} type="search" value=${text.value} placeholder=${t('campus.search')} aria-label=${t('campus.search')} onInput=${(event) => { text.value = event.target.value; }} />
            ${found.value ? html`<span class="faint">${t('campus.found', { n: found.value.size })}</span>` : null}</div>
          ${problem.value ? html`<p class="problem">${t('problem.unreachable')} <button class="quiet-button" onClick=${load}>${t('page.again')}</button></p>` : null}
          <${VirtualList} class="tree" items=${rows.value} rowHeight=${ROW_PX} keyOf=${(row) => `${row.kind}/${row.id}`} row=${line} role="tree" label=${t('nav.campus')} shown=${at} /></section>
        <${Place} kind=${chosen.value[0]} id=${chosen.value[1]} tree=${tree.value} worst=${worst.value} link=${href} /></div>`;
    };
  },
};
