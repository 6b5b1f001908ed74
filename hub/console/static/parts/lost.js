// When the connection is gone nothing on this page may look current; this says so across the whole width, with the age.
import { html } from './html.js';
import { clock, duration } from './time.js';
import { t } from '../i18n/words.js';
import { link } from '../state/link.js';
import { nowUs } from '../state/clock.js';

export function LostBanner() {
  if (link.state === 'lost') {
    return html`<div class="lost" role="alert"><b>${t('lost.title')}</b>
      <span>${link.lostUs === null ? t('quiet.never') : t('lost.since', { at: clock(link.lostUs), age: duration((nowUs() - link.lostUs) / 1e6) })}</span><span>${t('lost.trying')}</span></div>`;
  }
  if (link.loading && link.sureUs !== null) return html`<div class="lost is-loading" role="status"><span>${t('lost.loading')}</span></div>`;
  return null;
}
