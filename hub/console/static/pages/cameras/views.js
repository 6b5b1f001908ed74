// The ways to look at cameras.
import { html } from '../../parts/html.js';
import { Chooser } from '../../parts/chooser.js';
import { t } from '../../i18n/words.js';
import { go } from '../../router.js';

const VIEWS = ['wall', 'coverage', 'rates', 'commissioning'];

export function ViewChooser({ view }) {
  return html`<${Chooser} label=${t('camera.view')} value=${view} options=${VIEWS.map((id) => [id, t(`camera.views.${id}`)])} pick=${(id) => go('cameras', id === 'wall' ? [] : [id])} />`;
}
