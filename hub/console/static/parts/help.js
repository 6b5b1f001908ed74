// Keys and signs, in a panel that covers nothing one could need: not a dialog, closed by ? or Escape.
import { html, ref } from './html.js';
import { Mark, severityName } from './mark.js';
import { t } from '../i18n/words.js';

export const helpOpen = ref(false);

const KEYS = [['J', 'K', 'move'], ['A', 'ack'], ['Enter', 'open'], ['N', 'note'], ['O', 'order'], ['S', 'silence'], ['R', 'space', 'settle'], ['←', '→', 'fold'], ['?', 'help']];

export function Help() {
  if (!helpOpen.value) return null;
  return html`<aside class="help" role="complementary" aria-label=${t('help.title')}>
    <h2>${t('help.title')}<button class="quiet-button" onClick=${() => { helpOpen.value = false; }}>${t('help.close')}</button></h2>
    <dl class="help-keys">${KEYS.map((row) => html`<dt>${row.slice(0, -1).map((key) => html`<kbd>${key === 'space' ? t('help.space') : key}</kbd>`)}</dt><dd>${t(`help.${row.at(-1)}`)}</dd>`)}</dl>
    <h3>${t('help.signs')}</h3>
    <ul class="help-signs">
      ${[4, 3, 2, 1].map((severity) => html`<li><${Mark} severity=${severity} size=${18} />${severityName(severity)}</li>`)}
      <li><${Mark} severity=${4} fire=${true} size=${18} />${t('help.fire')}</li>
      <li><${Mark} severity=${2} pulse=${true} size=${18} />${t('help.pulse')}</li>
      <li><${Mark} severity=${2} hollow=${true} size=${18} />${t('help.hollow')}</li>
      <li><${Mark} severity=${2} dashed=${true} size=${18} />${t('help.dashed')}</li>
      <li><span class="reading is-stale">26.0 ℃</span>${t('help.stale')}</li>
    </ul></aside>`;
}
