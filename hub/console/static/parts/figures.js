// Numbers as people of the field write them: unit beside it, digits by unit, codes in words.
import { t, say } from '../i18n/words.js';
import { campus, deviceOf, pointOf } from '../state/campus.js';

const DIGITS = { C: 1, 'km/h': 1, MPa: 2, V: 1, A: 1, Hz: 2, kWh: 1, m: 2, '%': 1, level: 0, count: 0, s: 0, h: 1, W: 0, var: 0 };
const SIGNS = { C: '℃', level: '', count: '', m3: 'm³', '1/h': '1/h' };

export const unitSign = (unit) => SIGNS[unit] ?? unit ?? '';

/** A number in its unit's usual digits, without the unit; a dash where there is none. */
export function figure(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) return t('value.none');
  const digits = DIGITS[unit] ?? (Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : 1);
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: Math.abs(value) >= 1e5 });
}

/** A number with its unit; large powers in kW. */
export function amount(value, unit) {
  if (value === null || value === undefined) return t('value.none');
  if (unit === 'W' && Math.abs(value) >= 10_000) return `${figure(value / 1000, 'C')} kW`;
  const sign = unitSign(unit);
  return sign ? `${figure(value, unit)} ${sign}` : figure(value, unit);
}

/** Facts of an alert that are no points: their unit, or the code set of their words. */
const FACTS = {
  peak_kmh: { unit: 'km/h' }, median_kmh: { unit: 'km/h' }, readings: { unit: 'count' }, duration_s: { unit: 'h', sign: 's' }, confidence: { share: true }, true_min_kmh: { unit: 'km/h' }, true_max_kmh: { unit: 'km/h' },
  angle_deg: { unit: 'h', sign: '°' }, vehicle_class: { codes: 'vehicle_class' }, plate_sure: { unit: '%' }, plates_near: { unit: 'count' }, check: { codes: 'speed_check' }, vision_kmh: { unit: 'km/h' }, vision_error_kmh: { unit: 'km/h' },
  cameras: { unit: 'count' }, cameras_good: { unit: 'count' }, cameras_unknown: { unit: 'count' },
};
const short = (name) => name.split('.')[1] ?? name;

/** The value of `<device>.<point>` in words: codes by name, numbers with their unit. */
export function pointValue(name, value) {
  const fact = FACTS[short(name)];
  const point = pointOf(name) ?? fact;
  if (point?.share) return percent(value, 0);
  if (point?.sign) return `${figure(value, point.unit)} ${point.sign}`;
  if (value === null || value === undefined) return t('value.none');
  const code = point?.codes && campus.value.codes[point.codes]?.[String(value)];
  return code ? say(code) : amount(value, point?.unit ?? '');
}

export function pointTitle(name) {
  const point = pointOf(name);
  return point ? say(point.title) : short(name) in FACTS ? t(`evidence.${short(name)}`) : short(name);
}

/** A point with the device it belongs to. */
export function seriesName(name) {
  const id = name.split('.')[0];
  const known = deviceOf(id);
  return `${known ? say(known.device.name) : id} · ${pointTitle(name)}`;
}

export const percent = (share, digits = 1) => (share === null || share === undefined ? t('value.none') : `${(share * 100).toFixed(digits)}%`);
