// A live value: as text, hollow with its age when it is older than its link allows, a dash when there is no reading.
import { html } from './html.js';
import { age } from './time.js';
import { pointTitle, pointValue } from './figures.js';
import { t } from '../i18n/words.js';
import { reading } from '../state/values.js';

const QUALITY = { 2: 'noAnswer', 3: 'deviceError', 4: 'sentinel', 5: 'implausible', 6: 'garbled' };

export const qualityWords = (quality) => (QUALITY[quality] ? t(`quality.${QUALITY[quality]}`) : '');

/** props: point `<device>.<point>`, titled (show what it is), always (show the age even when fresh). */
export function Reading({ point, titled, always }) {
  const { value, quality, ageS, stale, bad } = reading(point);
  const kind = ['reading', stale && 'is-stale', bad && 'is-bad'];
  const words = bad ? qualityWords(quality) || t('value.none') : pointValue(point, value);
  return html`<span class="reading-box" data-point=${point}>
    ${titled ? html`<span class="reading-title">${pointTitle(point)}</span>` : null}
    <span class=${kind}>${words}</span>
    ${ageS !== null && (stale || always) ? html`<span class=${['reading-age', stale && 'is-old']}>${t('value.stale', { age: age(ageS) })}</span>` : null}</span>`;
}

/** A value that came with a page's own answer: {value, timeUs} judged by `limitS`. */
export function Dated({ words, ageS, limitS }) {
  const stale = ageS === null || (limitS !== null && ageS > limitS);
  return html`<span class="reading-box"><span class=${['reading', stale && 'is-stale']}>${words}</span>
    ${stale && ageS !== null ? html`<span class="reading-age is-old">${t('value.stale', { age: age(ageS) })}</span>` : null}</span>`;
}
