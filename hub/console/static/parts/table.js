// A table of any length: sorted by a click on its head, only visible rows drawn, exported as it stands.
// With press(row) a row can be pressed, chosen(row) says which one is, and follow(rows) tells the rows in the order in which they stand.
// column: {key, title, cell(row), text(row), sort(row), width, right, hidden}; `text` is what is exported and, without `cell`, shown; a hidden one is exported only.
import { computed, html, ref, watch } from './html.js';
import { ExportButtons } from './export.js';
import { VirtualList } from './virtual.js';
import { t } from '../i18n/words.js';

const ROW_PX = 36;

function sorted(rows, column, down) {
  const value = column?.sort ?? column?.text;
  if (!value) return rows;
  const empty = (x) => x === null || x === undefined || x === '';
  const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'zh-CN', { numeric: true }));
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (empty(a) || empty(b)) return Number(empty(a)) - Number(empty(b)); // what is missing stands last, either way
    return down ? compare(b, a) : compare(a, b);
  });
}

export const DataTable = {
  props: ['columns', 'rows', 'keyOf', 'name', 'order', 'rowClass', 'rowHeight', 'empty', 'bare', 'press', 'chosen', 'follow'],
  setup(props) {
    const by = ref(props.order ?? null); // {key, down}
    const shown = computed(() => sorted(props.rows, props.columns.find((column) => column.key === by.value?.key), by.value?.down));
    watch(shown, (rows) => props.follow?.(rows), { immediate: true });
    const press = (column) => {
      by.value = { key: column.key, down: by.value?.key === column.key ? !by.value.down : Boolean(column.right) };
    };
    const head = (column) => {
      const direction = by.value?.key !== column.key ? null : by.value.down ? 'descending' : 'ascending';
      return html`<button class=${['table-head', column.right && 'is-right']} role="columnheader" aria-sort=${direction} onClick=${() => press(column)}>
        ${column.title}<span class=${['table-order', direction && `is-${direction}`]} aria-hidden="true"></span></button>`;
    };
    const row = (item) => html`<div class=${['table-row', props.rowClass?.(item), props.press && 'is-pressable', props.chosen?.(item) && 'is-selected']} role="row" data-row=${props.press ? props.keyOf(item) : null} style=${{ gridTemplateColumns: grid() }} onClick=${props.press ? () => props.press(item) : null}>
      ${columns().map((column) => html`<span role="cell" class=${column.right ? 'is-right' : ''}>${column.cell ? column.cell(item) : column.text(item)}</span>`)}</div>`;
    const columns = () => props.columns.filter((column) => !column.hidden);
    const grid = () => columns().map((column) => column.width ?? 'minmax(0, 1fr)').join(' ');
    return () => html`<div class="table">
      ${props.bare ? null : html`<div class="table-tools"><span class="faint">${t('table.rows', { n: shown.value.length })}</span>
        <${ExportButtons} name=${props.name} columns=${props.columns} rows=${shown.value} /></div>`}
      <div class="table-heads" role="row" style=${{ gridTemplateColumns: grid() }}>${columns().map(head)}</div>
      ${shown.value.length ? html`<${VirtualList} class="table-body" items=${shown.value} rowHeight=${props.rowHeight ?? ROW_PX} keyOf=${props.keyOf} row=${row} shown=${props.chosen ? shown.value.findIndex(props.chosen) : undefined} role="rowgroup" />`
        : html`<p class="table-empty faint">${props.empty ?? t('table.empty')}</p>`}
    </div>`;
  },
};
