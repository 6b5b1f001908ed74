// Placing devices in a plan: drag a sign, or choose a device that has no place and press where it stands. Nothing is
// changed at the hub: the site file is the one place that says where things are, and here are the words for it.
import { computed, html, shallowReactive } from '../../parts/html.js';
import { Takeaway } from '../../parts/takeaway.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { href } from '../../router.js';
import { plans, wordsFor, written } from './plans.js';

const LOOKING = new Set(['camera', 'radar', 'plate']);
const ANGLE = 70;

/** What an engineer moves in a plan: `all` are the positions as they would be, `moved` those that differ from the site file. */
export function usePlacing(planOf) {
  const moved = shallowReactive(new Map());
  const state = shallowReactive({ on: false, chosen: null });
  const all = computed(() => new Map([...plans.value.positions, ...moved]));
  const inside = ([x, y]) => {
    const [left, top, width, height] = planOf().view_box;
    return { x: Math.min(left + width, Math.max(left, x)), y: Math.min(top + height, Math.max(top, y)) };
  };
  const put = (device, change) => moved.set(device, written({ ...all.value.get(device), plan: planOf().id, device, ...change }));
  const markOf = (event) => event.target.closest?.('[data-device]')?.dataset.device;
  return Object.assign(state, {
    all, moved, put,
    turn: () => Object.assign(state, { on: !state.on, chosen: null }),
    choose: (device) => { state.chosen = device; },
    grab: (event) => {
      const device = state.on && markOf(event);
      if (!device) return null;
      state.chosen = device;
      return { move: (place) => put(device, inside(place)), end: () => undefined };
    },
    tap: (place, event) => {
      if (state.on && state.chosen && !markOf(event)) put(state.chosen, inside(place));
    },
    forget: () => { moved.clear(); state.chosen = null; },
  });
}

function Heading({ placing }) {
  const device = campus.value.devices.get(placing.chosen);
  const at = placing.all.value.get(placing.chosen);
  if (!device) return html`<p class="faint">${t('plans.how')}</p>`;
  const field = (key, label, low, high) => html`<label>${label} <input type="number" min=${low} max=${high} value=${at[key] ?? ''} data-field=${key} onChange=${(event) => placing.put(device.id, { heading: at.heading ?? 0, angle: at.angle ?? ANGLE, [key]: event.target.value === '' ? undefined : event.target.valueAsNumber })} /></label>`;
  return html`<p class="plan-chosen"><b>${say(device.name)}</b> ${at && LOOKING.has(device.kind) ? html`${field('heading', t('plans.heading'), 0, 359)} ${field('angle', t('plans.angle'), 1, 180)}` : at ? null : t('plans.press')}</p>`;
}

export function Placing({ placing, waiting }) {
  const { table } = plans.value;
  return html`${placing.on ? html`<div class="plan-placing"><${Heading} placing=${placing} />
      ${placing.moved.size ? html`<h3>${table ? t('plans.intoTable', { table }) : t('plans.intoFile')}</h3><${Takeaway} text=${wordsFor([...placing.moved.values()], table)} name="positions" ending=${table ? 'csv' : 'yaml'} mark="plan-words" />
        <p><button class="quiet-button" onClick=${placing.forget}>${t('plans.forget')}</button></p>` : null}</div>` : null}
    ${waiting.length ? html`<details class="plan-waiting" open=${placing.on}><summary>${t('plans.unplaced', { n: waiting.length })}</summary><ul>${waiting.map((device) => html`<li key=${device.id}>${placing.on
    ? html`<button class=${['quiet-button', placing.chosen === device.id && 'is-chosen']} data-place=${device.id} onClick=${() => placing.choose(device.id)}>${say(device.name)}</button>`
    : html`<a class="link" href=${href(device.kind === 'camera' ? 'camera' : 'device', [device.id])}>${say(device.name)}</a>`}</li>`)}</ul></details>` : null}`;
}
