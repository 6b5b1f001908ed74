// Who sits here, and which campus this is. Nothing else is known before sign-in.
import { reactive } from '../parts/html.js';
import { get, onSignedOut, post } from '../api.js';
import { useZone } from '../parts/time.js';

const ROLES = ['viewer', 'operator', 'engineer', 'admin'];

export const session = reactive({ known: false, user: null, firstRun: false, version: '', campus: null, failed: null });

export function may(role) {
  return session.user !== null && ROLES.indexOf(session.user.role) >= ROLES.indexOf(role);
}

function take(answer) {
  session.known = true;
  session.failed = null;
  session.user = answer.user ?? null;
  session.firstRun = Boolean(answer.first_run);
  session.version = answer.version ?? session.version;
  session.campus = answer.campus ?? session.campus;
  if (session.campus?.timezone) useZone(session.campus.timezone);
}

export async function loadSession() {
  try {
    take(await get('session'));
  } catch (error) {
    session.failed = error;
    setTimeout(loadSession, 3000);
  }
}

// The answers of these may be a session or only a cookie; asking once more holds for both.
export async function signIn(name, password) {
  await post('sign-in', { name, password });
  await loadSession();
}

export async function firstRun(token, name, password) {
  await post('first-run', { token, name, password });
  await loadSession();
}

export async function signOut() {
  await post('sign-out').catch(() => null);
  session.user = null;
}

onSignedOut(() => {
  session.user = null;
});
