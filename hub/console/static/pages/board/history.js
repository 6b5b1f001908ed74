// What happened to an alert, newest last.
import { html } from '../../parts/html.js';
import { shortTime } from '../../parts/time.js';
import { t } from '../../i18n/words.js';

const ACTS = new Set(['raise', 'change', 'ack', 'clear', 'reset', 'assign', 'note', 'moment', 'escalate', 'notify']);

export function History({ lines, nowUs }) {
  if (lines === null) return html`<section><h3>${t('alert.history')}</h3><p class="faint">${t('alert.historyFailed')}</p></section>`;
  if (!lines.length) return null;
  return html`<section><h3>${t('alert.history')}</h3><ol class="history">${lines.map((line) => html`
    <li key=${line.id}><time>${shortTime(line.time_us, nowUs)}</time>
      <span class="history-act">${ACTS.has(line.act) ? t(`act.${line.act}`) : line.act}</span>
      <span>${line.actor ? html`<b>${line.actor}</b> ` : null}${line.act === 'raise' ? '' : line.text}</span></li>`)}</ol></section>`;
}
