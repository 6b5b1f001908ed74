// Areas that good cameras must watch: those that are not watched first, each with its cameras.
import { computed, html } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { placeWords } from '../../parts/place.js';
import { DataTable } from '../../parts/table.js';
import { duration } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { campus } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { amend, href, route } from '../../router.js';
import { showAlert } from '../board/board.js';
import { CameraSign } from './states.js';
import { ViewChooser } from './views.js';

const ASK_S = 10;
const STANDINGS = ['uncovered', 'unknown', 'covered'];
const entryOf = (answer, id) => answer.entries.find((entry) => entry.id === id);
const numberOf = (camera) => camera.device.split('-').at(-1);

/** The cameras of an area as small tiles; a sign says what is wrong with one. */
function Cameras({ cameras }) {
  if (!cameras.length) return html`<span class="is-outside">${t('camera.coverage.none')}</span>`;
  return html`<span class="area-cameras">${cameras.map((camera) => html`<a key=${camera.device} class=${['tile', `tile-${camera.state}`, camera.state !== 'online' && camera.state !== 'unknown' && 'is-trouble']} href=${href('camera', [camera.device])} title=${`${camera.device} ${t(`camera.${camera.state}`)}`}><${CameraSign} state=${camera.state} />${numberOf(camera)}</a>`)}</span>`;
}

function columns(answer) {
  return [
    { key: 'standing', title: t('device.state'), width: '8.5em', text: (row) => t(`camera.standing.${row.standing}`), sort: (row) => STANDINGS.indexOf(row.standing), cell: (row) => html`<b class=${row.standing === 'covered' ? 'faint' : 'is-outside'} data-standing=${row.standing}>${t(`camera.standing.${row.standing}`)}</b>` },
    { key: 'area', title: t('alert.where'), width: 'minmax(0, 1.4fr)', text: (row) => placeWords(row), cell: (row) => html`<a class="link" href=${href('campus', ['area', row.area])}>${say(campus.value.areas.get(row.area)?.name) || row.area}</a> <small class="faint">${placeWords({ site: row.site, building: row.building })}</small>` },
    { key: 'entry', title: t('camera.coverage.demand'), width: 'minmax(0, 1.2fr)', text: (row) => say(entryOf(answer, row.entry)?.title) || row.entry },
    { key: 'good', title: t('camera.coverage.good'), right: true, width: '8em', text: (row) => `${row.good} / ${row.least}`, sort: (row) => row.good - row.least },
    { key: 'unknown', title: t('camera.unknown'), right: true, width: '5em', text: (row) => row.unknown, sort: (row) => row.unknown },
    { key: 'cameras', title: t('nav.cameras'), width: 'minmax(0, 2fr)', text: (row) => row.cameras.map((camera) => `${camera.device} ${t(`camera.${camera.state}`)}`).join(t('place.and')), cell: (row) => html`<${Cameras} cameras=${row.cameras} />` },
    { key: 'since', title: t('cooling.lasting'), right: true, width: '9em', text: (row) => (row.since_us ? duration((nowUs() - row.since_us) / 1e6) : ''), sort: (row) => (row.since_us ? nowUs() - row.since_us : null) },
    { key: 'alert', title: t('nav.board'), width: '5.5em', text: () => '', cell: (row) => (row.alert ? html`<button class="quiet-button link" onClick=${() => showAlert(row.alert)}>${t('cooling.alert')}</button>` : null) },
  ];
}

export const CoverageView = {
  setup() {
    const asked = useAsked(() => get('coverage'), ASK_S);
    const all = computed(() => asked.answer?.rows ?? []);
    const rows = computed(() => all.value.filter((row) => !route.query.standing || row.standing === route.query.standing));
    const chip = (standing) => html`<button key=${standing} class=${['chip', route.query.standing === standing && 'is-on']} data-standing=${standing} aria-pressed=${route.query.standing === standing ? 'true' : 'false'} onClick=${() => amend({ standing: route.query.standing === standing ? '' : standing })}>${t(`camera.standing.${standing}`)} <b>${all.value.filter((row) => row.standing === standing).length}</b></button>`;
    return () => html`<div class="stack coverage"><div class="page-head"><h1>${t('nav.cameras')}</h1><${ViewChooser} view="coverage" /><div class="chips">${STANDINGS.map(chip)}</div><${AsOf} asked=${asked} /></div>
      <p class="definition">${t('camera.coverage.definition')}</p>
      ${asked.answer && !asked.answer.entries.length ? html`<p class="page-empty faint">${t('camera.coverage.noEntries')}</p>`
        : asked.answer ? html`<${DataTable} columns=${columns(asked.answer)} rows=${rows.value} keyOf=${(row) => `${row.entry} ${row.area}`} name="coverage" order=${{ key: 'standing', down: false }} rowHeight=${40} />` : null}</div>`;
  },
};
