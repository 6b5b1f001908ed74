// A chart that can also be read as a table and taken along as a file. ECharts is loaded when the first chart is shown.
import { html, onMounted, onUnmounted, ref, watch } from './html.js';
import { DataTable } from './table.js';
import { ExportButtons } from './export.js';
import { language, t } from '../i18n/words.js';
import { shownTheme } from '../state/preferences.js';

let engine = null;
const loadEngine = () => {
  engine ??= import('../vendor/echarts-6.1.0.esm.min.js');
  return engine;
};

/** The page's own colours, so that charts follow the theme. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'), faint: colour('text-3'), soft: colour('text-2'), line: colour('line'), ground: colour('panel'), raised: colour('raised'),
    bar: colour('bar'), over: colour('bar-over'), lines: [1, 2, 3, 4, 5, 6].map((number) => colour(`line-${number}`)), font: style.getPropertyValue('--font'),
  };
}

/** A tooltip as an element: written as HTML text it would need inline styles, which the page's policy forbids. */
export function tip(title, lines) {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  const head = document.createElement('b');
  head.textContent = title;
  box.append(head);
  for (const [name, value] of lines) {
    const line = document.createElement('div');
    const what = document.createElement('span');
    what.textContent = name;
    const much = document.createElement('b');
    much.textContent = value;
    line.append(what, much);
    box.append(line);
  }
  return box;
}

/** What all charts share; give it your own grid, axes and series. */
export function frame(colours, own) {
  return {
    animation: false,
    color: colours.lines,
    textStyle: { fontFamily: colours.font, color: colours.soft, fontSize: 13 },
    grid: { left: 8, right: 18, top: 30, bottom: 6, containLabel: true },
    tooltip: { trigger: 'axis', confine: true, backgroundColor: colours.raised, borderColor: colours.line, padding: 8, transitionDuration: 0, textStyle: { color: colours.text, fontSize: 13 } },
    ...own,
  };
}

/** Axes in the page's greys. */
export const axis = (colours, own) => ({
  axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false }, axisLabel: { color: colours.faint }, nameTextStyle: { color: colours.faint, align: 'left' },
  splitLine: { lineStyle: { color: colours.line, opacity: 0.55 } }, ...own,
});

const Canvas = {
  props: ['option', 'label', 'onZoom'],
  setup(props) {
    const box = ref(null);
    let chart = null;
    let ended = false;
    const draw = () => chart?.setOption(props.option(palette()), { notMerge: true });
    const watcher = new ResizeObserver(() => chart?.resize());
    onMounted(async () => {
      const echarts = await loadEngine();
      if (ended) return;
      chart = echarts.init(box.value, null, { renderer: 'canvas' });
      watcher.observe(box.value);
      draw();
    });
    onUnmounted(() => {
      ended = true;
      watcher.disconnect();
      chart?.dispose();
    });
    watch([() => props.option, shownTheme, language], draw, { flush: 'post' });
    return () => html`<div ref=${box} class="chart-canvas" role="img" aria-label=${props.label}></div>`;
  },
};

/** props: title, option(palette) or a slot that draws itself, columns, rows, name, hrefs ({csv, xlsx} of the hub, else written here), note. */
export const Chart = {
  props: ['title', 'option', 'columns', 'rows', 'name', 'hrefs', 'note', 'keyOf'],
  setup(props, { slots }) {
    const asTable = ref(false);
    const key = (row) => (props.keyOf ? props.keyOf(row) : row.key);
    return () => html`<figure class="chart">
      <figcaption><b>${props.title}</b><span class="faint">${props.note ?? ''}</span><span class="chart-tools">
        <button class="quiet-button" data-as="table" aria-pressed=${asTable.value ? 'true' : 'false'} onClick=${() => { asTable.value = !asTable.value; }}>${asTable.value ? t('table.asChart') : t('table.asTable')}</button>
        <${ExportButtons} name=${props.name} columns=${props.columns} rows=${props.rows} hrefs=${props.hrefs} /></span></figcaption>
      ${asTable.value ? html`<${DataTable} bare=${true} columns=${props.columns} rows=${props.rows} keyOf=${key} name=${props.name} />`
        : props.option ? html`<${Canvas} option=${props.option} label=${props.title} />` : slots.default()}
    </figure>`;
  },
};
