// htm bound to Vue's h: markup without a template compiler, so the page needs no unsafe-eval.
import htm from '../vendor/htm-3.1.1.module.js';
import { h } from '../vendor/vue-3.5.45.runtime.esm-browser.prod.js';

export {
  computed, createApp, h, markRaw, nextTick, onMounted, onUnmounted, reactive, ref, shallowReactive, shallowRef, watch, watchEffect,
} from '../vendor/vue-3.5.45.runtime.esm-browser.prod.js';

// htm would keep static parts and hand the same node out again; Vue wants a fresh one each time (this[0] = 3 says so).
export const html = htm.bind(function build(...parts) {
  this[0] = 3;
  return h(...parts);
});
