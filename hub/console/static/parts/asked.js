// A page's own question to the hub, asked again every so often; says when it was last answered, and never hides that it was not.
import { html, onMounted, onUnmounted, shallowReactive } from './html.js';
import { clock } from './time.js';
import { say, t } from '../i18n/words.js';
import { nowUs } from '../state/clock.js';
import { isLive } from '../state/link.js';

/** {answer, problem, atUs, again()}: ask() is called at once and each `everyS` seconds while the page is shown. */
export function useAsked(ask, everyS) {
  const state = shallowReactive({ answer: null, problem: null, atUs: null, busy: false, again: null });
  let number = 0;
  let timer = null;
  const again = async () => {
    clearTimeout(timer);
    number += 1;
    const mine = number;
    state.busy = true;
    try {
      const answer = await ask();
      if (mine === number) Object.assign(state, { answer, problem: null, atUs: nowUs() });
    } catch (error) {
      if (mine === number) state.problem = error;
    }
    if (mine !== number) return;
    state.busy = false;
    if (everyS) timer = setTimeout(again, everyS * 1000);
  };
  state.again = again;
  onMounted(again);
  onUnmounted(() => {
    number += 1;
    clearTimeout(timer);
  });
  return state;
}

/** "as of 14:05:09", or what went wrong. */
export function AsOf({ asked }) {
  if (asked.problem) {
    return html`<span class="problem" role="alert">${say(asked.problem.text) || t('problem.unreachable')} <button class="quiet-button" onClick=${asked.again}>${t('page.again')}</button></span>`;
  }
  if (asked.atUs === null) return html`<span class="faint">${t('page.loading')}</span>`;
  return html`<span class=${['as-of', !isLive.value && 'is-old']}>${t('page.asOf', { at: clock(asked.atUs) })}</span>`;
}
