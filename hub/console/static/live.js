// One event stream per page, read with fetch rather than EventSource: we see pings (so silence is noticed), we see why
// a connection was refused, and we can resume by Last-Event-ID ourselves after any failure.
const SILENT_MS = 12_000; // the hub says something at least each 5 s
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/** Cut a stream of text into events; give it chunks, it calls back with {id, name, data} or a ping. */
export function eventCutter(onEvent) {
  let rest = '';
  let event = { id: undefined, name: 'message', lines: [] };
  const line = (text) => {
    if (text === '') {
      if (event.lines.length) onEvent({ id: event.id, name: event.name, data: event.lines.join('\n') });
      event = { id: undefined, name: 'message', lines: [] };
      return;
    }
    if (text.startsWith(':')) return;
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') event.id = value;
    else if (field === 'event') event.name = value;
    else if (field === 'data') event.lines.push(value);
  };
  return (chunk) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop();
    lines.forEach(line);
  };
}

/**
 * Follow the hub's events for ever.
 * on: { event(name, data), alive(), lost(why), signedOut() }; `alive` is called for every chunk, pings too.
 * Returns a function that ends it.
 */
export function follow(path, on) {
  const state = { ended: false, lastId: null, abort: null, wake: null, wait: FIRST_WAIT_MS };
  const hurry = () => state.wake?.();
  addEventListener('online', hurry);
  run(path, on, state);
  return () => {
    state.ended = true;
    removeEventListener('online', hurry);
    state.abort?.abort();
    state.wake?.();
  };
}

async function run(path, on, state) {
  while (!state.ended) {
    let why = 'ended';
    try {
      await readOnce(path, on, state);
    } catch (error) {
      if (error.signedOut) {
        on.signedOut();
        return;
      }
      why = error.name === 'AbortError' ? 'silent' : 'unreachable';
    }
    if (state.ended) return;
    on.lost(why);
    await new Promise((resolve) => {
      state.wake = resolve;
      setTimeout(resolve, state.wait * (0.7 + 0.6 * Math.random()));
    });
    state.wait = Math.min(state.wait * 1.7, LONGEST_WAIT_MS);
  }
}

async function readOnce(path, on, state) {
  state.abort = new AbortController();
  let watchdog = setTimeout(() => state.abort.abort(), SILENT_MS);
  try {
    const response = await fetch(path, {
      signal: state.abort.signal,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { Accept: 'text/event-stream', ...(state.lastId ? { 'Last-Event-ID': state.lastId } : {}) },
    });
    if (response.status === 401) throw Object.assign(new Error('signed out'), { signedOut: true });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const cut = eventCutter((event) => {
      apply(on, event);
      if (event.id) state.lastId = event.id; // only after it was applied
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => state.abort.abort(), SILENT_MS);
      state.wait = FIRST_WAIT_MS;
      on.alive();
      cut(value);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

// An event that cannot be read must not be lost in silence: everything is loaded anew instead.
function apply(on, { name, data }) {
  let body;
  try {
    body = JSON.parse(data);
  } catch {
    on.event('reset', {});
    return;
  }
  on.event(name, body);
}
