// What a person does to an alert. Nothing is drawn as done before the hub has said so.
import { reactive } from '../../parts/html.js';
import { get, post } from '../../api.js';
import { alertOf, needsAck, takeAlert } from '../../state/alerts.js';
import { may } from '../../state/session.js';

/** id -> {busy, problem}: what the detail pane says beside the buttons. */
export const acting = reactive(new Map());

async function act(id, path, body) {
  if (acting.get(id)?.busy) return false;
  acting.set(id, { busy: true, problem: null });
  const before = alertOf(id);
  try {
    const answer = await post(`alerts/${id}/${path}`, body);
    // what the stream has told meanwhile is newer than the answer, or the same
    if (answer?.id === id && alertOf(id) === before) takeAlert(answer);
    acting.delete(id);
    return true;
  } catch (error) {
    if (error.status === 409) await refresh(id);
    acting.set(id, { busy: false, problem: error });
    return false;
  }
}

async function refresh(id) {
  try {
    takeAlert(await get(`alerts/${id}`));
  } catch {
    // the refusal itself is shown; the stream brings the rest
  }
}

export const canAck = (alert) => Boolean(alert) && may('operator') && needsAck(alert);

export function acknowledge(id, note) {
  const alert = alertOf(id);
  return canAck(alert) ? act(id, 'ack', { epoch: alert.epoch, ...(note ? { note } : {}) }) : Promise.resolve(false);
}

export const assign = (id, assignee) => act(id, 'assign', { assignee });
export const addNote = (id, text) => act(id, 'note', { text });
export const reset = (id) => act(id, 'reset', {});
export const clearByHand = (id, reason) => act(id, 'clear', { reason });
