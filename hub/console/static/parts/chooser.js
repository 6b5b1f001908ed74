// One of a few: buttons side by side, the chosen one set in.
import { html } from './html.js';

/** props: label, value, options [[value, words]], pick(value). */
export function Chooser({ label, value, options, pick }) {
  return html`<span class="chooser" role="group" aria-label=${label}>${options.map(([id, words]) => html`
    <button class=${id === value ? 'is-on' : ''} aria-pressed=${id === value ? 'true' : 'false'} data-option=${id} onClick=${() => pick(id)}>${words}</button>`)}</span>`;
}
