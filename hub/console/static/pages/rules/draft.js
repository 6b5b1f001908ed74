// What an engineer is changing: the live rule, the document as it would be published, and what the hub finds wrong with it.
import { computed, onUnmounted, shallowReactive, watch } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { say, t } from '../../i18n/words.js';
import { ruleOf, rulebook } from '../../state/rules.js';
import { may } from '../../state/session.js';
import { put, same, versioned } from './document.js';

const PAUSE_MS = 350;
const kept = new Map(); // rule id -> document, so that a look at another page costs nothing

/** A problem's path without the place of the rule among those that were sent. */
export const inRule = (problem) => ({ ...problem, path: problem.path.replace(/^rules(\.0)?\.?/, '') });

export const problemWords = (error) => say(error.text) || t('problem.unreachable');

/** {live, versions, document, draft, changed, problems, checked, edit, replace, undo} of the rule with this id (a ref). */
export function useDraft(id) {
  const state = shallowReactive({ live: null, versions: [], document: null, problems: [], checked: null, unknown: false, failed: null });
  let timer = null;
  let number = 0;
  let loads = 0;
  const draft = computed(() => state.document && versioned(state.document, state.live, state.versions));
  const changed = computed(() => Boolean(draft.value) && !same(draft.value, state.live.document));
  const load = async () => {
    const wanted = id.value;
    if (!wanted) return;
    loads += 1;
    const mine = loads;
    try {
      const answer = await get(`rules/${encodeURIComponent(wanted)}`);
      if (wanted !== id.value || mine !== loads) return; // a later question has the newer answer
      const live = answer.live ?? { id: wanted, version: answer.versions[0].version, document: answer.versions[0].document };
      const document = state.live?.id === wanted && changed.value ? state.document : kept.get(wanted) ?? live.document;
      Object.assign(state, { live, versions: answer.versions, document, unknown: false, failed: null });
    } catch (error) {
      if (error.status === 404) state.unknown = true;
      else state.failed = error;
    }
  };
  const check = async () => {
    number += 1;
    const mine = number;
    const rule = draft.value;
    try {
      const { problems } = await post('rules/check', { rules: [rule] });
      if (mine === number) Object.assign(state, { problems: problems.map(inRule), checked: rule });
    } catch (error) {
      if (mine !== number) return;
      if (error.status === 422) Object.assign(state, { problems: error.body.error.details.map(inRule), checked: rule });
      else state.failed = error;
    }
  };
  // The set says nothing new where it was withdrawn before anybody asked; then the version does.
  const isOutdated = () => Boolean(state.live) && (ruleOf(id.value)?.version ?? state.live.version) !== state.live.version;
  watch([id, () => rulebook.value.set, () => rulebook.value.waiting, isOutdated], load, { immediate: true });
  watch(draft, (now, before) => {
    if (!now || (before && same(now, before))) return;
    if (changed.value) kept.set(id.value, state.document);
    else kept.delete(id.value);
    clearTimeout(timer);
    if (may('engineer')) timer = setTimeout(check, PAUSE_MS);
  });
  onUnmounted(() => {
    number += 1;
    clearTimeout(timer);
  });
  return Object.assign(state, {
    draft, changed, load,
    isRight: computed(() => Boolean(draft.value) && state.checked !== null && same(state.checked, draft.value) && !state.problems.length),
    edit: (path, value) => { state.document = put(state.document, path, value); },
    replace: (rule) => { state.document = rule; },
    undo: () => { state.document = state.live.document; },
    /** Start anew from what is live, as after publishing. */
    settle: async () => {
      kept.delete(id.value); // what was published may be withdrawn at once, and is no draft then
      state.document = state.live.document;
      await load();
    },
  });
}
