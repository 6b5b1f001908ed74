// One line that never goes away and never lies: connection, hub, gateways, sound, last sure moment, clocks.
import { html } from './html.js';
import { clock, dateTime, duration, shortTime } from './time.js';
import { say, t } from '../i18n/words.js';
import { campus } from '../state/campus.js';
import { awayNames } from '../state/gateways.js';
import { orders } from '../state/orders.js';
import { link, sureUs } from '../state/link.js';
import { nowUs, ownClockOff } from '../state/clock.js';
import { sound } from '../state/preferences.js';
import { session } from '../state/session.js';
import { silence, soundBlocked, sounding } from '../state/sound.js';
import { href } from '../router.js';

const LAG_LIMIT_S = 5;
const CLOCK_LIMIT_S = 3;

function Connection() {
  const bad = link.state !== 'live';
  const age = link.lostUs === null ? '' : duration((nowUs() - link.lostUs) / 1e6);
  return html`<span class=${['status-item', bad && 'is-bad']} data-status="connection">${t(`status.${link.state}`, { age })}</span>`;
}

function Lag() {
  if (link.lagS === null || link.state !== 'live') return html`<span class="status-item">${t('status.lagUnknown')}</span>`;
  return html`<span class=${['status-item', link.lagS > LAG_LIMIT_S && 'is-bad']} data-status="lag">${t('status.lag', { s: link.lagS.toFixed(1) })}</span>`;
}

function Agents() {
  const total = campus.value.agents.size;
  if (!link.agentsAway) return html`<span class="status-item" data-status="agents">${t('status.agents', { on: total, total })}</span>`;
  return html`<a class="status-item is-bad" data-status="agents" href=${href('gateways')}>${t('status.agentsAway', { n: link.agentsAway, names: awayNames().join(t('place.and')) })}</a>`;
}

function Sound() {
  if (sound.value === 'off') return html`<button class="status-item is-bad" data-status="sound" onClick=${() => { sound.value = 'on'; }}>${t('status.soundOff')}</button>`;
  if (soundBlocked.value) return html`<span class="status-item is-bad" data-status="sound">${t('status.soundBlocked')}</span>`;
  if (sounding.value) return html`<button class="status-item is-bad" data-status="sound" onClick=${silence}>${t('status.sounding')} <kbd>S</kbd></button>`;
  return html`<button class="status-item" data-status="sound" onClick=${() => { sound.value = 'off'; }}>${t('status.soundOn')}</button>`;
}

/** Who has frozen writing to devices, and since when. */
function Frozen() {
  const { freezes } = orders.value;
  if (!freezes.length) return null;
  const first = freezes.find(({ scope }) => scope === '*') ?? freezes[0];
  const name = first.scope === '*' ? t('orders.everything') : say(campus.value.agents.get(first.scope)?.name) || first.scope;
  return html`<a class="status-item is-muted" data-status="frozen" href=${href('orders')}>${t('status.frozen', { what: name, who: first.by, at: shortTime(first.time_us, nowUs()) })}${freezes.length > 1 ? ` +${freezes.length - 1}` : ''}</a>`;
}

export function StatusLine() {
  const off = ownClockOff.value;
  return html`<footer class="status" aria-label=${t('status.title')}>
    ${Connection()}${Lag()}${Agents()}
    <span class=${['status-item', link.muted > 0 && 'is-muted']} data-status="muted">${t('status.muted', { n: link.muted })}</span>
    ${Frozen()}
    ${Sound()}
    ${link.broken ? html`<button class="status-item is-bad" data-status="broken" onClick=${() => location.reload()}>${t('status.broken')}</button>` : null}
    <span class="status-space"></span>
    ${off !== null && Math.abs(off) > CLOCK_LIMIT_S ? html`<span class="status-item is-bad">${t('status.clockOff', { s: duration(Math.abs(off)) })}</span>` : null}
    <span class="status-item" data-status="sure">${sureUs.value === null ? t('status.neverSure') : t('status.sure', { at: clock(sureUs.value) })}</span>
    <time class="status-clock">${link.sureUs === null ? '' : dateTime(nowUs())}</time>
    <span class="status-item status-version">${session.version}</span>
  </footer>`;
}
