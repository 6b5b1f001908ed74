// Where we are, from what stands after the # in the address: #/page/rest?name=value
import { reactive } from './parts/html.js';

export const route = reactive({ page: 'board', rest: [], query: {} });

function read() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page = '', ...rest] = path.split('/').map(decodeURIComponent);
  route.page = page || 'board';
  route.rest = rest.filter((part) => part !== '');
  route.query = Object.fromEntries(new URLSearchParams(search));
}

export function href(page, rest = [], query = {}) {
  const path = [page, ...rest].map(encodeURIComponent).join('/');
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${path}${search ? `?${search}` : ''}`;
}

export function go(page, rest, query) {
  location.hash = href(page, rest, query).slice(1);
}

/** Change the address without a new entry in the history; for filters. */
export function amend(query) {
  const next = href(route.page, route.rest, { ...route.query, ...query });
  history.replaceState(null, '', next);
  read();
}

addEventListener('hashchange', read);
read();
