// A time axis that several drawings share: what they show, its ticks, and the ways to look closer.
import { html, ref, shallowReactive } from './html.js';
import { clock, dateTime, day, startOfDay } from './time.js';
import { t } from '../i18n/words.js';

const MIN_US = 60_000_000;
const DAY_US = 1440 * MIN_US;
const LEAST_US = 2 * MIN_US;
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 5760, 10_080].map((minutes) => minutes * MIN_US);
const TICK_PX = 92;

/** {from, to} of what is shown within {least, most}; all drawings on one axis share it. */
export function useView() {
  const view = shallowReactive({ least: 0, most: 1, from: 0, to: 1 });
  const show = (from, to) => {
    const width = Math.min(view.most - view.least, Math.max(LEAST_US, to - from));
    const first = Math.max(view.least, Math.min(from, view.most - width));
    Object.assign(view, { from: first, to: first + width });
  };
  return Object.assign(view, {
    show,
    whole: () => show(view.least, view.most),
    /** Closer (by < 1) or wider, about a moment or the middle. */
    zoom: (by, about = (view.from + view.to) / 2) => show(about - (about - view.from) * by, about + (view.to - about) * by),
    move: (share) => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from)),
    bounds: (least, most) => {
      if (least === view.least && most === view.most) return;
      const wasWhole = view.from <= view.least && view.to >= view.most;
      Object.assign(view, { least, most });
      if (wasWhole || view.to <= least || view.from >= most) Object.assign(view, { from: least, to: most });
      else show(view.from, view.to);
    },
  });
}

/** Where on `width` pixels a time stands. */
export const xOf = (view, width) => (us) => ((us - view.from) / (view.to - view.from)) * width;

/** Moments for marks at round local times. */
export function ticks(view, width) {
  const most = Math.max(2, Math.floor(width / TICK_PX));
  const step = TICKS.find((us) => (view.to - view.from) / us <= most) ?? Math.ceil((view.to - view.from) / most / DAY_US) * DAY_US;
  const found = [];
  const first = startOfDay(view.from);
  for (let us = first + Math.ceil((view.from - first) / step) * step; us <= view.to; us += step) found.push(us);
  return found.map((us) => ({ us, words: us === startOfDay(us) ? day(us).slice(5) : clock(us).slice(0, 5) }));
}

/** The axis itself: drag over it to look closer. props: view, width. */
export const TimeAxis = {
  props: ['view', 'width'],
  setup(props) {
    const dragged = ref(null); // [from px, to px]
    const at = (event) => event.clientX - event.currentTarget.getBoundingClientRect().left;
    const down = (event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      dragged.value = [at(event), at(event)];
    };
    const move = (event) => {
      if (dragged.value) dragged.value = [dragged.value[0], at(event)];
    };
    const up = () => {
      const [a, b] = [...dragged.value].sort((one, other) => one - other);
      dragged.value = null;
      const us = (px) => props.view.from + (px / props.width) * (props.view.to - props.view.from);
      if (b - a > 6) props.view.show(us(a), us(b));
    };
    return () => {
      const { view, width } = props;
      const x = xOf(view, width);
      return html`<svg class="time-axis" width=${width} height="24" role="img" aria-label=${t('rules.axis', { from: dateTime(view.from), to: dateTime(view.to) })} onPointerdown=${down} onPointermove=${move} onPointerup=${up} onDblclick=${view.whole}>
        ${dragged.value ? html`<rect class="axis-drag" x=${Math.min(...dragged.value)} y="0" width=${Math.abs(dragged.value[1] - dragged.value[0])} height="24" />` : null}
        ${ticks(view, width).map(({ us, words }) => html`<g key=${us}><line x1=${x(us)} x2=${x(us)} y1="18" y2="24" /><text x=${Math.min(width - 22, Math.max(20, x(us)))} y="14">${words}</text></g>`)}</svg>`;
    };
  },
};

/** Closer, wider, to the sides, all of it. */
export function ViewButtons({ view }) {
  const button = (key, words, press) => html`<button class="quiet-button" data-view=${key} aria-label=${t(`rules.view.${key}`)} title=${t(`rules.view.${key}`)} onClick=${press}>${words}</button>`;
  return html`<span class="view-buttons">${button('back', '◂', () => view.move(-0.5))}${button('closer', '+', () => view.zoom(0.5))}${button('wider', '−', () => view.zoom(2))}${button('on', '▸', () => view.move(0.5))}
    ${button('whole', t('rules.view.all'), view.whole)}<span class="faint">${dateTime(view.from).slice(5, 16)} – ${dateTime(view.to).slice(5, 16)}</span></span>`;
}
