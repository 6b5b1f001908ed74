// The last hours of the point that an alert is about, against its limit; opens in Trends.
import { html, ref, watch } from '../../parts/html.js';
import { loadSeries, stepFor } from '../../parts/series.js';
import { Spark } from '../../parts/spark.js';
import { clock } from '../../parts/time.js';
import { pointTitle } from '../../parts/figures.js';
import { t } from '../../i18n/words.js';
import { nowUs } from '../../state/clock.js';
import { pointOf } from '../../state/campus.js';
import { href } from '../../router.js';

const HOUR_US = 3_600_000_000;

/** The point to draw: the evidence whose value is the alert's own value, or the first evidence with a unit, or the first. */
export function pointFor(alert) {
  const names = Object.keys(alert.evidence ?? {}).map((name) => (name.includes('.') ? name : `${alert.device}.${name}`));
  const values = Object.values(alert.evidence ?? {});
  const same = names.find((name, i) => values[i] === alert.value && pointOf(name));
  return same ?? names.find((name) => pointOf(name)?.unit) ?? names.find((name) => pointOf(name)) ?? null;
}

/** From an hour before it began until now, or until half an hour after it was over; six hours at most. */
export function stretch(alert) {
  const to = alert.cleared_us ? Math.min(nowUs(), alert.cleared_us + HOUR_US / 2) : nowUs();
  const from = Math.max(alert.start_us - HOUR_US, to - 6 * HOUR_US);
  return { from: Math.min(from, alert.start_us - HOUR_US / 4), to };
}

export const AlertTrend = {
  props: ['alert'],
  setup(props) {
    const drawn = ref(null);
    const load = async () => {
      const { alert } = props;
      const point = pointFor(alert);
      drawn.value = null;
      if (!point) return;
      const { from, to } = stretch(alert);
      try {
        const { times, series } = await loadSeries([point], from, to, stepFor(from, to, 240), pointOf(point)?.codes ? 'last' : 'mean');
        if (alert.id === props.alert.id) drawn.value = { point, from, to, times, values: series[point] ?? [] };
      } catch (error) {
        if (alert.id === props.alert.id) drawn.value = { failed: error };
      }
    };
    watch(() => [props.alert.id, props.alert.state, props.alert.epoch].join(), load, { immediate: true });
    return () => {
      const { alert } = props;
      const shown = drawn.value;
      if (!shown) return null;
      if (shown.failed) return html`<p class="faint">${t('trend.failed')}</p>`;
      const point = pointOf(shown.point);
      const title = pointTitle(shown.point);
      return html`<figure class="alert-trend">
        <figcaption><span>${title}</span>
          <a href=${href('trends', [], { points: shown.point, from: Math.round(shown.from), to: Math.round(shown.to) })}>${t('alert.openTrend')}</a></figcaption>
        <${Spark} times=${shown.times} values=${shown.values} limit=${point?.codes ? null : alert.limit} fromUs=${shown.from} toUs=${shown.to}
          startUs=${alert.start_us} height=${72} step=${Boolean(point?.codes)} label=${title} />
        <div class="spark-axis"><span>${clock(shown.from).slice(0, 5)}</span><span>${clock(shown.to).slice(0, 5)}</span></div>
      </figure>`;
    };
  },
};
