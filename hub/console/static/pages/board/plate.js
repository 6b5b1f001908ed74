// The number plate of an alert: not shown before somebody asks, and each look is in the audit trail.
import { html, ref } from '../../parts/html.js';
import { get } from '../../api.js';
import { figure } from '../../parts/figures.js';
import { say, t } from '../../i18n/words.js';
import { may } from '../../state/session.js';

export const Plate = {
  props: ['alert'],
  setup(props) {
    const shown = ref(null); // {plate, sure} or {text} of a refusal
    const look = async () => {
      try {
        shown.value = await get(`alerts/${props.alert.id}/plate`);
      } catch (error) {
        shown.value = { text: error.text };
      }
    };
    const words = () => {
      const { plate, sure, text } = shown.value;
      if (!plate) return html`<span class="problem">${say(text) || t('problem.unreachable')}</span>`;
      return html`<b>${plate}</b> ${sure === null ? null : html`<span class="faint">${t('alert.plateSure', { sure: `${figure(sure, 'C')}%` })}</span>`}`;
    };
    return () => html`<p class="plate">${t('alert.plate')}: ${shown.value ? words() : may('operator')
      ? html`<button class="quiet-button" onClick=${look}>${t('alert.showPlate')}</button>` : html`<span class="faint">${t('alert.plateHidden')}</span>`}</p>`;
  },
};
