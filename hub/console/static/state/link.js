// What is known about the connection itself; the status line and every page draw from here.
import { computed, reactive } from '../parts/html.js';
import { nowUs } from './clock.js';

export const link = reactive({
  state: 'connecting', // connecting | live | lost
  lostUs: null,
  sureUs: null, // hub time up to which this page has seen everything
  user: null,
  lagS: null,
  muted: 0,
  agentsAway: 0,
  loading: false,
  broken: false, // a part of this page failed
});

/** No data is shown as current unless this is true. */
export const isLive = computed(() => link.state === 'live' && !link.loading);

export function alive() {
  link.state = 'live';
  link.lostUs = null;
  link.sureUs = nowUs();
}

export function lost() {
  if (link.state !== 'lost') link.lostUs = link.sureUs ?? nowUs();
  link.state = 'lost';
}

export function takeStatus(status) {
  link.lagS = status.lag_s ?? null;
  link.muted = status.muted ?? 0;
  link.agentsAway = status.agents_offline ?? 0;
}

/** Until when states are known: now while all is live, else the moment at which we last were; durations stop there. */
export const seenUs = () => (isLive.value || link.sureUs === null ? nowUs() : link.sureUs);

/** The time of which the hub's data is complete: what this page has heard, less what the hub is behind. */
export const sureUs = computed(() => {
  return link.sureUs === null ? null : Math.min(link.sureUs, nowUs()) - (link.lagS ?? 0) * 1e6;
});
