// The hub's clock as this page knows it. Ages are always against the hub, never against this machine's own clock.
import { ref } from '../parts/html.js';

let offsetUs = Date.now() * 1000 - performance.now() * 1000;

/** Ticks once a second. */
export const second = ref(0);
/** How far this machine's clock is from the hub's, in seconds; null until the hub has said its time. */
export const ownClockOff = ref(null);

export function setHubTime(hubNowUs) {
  offsetUs = hubNowUs - performance.now() * 1000;
  ownClockOff.value = Math.round((Date.now() * 1000 - hubNowUs) / 1e6);
}

/** The hub's time now. Whoever draws with it is drawn again each second, so that no age stands still. */
export function nowUs() {
  second.value;
  return performance.now() * 1000 + offsetUs;
}

setInterval(() => {
  second.value += 1;
}, 1000);
