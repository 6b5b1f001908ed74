// Clip and pictures of a vehicle: fetched from its gateway when somebody asks, and each look is in the audit trail.
import { html, ref } from '../../parts/html.js';
import { address, get } from '../../api.js';
import { say, t } from '../../i18n/words.js';
import { may } from '../../state/session.js';

const CLIP = 'clip.mp4';

/** Whether a camera had the vehicle of an alert in sight. */
export const wasInSight = (alert) => Object.keys(alert.evidence ?? {}).some((name) => name.split('.').pop() === 'check');

export const Footage = {
  props: ['alert'],
  setup(props) {
    const found = ref(null); // {files} or {text} of a refusal
    const shown = ref(CLIP);
    const busy = ref(false);
    const urlOf = (name, query) => address(`alerts/${props.alert.id}/evidence/${name}`, query);
    const titleOf = (name) => (name === CLIP ? t('footage.clip') : t(name.includes('clean') ? 'footage.clean' : 'footage.facts', { n: Number.parseInt(name, 10) }));
    const look = async () => {
      busy.value = true;
      try {
        found.value = await get(`alerts/${props.alert.id}/evidence`);
      } catch (error) {
        found.value = { text: error.text };
      }
      busy.value = false;
    };
    const view = () => {
      const { files, text } = found.value;
      if (!files) return html`<span class="problem">${say(text) || t('problem.unreachable')}</span>`;
      if (!files.length) return html`<span class="faint">${t('footage.none')}</span>`;
      const name = shown.value;
      return html`<div class="footage">
        ${name === CLIP ? html`<video controls autoplay muted playsinline key=${name} src=${urlOf(name)} aria-label=${titleOf(name)}></video>`
          : html`<img key=${name} src=${urlOf(name)} alt=${titleOf(name)} />`}
        <div class="footage-names">${files.map((file) => html`<button key=${file.name} class="quiet-button" aria-pressed=${file.name === name ? 'true' : 'false'} onClick=${() => { shown.value = file.name; }}>${titleOf(file.name)}</button>`)}</div>
        <p class="faint"><a href=${urlOf(name, { download: true })} download>${t('footage.take')}</a> <code>${files.find((file) => file.name === name)?.sha256.slice(0, 16)}</code></p>
      </div>`;
    };
    return () => html`<div class="footage-of">${found.value ? view() : may('operator')
      ? html`<button class="quiet-button" disabled=${busy.value} onClick=${look}>${t(busy.value ? 'footage.fetching' : 'footage.show')}</button>` : html`<span class="faint">${t('footage.hidden')}</span>`}</div>`;
  },
};
