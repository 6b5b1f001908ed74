// The history of publications: newest first, the chosen one beside them with its differences.
import { computed, html, shallowRef, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { DataTable } from '../../parts/table.js';
import { dateTime } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { go, href, route } from '../../router.js';
import { loadRules, rulebook } from '../../state/rules.js';
import { PublicationCard } from './publication.js';

const ASK_S = 60;
const PAGE = 100;

export const PublicationsPage = {
  setup() {
    const more = shallowRef([]);
    const asked = useAsked(async () => (await get('rules/publications', { limit: PAGE })).publications, ASK_S);
    loadRules().catch(() => null); // from here on the stream keeps it up
    watch(() => [rulebook.value.set, rulebook.value.waiting, rulebook.value.agents], () => asked.again());
    const rows = computed(() => {
      const first = asked.answer ?? [];
      return [...first, ...more.value.filter((row) => row.number < (first.at(-1)?.number ?? Infinity))];
    });
    const older = async () => { more.value = [...more.value, ...(await get('rules/publications', { limit: PAGE, before: rows.value.at(-1).number })).publications]; };
    const chosen = computed(() => rows.value.find((row) => row.number === Number(route.rest[0])) ?? rows.value.find((row) => row.state === 'waiting') ?? rows.value[0]);
    const columns = () => [
      { key: 'number', title: t('rules.col.number'), width: '6em', right: true, text: (row) => row.number, cell: (row) => html`<a class="link" href=${href('publications', [row.number])}>${row.number}</a>` },
      { key: 'time', title: t('gateway.when'), width: '12.5em', text: (row) => dateTime(row.time_us) },
      { key: 'author', title: t('rules.col.author'), width: '8em', text: (row) => row.author },
      { key: 'state', title: t('device.state'), width: '9em', text: (row) => t(`rules.state.${row.state}`) },
      { key: 'rules', title: t('nav.rules'), width: 'minmax(0, 1.6fr)', text: (row) => [...row.rules.map((rule) => say(rule.title)), ...row.removed].join(t('place.and')) },
      { key: 'note', title: t('rules.publish.note'), width: 'minmax(0, 1.6fr)', text: (row) => row.note },
    ];
    return () => html`<div class="with-side publications"><div class="main-part stack"><div class="page-head"><h1>${t('rules.publications')}</h1><a class="link" href=${href('rules')}>${t('rules.toRules')}</a><${AsOf} asked=${asked} /></div>
        <${DataTable} columns=${columns()} rows=${rows.value} keyOf=${(row) => row.number} name="publications" rowClass=${(row) => (row === chosen.value ? 'is-selected' : '')} empty=${t('rules.noPublications')} />
        ${rows.value.length >= PAGE && rows.value.at(-1).number > 1 ? html`<button class="quiet-button" onClick=${older}>${t('rules.older')}</button>` : null}</div>
      <aside class="side-part">${chosen.value ? html`<${PublicationCard} made=${chosen.value} done=${() => { asked.again(); if (route.rest.length) go('publications', []); }} />` : null}</aside></div>`;
  },
};
