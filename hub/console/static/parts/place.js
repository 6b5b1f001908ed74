// Where something is: site / building / room, each a link into the campus tree.
import { html } from './html.js';
import { say, t } from '../i18n/words.js';
import { campus } from '../state/campus.js';
import { href } from '../router.js';

/** Names from the outside in, as far as they are known: [{id, name, page}]. */
export function placeOf({ site, building, area }) {
  const { sites, buildings, areas } = campus.value;
  return [
    ['site', site, sites.get(site)],
    ['building', building, buildings.get(building)],
    ['area', area, areas.get(area)],
  ].filter(([, id]) => id).map(([kind, id, known]) => ({ kind, id, name: known ? say(known.name) : id }));
}

export const placeWords = (where) => placeOf(where).map((part) => part.name).join(t('place.between'));

export function PlaceLinks({ where }) {
  return html`<span class="place">${placeOf(where).map((part, number) => html`
    ${number ? html`<span class="place-between">${t('place.between')}</span>` : null}
    <a href=${href('campus', [part.kind, part.id])}>${part.name}</a>`)}</span>`;
}
