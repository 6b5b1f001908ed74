// Times as the campus reads them: 2026-11-22 14:05:09 in the campus's own zone, and ages in words.
import { t } from '../i18n/words.js';

let zone = 'Asia/Shanghai';
let format = zoneFormat();
const offsets = new Map(); // hour since 1970 -> offset in ms; formatting through Intl for each row would be slow

function zoneFormat() {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
  });
}

export function useZone(name) {
  if (name === zone) return;
  zone = name;
  format = zoneFormat();
  offsets.clear();
}

function offsetMs(ms) {
  const hour = Math.floor(ms / 900_000); // zones change at quarter hours at most
  let offset = offsets.get(hour);
  if (offset === undefined) {
    const parts = Object.fromEntries(format.formatToParts(hour * 900_000).map((part) => [part.type, Number(part.value)]));
    offset = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - hour * 900_000;
    offsets.set(hour, offset);
  }
  return offset;
}

const two = (number) => String(number).padStart(2, '0');

function local(us) {
  const ms = us / 1000;
  return new Date(ms + offsetMs(ms));
}

/** 2026-11-22 */
export function day(us) {
  const at = local(us);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
}

/** 14:05:09 */
export function clock(us) {
  const at = local(us);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** 2026-11-22 14:05:09 */
export const dateTime = (us) => (us === null || us === undefined ? '' : `${day(us)} ${clock(us)}`);

/** 14:05:09 today, 11-22 14:05 on other days. */
export function shortTime(us, nowUs) {
  if (us === null || us === undefined) return '';
  return day(us) === day(nowUs) ? clock(us) : `${day(us).slice(5)} ${clock(us).slice(0, 5)}`;
}

/** Start of the campus's day that contains `us`. */
export function startOfDay(us) {
  const at = local(us);
  const ms = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
  return (ms - offsetMs(us / 1000)) * 1000;
}

/** 2026-11-22 14:05 for a field, and back; null where it is no time. A browser's own field would use the browser's own order of day and month. */
export const toInput = (us) => `${day(us)} ${clock(us).slice(0, 5)}`;
export function fromInput(words) {
  const found = /^\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)\s*$/.exec(words);
  if (!found) return null; // Date.parse would make a date of almost anything
  const ms = Date.parse(`${found[1]}T${found[2]}:00Z`);
  return Number.isNaN(ms) ? null : (ms - offsetMs(ms - offsetMs(ms))) * 1000;
}

/** A duration as people say it: 42 s, 3 min 05 s, 2 h 14 min, 3 d 4 h. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t('time.s', { s });
  if (s < 3600) return t('time.min', { min: Math.floor(s / 60), s: two(s % 60) });
  if (s < 86_400) return t('time.h', { h: Math.floor(s / 3600), min: two(Math.floor((s % 3600) / 60)) });
  return t('time.d', { d: Math.floor(s / 86_400), h: Math.floor((s % 86_400) / 3600) });
}

/** A coarse age for narrow places: 42s, 3min, 2h, 3d. */
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t('time.ageS', { n: s });
  if (s < 3600) return t('time.ageMin', { n: Math.floor(s / 60) });
  if (s < 86_400) return t('time.ageH', { n: Math.floor(s / 3600) });
  return t('time.ageD', { n: Math.floor(s / 86_400) });
}
