// The one place that asks the hub. An answer or a HubRefused; a 401 tells the session that it is over.
const SIGNED_OUT = new Set();

export class HubRefused extends Error {
  /** @param status HTTP status, 0 when there was no answer at all. */
  constructor(status, body) {
    super(body?.error?.en || `HTTP ${status}`);
    this.status = status;
    this.code = body?.error?.code || (status ? 'refused' : 'unreachable');
    this.text = body?.error?.zh ? { zh: body.error.zh, en: body.error.en } : null;
    this.body = body;
  }
}

export function onSignedOut(listener) {
  SIGNED_OUT.add(listener);
}

export function signedOut() {
  for (const listener of SIGNED_OUT) listener();
}

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `/api/${path}${search ? `?${search}` : ''}`;
}

async function ask(method, path, { query, body, signal } = {}) {
  let response;
  try {
    response = await fetch(address(path, query), {
      method,
      signal,
      credentials: 'same-origin',
      headers: { 'X-Campuswatch': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new HubRefused(0, null);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401 && path !== 'sign-in') signedOut();
  throw new HubRefused(response.status, answer);
}

export const get = (path, query, signal) => ask('GET', path, { query, signal });
export const post = (path, body = {}) => ask('POST', path, { body });
export const patch = (path, body = {}) => ask('PATCH', path, { body });
export const drop = (path) => ask('DELETE', path);
