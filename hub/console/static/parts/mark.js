// Severity as a shape: critical diamond, high triangle, medium square, low circle. Never colour alone.
// full = active; hollow = back to normal and not yet acknowledged; dashed = its gateway is away, so nobody knows.
import { html } from './html.js';
import { t } from '../i18n/words.js';

const SHAPES = {
  4: 'M8 .8 L15.2 8 L8 15.2 L.8 8 Z',
  3: 'M8 1.4 L15.2 14.2 H.8 Z',
  2: 'M2 2 H14 V14 H2 Z',
  1: 'M8 1.3 A6.7 6.7 0 1 1 7.99 1.3 Z',
};
export const SEVERITY = { 4: 'critical', 3: 'high', 2: 'medium', 1: 'low' };

export const severityName = (severity) => t(`severity.${SEVERITY[severity] ?? 'low'}`);

export function Mark({ severity, fire, hollow, dashed, pulse, size }) {
  const kind = ['mark', `mark-${SEVERITY[severity]}`, fire && 'mark-fire', hollow && 'mark-hollow', dashed && 'mark-dashed', pulse && 'mark-pulse'];
  const px = size || 18;
  return html`<svg class=${kind} viewBox="0 0 16 16" width=${px} height=${px} role="img" aria-label=${severityName(severity)}>
    <path d=${SHAPES[severity]} />
  </svg>`;
}

/** The mark of an alert in the state it is in. */
export function AlertMark({ alert, size }) {
  const unacked = alert.state === 'raised' || alert.state === 'cleared';
  return html`<${Mark} severity=${alert.severity} fire=${alert.family === 'fire'} size=${size}
    hollow=${['cleared', 'latched', 'closed'].includes(alert.state)} dashed=${alert.stale} pulse=${unacked} />`;
}
