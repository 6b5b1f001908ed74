// Numbers, ranges and words of probes: what people type, and what registers, candidates and verdicts are called.
import { amount } from '../../parts/figures.js';
import { t } from '../../i18n/words.js';

export const TABLES = ['holding', 'input', 'coil', 'discrete'];
const MOST = 65_535;
const MOST_REGISTERS = 500;

const numberOf = (text) => (/^(0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text) ? Number(text) : NaN);

/** [[first, last]] of "0-99, 0x2000-0x2047"; null where it is no list of ranges, or asks for too much. */
export function rangesOf(text) {
  const found = text.split(/[,;\s]+/).filter(Boolean).map((part) => {
    const [first, last = first] = part.split('-').map((word) => numberOf(word));
    return part.split('-').length < 3 && last >= first && last <= MOST ? [first, last] : null;
  });
  if (!found.length || found.includes(null)) return null;
  return found.reduce((sum, [first, last]) => sum + last - first + 1, 0) <= MOST_REGISTERS ? found : null;
}

/** {name: value} of "ct=40; unit=kWh"; null where it is none. Numbers become numbers. */
export function parametersOf(text) {
  const pairs = text.split(/[;,]+/).map((part) => part.trim()).filter(Boolean).map((part) => /^([\w-]+)\s*=\s*(\S+)$/.exec(part));
  if (pairs.includes(null)) return null;
  return Object.fromEntries(pairs.map(([, name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]));
}

/** 8192 (0x2000) */
export const addressWords = (address) => `${address} (0x${address.toString(16).padStart(4, '0')})`;
export const rangeWords = ([first, last]) => (first === last ? `${first}` : `${first}–${last}`);

/** One of our words where there is one, else the word itself. */
export const known = (book, word) => (t(`probe.${book}.${word}`) === `probe.${book}.${word}` ? word : t(`probe.${book}.${word}`));

const ORDERS = { msw: 'ABCD', lsw: 'CDAB', 'msw-swapped': 'BADC', 'lsw-swapped': 'DCBA' };
/** f32 ABCD x0.1 */
export const formWords = ({ type, order, scale, registers }) => [type, registers === 1 || !order ? '' : ORDERS[order] ?? order, scale === 1 || scale === undefined ? '' : `×${scale}`].filter(Boolean).join(' ');
export const candidateWords = (one) => (one.value === null || one.value === undefined ? t('value.none') : typeof one.value === 'string' ? one.value : amount(one.value, one.unit));
