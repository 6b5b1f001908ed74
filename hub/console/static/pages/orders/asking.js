// A question that is answered where it stands: a button that opens a line for the reason and the button that does it.
import { html, nextTick, ref, shallowReactive } from '../../parts/html.js';
import { say, t } from '../../i18n/words.js';

/** What the hub found wrong, field by field, or its one sentence. */
export function problemWords(error) {
  const rows = error.body?.error?.details ?? [];
  const found = rows.filter((row) => row?.field && row.expected).map((row) => `${row.field}: ${say(row.found)} · ${t('rules.expected')} ${say(row.expected)}`);
  return [say(error.text) || t('problem.unreachable'), ...found].join(' ');
}

/** props: name, label, confirm (words of the button that does it), note (what will happen), press(why) -> promise, disabled, big. */
export const AskWhy = {
  props: ['name', 'label', 'confirm', 'note', 'press', 'disabled', 'big'],
  setup(props) {
    const state = shallowReactive({ open: false, why: '', busy: false, problem: '' });
    const field = ref(null);
    const toggle = () => {
      Object.assign(state, { open: !state.open, problem: '' });
      if (state.open) nextTick(() => field.value?.focus());
    };
    const send = async (event) => {
      event.preventDefault();
      if (!state.why.trim()) return;
      Object.assign(state, { busy: true, problem: '' });
      try {
        await props.press(state.why.trim());
        Object.assign(state, { open: false, why: '' });
      } catch (error) {
        state.problem = problemWords(error);
      } finally {
        state.busy = false;
      }
    };
    const keys = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      toggle();
    };
    return () => html`<div class=${['ask-why', state.open && 'is-open']} data-ask=${props.name}>
      <button class=${props.big ? 'freeze-button' : ''} disabled=${props.disabled} aria-expanded=${state.open ? 'true' : 'false'} onClick=${toggle}>${props.label}</button>
      ${state.open ? html`<form onSubmit=${send} onKeydown=${keys}>${props.note ? html`<p>${props.note}</p>` : null}
        <input ref=${field} name="why" required maxlength="2000" value=${state.why} placeholder=${t('orders.why')} aria-label=${t('orders.why')} onInput=${(event) => { state.why = event.target.value; }} />
        <button class="primary" disabled=${state.busy || !state.why.trim()}>${props.confirm}</button><button type="button" class="quiet-button" onClick=${toggle}>${t('orders.leave')}</button></form>` : null}
      ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}</div>`;
  },
};
