// A device in a drawing: its kind as a sign, its state as the sign's form, where it looks, and the alert that is open about it.
// Grey is heard and normal; hollow is offline or too old; only an alert has colour, and only an unacknowledged one moves.
import { html } from '../../parts/html.js';
import { AlertMark } from '../../parts/mark.js';
import { age } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { reading, waitsForTraffic } from '../../state/values.js';
import { href } from '../../router.js';
import { keyPoints } from './tree.js';

export const SIZE_PX = 20;
const CONE_PX = 44;
const NARROWEST = 20; // degrees, where the angle of view is not known
const SIGNS = {
  camera: 'M2 5 H10 V11 H2 Z M11 7 L14 5 V11 L11 9 Z', ac: 'M7.3 2 H8.7 V14 H7.3 Z M2.4 5.6 L3.1 4.4 L13.6 10.4 L12.9 11.6 Z M12.9 4.4 L13.6 5.6 L3.1 11.6 L2.4 10.4 Z',
  meter: 'M9 2 L4 9 H7.4 L6.8 14 L12 7 H8.5 Z', pump: 'M8 3 A5 5 0 1 0 8.01 3 Z M6.4 5.4 L11 8 L6.4 10.6 Z', pressure: 'M3 11 A6 6 0 1 1 13 11 H11 A4 4 0 1 0 5 11 Z M7.4 10.4 L10.6 5.6 L9 11 Z',
  radar: 'M7 12 H9 V14 H7 Z M4.5 9.6 A5 5 0 0 1 11.5 9.6 L10.3 10.8 A3.3 3.3 0 0 0 5.7 10.8 Z M2 7 A8.5 8.5 0 0 1 14 7 L12.8 8.2 A6.8 6.8 0 0 0 3.2 8.2 Z', plate: 'M2 5 H14 V11 H2 Z M4 7 V9 H6 V7 Z M7 7 V9 H9 V7 Z M10 7 V9 H12 V7 Z',
  door: 'M4 2 H12 V14 H4 Z M9.6 7.4 V9 H11 V7.4 Z',
};

/** What is known of a device now: {state, ageS}. Normal, offline (it says so, or gives no reading), stale, or unknown. */
export function stateOf(device, profiles) {
  const point = device.kind === 'camera' ? `${device.id}.link` : keyPoints(device, profiles)[0];
  if (!point || waitsForTraffic(device)) return { state: 'normal', ageS: null };
  const { value, timeUs, stale, bad, ageS } = reading(point);
  if (timeUs === null) return { state: 'unknown', ageS: null };
  if (stale) return { state: 'stale', ageS };
  return { state: bad || (device.kind === 'camera' && value !== 0) ? 'offline' : 'normal', ageS };
}

/** The outline of a field of view, in pixels around the device; 0 degrees is up. */
export function cone(heading, angle) {
  const at = (degrees) => [Math.sin(degrees * Math.PI / 180) * CONE_PX, -Math.cos(degrees * Math.PI / 180) * CONE_PX].map((n) => n.toFixed(1)).join(' ');
  const half = (angle ?? NARROWEST) / 2;
  return `M0 0 L${at(heading - half)} A${CONE_PX} ${CONE_PX} 0 0 1 ${at(heading + half)} Z`;
}

export function words(device, { state, ageS }, alert) {
  const now = state === 'offline' && device.kind !== 'camera' ? t('value.noReading') : state === 'stale' ? t('value.stale', { age: age(ageS) }) : t(`plans.state.${state}`);
  return [say(device.name), now, alert && say(alert.title)].filter(Boolean).join(' · ');
}

/** A device at its position. `at` is in units of the drawing; how large these are on the screen is --k of the group around it. */
export function PlanPoint({ device, at, state, alert, aged, chosen, moved }) {
  const said = words(device, state, alert);
  const place = { transform: `translate(calc(var(--k) * ${at.x}px), calc(var(--k) * ${at.y}px)) scale(var(--s))` };
  return html`<a class=${['plan-point', `is-${state.state}`, chosen && 'is-chosen', moved && 'is-moved']} style=${place} href=${href(device.kind === 'camera' ? 'camera' : 'device', [device.id])} data-device=${device.id} aria-label=${said} tabindex=${alert ? 0 : -1}>
    <title>${said}</title>
    ${at.heading === undefined ? null : html`<path class="plan-cone" d=${cone(at.heading, at.angle)} />`}
    <circle class="plan-body" r=${SIZE_PX / 2} /><path class="plan-sign" transform="translate(-7 -7) scale(.875)" fill-rule="evenodd" d=${SIGNS[device.kind] ?? SIGNS.meter} />
    ${state.state === 'offline' ? html`<path class="plan-off" d="M4 4 L10 10 M10 4 L4 10" />` : null}
    ${alert ? html`<g class="plan-alert"><g transform="translate(-1 -17)"><${AlertMark} alert=${alert} size=${16} /></g></g>` : null}
    ${aged ? html`<text class="plan-age" y=${SIZE_PX}>${age(state.ageS)}</text>` : null}</a>`;
}
