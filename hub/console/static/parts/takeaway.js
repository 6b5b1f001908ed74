// Words that a person takes along, such as a piece of the site file: to be copied, or as a file.
import { html, ref } from './html.js';
import { t } from '../i18n/words.js';
import { save } from './export.js';

export const Takeaway = {
  props: ['text', 'name', 'ending', 'mark'],
  setup(props) {
    const shown = ref(null);
    const copied = ref('');
    const copy = () => {
      const all = document.createRange();
      all.selectNodeContents(shown.value);
      getSelection().removeAllRanges();
      getSelection().addRange(all);
      // the newer way needs HTTPS, which a hub in a closed network may not have; what is selected can be copied by hand
      if (document.execCommand('copy')) copied.value = props.text;
    };
    const file = () => save(props.name, new Blob([`${props.text}\n`], { type: 'text/plain;charset=utf-8' }), props.ending);
    return () => html`<div class="takeaway"><pre ref=${shown} class=${props.mark} lang="en">${props.text}</pre>
      <p class="buttons"><button class="quiet-button" data-take="copy" onClick=${copy}>${copied.value === props.text ? t('plans.copied') : t('plans.copy')}</button>
        <button class="quiet-button" data-take="file" onClick=${file}>${t('plans.download')}</button></p></div>`;
  },
};
