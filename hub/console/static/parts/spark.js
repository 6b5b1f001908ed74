// A small trend with its limit: the last hour or two of one point, gaps left open.
import { html } from './html.js';
import { bridged, isAlone } from './series.js';

const WIDTH = 300;

function scaleOf(values, limit, pad) {
  const all = limit === null || limit === undefined ? values : [...values, limit];
  let low = Math.min(...all);
  let high = Math.max(...all);
  if (low === high) [low, high] = [low - 1, high + 1];
  const room = (high - low) * pad;
  return { low: low - room, high: high + room };
}

/** The line as an SVG path; a null breaks it, a value alone is a dot. */
export function linePath(rows, x, y, step) {
  let path = '';
  let before = null;
  rows.forEach(([time, value], i) => {
    if (value !== null) {
      const px = x(time).toFixed(1);
      const py = y(value).toFixed(1);
      if (before === null) path += `M${px} ${py}${isAlone(rows, i) ? 'h.01' : ''}`;
      else path += step ? `H${px}V${py}` : `L${px} ${py}`;
    }
    before = value;
  });
  return path;
}

/** props: times [us], values, limit, height, fromUs, toUs, startUs (when it began), step (codes). */
export function Spark({ times, values, limit, height = 56, fromUs, toUs, startUs, step, label }) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (!known.length) return html`<div class="spark spark-empty" role="img" aria-label=${label}></div>`;
  const { low, high } = scaleOf(known, limit, 0.12);
  const from = fromUs ?? times[0];
  const to = toUs ?? times[times.length - 1];
  const x = (us) => ((us - from) / Math.max(1, to - from)) * WIDTH;
  const y = (value) => height - ((value - low) / (high - low)) * height;
  const limitAt = limit === null || limit === undefined ? null : y(limit);
  return html`<svg class="spark" viewBox=${`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label=${label}>
    ${startUs && startUs > from ? html`<rect class="spark-since" x=${x(startUs)} y="0" width=${Math.max(0, WIDTH - x(startUs))} height=${height} />` : null}
    ${limitAt === null ? null : html`<line class="spark-limit" x1="0" x2=${WIDTH} y1=${limitAt} y2=${limitAt} />`}
    <path class="spark-line" d=${linePath(bridged(times, values), x, y, step)} />
  </svg>`;
}
