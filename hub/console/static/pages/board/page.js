// The control room's board: fire in a lane of its own, the rest grave first, the chosen alert beside it.
import { html, onUnmounted } from '../../parts/html.js';
import { AlertMark, Mark } from '../../parts/mark.js';
import { placeWords } from '../../parts/place.js';
import { clock, duration } from '../../parts/time.js';
import { VirtualList } from '../../parts/virtual.js';
import { useKeys } from '../../parts/keys.js';
import { address } from '../../api.js';
import { ExportButtons } from '../../parts/export.js';
import { language, say, t } from '../../i18n/words.js';
import { countAlerts } from '../../state/alerts.js';
import { campus } from '../../state/campus.js';
import { gateways } from '../../state/gateways.js';
import { isLive, link, sureUs } from '../../state/link.js';
import { nowUs } from '../../state/clock.js';
import { shownSize } from '../../state/screen.js';
import { silence } from '../../state/sound.js';
import { acknowledge } from './acts.js';
import {
  detailOpen, filter, filters, fireRows, move, newAlerts, opened, restRows, selected, settleNow, toggle, watchBoard,
} from './board.js';
import { Detail, noteOpen, orderOpen } from './detail.js';
import { AlertRow } from './row.js';

const FAMILIES = ['fire', 'traffic', 'cooling', 'energy', 'access', 'camera', 'device'];
const FIRE_ROWS_SHOWN = { wall: 6, desk: 4, phone: 3 };

function Counts() {
  const counts = countAlerts();
  return html`<div class="counts" aria-label=${t('board.counts')}>
    ${[4, 3, 2, 1].map((severity) => html`<span class=${['count', counts.severity[severity] === 0 && 'is-zero']}>
      <${Mark} severity=${severity} size=${16} hollow=${counts.severity[severity] === 0} /><b>${counts.severity[severity]}</b></span>`)}
    <span class="count-words">${t('board.countWords', { open: counts.open, unacked: counts.unacked })}</span></div>`;
}

function Filters() {
  const chosen = filters.value;
  const family = (id) => html`<button class=${['chip', chosen.family === id && 'is-on']} aria-pressed=${chosen.family === id ? 'true' : 'false'}
    onClick=${() => filter({ family: chosen.family === id ? '' : id })}>${t(`family.${id}`)}</button>`;
  return html`<div class="filters">
    <div class="chips">${FAMILIES.map(family)}</div>
    <button class=${['chip', chosen.unacked && 'is-on']} aria-pressed=${chosen.unacked ? 'true' : 'false'}
      onClick=${() => filter({ unacked: chosen.unacked ? '' : '1' })}>${t('board.onlyUnacked')}</button>
    <select value=${chosen.site} aria-label=${t('place.site')} onChange=${(event) => filter({ site: event.target.value })}>
      <option value="">${t('board.allSites')}</option>
      ${[...campus.value.sites.values()].map((site) => html`<option value=${site.id}>${say(site.name)}</option>`)}</select>
    <input type="search" value=${chosen.text} placeholder=${t('board.search')} aria-label=${t('board.search')}
      onInput=${(event) => filter({ text: event.target.value })} />
  </div>`;
}

function Exports() {
  const { family, site } = filters.value;
  const wanted = { state: 'open', family, site, lang: language.value };
  return html`<${ExportButtons} hrefs=${{ csv: address('export/alerts.csv', wanted), xlsx: address('export/alerts.xlsx', wanted) }} />`;
}

function NewBar() {
  const waiting = newAlerts.value;
  if (!waiting.length) return html`<div class="new-bar is-empty" aria-live="assertive">${isLive.value ? t('board.upToDate') : ''}</div>`;
  const first = waiting[0];
  return html`<div class=${['new-bar', first.family === 'fire' && 'is-fire']} role="status" aria-live="assertive">
    <button onClick=${() => settleNow()}><${AlertMark} alert=${first} size=${18} /><b>${t('board.new', { n: waiting.length })}</b>
      <span class="new-first">${say(first.title)} · ${placeWords(first)}</span><span class="new-how">${t('board.settle')} <kbd>R</kbd></span></button></div>`;
}

/** When nothing is wrong: that, and since when this is known. Never more than is known. */
function Quiet() {
  const away = link.agentsAway;
  const filtered = Object.values(filters.value).some(Boolean);
  if (!isLive.value || sureUs.value === null) {
    return html`<div class="quiet is-unknown"><p class="quiet-main">${t('quiet.unknown')}</p>
      <p>${sureUs.value === null ? t('quiet.never') : t('quiet.lastSure', { at: clock(sureUs.value), age: duration((nowUs() - sureUs.value) / 1e6) })}</p></div>`;
  }
  const total = campus.value.agents.size || gateways.value.rows.size;
  return html`<div class=${['quiet', away && 'is-unknown']}>
    <p class="quiet-main">${filtered ? t('quiet.filtered') : away ? t('quiet.partly') : t('quiet.none')}</p>
    <p>${t('quiet.sure', { at: clock(sureUs.value), on: total - away, total })}</p></div>`;
}

function FireLane({ rowHeight }) {
  const rows = fireRows.value;
  const shown = Math.min(rows.length, FIRE_ROWS_SHOWN[shownSize.value]);
  const at = rows.findIndex((row) => row.alert.id === selected.value);
  return html`<section class=${['lane-fire', rows.length && 'is-burning']} aria-label=${t('family.fire')}>
    <h2><span class="lane-name">${t('family.fire')}</span>
      <span class="lane-count">${rows.length ? t('board.laneCount', { n: rows.length }) : !isLive.value ? t('quiet.unknown') : link.agentsAway ? t('quiet.partly') : t('board.laneNone')}</span></h2>
    ${rows.length ? html`<${VirtualList} class="lane-rows" style=${{ height: `${shown * rowHeight}px` }} items=${rows} rowHeight=${rowHeight} role="listbox"
      keyOf=${(row) => row.alert.id} row=${AlertRow} shown=${at} label=${t('family.fire')} />` : null}
  </section>`;
}

function List({ rowHeight }) {
  const rows = restRows.value;
  const at = rows.findIndex((row) => row.alert.id === selected.value);
  if (!rows.length && !fireRows.value.length) return html`<${Quiet} />`;
  if (!rows.length) return html`<div class="quiet is-small"><p>${t('quiet.rest')}</p></div>`;
  return html`<${VirtualList} class="list-rows" items=${rows} rowHeight=${rowHeight} role="listbox" keyOf=${(row) => row.alert.id}
    row=${AlertRow} shown=${at} label=${t('board.list')} />`;
}

export const BoardPage = {
  setup() {
    watchBoard();
    useKeys({
      j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
      a: () => selected.value && acknowledge(selected.value),
      n: () => { if (selected.value) noteOpen.value = detailOpen.value = true; },
      o: () => { if (selected.value) orderOpen.value = detailOpen.value = true; },
      s: silence, r: () => settleNow(), ' ': () => settleNow(),
      Enter: () => { detailOpen.value = true; },
      Escape: () => {
        const open = [noteOpen, orderOpen].find((one) => one.value) ?? detailOpen;
        if (!open.value) return false;
        open.value = false;
        return true;
      },
      ArrowRight: () => selected.value && !opened.has(selected.value) && toggle(selected.value),
      ArrowLeft: () => selected.value && opened.has(selected.value) && toggle(selected.value),
    });
    onUnmounted(() => { detailOpen.value = false; });
    return () => {
      const rowHeight = { wall: 52, desk: 46, phone: 76 }[shownSize.value];
      return html`<div class=${['board', detailOpen.value && 'detail-in-front', !isLive.value && 'is-unsure']}>
        <div class="board-main">
          <div class="board-head"><${Counts} /><${Filters} /><${Exports} /></div>
          <${NewBar} />
          <${FireLane} rowHeight=${rowHeight} />
          <section class="lane-rest"><${List} rowHeight=${rowHeight} /></section>
        </div>
        <${Detail} />
      </div>`;
    };
  },
};
