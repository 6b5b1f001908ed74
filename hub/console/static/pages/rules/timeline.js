// What the draft moves, device by device, on one time axis; under it the readings of the chosen device with both limits.
import { computed, html, onMounted, onUnmounted, ref, watch } from '../../parts/html.js';
import { Chart } from '../../parts/chart.js';
import { CHANGES, ChangeSign, LANE_PX, Lane, pairAt } from '../../parts/lanes.js';
import { SEVERITY, severityName } from '../../parts/mark.js';
import { TimeAxis, ViewButtons } from '../../parts/timeaxis.js';
import { dateTime, duration } from '../../parts/time.js';
import { VirtualList } from '../../parts/virtual.js';
import { useKeys } from '../../parts/keys.js';
import { t } from '../../i18n/words.js';
import { shownSize } from '../../state/screen.js';
import { DeviceTrend } from './trend.js';
import { pairsOf } from './intervals.js';
import { subjectName } from './subjects.js';

const GUTTER_PX = { wall: 224, desk: 210, phone: 110 }; // as the style sheet has it
const SHOWN_LANES = { wall: 9, desk: 5, phone: 6 };

const lasting = ({ raised_us: raised, cleared_us: cleared, moment }) => (moment ? t('rules.moment') : cleared === null ? t('rules.stillOpen') : duration((cleared - raised) / 1e6));
const span = (interval) => (interval ? `${dateTime(interval.raised_us)} · ${lasting(interval)} · ${severityName(interval.severity)}` : t('value.none'));

/** The difference as a table, which is also what is exported. */
export function differenceTable(rows) {
  const of = (side, key) => (row) => (row[side] ? key(row[side]) : '');
  const side = (name) => [
    { key: `${name}-raised`, title: t(`rules.col.${name}Raised`), width: '12.5em', text: of(name, (one) => dateTime(one.raised_us)), sort: (row) => row[name]?.raised_us },
    { key: `${name}-cleared`, title: t(`rules.col.${name}Cleared`), width: '12.5em', text: of(name, (one) => dateTime(one.cleared_us)), sort: (row) => row[name]?.cleared_us },
    { key: `${name}-severity`, title: t(`rules.col.${name}Severity`), width: '6.5em', text: of(name, (one) => t(`severity.${SEVERITY[one.severity]}`)) },
  ];
  const columns = [
    { key: 'what', title: t('rules.change'), width: '7em', text: (row) => t(`rules.what.${row.what}`), cell: (row) => html`<${ChangeSign} what=${row.what} /> ${t(`rules.what.${row.what}`)}` },
    { key: 'device', title: t('alert.device'), text: (row) => subjectName(row.device) }, ...side('live'), ...side('draft'),
  ];
  return { columns, rows };
}

function Counts({ row }) {
  const told = CHANGES.filter((what) => row[what]);
  if (!told.length) return html`<small>${t('rules.unchanged', { n: row.draft })}</small>`;
  return html`<small>${told.map((what) => html`<span class=${`change-count is-${what}`}><${ChangeSign} what=${what} />${t(`rules.what.${what}`)} ${row[what]}</span>`)}</small>`;
}

/** props: result {id, report}, former (another draft than the shown one), view, draft, live (documents), chosen, choose(device). */
export const Timeline = {
  props: ['result', 'former', 'view', 'draft', 'live', 'chosen', 'choose'],
  setup(props) {
    const box = ref(null);
    const width = ref(600);
    const under = ref(null); // the pair under the pointer
    const measure = () => { width.value = Math.max(120, (box.value?.clientWidth ?? 800) - GUTTER_PX[shownSize.value] - 18); };
    const watcher = new ResizeObserver(measure);
    onMounted(() => {
      measure();
      watcher.observe(box.value);
    });
    onUnmounted(() => watcher.disconnect());
    const rows = computed(() => props.result.report.devices);
    watch(() => props.result, ({ report }) => props.view.bounds(report.from_us, report.to_us), { immediate: true });
    const move = (by) => {
      const next = rows.value[Math.max(0, Math.min(rows.value.length - 1, rows.value.findIndex((row) => row.device === props.chosen) + by))];
      if (next) props.choose(next.device);
    };
    useKeys({ j: () => move(1), k: () => move(-1), '+': () => props.view.zoom(0.5), '=': () => props.view.zoom(0.5), '-': () => props.view.zoom(2), 0: () => props.view.whole(), ArrowLeft: () => props.view.move(-0.25), ArrowRight: () => props.view.move(0.25) });
    const lane = (row) => {
      const found = pairsOf(props.result.id, row.device);
      const point = (event) => { under.value = event && found ? pairAt(found.pairs, props.view, width.value, event.offsetX, event.offsetY) : null; };
      const label = `${subjectName(row.device)}: ${CHANGES.map((what) => `${t(`rules.what.${what}`)} ${row[what]}`).join(t('place.and'))}`;
      const press = () => props.choose(row.device);
      return html`<div class=${['lane', row.device === props.chosen && 'is-chosen', !found && 'is-loading']} data-lane=${row.device}>
        <button class="lane-name" aria-pressed=${row.device === props.chosen ? 'true' : 'false'} onClick=${press}><b>${subjectName(row.device)}</b><${Counts} row=${row} /></button>
        <${Lane} pairs=${found?.pairs ?? []} view=${props.view} width=${width.value} label=${label} press=${press} point=${point} /></div>`;
    };
    const legend = () => html`<p class="lane-legend">${under.value ? html`<b>${t(`rules.what.${under.value.what}`)}</b> <span>${t('rules.live')} ${span(under.value.live)}</span> <span>${t('rules.draft')} ${span(under.value.draft)}</span>`
      : html`<span><i class="lane-swatch"></i>${t('rules.what.same')}</span>${CHANGES.map((what) => html`<span><${ChangeSign} what=${what} />${t(`rules.what.${what}`)}</span>`)}<span class="faint">${t('rules.upper')}</span>`}</p>`;
    return () => {
      const { report } = props.result;
      const table = differenceTable(report.difference.rows);
      const rest = [report.devices_cut && t('rules.devicesCut', { n: report.devices_cut }), report.difference.cut && t('rules.rowsCut', { n: report.difference.cut })].filter(Boolean).join(' · ');
      return html`<div ref=${box} class=${['timeline', props.former && 'is-former']}>
        <${Chart} title=${t('rules.timeline')} name="backtest" columns=${table.columns} rows=${table.rows} keyOf=${(row) => `${row.what}/${row.device}/${(row.draft ?? row.live).id}`} note=${[t('campus.found', { n: rows.value.length }), rest].filter(Boolean).join(' · ')}>${() => html`
          <div class="lanes"><div class="lanes-head"><${ViewButtons} view=${props.view} />${legend()}</div>
            <div class="lane lane-axis"><span></span><${TimeAxis} view=${props.view} width=${width.value} /></div>
            ${rows.value.length ? html`<div class="lanes-box" style=${{ height: `${Math.min(SHOWN_LANES[shownSize.value], rows.value.length) * LANE_PX}px` }}><${VirtualList} class="lanes-list" items=${rows.value} rowHeight=${LANE_PX} keyOf=${(row) => row.device} row=${lane} label=${t('rules.timeline')} shown=${rows.value.findIndex((row) => row.device === props.chosen)} /></div>`
    : html`<p class="table-empty faint">${t('rules.noAlerts')}</p>`}</div>`}<//>
        ${props.chosen ? html`<${DeviceTrend} key=${props.chosen} device=${props.chosen} draft=${props.draft} live=${props.live} view=${props.view} width=${width.value} gutter=${GUTTER_PX[shownSize.value]} pairs=${pairsOf(props.result.id, props.chosen)?.pairs ?? []} />` : null}</div>`;
    };
  },
};
