// A floor plan or map: the drawing in calm grey, every device on its place, and what needs a person above it all.
import { computed, html, markRaw, nextTick, ref, shallowReactive, watch } from '../../parts/html.js';
import { address } from '../../api.js';
import { t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { may } from '../../state/session.js';
import { route } from '../../router.js';
import { plans, unplaced } from './plans.js';
import { Placing, usePlacing } from './placing.js';
import { PlanPoint, SIZE_PX, stateOf } from './points.js';
import { useView } from './view.js';

const MOST_AGES = 40; // more of them at once say nothing, until the drawing is nearer
const NEAR = 3; // times nearer than the whole
const SMALLEST = 0.5; // of a sign, where many stand close

/** How large signs are drawn: smaller where they would cover each other. */
export function sizeOf(points, { width, height }, times) {
  const room = Math.sqrt((width * height) / Math.max(1, points)) * 0.4 * times;
  return Math.min(1, Math.max(SMALLEST, room / SIZE_PX));
}

function KindFilter({ devices, hidden }) {
  const counts = new Map();
  for (const { kind } of devices) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const press = (kind) => (hidden.has(kind) ? hidden.delete(kind) : hidden.add(kind));
  return html`<span class="plan-kinds">${[...counts].map(([kind, n]) => html`<button class=${['quiet-button', hidden.has(kind) && 'is-off']} aria-pressed=${hidden.has(kind) ? 'false' : 'true'} data-kind=${kind} onClick=${() => press(kind)}>${t(`kind.${kind}`)} ${n}</button>`)}</span>`;
}

export const Plan = {
  props: ['plan', 'worst'],
  setup(props) {
    const [element, world, marks] = [ref(null), ref(null), ref(null)];
    const hidden = shallowReactive(new Set());
    const look = shallowReactive({ near: false, failed: false });
    const placing = usePlacing(() => props.plan);
    const points = computed(() => [...placing.all.value.values()].filter((at) => at.plan === props.plan.id && campus.value.devices.has(at.device)).map((at) => ({ at, device: campus.value.devices.get(at.device) })));
    const waiting = computed(() => unplaced(props.plan, campus.value, { plans: plans.value.plans, positions: placing.all.value }));
    let size = null;
    const show = (view, fit, window) => {
      world.value.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.k})`);
      marks.value.setAttribute('transform', `translate(${view.x} ${view.y})`);
      const now = `${view.k} ${sizeOf(points.value.length, window, view.k / fit.k).toFixed(2)}`;
      if (now !== size) ['--k', '--s'].forEach((name, at) => marks.value.style.setProperty(name, now.split(' ')[at]));
      size = now;
      look.near = view.k > fit.k * NEAR;
    };
    const view = markRaw(useView(element, { box: () => props.plan.view_box, show, grab: placing.grab, tap: placing.tap }));
    watch(() => props.plan, () => { look.failed = false; nextTick(view.whole); });
    return () => {
      const [left, top, width, height] = props.plan.view_box;
      const shown = points.value.filter(({ device }) => !hidden.has(device.kind)).map((point) => ({ ...point, state: stateOf(point.device, campus.value.profiles), alert: props.worst.get(point.device.id) }));
      shown.sort((a, b) => (a.alert?.severity ?? 0) - (b.alert?.severity ?? 0)); // the gravest above all others
      const aged = look.near || shown.filter(({ state }) => state.state === 'stale').length <= MOST_AGES;
      return html`<section class=${['plan', placing.on && 'is-placing']} data-plan=${props.plan.id}>
        <div class="plan-bar"><${KindFilter} devices=${points.value.map(({ device }) => device)} hidden=${hidden} />
          <span class="plan-zoom"><button class="quiet-button" aria-label=${t('plans.nearer')} onClick=${() => view.zoom(1.5)}>+</button><button class="quiet-button" aria-label=${t('plans.further')} onClick=${() => view.zoom(1 / 1.5)}>−</button><button class="quiet-button" onClick=${view.whole}>${t('plans.whole')}</button>
            ${may('engineer') ? html`<button class="quiet-button" aria-pressed=${placing.on ? 'true' : 'false'} data-act="place" onClick=${placing.turn}>${t('plans.place')}</button>` : null}</span></div>
        ${look.failed ? html`<p class="problem" role="alert">${t('plans.noDrawing')}</p>` : null}
        <svg ref=${element} class="plan-drawing" tabindex="0" role="group" aria-label=${t('plans.keys')}>
          <g ref=${world}><image class="plan-paper" href=${address(`plans/${encodeURIComponent(props.plan.id)}/drawing`)} x=${left} y=${top} width=${width} height=${height} onError=${() => { look.failed = true; }} /></g>
          <g ref=${marks}>${shown.map(({ at, device, state, alert }) => html`<${PlanPoint} key=${device.id} device=${device} at=${at} state=${state} alert=${alert} aged=${aged && state.state === 'stale'} chosen=${[route.query.device, placing.chosen].includes(device.id)} moved=${placing.moved.has(device.id)} />`)}</g></svg>
        <${Placing} placing=${placing} waiting=${waiting.value} /></section>`;
    };
  },
};
