// The gateways themselves: are they there, what waits in them, what was lost, do they have the right site file and clock.
import { computed, html, reactive } from '../parts/html.js';
import { AsOf, useAsked } from '../parts/asked.js';
import { figure } from '../parts/figures.js';
import { Mark } from '../parts/mark.js';
import { DataTable } from '../parts/table.js';
import { age, dateTime, duration } from '../parts/time.js';
import { troubleWords } from '../i18n/troubles.js';
import { say, t } from '../i18n/words.js';
import { campus } from '../state/campus.js';
import { gateways, loadGateways } from '../state/gateways.js';
import { nowUs } from '../state/clock.js';
import { href } from '../router.js';

const ASK_S = 15;
const CLOCK_LIMIT_S = 2;
const SILENT_S = 30;
const RIVAL_US = 600e6;
const ROOM_H = 24;
const BAD_LINK = new Set(['down', 'refused']);
const isBad = (link) => BAD_LINK.has(link.state) || link.silent > 0;
const offset = (seconds) => (Math.abs(seconds) < 0.005 ? 0 : seconds).toFixed(2); // no minus zero

/** What a program says of itself, in the one language it has. */
const inEnglish = (words) => html`<span lang="en">${words}</span>`;

/** 1.2 MB and the like. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return t('value.none');
  const step = bytes < 1e3 ? [1, 'B'] : bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${figure(bytes / step[0], step[0] === 1 ? 'count' : 'C')} ${step[1]}`;
}

const count = (n) => (n === null || n === undefined ? t('value.none') : n.toLocaleString('en-US'));
/** Sum of counters, however deep they are nested. */
const total = (counts) => Object.values(counts ?? {}).reduce((sum, n) => sum + (typeof n === 'object' ? total(n) : Number(n) || 0), 0);
const known = (book, word) => (t(`${book}.${word}`) === `${book}.${word}` ? word : t(`${book}.${word}`));
const parts = (counts) => Object.entries(counts ?? {}).map(([name, n]) => [name, typeof n === 'object' ? total(n) : n]).filter(([, n]) => n)
  .map(([name, n]) => `${name.split(' ').map((word) => known('counter', word)).join(' ')} ${count(n)}`).join(t('place.and'));

/** What needs a person on this gateway: words, gravest first; empty when nothing does. */
export function troubles(row) {
  const found = [];
  if (row.state !== 'online') found.push([3, t(`gateway.${row.state}`)]);
  else if ((nowUs() - row.seen_us) / 1e6 > SILENT_S) found.push([3, t('gateway.unheard', { age: duration((nowUs() - row.seen_us) / 1e6) })]);
  if (total(row.outbox?.dropped)) found.push([3, t('gateway.droppedSome', { what: parts(row.outbox.dropped) })]);
  if (row.digest_ok === false) found.push([2, t('gateway.digestDiffers')]);
  if (Math.abs(row.clock_offset_s ?? 0) > CLOCK_LIMIT_S) found.push([2, t('gateway.clockOff', { s: figure(row.clock_offset_s, 'C') })]);
  if (row.rival_us && nowUs() - row.rival_us < RIVAL_US) found.push([3, t('gateway.rival', { at: dateTime(row.rival_us) })]);
  if (row.uplink?.thin) found.push([2, t('gateway.thin', { n: count(row.uplink.thinned) })]);
  const down = (row.links ?? []).filter((link) => BAD_LINK.has(link.state));
  if (down.length) found.push([2, t('gateway.linksDown', { n: down.length })]);
  const silent = (row.links ?? []).filter((link) => link.silent);
  if (silent.length) found.push([2, t('gateway.linksSilent', { n: silent.length })]);
  if (row.outbox?.backlog) found.push([1, t('gateway.backlogOf', { n: count(row.outbox.backlog) })]);
  return found.sort((a, b) => b[0] - a[0]);
}

function Pair({ name, words, bad }) {
  return html`<div class=${['fact', bad && 'is-bad']}><dt>${t(`gateway.${name}`)}</dt><dd>${words}</dd></div>`;
}

function stateOf(link) {
  if (!link.silent || BAD_LINK.has(link.state)) return known('linkState', link.state);
  return t(link.silent >= link.devices ? 'linkState.silent' : 'linkState.partly');
}

/** The links of a gateway: those in trouble, or all of them. */
function Links({ links }) {
  const columns = [
    { key: 'link', title: t('gateway.link'), width: 'minmax(0, 2fr)', text: (link) => `${say(link.name) || link.id} ${known('linkKind', link.kind ?? '')}`, cell: (link) => html`${say(link.name) || link.id} <small class="faint">${known('linkKind', link.kind ?? '')}</small>` },
    { key: 'state', title: t('device.state'), width: '6em', text: stateOf, cell: (link) => html`<span class=${isBad(link) ? 'is-outside' : ''}>${stateOf(link)}</span>` },
    { key: 'silent', title: t('gateway.silentOf'), right: true, width: '6.2em', text: (link) => `${link.silent ?? 0}/${link.devices ?? 0}`, sort: (link) => link.silent },
    { key: 'period', title: t('gateway.period'), right: true, width: '4.6em', text: (link) => figure(link.period_s, 'C') },
    { key: 'ok', title: t('gateway.reads'), right: true, width: '4.6em', text: (link) => count(link.ok) },
    { key: 'errors', title: t('gateway.errors'), width: 'minmax(0, 1.4fr)', text: (link) => [parts(link.errors), link.trouble && (troubleWords(link.trouble) ?? link.trouble)].filter(Boolean).join(' · '), cell: (link) => [parts(link.errors), ' ', link.trouble ? troubleWords(link.trouble) ?? inEnglish(link.trouble) : ''] },
    { key: 'probe', title: '', width: '4em', text: () => '', cell: (link) => (link.kind?.startsWith('modbus') ? html`<a class="link" href=${href('probe', [link.id])}>${t('probe.open')}</a>` : null) },
  ];
  return html`<div class="links" style=${{ height: `${(links.length + 1) * 34 + 4}px` }}><${DataTable} bare=${true} columns=${columns} rows=${[...links].sort((a, b) => isBad(b) - isBad(a))} keyOf=${(link) => link.id} name="links" rowHeight=${34} /></div>`;
}

function Gateway({ row, open, press }) {
  const wrong = troubles(row);
  const seenS = row.seen_us ? (nowUs() - row.seen_us) / 1e6 : null;
  const outbox = row.outbox ?? {};
  const received = row.received ?? {};
  const links = (row.links ?? []).filter((link) => open || isBad(link));
  return html`<article class=${['gateway', wrong.length && 'has-trouble']} data-agent=${row.agent}>
    <header><h2>${say(row.name) || row.agent}</h2><span class="faint">${row.agent}</span>
      <span class=${['gateway-state', row.state !== 'online' && 'is-bad']}>${t(`gateway.${row.state}`)}${row.since_us ? t('gateway.sinceWhen', { at: dateTime(row.since_us) }) : ''}</span></header>
    ${wrong.length ? html`<ul class="troubles">${wrong.map(([severity, words]) => html`<li><${Mark} severity=${severity} size=${14} />${words}</li>`)}</ul>` : null}
    <dl class="facts">
      <${Pair} name="seen" words=${seenS === null ? t('value.none') : t('value.stale', { age: age(seenS) })} bad=${seenS === null || seenS > SILENT_S} />
      <${Pair} name="version" words=${row.version ?? t('value.none')} />
      <${Pair} name="digest" words=${row.digest_ok === null || row.digest_ok === undefined ? t('value.none') : row.digest_ok ? t('gateway.same') : t('gateway.differs')} bad=${row.digest_ok === false} />
      <${Pair} name="clock" words=${row.clock_offset_s === null || row.clock_offset_s === undefined ? t('value.none') : t('gateway.seconds', { s: offset(row.clock_offset_s) })} bad=${Math.abs(row.clock_offset_s ?? 0) > CLOCK_LIMIT_S} />
      <${Pair} name="backlog" words=${count(outbox.backlog)} bad=${outbox.backlog > 0} />
      <${Pair} name="waiting" words=${count((outbox.live ?? 0) + (outbox.alerts ?? 0))} />
      <${Pair} name="oldest" words=${outbox.oldest_us ? t('value.stale', { age: age((nowUs() - outbox.oldest_us) / 1e6) }) : t('value.none')} />
      <${Pair} name="bytes" words=${size(outbox.bytes)} />
      <${Pair} name="room" words=${outbox.hours_left === null || outbox.hours_left === undefined ? t('value.none') : t('gateway.hours', { n: figure(outbox.hours_left, 'count') })} bad=${outbox.hours_left < ROOM_H && outbox.hours_left !== null} />
      <${Pair} name="bandwidth" words=${row.uplink?.bandwidth_bytes_per_s ? `${size(row.uplink.bandwidth_bytes_per_s)}/s` : t('value.none')} />
      <${Pair} name="dropped" words=${count(total(outbox.dropped))} bad=${total(outbox.dropped) > 0} />
      <${Pair} name="rate" words=${row.rates?.samples_s === undefined || row.rates?.samples_s === null ? t('value.none') : t('gateway.perSecond', { n: figure(row.rates.samples_s, 'C') })} />
      <${Pair} name="received" words=${count(received.samples)} />
      <${Pair} name="duplicates" words=${count(received.duplicates)} />
    </dl>
    <button class="quiet-button" aria-expanded=${open ? 'true' : 'false'} onClick=${press}>${open ? t('gateway.hideLinks') : t('gateway.showLinks', { n: row.links?.length ?? 0 })}</button>
    ${links.length ? html`<${Links} links=${links} />` : null}
  </article>`;
}

function Quarantine({ quarantine }) {
  if (!quarantine) return null;
  const columns = [
    { key: 'time', title: t('gateway.when'), width: '12.5em', text: (row) => dateTime(row.time_us) },
    { key: 'agent', title: t('nav.gateways'), width: '9em', text: (row) => row.agent },
    { key: 'reason', title: t('gateway.reason'), width: 'minmax(0, 1.4fr)', text: (row) => row.reason, cell: (row) => [say(row.why), ' ', inEnglish(row.reason)] },
    { key: 'topic', title: t('gateway.topic'), text: (row) => row.topic },
    { key: 'bytes', title: t('gateway.bytesOf'), right: true, width: '7em', text: (row) => size(row.bytes), sort: (row) => row.bytes, raw: (row) => row.bytes },
  ];
  return html`<section class="quarantine"><h2>${t('gateway.quarantine')}<span class="faint">${t('gateway.quarantineCount', { n: count(quarantine.count) })}</span></h2>
    ${quarantine.newest?.length ? html`<${DataTable} bare=${true} columns=${columns} rows=${quarantine.newest} keyOf=${(row) => row.id} name="quarantine" />` : html`<p class="faint">${t('gateway.nothingAside')}</p>`}</section>`;
}

/** Whoever else has spoken to the hub: not gateways of this campus, so nothing is expected of them. */
function Others({ rows }) {
  if (!rows.length) return null;
  return html`<section class="others"><h2>${t('gateway.others')}</h2><p>${rows.map((row) => html`<span>${row.agent} <small>${known('gateway', row.state)}${row.seen_us ? ` · ${dateTime(row.seen_us)}` : ''} · ${count(row.received?.samples)}</small></span>`)}</p></section>`;
}

export const GatewaysPage = {
  setup() {
    const asked = useAsked(async () => { await loadGateways(); return true; }, ASK_S);
    const opened = reactive(new Set());
    const press = (agent) => (opened.has(agent) ? opened.delete(agent) : opened.add(agent));
    const all = computed(() => [...gateways.value.rows.values()]);
    const rows = computed(() => all.value.filter((row) => campus.value.agents.has(row.agent)));
    const others = computed(() => all.value.filter((row) => !campus.value.agents.has(row.agent)));
    return () => {
      const { hub, quarantine } = gateways.value;
      return html`<div class="scroll gateways"><div class="page-head"><h1>${t('gateway.title')}</h1>
          ${hub ? html`<span class="hub-facts">${t('gateway.hubFacts', { lag: figure(hub.lag_s, 'C'), queue: count(hub.db_waiting), size: size(hub.series_bytes) })}</span>` : null}<${AsOf} asked=${asked} /></div>
        <div class="gateway-list">${rows.value.map((row) => html`<${Gateway} key=${row.agent} row=${row} open=${opened.has(row.agent)} press=${() => press(row.agent)} />`)}</div>
        <${Quarantine} quarantine=${quarantine} /><${Others} rows=${others.value} /></div>`;
    };
  },
};
