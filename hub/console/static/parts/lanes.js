// Alerts of one thing as a lane: above what is live, below what the draft makes of it; gained, lost and moved each by colour, shape and word.
import { html } from './html.js';
import { xOf } from './timeaxis.js';

export const LANE_PX = 44;
export const CHANGES = ['gained', 'lost', 'moved'];
const TOP = { live: 6, draft: 25 };
const BAR = 11;
const LEAST_PX = 3;
const APART_PX = 11; // marks closer than this would hide each other

const END = Number.MAX_SAFE_INTEGER;
const endOf = (interval) => interval.cleared_us ?? END;
const face = ({ start_us: start, raised_us: raised, cleared_us: cleared, severity, changes }) => JSON.stringify([start, raised, cleared, severity, changes]);

/** Live and draft intervals of one thing and rule, each in order of time: of each side the first that overlap belong together. [{what, live, draft}] */
export function paired(live, draft) {
  const found = [];
  let [i, k] = [0, 0];
  while (i < live.length && k < draft.length) {
    if (endOf(live[i]) < draft[k].start_us) found.push({ what: 'lost', live: live[i++], draft: null });
    else if (endOf(draft[k]) < live[i].start_us) found.push({ what: 'gained', live: null, draft: draft[k++] });
    else {
      found.push({ what: face(live[i]) === face(draft[k]) ? 'same' : 'moved', live: live[i++], draft: draft[k++] });
    }
  }
  return [...found, ...live.slice(i).map((one) => ({ what: 'lost', live: one, draft: null })), ...draft.slice(k).map((one) => ({ what: 'gained', live: null, draft: one }))];
}

/** The sign of a change, 9 px wide, about a point: a plus, a cross, or an arrow to both sides. */
const SIGNS = {
  gained: (x, y) => `M${x - 4} ${y}h8M${x} ${y - 4}v8`,
  lost: (x, y) => `M${x - 3.5} ${y - 3.5}l7 7M${x + 3.5} ${y - 3.5}l-7 7`,
  moved: (x, y) => `M${x - 5} ${y}h10M${x - 2} ${y - 3}l-3 3 3 3M${x + 2} ${y - 3}l3 3 -3 3`,
};

export function ChangeSign({ what }) {
  return html`<svg class=${`change-sign is-${what}`} viewBox="0 0 14 12" width="14" height="12" aria-hidden="true"><path d=${SIGNS[what](7, 6)} /></svg>`;
}

/** Paths of a lane by what they are: one element each, however many alerts there are. */
function drawn(pairs, view, width) {
  const x = xOf(view, width);
  const paths = {};
  const last = {};
  const add = (name, path) => { paths[name] = (paths[name] ?? '') + path; };
  const bar = (what, side, { raised_us: raised, cleared_us: cleared }) => {
    const end = x(cleared ?? view.most);
    if (end < 0 || x(raised) > width) return;
    const left = Math.max(-2, Math.min(width - LEAST_PX, x(raised)));
    const right = Math.min(width + 2, Math.max(end, left + LEAST_PX));
    add(`${side} is-${what}`, `M${left.toFixed(1)} ${TOP[side]}H${right.toFixed(1)}v${BAR}H${left.toFixed(1)}z`);
  };
  const sign = (what, us, y) => {
    const at = Math.min(width - 6, Math.round(x(us) + 5));
    if (x(us) < 0 || x(us) > width || at - (last[what] ?? -Infinity) < APART_PX) return;
    last[what] = at;
    add(`sign is-${what}`, SIGNS[what](at, y));
  };
  for (const { what, live, draft } of pairs) {
    if (live) bar(what, 'live', live);
    if (draft) bar(what, 'draft', draft);
    if (what === 'gained') sign(what, draft.raised_us, TOP.live + BAR / 2);
    if (what === 'lost') sign(what, live.raised_us, TOP.draft + BAR / 2);
    if (what === 'moved') {
      add('link is-moved', `M${x(live.raised_us).toFixed(1)} ${TOP.live + BAR}L${x(draft.raised_us).toFixed(1)} ${TOP.draft}`);
      sign(what, Math.min(live.raised_us, draft.raised_us), (TOP.live + BAR + TOP.draft) / 2);
    }
  }
  return paths;
}

/** props: pairs, view, width, label, press(), point(event) for what is under the pointer. */
export function Lane({ pairs, view, width, label, press, point }) {
  const paths = drawn(pairs, view, width);
  return html`<svg class="lane-svg" width=${width} height=${LANE_PX} role="img" aria-label=${label} onClick=${press} onPointermove=${point} onPointerleave=${() => point?.(null)}>
    <line class="lane-line" x1="0" x2=${width} y1=${LANE_PX / 2 - 1} y2=${LANE_PX / 2 - 1} />
    ${Object.entries(paths).map(([name, path]) => html`<path key=${name} class=${`lane-${name}`} d=${path} />`)}</svg>`;
}

/** The pair under a pixel of a lane; null where there is none within reach. */
export function pairAt(pairs, view, width, px, py) {
  const x = xOf(view, width);
  const side = py < LANE_PX / 2 ? 'live' : 'draft';
  let best = null;
  let least = 6;
  for (const pair of pairs) {
    const interval = pair[side] ?? pair.live ?? pair.draft;
    const [left, right] = [x(interval.raised_us), x(interval.cleared_us ?? view.most)];
    const away = px < left ? left - px : px > right ? px - right : 0;
    if (away < least) [best, least] = [pair, away];
  }
  return best;
}
