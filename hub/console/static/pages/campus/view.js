// What part of a drawing is seen: wheel, pinch, drag and keys move it. The page is not drawn anew for that: two
// properties of the drawing change, so that a thousand marks follow a finger.
import { onMounted, onUnmounted } from '../../parts/html.js';

const CLICK_PX = 4;
const STEP_PX = 60;
const WHEEL = 0.0015;
const KEY_ZOOM = 1.3;
const MOST_TIMES = 40; // closer than the whole drawing
const SEEN_PX = 40; // of the drawing stays in sight
const EDGE_PX = 16;

/** The view {k, x, y} that shows a whole box [left, top, width, height] in a window: on the screen, a point stands at x k + view.x. */
export function fitted([left, top, width, height], { width: across, height: down }) {
  const k = Math.max(1e-6, Math.min((across - 2 * EDGE_PX) / width, (down - 2 * EDGE_PX) / height));
  return { k, x: (across - width * k) / 2 - left * k, y: (down - height * k) / 2 - top * k };
}

/** The view nearer or further by a factor, with the point under (px, py) where it was. */
export function zoomed(view, factor, px, py, least, most) {
  const k = Math.min(most, Math.max(least, view.k * factor));
  return { k, x: px - (px - view.x) * (k / view.k), y: py - (py - view.y) * (k / view.k) };
}

/** The view, moved back so far that something of the drawing is seen. */
export function kept(view, [left, top, width, height], { width: across, height: down }) {
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  return {
    k: view.k,
    x: between(view.x, SEEN_PX - (left + width) * view.k, across - SEEN_PX - left * view.k),
    y: between(view.y, SEEN_PX - (top + height) * view.k, down - SEEN_PX - top * view.k),
  };
}

/**
 * Gestures on an element.
 * box(): the drawing's box; show(view, fit, size): puts it on the screen, once for each picture of it; grab(event): takes a press for itself, by giving
 * {move(place), end()}; tap(place, event): a press without a move. A place is in units of the drawing.
 */
export function useView(element, { box, show, grab, tap }) {
  let view = { k: 1, x: 0, y: 0 };
  let fit = view;
  let own = false; // somebody moved it: a new size of the window does not undo that
  let pressed = null;
  let swallow = false;
  let watcher = null;
  let frame = null;
  let size = { width: 1, height: 1 }; // asking for it each time would lay out all signs each time
  const fingers = new Map();
  const put = (next) => {
    view = kept(next, box(), size);
    frame ??= requestAnimationFrame(() => {
      frame = null;
      if (element.value) show(view, fit, size);
    });
  };
  const whole = () => {
    fit = fitted(box(), size);
    own = false;
    put(fit);
  };
  const zoom = (factor, px, py) => {
    const { width, height } = size;
    own = true;
    put(zoomed(view, factor, px ?? width / 2, py ?? height / 2, fit.k, fit.k * MOST_TIMES));
  };
  const spot = (event) => {
    const { left, top } = element.value.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const placeOf = ([px, py]) => [(px - view.x) / view.k, (py - view.y) / view.k];

  const wheel = (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 20 : 1) * WHEEL), ...spot(event));
  };
  const down = (event) => {
    if (event.button) return;
    fingers.set(event.pointerId, spot(event));
    swallow = false;
    pressed = fingers.size === 1 ? { at: spot(event), from: view, moved: false, held: grab(event) } : null;
  };
  const drag = (at) => {
    const [dx, dy] = [at[0] - pressed.at[0], at[1] - pressed.at[1]];
    if (!pressed.moved && Math.hypot(dx, dy) < CLICK_PX) return false;
    pressed.moved = true;
    own = true;
    if (pressed.held) pressed.held.move(placeOf(at));
    else put({ k: view.k, x: pressed.from.x + dx, y: pressed.from.y + dy });
    return true;
  };
  const pinch = (id, at) => {
    const other = [...fingers].find(([finger]) => finger !== id)[1];
    const before = fingers.get(id);
    const apart = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    const middle = (a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
    const [was, is] = [middle(before), middle(at)];
    view = { ...view, x: view.x + is[0] - was[0], y: view.y + is[1] - was[1] };
    zoom(apart(at) / apart(before), ...is);
    swallow = true;
  };
  const move = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const at = spot(event);
    if (fingers.size === 2) pinch(event.pointerId, at);
    else if (pressed && drag(at) && !element.value.hasPointerCapture(event.pointerId)) element.value.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at);
  };
  const up = (event) => {
    if (!fingers.delete(event.pointerId) || !pressed) return;
    if (pressed.moved) {
      swallow = true;
      pressed.held?.end();
    } else if (event.type === 'pointerup') {
      tap(placeOf(pressed.at), event);
    }
    pressed = null;
  };
  const click = (event) => {
    if (!swallow) return;
    swallow = false;
    event.preventDefault();
    event.stopPropagation();
  };
  const KEYS = {
    ArrowLeft: () => put({ ...view, x: view.x + STEP_PX }), ArrowRight: () => put({ ...view, x: view.x - STEP_PX }),
    ArrowUp: () => put({ ...view, y: view.y + STEP_PX }), ArrowDown: () => put({ ...view, y: view.y - STEP_PX }),
    '+': () => zoom(KEY_ZOOM), '=': () => zoom(KEY_ZOOM), '-': () => zoom(1 / KEY_ZOOM), 0: whole,
  };
  const key = (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    own = true;
    KEYS[event.key]();
  };
  const still = (event) => event.preventDefault(); // links are not carried away
  const heard = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, keydown: key, dragstart: still };
  onMounted(() => {
    for (const [name, listener] of Object.entries(heard)) element.value.addEventListener(name, listener);
    element.value.addEventListener('wheel', wheel, { passive: false });
    element.value.addEventListener('click', click, { capture: true });
    watcher = new ResizeObserver(([{ contentRect }]) => {
      size = contentRect;
      if (own) put(view);
      else whole();
    });
    watcher.observe(element.value);
  });
  onUnmounted(() => watcher?.disconnect());
  return { whole, zoom };
}
