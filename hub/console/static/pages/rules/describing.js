// A rule in plain words. A line is a list of tokens: words, or a field {path, value, type, unit ...} that a form shows as an input and
// a sentence as words; so what is read and what is edited is one text, in either language.
import { unitSign } from '../../parts/figures.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { ruleOf } from '../../state/rules.js';
import { pointOfRule } from './subjects.js';

const vehicle = (name) => say(Object.values(campus.value.codes.vehicle_class ?? {}).find((code) => code.name === name)) || name;

/** A template of words with its {name}s replaced by tokens. */
export const fill = (template, parts) => template.split(/\{(\w+)\}/).flatMap((piece, i) => (i % 2 ? [parts[piece] ?? []].flat() : piece === '' ? [] : [piece]));

const joined = (lists, between) => lists.flatMap((tokens, i) => (i ? [between, ...tokens] : tokens));

/** Writes a rule line by line; `all` shows also what stands at its default, for a form. */
class Describer {
  constructor(rule, all) {
    this.rule = rule;
    this.all = all;
  }

  field(path, value, more) {
    return { path, value: value ?? more.initial, ...more };
  }

  number(path, value, unit, more = {}) {
    return this.field(path, value, { type: 'number', unit: unitSign(unit ?? ''), key: path.findLast((key) => typeof key === 'string'), ...more });
  }

  seconds(path, value, more = {}) {
    return this.number(path, value, '', { type: 'seconds', unit: t('rules.s'), min: 0, ...more });
  }

  share(path, value, more = {}) {
    return this.number(path, value, '', { type: 'share', min: 0, max: 1, ...more });
  }

  choice(path, value, options, more = {}) {
    return this.field(path, value, { type: 'choice', options, key: path.findLast((key) => typeof key === 'string'), ...more });
  }

  /** Whether a value is to be told: it is not at its default, or the form shows everything. */
  told(value, initial = 0) {
    return this.all || (value ?? initial) !== initial;
  }

  point(name) {
    return pointOfRule(this.rule, name);
  }

  title(name) {
    return say(this.point(name)?.title) || name;
  }

  /** A value of a point: a word of its code set, or a number. */
  member(path, value, point) {
    const set = campus.value.codes[point?.codes] ?? null;
    if (!set || (typeof value === 'number' && !set[String(value)])) return this.number(path, value, point?.unit);
    const codes = Object.entries(set);
    const options = codes.map(([number, code]) => [typeof value === 'number' ? Number(number) : code.name, say(code)]);
    return this.choice(path, value, options);
  }

  hours(path, hours) {
    const days = ['all', 'workdays', 'days-off'].filter((name) => name === 'all' || hours.calendar || this.rule);
    return fill(t('rules.hours'), {
      start: this.field([...path, 'start'], hours.start ?? '00:00', { type: 'clock', key: 'start', initial: '00:00' }), end: this.field([...path, 'end'], hours.end ?? '24:00', { type: 'clock', key: 'end', initial: '24:00' }),
      days: this.told(hours.days, 'all') ? this.choice([...path, 'days'], hours.days ?? 'all', days.filter((name) => name === 'all' || hours.calendar).map((name) => [name, t(`rules.days.${name}`)]), { initial: 'all' }) : [],
    });
  }

  limit(path, limit, unit) {
    if (typeof limit === 'number') return [this.number(path, limit, unit)];
    if (typeof limit === 'string') return [limit];
    if (limit.schedule) return this.schedule(path, limit, unit);
    if (limit.usual) return this.usual([...path, 'usual'], limit.usual, unit);
    return [
      `${this.title(limit.point)}`, ...(this.told(limit.times, 1) ? [' × ', this.number([...path, 'times'], limit.times, '', { initial: 1 })] : []),
      ...(this.told(limit.plus) ? [' + ', this.number([...path, 'plus'], limit.plus, unit, { initial: 0 })] : []),
    ];
  }

  schedule(path, { schedule, otherwise }, unit) {
    const parts = schedule.map((part, i) => fill(t('rules.scheduled'), { hours: this.hours([...path, 'schedule', i, 'hours'], part.hours ?? {}), limit: this.number([...path, 'schedule', i, 'limit'], part.limit, unit) }));
    const rest = otherwise === undefined || otherwise === null ? [t('rules.otherwiseNothing')] : fill(t('rules.otherwise'), { limit: this.number([...path, 'otherwise'], otherwise, unit) });
    return joined([...parts, rest], t('rules.semicolon'));
  }

  usual(path, usual, unit) {
    const own = (key, initial, sign = '') => this.number([...path, key], usual[key], sign, { initial });
    const choices = (key, names, initial) => this.choice([...path, key], usual[key] ?? initial, names.map((name) => [name, t(`rules.${key}.${name}`)]), { initial });
    return [
      ...fill(t('rules.usual'), { days: own('days', 28), by: this.all ? [choices('per', ['hour', 'day'], 'hour'), ' ', choices('like', ['same', 'any'], 'same')] : t(`rules.by.${usual.per ?? 'hour'}-${usual.like ?? 'same'}`) }),
      ...(this.told(usual.times, 1) ? [' × ', own('times', 1)] : []), ...(this.told(usual.plus) ? [' + ', own('plus', 0, unit)] : []), ...(this.told(usual.mads) ? [' + ', own('mads', 0), ' × MAD'] : []),
      ...(this.told(usual.at_least) ? fill(t('rules.atLeast'), { n: own('at_least', 0, unit) }) : []),
      ...(this.all ? fill(t('rules.coverage'), { share: this.share([...path, 'coverage'], usual.coverage, { initial: 0.9 }), least: own('least', 5) }) : []),
    ];
  }

  /** What is looked at, and in which unit: {tokens, point, unit}. */
  quantity(path, leaf) {
    const point = this.point(leaf.point);
    const title = this.title(leaf.point);
    const unit = point?.unit ?? '';
    if (leaf.bit !== undefined) return { tokens: fill(t('rules.bit'), { point: title, bit: this.number([...path, 'bit'], leaf.bit) }), point: null, unit: '' };
    if (leaf.rate) {
      const per = this.choice([...path, 'rate', 'per'], leaf.rate.per ?? 'hour', ['second', 'minute', 'hour', 'day'].map((name) => [name, t(`rules.perTime.${name}`)]), { initial: 'hour' });
      return { tokens: fill(t('rules.rate'), { point: title, over: this.seconds([...path, 'rate', 'over_s'], leaf.rate.over_s), per }), point: null, unit };
    }
    if (leaf.count) {
      const parts = { point: title, value: this.member([...path, 'count', 'becomes'], leaf.count.becomes, point), within: this.seconds([...path, 'count', 'within_s'], leaf.count.within_s) };
      return { tokens: fill(t('rules.count'), parts), point: null, unit: '' };
    }
    if (leaf.energy) return { tokens: fill(t('rules.energy'), { point: title, limit: this.limit([...path, 'energy', 'stand_by'], leaf.energy.stand_by, unit) }), point: null, unit: 'kWh' };
    return { tokens: [title], point, unit };
  }

  leaf(path, leaf) {
    if (leaf.flat_s !== undefined) return fill(t('rules.flat'), { what: this.title(leaf.point), for: this.seconds([...path, 'flat_s'], leaf.flat_s) });
    const { tokens, point, unit } = this.quantity(path, leaf);
    const put = (template, key, what) => fill(t(template), { what: tokens, [key]: what });
    if (leaf.equals !== undefined) return put('rules.equals', 'value', this.member([...path, 'equals'], leaf.equals, point));
    if (leaf.differs !== undefined) return put('rules.differs', 'value', this.member([...path, 'differs'], leaf.differs, point));
    if (leaf.one_of) return put('rules.oneOf', 'value', joined(leaf.one_of.map((value, i) => [this.member([...path, 'one_of', i], value, point)]), t('rules.or')));
    const way = leaf.above !== undefined ? 'above' : 'below';
    const band = this.told(leaf.dead_band) ? fill(t('rules.deadBand'), { band: this.number([...path, 'dead_band'], leaf.dead_band, unit, { initial: 0, min: 0 }) }) : [];
    return [...put(`rules.${way}`, 'limit', this.limit([...path, way], leaf[way], unit)), ...band];
  }

  /** Lines of expressions that must all hold: {path, tokens, depth}. */
  lines(path, expressions, depth = 0) {
    return expressions.flatMap((part, i) => {
      const here = [...path, i];
      const group = ['all', 'any', 'not'].find((key) => part[key] !== undefined);
      if (!group) return [{ path: here, depth, tokens: this.leaf(here, part) }];
      const inner = group === 'not' ? this.lines([...here, 'not'], [part.not], depth + 1).map((line) => ({ ...line, path: here })) : this.lines([...here, group], part[group], depth + 1);
      return [{ path: here, depth, tokens: [t(`rules.group.${group}`)] }, ...inner];
    });
  }

  conditions() {
    const { rule } = this;
    if (rule.kind === 'when') return this.lines(['when'], rule.when ?? []);
    if (rule.kind === 'setpoint') {
      const own = (key, initial) => this.number([key], rule[key], 'C', { initial });
      return [{ path: [], depth: 0, tokens: fill(t('rules.setpoint'), { cooling: own('cooling_min_c', 26), heating: own('heating_max_c', 20), band: own('dead_band_c', 0.2) }) }];
    }
    if (rule.kind === 'stale') {
      const of = this.choice(['of'], rule.of ?? 'device', ['device', 'link'].map((name) => [name, t(`rules.of.${name}`)]), { initial: 'device' });
      return [{ path: [], depth: 0, tokens: fill(t('rules.stale'), { of, after: this.seconds(['after_s'], rule.after_s, { initial: 60 }) }) }];
    }
    return this.speeding();
  }

  speeding() {
    const { rule } = this;
    const kmh = (path, value, more) => this.number(path, value, 'km/h', more);
    const lines = [{ path: ['limit_kmh'], depth: 0, tokens: fill(t('rules.speeding'), { limit: kmh(['limit_kmh'], rule.limit_kmh) }) }];
    (rule.limits ?? []).forEach((limit, i) => {
      const where = [...(limit.areas ?? []), ...(limit.zones ?? [])].map((id) => say((campus.value.areas.get(id) ?? campus.value.zones.get(id))?.name) || id);
      const who = [...where, ...(limit.classes ?? []).map(vehicle), ...(limit.instruments ?? []).map((name) => t(`rules.instrument.${name}`))].join(t('place.and'));
      lines.push({ path: ['limits', i], depth: 1, tokens: fill(t('rules.speedLimit'), { who, hours: limit.hours ? this.hours(['limits', i, 'hours'], limit.hours) : [], limit: kmh(['limits', i, 'limit_kmh'], limit.limit_kmh) }) });
    });
    (rule.levels ?? []).forEach((level, i) => lines.push({ path: ['levels', i], depth: 1, tokens: fill(t('rules.speedLevel'), { over: this.number(['levels', i, 'over_percent'], level.over_percent, '%'), severity: this.severity(['levels', i, 'severity'], level.severity) }) }));
    return lines;
  }

  severity(path, value) {
    return this.choice(path, value, ['low', 'medium', 'high', 'critical'].map((name) => [name, t(`severity.${name}`)]));
  }

  /** What holds beside the conditions: delays, guards, causes, levels. */
  around() {
    const { rule } = this;
    const line = (path, template, parts) => ({ path, depth: 0, tokens: fill(t(template), parts) });
    const found = [];
    const state = rule.kind !== 'speeding';
    if (state && this.told(rule.on_delay_s)) found.push(line(['on_delay_s'], 'rules.hold', { s: this.seconds(['on_delay_s'], rule.on_delay_s, { initial: 0 }) }));
    if (state && this.told(rule.off_delay_s)) found.push(line(['off_delay_s'], 'rules.release', { s: this.seconds(['off_delay_s'], rule.off_delay_s, { initial: 0 }) }));
    if (state && this.told(rule.good_share)) {
      found.push(line(['good_share'], 'rules.goodShare', { share: this.share(['good_share'], rule.good_share, { initial: 0 }), fresh: this.seconds(['fresh_s'], rule.fresh_s, { initial: 60 }) }));
    }
    (rule.only?.hours ?? []).forEach((hours, i) => found.push(line(['only', 'hours', i], 'rules.onlyHours', { hours: this.hours(['only', 'hours', i], hours) })));
    if (rule.only?.seasons?.length) found.push(line(['only', 'seasons'], 'rules.onlySeasons', { seasons: rule.only.seasons.map((name) => t(`rules.season.${name}`)).join(t('rules.or')) }));
    (rule.held_back_by ?? []).forEach((cause, i) => {
      const on = this.choice(['held_back_by', i, 'on'], cause.on ?? 'link', ['device', 'link', 'area'].map((name) => [name, t(`rules.on.${name}`)]), { initial: 'link' });
      found.push(line(['held_back_by', i], 'rules.heldBack', { rule: say(ruleOf(cause.rule)?.title) || cause.rule, on }));
    });
    if (state) (rule.levels ?? []).forEach((level, i) => found.push(...this.level(['levels', i], level)));
    if (rule.action) found.push(...this.action(rule.action));
    if (state && this.told(rule.latch, false)) found.push({ path: ['latch'], depth: 0, tokens: this.all ? [this.field(['latch'], rule.latch ?? false, { type: 'switch', words: t('rules.latch'), initial: false })] : [t('rules.latch')] });
    return found;
  }

  /** What the hub orders by itself when people did not see to it. */
  action(action) {
    const at = (key) => ['action', key];
    const name = action.point ?? 'setpoint_c';
    const standard = action.value === null || action.value === undefined;
    const parts = { after: this.seconds(at('after_s'), action.after_s, { initial: 1800, min: 1, key: 'wait_s' }), what: this.title(name), value: standard ? t('rules.action.standard') : this.member(at('value'), action.value, this.point(name)), n: this.number(at('per_day'), action.per_day, '', { initial: 1, min: 1, max: 20 }) };
    const lines = [{ path: ['action'], depth: 0, tokens: fill(t(`rules.action.${action.even_acked ? 'orderAcked' : 'order'}`), parts) }];
    if (action.hold_s) lines.push({ path: at('hold_s'), depth: 1, tokens: fill(t('rules.action.hold'), { s: this.seconds(at('hold_s'), action.hold_s, { min: 1 }) }) });
    return lines;
  }

  level(path, level) {
    const told = (key, template) => (this.told(level[key]) ? fill(t(template), { s: this.seconds([...path, key], level[key], { initial: 0 }) }) : []);
    const parts = { severity: this.severity([...path, 'severity'], level.severity), after: told('on_delay_s', 'rules.levelAfter'), back: told('off_delay_s', 'rules.levelBack') };
    return [{ path, depth: 0, tokens: fill(t(level.when?.length ? 'rules.levelWhen' : 'rules.level'), parts) }, ...this.lines([...path, 'when'], level.when ?? [], 1)];
  }

  /** Numbers that no sentence holds: how a speeding rule cuts passes. [[key, unit, default]] */
  rest() {
    if (this.rule.kind !== 'speeding' || !this.all) return [];
    const plain = [['margin_kmh', 'km/h', 2], ['error_kmh', 'km/h', 1], ['error_percent', '%', 2], ['angle_deg', '°', 0], ['pass_gap_s', 's', 1.5], ['merge_gap_s', 's', 1.5], ['merge_kmh', 'km/h', 4], ['split_kmh', 'km/h', 8],
      ['min_readings', '', 2], ['min_confidence', '', 0], ['low_kmh', 'km/h', 3]];
    const own = plain.map(([key, unit, initial]) => [[key], unit, initial]);
    const roads = (this.rule.roads ?? []).flatMap((_, i) => [['within_s', 's', 3], ['differ_kmh', 'km/h', 10], ['match_s', 's', 2], ['fold_s', 's', 3]].map(([key, unit, initial]) => [['roads', i, key], unit, initial]));
    const value = (path) => path.reduce((part, key) => part?.[key], this.rule);
    return [...own, ...roads].map(([path, unit, initial]) => ({ path, depth: 0, tokens: [`${t(`rules.key.${path.at(-1)}`)} `, this.number(path, value(path), unit, { initial })] }));
  }
}

export const conditionLines = (rule, all) => new Describer(rule, all).conditions();
export const aroundLines = (rule, all) => new Describer(rule, all).around();
export const restLines = (rule, all) => new Describer(rule, all).rest();

/** A field as words. */
export function fieldWords({ type, value, unit, options }) {
  if (value === null || value === undefined) return t('value.none');
  if (type === 'seconds') return value < 60 || value % 60 ? `${value} ${t('rules.s')}` : exact(value);
  if (type === 'share') return `${Math.round(value * 1000) / 10}%`;
  if (type === 'choice') return options.find(([id]) => id === value)?.[1] ?? String(value);
  return type === 'number' && unit ? `${value} ${unit}` : String(value);
}

// 600 s are 10 min, and not 10 min 00 s
const exact = (seconds) => (seconds % 3600 ? t('rules.min', { n: seconds / 60 }) : seconds % 86_400 ? t('rules.h', { n: seconds / 3600 }) : t('rules.d', { n: seconds / 86_400 }));

export const tokenWords = (tokens) => tokens.map((token) => (typeof token === 'string' ? token : fieldWords(token))).join('');

/** An expression within a sentence: joined by and, or, not. */
function inline(describer, path, part) {
  const group = ['all', 'any'].find((key) => part[key]);
  if (part.not) return [t('rules.not'), ...inline(describer, [...path, 'not'], part.not), t('rules.close')];
  if (!group) return describer.leaf(path, part);
  return [t('rules.open'), ...joined(part[group].map((one, i) => inline(describer, [...path, group, i], one)), t(`rules.joined.${group}`)), t('rules.close')];
}

/** The whole rule as one sentence, for lists. */
export function sentence(rule) {
  const describer = new Describer(rule, false);
  const conditions = rule.kind === 'when' ? (rule.when ?? []).map((part, i) => inline(describer, ['when', i], part)) : describer.conditions().map((line) => line.tokens);
  const parts = [...conditions, ...describer.around().map((line) => line.tokens)].map(tokenWords);
  return parts.join(t('rules.comma')).replaceAll(`:${t('rules.comma')}`, ': ');
}
