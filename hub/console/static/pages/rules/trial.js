// What the draft would have raised: asked of the hub whenever the person pauses; the former answer stays until the new one is there.
import { onUnmounted, shallowReactive, watch } from '../../parts/html.js';
import { drop, get, post } from '../../api.js';
import { nowUs } from '../../state/clock.js';
import { same } from './document.js';
import { problemWords } from './draft.js';

const PAUSE_MS = 700;
const LOOK_MS = 400;
const DAY_US = 86_400_000_000;
const OVER = new Set(['done', 'cancelled', 'failed']);

/** Days of history that can be asked for. */
export const SPANS = [1, 7, 30];

/**
 * draft: ref of the document. isRight: ref, whether the hub takes it. changed: ref, whether it is not the live one.
 * {days, job, result: {job id, report, draft, document}, problem, running, run(), cancel(), fits(document)}
 */
export function useTrial({ draft, isRight, changed }) {
  const state = shallowReactive({ days: 7, job: null, result: null, problem: '', wanted: false });
  let timer = null;
  let number = 0;
  const forget = (id) => id && drop(`backtests/${id}`).catch(() => null);
  const running = () => Boolean(state.job) && !OVER.has(state.job.state);
  const stopFormer = async () => {
    if (running()) await forget(state.job.id);
  };
  const follow = async (asked, mine, document) => {
    state.job = asked;
    while (mine === number && running()) {
      await new Promise((resolve) => { timer = setTimeout(resolve, LOOK_MS); });
      if (mine !== number) return;
      const job = await get(`backtests/${asked.id}`);
      if (mine === number) state.job = job;
    }
    if (mine !== number || state.job.state !== 'done') return;
    forget(state.result?.id);
    state.result = { id: asked.id, report: state.job.report, document };
  };
  const run = async () => {
    clearTimeout(timer);
    number += 1;
    const mine = number;
    const document = draft.value;
    Object.assign(state, { problem: '', wanted: true });
    try {
      await stopFormer();
      if (mine !== number) return;
      const to = Math.floor(nowUs());
      const asked = await post('backtests', { rules: [document], from_us: to - state.days * DAY_US, to_us: to });
      if (mine === number) await follow(asked, mine, document);
      else forget(asked.id);
    } catch (error) {
      if (mine === number) Object.assign(state, { problem: problemWords(error), job: null });
    }
  };
  const cancel = () => {
    number += 1;
    clearTimeout(timer);
    stopFormer();
    Object.assign(state, { job: null, wanted: false });
  };
  const later = () => {
    clearTimeout(timer);
    number += 1; // whatever runs is no longer the answer to what stands there
    stopFormer();
    state.job = null;
    timer = setTimeout(run, PAUSE_MS);
  };
  watch([draft, isRight], () => {
    if (!isRight.value) return;
    if (!fits(draft.value)) {
      if (changed.value) later();
    } else if (running()) cancel(); // back to what the answer is of
  });
  const fits = (document) => Boolean(state.result) && same(state.result.document, document);
  onUnmounted(() => {
    cancel();
    forget(state.result?.id);
  });
  return Object.assign(state, { run, cancel, running, fits, span: (days) => { state.days = days; if (isRight.value) run(); } });
}
