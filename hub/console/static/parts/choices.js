// Language, theme and help: the three small choices that are on every screen.
import { html } from './html.js';
import { language, setLanguage, t } from '../i18n/words.js';
import { theme } from '../state/preferences.js';
import { helpOpen } from './help.js';

const THEMES = ['auto', 'dark', 'light'];

export function Choices() {
  const other = language.value === 'zh' ? 'en' : 'zh';
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  return html`<span class="choices">
    <button class="quiet-button" data-choice="language" onClick=${() => setLanguage(other)} lang=${other === 'zh' ? 'zh-CN' : 'en'}
      aria-label=${t('choice.language')}>${t('choice.otherLanguage')}</button>
    <button class="quiet-button" data-choice="theme" onClick=${() => { theme.value = next; }} aria-label=${t('choice.theme')}>${t(`choice.${theme.value}`)}</button>
    <button class="quiet-button" data-choice="help" onClick=${() => { helpOpen.value = !helpOpen.value; }} aria-label=${t('help.title')}>${t('help.sign')}</button>
  </span>`;
}
