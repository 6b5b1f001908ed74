// Which stretch of time: one of the usual ones that move with the clock, or a fixed one from the address.
import { html } from './html.js';
import { Chooser } from './chooser.js';
import { fromInput, toInput } from './time.js';
import { t } from '../i18n/words.js';
import { nowUs } from '../state/clock.js';
import { amend, route } from '../router.js';

const HOUR_US = 3_600_000_000;
export const LASTS = { '1h': 1, '8h': 8, '24h': 24, '7d': 168, '30d': 720 };

/** {from, to, moving} as the address says; `usual` where it says nothing. */
export function rangeOf(usual) {
  const [from, to] = [Number(route.query.from), Number(route.query.to)];
  if (from > 0 && to > from) return { from, to, moving: false, last: null };
  const last = LASTS[route.query.last] ? route.query.last : usual;
  const end = nowUs();
  return { from: end - LASTS[last] * HOUR_US, to: end, moving: true, last };
}

/** props: range (of rangeOf), lasts [names]. */
export function RangeChooser({ range, lasts }) {
  const fix = (event, name) => {
    const next = { from: range.from, to: range.to, [name]: fromInput(event.target.value) };
    const right = next.from !== null && next.to !== null && next.to > next.from;
    event.target.setCustomValidity(right ? '' : t('range.wrong'));
    if (right) amend({ from: Math.round(next.from), to: Math.round(next.to), last: '' });
    else event.target.reportValidity();
  };
  const field = (name) => html`<input class="time-field" value=${toInput(range[name])} size="16" inputmode="numeric" aria-label=${t(`range.${name}`)} onChange=${(event) => fix(event, name)} />`;
  return html`<span class="range"><${Chooser} label=${t('range.last')} value=${range.last} options=${lasts.map((last) => [last, t(`range.l${last}`)])} pick=${(last) => amend({ last, from: '', to: '' })} />
    <span class="range-fields">${field('from')}<span class="faint">${t('range.until')}</span>${field('to')}</span></span>`;
}
