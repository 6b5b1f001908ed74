// One alert, one line: what, where, evidence, since when, in which state.
import { html } from '../../parts/html.js';
import { AlertMark, severityName } from '../../parts/mark.js';
import { amount, unitSign } from '../../parts/figures.js';
import { placeOf } from '../../parts/place.js';
import { duration, shortTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { seenUs } from '../../state/link.js';
import { shownSize } from '../../state/screen.js';
import { select, selected, toggle, detailOpen } from './board.js';

/** How long it has lasted, or lasted. */
export function lasting(alert) {
  const until = alert.cleared_us ?? seenUs();
  return duration((until - alert.start_us) / 1e6);
}

export function stateWords(alert) {
  if (alert.state === 'acked' && alert.acked_by) return t('alert.ackedBy', { who: alert.acked_by });
  return t(`alert.state.${alert.state}`);
}

function Fold({ row }) {
  if (!row.covered) return null;
  const press = (event) => {
    event.stopPropagation();
    toggle(row.alert.id);
  };
  return html`<button class="fold" aria-expanded=${row.open ? 'true' : 'false'} onClick=${press}>
    <span class="fold-sign" aria-hidden="true"></span>${t('board.covered', { n: row.covered })}</button>`;
}

export function AlertRow(row) {
  const { alert } = row;
  const compared = alert.limit !== null && alert.value !== null && unitSign(alert.unit); // then the message says the same
  const place = placeOf(alert);
  const room = place[place.length - 1]?.kind === 'area' ? place.pop().name : '';
  const kind = ['alert-row', `is-${alert.state}`, row.child && 'is-child', selected.value === alert.id && 'is-selected',
    alert.family === 'fire' && 'is-fire'];
  const open = () => {
    select(alert.id);
    detailOpen.value = true;
  };
  return html`<div class=${kind} role="option" aria-selected=${selected.value === alert.id ? 'true' : 'false'} data-alert=${alert.id} onClick=${open}>
    <${AlertMark} alert=${alert} size=${20} />
    <span class="row-severity">${severityName(alert.severity)}</span>
    <span class="row-what"><b>${say(alert.title)}</b>${compared ? null : html`<span class="row-message">${say(alert.message)}</span>`}<${Fold} row=${row} /></span>
    <span class=${['row-where', !compared && 'is-wide']}><span class="row-room">${room || say(alert.device_name)}</span>
      <span class="row-site">${place.map((part) => part.name).join(t('place.between'))}</span></span>
    ${!compared ? null : html`<span class="row-value"><b>${amount(alert.value, alert.unit)}</b>
      <span class="row-limit">${t('alert.limitShort', { limit: Number(alert.limit.toFixed(2)) })}</span></span>`}
    <span class="row-since">${alert.cleared_us ? shortTime(alert.start_us, seenUs()) : lasting(alert)}</span>
    <span class="row-state">${alert.stale ? t('alert.short.stale') : shownSize.value === 'wall' ? stateWords(alert) : t(`alert.short.${alert.state}`)}</span>
  </div>`;
}
