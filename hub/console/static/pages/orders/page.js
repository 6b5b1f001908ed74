// Everything that was ordered: queued, sent, verified, failed, expired, released; who and why; and the switch that stops it all.
import { computed, html, ref, shallowRef, watch } from '../../parts/html.js';
import { Chooser } from '../../parts/chooser.js';
import { useKeys } from '../../parts/keys.js';
import { DataTable } from '../../parts/table.js';
import { dateTime, shortTime } from '../../parts/time.js';
import { t } from '../../i18n/words.js';
import { nowUs } from '../../state/clock.js';
import { isLive } from '../../state/link.js';
import { shownSize } from '../../state/screen.js';
import { loadOlderOrders, orders } from '../../state/orders.js';
import { amend, href, route } from '../../router.js';
import { OrderCard } from './card.js';
import { FreezePanel } from './freeze.js';
import { byWords, changeWords, deviceName, GROUPS, nextWords, numberOf, OrderState, pointName } from './words.js';

const WHO = ['all', 'person', 'rule'];

const columns = (narrow) => [
  { key: 'number', title: t('orders.order'), width: '4em', text: numberOf, sort: (row) => row.seq },
  { key: 'state', title: t('device.state'), width: '10em', text: (row) => t(`orders.state.${row.state}`), cell: (row) => html`<${OrderState} order=${row} />` },
  { key: 'device', title: t('alert.device'), width: 'minmax(5em, 1.2fr)', text: deviceName },
  { key: 'point', title: t('orders.what'), width: 'minmax(5em, .9fr)', text: pointName },
  { key: 'change', title: t('orders.change'), width: 'minmax(13.5em, 1.2fr)', text: changeWords },
  { key: 'by', hidden: narrow, title: t('orders.who'), width: 'minmax(0, .9fr)', text: byWords },
  { key: 'why', title: t('orders.why'), width: 'minmax(0, 1.3fr)', hidden: narrow, text: (row) => row.why },
  { key: 'time', title: t('orders.at.created'), width: '7em', text: (row) => dateTime(row.created_us), sort: (row) => row.created_us, cell: (row) => shortTime(row.created_us, nowUs()) },
  { key: 'next', hidden: narrow, title: t('orders.next'), width: '10em', text: nextWords },
];

export const OrdersPage = {
  setup() {
    const standing = shallowRef([]);
    const problem = ref('');
    const text = computed(() => (route.query.text ?? '').trim().toLowerCase());
    const all = computed(() => [...orders.value.rows.values()].sort((a, b) => b.seq - a.seq));
    const words = (row) => [numberOf(row), deviceName(row), row.device, pointName(row), byWords(row), row.why].join(' ').toLowerCase();
    const of = computed(() => all.value.filter((row) => (!route.query.who || (route.query.who === 'rule') === Boolean(row.rule)) && (!text.value || text.value.split(/\s+/).every((word) => words(row).includes(word)))));
    const rows = computed(() => of.value.filter(GROUPS[route.query.state] ?? (() => true)));
    const chosen = computed(() => orders.value.rows.get(route.rest[0]) ?? null);
    const choose = (row) => { location.hash = href('orders', row ? [row.id] : [], route.query).slice(1); };
    const move = (by) => {
      const at = standing.value.findIndex((row) => row.id === route.rest[0]);
      const next = standing.value[at < 0 ? 0 : Math.min(standing.value.length - 1, Math.max(0, at + by))];
      if (next) choose(next);
    };
    const older = () => loadOlderOrders().then(() => { problem.value = ''; }, () => { problem.value = t('problem.unreachable'); });
    useKeys({ j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), Escape: () => (chosen.value ? choose(null) : false) });
    watch(() => route.rest[0], (id) => { if (route.page === 'orders' && id && orders.value.known && !orders.value.rows.has(id)) choose(null); });
    const chip = (group) => html`<button class=${['chip', route.query.state === group && 'is-on']} data-state=${group} aria-pressed=${route.query.state === group ? 'true' : 'false'} onClick=${() => amend({ state: route.query.state === group ? '' : group })}>${t(`orders.group.${group}`)} <b>${of.value.filter(GROUPS[group]).length}</b></button>`;
    return () => html`<div class=${['with-side', 'orders', chosen.value && 'has-chosen', !isLive.value && 'is-unsure']}><div class="main-part stack">
        <div class="page-head"><h1>${t('orders.title')}</h1><div class="chips">${Object.keys(GROUPS).map(chip)}</div>
          <${Chooser} label=${t('orders.who')} value=${WHO.includes(route.query.who) ? route.query.who : 'all'} options=${WHO.map((id) => [id, t(`orders.from.${id}`)])} pick=${(who) => amend({ who: who === 'all' ? '' : who })} />
          <input type="search" value=${route.query.text ?? ''} placeholder=${t('board.search')} aria-label=${t('board.search')} onInput=${(event) => amend({ text: event.target.value })} /></div>
        <${FreezePanel} />
        <${DataTable} columns=${columns(chosen.value && shownSize.value !== 'wall')} rows=${rows.value} keyOf=${(row) => row.id} name="orders" press=${choose} chosen=${(row) => row.id === route.rest[0]} follow=${(list) => { standing.value = list; }} rowClass=${(row) => (row.over ? 'is-over' : '')} empty=${orders.value.known ? t('orders.none') : t('page.loading')} />
        ${orders.value.more ? html`<p><button class="quiet-button" onClick=${older}>${t('rules.older')}</button> <span class="problem">${problem.value}</span></p>` : null}</div>
      ${chosen.value ? html`<aside class="side-part"><button class="back quiet-button" onClick=${() => choose(null)}>${t('orders.back')}</button><${OrderCard} key=${chosen.value.id} order=${chosen.value} /></aside>` : null}</div>`;
  },
};
