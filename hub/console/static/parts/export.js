// What is on the screen as a file, CSV or XLSX. A cell that a spreadsheet could take for a formula is made text.
import { html } from './html.js';
import { workbook } from './xlsx.js';
import { t } from '../i18n/words.js';
import { nowUs } from '../state/clock.js';
import { dateTime } from './time.js';

const FORMULA = /^[=+\-@\t\r]/;

/** One cell as CSV: numbers bare, text quoted, formulas disarmed. */
export function csvCell(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const words = String(value ?? '');
  const safe = FORMULA.test(words) && !/^[+-]?\d+(\.\d+)?$/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const cells = (columns, rows) => [columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => (column.raw ?? column.text)(row)))];

export function toCsv(columns, rows) {
  return `\ufeff${cells(columns, rows).map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

/** Hand a file to the person. */
export function save(name, blob, ending = blob.type.includes('csv') ? 'csv' : 'xlsx') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${name}-${dateTime(nowUs()).replace(' ', '-').replaceAll(':', '')}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function ExportButtons({ name, columns, rows, hrefs }) {
  if (hrefs) {
    return html`<span class="exports"><a class="button-link" download href=${hrefs.csv}>${t('table.csv')}</a><a class="button-link" download href=${hrefs.xlsx}>${t('table.xlsx')}</a></span>`;
  }
  const csv = () => save(name, new Blob([toCsv(columns, rows)], { type: 'text/csv;charset=utf-8' }));
  const xlsx = () => save(name, workbook(cells(columns, rows)));
  return html`<span class="exports"><button class="quiet-button" data-export="csv" onClick=${csv}>${t('table.csv')}</button>
    <button class="quiet-button" data-export="xlsx" onClick=${xlsx}>${t('table.xlsx')}</button></span>`;
}
