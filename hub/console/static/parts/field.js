// One value of a document, edited where its sentence stands: a number, a share, a time of day, one of a few words, or a switch.
import { html, ref } from './html.js';
import { t } from '../i18n/words.js';

const CLOCK = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** What was typed as a number; null where it is none or out of bounds. */
function numberOf(text, { min, max }) {
  const value = /^\s*-?(\d+\.?\d*|\.\d+)(e-?\d+)?\s*$/i.test(text) ? Number(text) : NaN;
  return Number.isNaN(value) || value < (min ?? -Infinity) || value > (max ?? Infinity) ? null : value;
}

/** The next value up or down by one of its last digit, without the dust of binary fractions. */
function stepped(value, by) {
  const digits = (String(value).split('.')[1] ?? '').length;
  return Number((value + by * 10 ** -digits).toFixed(digits));
}

/** props: field {type, value, unit, options, min, max, initial}, label, live (the value in force, where it is another), put(value), disabled, wrong. */
export const Field = {
  props: ['field', 'label', 'live', 'put', 'disabled', 'wrong'],
  setup(props) {
    const typed = ref(null); // while a hand is in the field, what it has typed
    const put = (value) => props.put(value === props.field.initial ? undefined : value);
    const read = (event) => {
      const { field } = props;
      typed.value = event.target.value;
      const value = field.type === 'clock' ? (CLOCK.test(typed.value) ? typed.value : null) : numberOf(typed.value, field);
      event.target.setCustomValidity(value === null ? t(field.type === 'clock' ? 'rules.clockWanted' : 'rules.numberWanted') : '');
      if (value !== null) put(value);
      else event.target.reportValidity();
    };
    const step = (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by || props.field.type === 'clock') return;
      event.preventDefault();
      const next = stepped(Number(props.field.value), by);
      if (numberOf(String(next), props.field) === null) return;
      typed.value = null;
      put(next);
    };
    const leave = (event) => {
      typed.value = null;
      event.target.setCustomValidity('');
    };
    return () => {
      const { field, label, live, disabled, wrong } = props;
      const own = { 'data-path': field.path.join('.'), disabled, 'aria-label': label, 'aria-invalid': wrong ? 'true' : null };
      const changed = live !== undefined && live !== field.value;
      const former = changed ? html`<s class="field-live" title=${t('rules.liveValue')}>${String(live)}</s>` : null;
      if (field.type === 'switch') return html`<label class=${['field-switch', changed && 'is-changed']}><input type="checkbox" ...${own} checked=${field.value} onChange=${(event) => put(event.target.checked)} />${field.words}</label>`;
      if (field.type === 'choice') {
        const pick = (event) => put(field.options.find(([id]) => String(id) === event.target.value)[0]);
        return html`<select class=${['field-in', changed && 'is-changed']} ...${own} value=${String(field.value)} onChange=${pick}>${field.options.map(([id, words]) => html`<option value=${String(id)}>${words}</option>`)}</select>`;
      }
      const text = typed.value ?? String(field.value ?? '');
      return html`<span class="field-of">${former}<input class=${['field-in', changed && 'is-changed']} ...${own} inputmode=${field.type === 'clock' ? 'text' : 'decimal'} value=${text} size=${Math.max(3, text.length)} onInput=${read} onKeydown=${step} onBlur=${leave} />${field.unit ? html`<span class="field-unit">${field.unit}</span>` : null}</span>`;
    };
  },
};
