// Pages, and beside the board how many alerts nobody has acknowledged, so that every page knows.
import { html } from './html.js';
import { AlertMark } from './mark.js';
import { Choices } from './choices.js';
import { say, t } from '../i18n/words.js';
import { countAlerts } from '../state/alerts.js';
import { may, session, signOut } from '../state/session.js';
import { href, route } from '../router.js';

const PAGES = ['board', 'campus', 'trends', 'speed', 'cooling', 'cameras', 'rules', 'orders', 'gateways'];
/** Pages that stand behind another one's entry. */
const BEHIND = { device: 'campus', camera: 'cameras', rule: 'rules', publications: 'rules', probe: 'gateways', calibrate: 'speed' };

function BoardBadge() {
  const counts = countAlerts();
  if (!counts.gravest) return null;
  return html`<span class="badge"><${AlertMark} alert=${counts.gravest} size=${13} />${counts.unacked}</span>`;
}

export function Nav() {
  const pages = may('admin') ? [...PAGES, 'admin'] : PAGES;
  return html`<header class="nav">
    <a class="brand" href="#/board"><b>${t('product')}</b><span>${say(session.campus?.name)}</span></a>
    <nav aria-label=${t('nav.pages')}>${pages.map((page) => html`
      <a href=${href(page)} class=${route.page === page || BEHIND[route.page] === page ? 'is-here' : ''}
        aria-current=${route.page === page ? 'page' : null}>${t(`nav.${page}`)}${page === 'board' ? html`<${BoardBadge} />` : null}</a>`)}</nav>
    <${Choices} />
    <span class="who"><b>${session.user?.name}</b><span class="who-role">${t(`role.${session.user?.role}`)}</span>
      <button class="quiet-button" onClick=${signOut}>${t('nav.signOut')}</button></span>
  </header>`;
}
