// One camera: what it is worth now, its signals over time against the limits of the rules, and the history of its alerts.
import { computed, html, shallowRef, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { pointTitle, pointValue, unitSign } from '../../parts/figures.js';
import { AlertMark } from '../../parts/mark.js';
import { PlaceLinks } from '../../parts/place.js';
import { RangeChooser, rangeOf } from '../../parts/range.js';
import { loadSeries, stepFor } from '../../parts/series.js';
import { Spark } from '../../parts/spark.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus, deviceOf, pointOf } from '../../state/campus.js';
import { loadRules, rulebook } from '../../state/rules.js';
import { reading, wantValues } from '../../state/values.js';
import { href, route } from '../../router.js';
import { showAlert } from '../board/board.js';
import { lasting, stateWords as alertWords } from '../board/row.js';
import { usePictures } from './looking.js';
import { CameraPictures } from './pictures.js';
import { Confirm, Deeds, useReferenceOrders } from './reference.js';
import { CameraSign, stateWords } from './states.js';

const ASK_S = 30;
const MOST_ALERTS = 50;
const MOST_POINTS = 20; // of one question to the store
/** Points whose course tells nothing by itself. */
const LEFT_OUT = new Set(['shift_x', 'shift_y', 'alike', 'many_alike', 'reference', 'reference_day', 'reference_night', 'offline_alike', 'many_offline', 'many_unreached', 'gaps_alike', 'many_gaps', 'vision_kmh', 'vision_error_kmh', 'vision_lane']);

/** Comparisons of a rule that must hold, together or one of them. */
const leavesOf = (parts) => (parts ?? []).flatMap((part) => (part.point ? [part] : leavesOf(part.all ?? part.any)));

/** point -> {limit, way} of the rules that are live for cameras; the first rule that compares the point with a number counts. */
export function limitsOf(rules) {
  const found = new Map();
  for (const { document, enabled, family } of rules) {
    if (!enabled || family !== 'camera') continue;
    for (const leaf of leavesOf(document.when)) {
      const way = typeof leaf.above === 'number' ? 'above' : typeof leaf.below === 'number' ? 'below' : null;
      if (way && !leaf.count && !leaf.rate && !found.has(leaf.point)) found.set(leaf.point, { way, limit: leaf[way] });
    }
  }
  return found;
}

/** How far a reference is: as an order here has made it, or as its gateway told since. */
function standingOf(camera, light, told) {
  const name = `${camera}.reference_${light}`;
  const { value, timeUs } = reading(name);
  if (told?.[light] && !(timeUs > told.atUs)) return told[light];
  return (value !== null && campus.value.codes[pointOf(name)?.codes]?.[value]?.name.replaceAll('_', '-')) || null;
}

function Signal({ point, limit, hour, range }) {
  const { value, stale, bad } = reading(point);
  const outside = !stale && !bad && limit && (limit.way === 'above' ? value > limit.limit : value < limit.limit);
  const values = hour?.series[point] ?? [];
  const unit = pointOf(point)?.unit ?? '';
  return html`<section class="signal" data-point=${point}><div><p class="signal-name">${pointTitle(point)}</p><b class=${outside ? 'is-outside' : stale || bad ? 'faint' : ''}>${bad ? t('value.none') : pointValue(point, value)}</b>
      <p class="faint">${limit ? t(`camera.page.${limit.way}`, { limit: `${limit.limit} ${unitSign(unit)}`.trim() }) : pointOf(point)?.codes ? '' : t('camera.page.noLimit')}</p></div>
    ${values.some((one) => one !== null) ? html`<${Spark} times=${hour.times} values=${values} limit=${limit?.limit} fromUs=${range.from} toUs=${range.to} height=${58} step=${Boolean(pointOf(point)?.codes)} label=${pointTitle(point)} />` : html`<p class="faint">${t('camera.page.noReading')}</p>`}</section>`;
}

function History({ alerts }) {
  if (!alerts.length) return html`<p class="faint">${t('campus.noAlerts')}</p>`;
  return html`<ul class="place-alerts">${alerts.map((alert) => html`<li key=${alert.id}><button onClick=${() => showAlert(alert.id)}><${AlertMark} alert=${alert} size=${14} /><span class="two-lines"><b>${say(alert.title)}</b>
    <small>${dateTime(alert.start_us)} · ${lasting(alert)} · ${alertWords(alert)}${alert.count > 1 ? ` · ${t('camera.page.times', { n: alert.count })}` : ''}</small></span></button></li>`)}</ul>`;
}

function Now({ row }) {
  if (!row) return null;
  return html`<p class="camera-now" data-state=${row.state}><${CameraSign} state=${row.state} /> <b class=${row.state === 'online' ? '' : 'is-outside'}>${stateWords(row)}</b> <span class="faint">${row.since_us ? dateTime(row.since_us) : ''}</span></p>`;
}

export const CameraPage = {
  setup() {
    const id = computed(() => route.rest[0] ?? '');
    const points = computed(() => (deviceOf(id.value)?.profile?.points ?? []).filter((point) => !LEFT_OUT.has(point.name)).map((point) => `${id.value}.${point.name}`).slice(0, MOST_POINTS));
    const range = shallowRef(rangeOf('24h'));
    const asked = useAsked(async () => {
      if (!points.value.length) return null;
      range.value = rangeOf('24h');
      const { from, to } = range.value;
      await wantValues({ devices: id.value });
      const [series, history, cameras] = await Promise.all([
        loadSeries(points.value, from, to, stepFor(from, to, 300), 'last'),
        get('alerts', { state: 'all', device: id.value, limit: MOST_ALERTS }),
        get('cameras', { site: deviceOf(id.value)?.device.site }),
        rulebook.value.known ? null : loadRules(),
      ]);
      return { series, alerts: history.alerts, row: cameras.rows.find((row) => row.device === id.value) };
    }, ASK_S);
    const pictures = usePictures(() => (deviceOf(id.value) ? id.value : '')); // the address changes before the page does
    const deeds = useReferenceOrders(pictures.again);
    watch(() => [id.value, points.value.length, route.query.last, route.query.from, route.query.to].join(), () => asked.again());
    return () => {
      const known = deviceOf(id.value);
      if (!known) return html`<p class="page-empty faint">${campus.value.known ? t('camera.page.unknown', { id: id.value }) : t('page.loading')}</p>`;
      const limits = limitsOf(rulebook.value.rules);
      const { answer } = asked;
      // the signals that a rule looks at first
      const shown = [...points.value].sort((a, b) => Number(limits.has(b.split('.')[1])) - Number(limits.has(a.split('.')[1])));
      const standings = Object.fromEntries(['day', 'night'].map((light) => [light, standingOf(id.value, light, deeds.told[id.value])]));
      const acts = (light, row) => html`<${Confirm} asked=${deeds} camera=${id.value} light=${light} row=${row} standing=${standings[light]} />`;
      return html`<div class="with-side camera-page"><div class="main-part scroll"><div class="page-head"><h1>${say(known.device.name)}</h1><${PlaceLinks} where=${{ site: known.device.site, building: known.building?.id, area: known.device.area }} /><${AsOf} asked=${asked} /></div>
          <${Now} row=${answer?.row} /><${CameraPictures} pictures=${pictures} standings=${standings} acts=${acts} /><${Deeds} asked=${deeds} camera=${id.value} />
          <div class="pictures-head"><h2>${t('camera.page.signals')}</h2><${RangeChooser} range=${range.value} lasts=${['1h', '8h', '24h', '7d']} /></div>
          <div class="signals">${shown.map((point) => html`<${Signal} key=${point} point=${point} limit=${limits.get(point.split('.')[1])} hour=${answer?.series} range=${range.value} />`)}</div></div>
        <aside class="side-part"><p><a class="link" href=${href('cameras', [], { device: id.value })}>${t('camera.page.wall')}</a> · <a class="link" href=${href('device', [id.value])}>${t('device.about')}</a></p>
          <h3>${t('camera.page.history')}</h3>${answer ? html`<${History} alerts=${answer.alerts} />` : null}</aside></div>`;
    };
  },
};
