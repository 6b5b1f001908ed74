// Commissioning: an engineer goes through the cameras, one after the other: does it answer, is it the right place, is its reference right.
import { computed, html, nextTick, ref, shallowRef, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { AsOf, useAsked } from '../../parts/asked.js';
import { useKeys } from '../../parts/keys.js';
import { PlaceLinks, placeWords } from '../../parts/place.js';
import { DataTable } from '../../parts/table.js';
import { say, t } from '../../i18n/words.js';
import { campus, deviceOf } from '../../state/campus.js';
import { may } from '../../state/session.js';
import { wantValues } from '../../state/values.js';
import { amend, href, route } from '../../router.js';
import { usePictures } from './looking.js';
import { CameraPictures } from './pictures.js';
import { Confirm, Deeds, isUnderWay, useReferenceOrders } from './reference.js';
import { CameraSign, stateWords } from './states.js';
import { ViewChooser } from './views.js';

const ASK_S = 10;
const GROUPS = ['confirm', 'blocked', 'waiting', 'done'];
const LIGHTS = ['day', 'night'];
/** A button that was clicked lets go of Enter, which is for the camera; one that was reached by keyboard keeps it. */
const letGo = (event) => event.detail && event.currentTarget.blur();

/** What else the list may be of: a room, or what its cameras are connected by. */
const PARTS = {
  area: { of: (row) => row.area, name: (id) => say(campus.value.areas.get(id)?.name) || id },
  link: { of: (row) => deviceOf(row.device)?.link?.id, name: (id) => say(campus.value.links.get(id)?.name) || id },
};

function Part(key, rows) {
  const ids = [...new Set(rows.map(PARTS[key].of))];
  const pick = (event) => {
    event.target.blur();
    amend({ [key]: event.target.value, device: '' });
  };
  return html`<select key=${key} name=${key} aria-label=${t(`camera.setup.every_${key}`)} value=${route.query[key] ?? ''} onChange=${pick}><option value="">${t(`camera.setup.every_${key}`)}</option>${ids.map((id) => html`<option key=${id} value=${id}>${PARTS[key].name(id)}</option>`)}</select>`;
}

/** A row as it is since an order here was carried out, which the gateway tells only with its next picture. */
export function withTold(row, told) {
  if (!told || (row.told_us ?? 0) > told.atUs) return row;
  const now = { ...row, ...told };
  const left = row.left.filter((one) => one !== 'confirm-day' && one !== 'confirm-night');
  const open = LIGHTS.filter((light) => now[light] === 'unconfirmed').map((light) => `confirm-${light}`);
  const group = open.length ? 'confirm' : LIGHTS.every((light) => now[light] === 'confirmed') ? 'done' : row.group === 'blocked' ? 'blocked' : 'waiting';
  return { ...now, left: group === 'done' ? [] : [...left, ...open], group };
}

const leftWords = (row) => row.left.map((one) => t(`camera.left.${one}`)).join(t('place.and'));

/** Lights whose reference waits for a person. */
const openLights = (row) => LIGHTS.filter((light) => row[light] === 'unconfirmed');

function Progress({ rows, building, pick }) {
  const count = (of, light) => of.filter((row) => row[light] === 'confirmed').length;
  const groups = [...campus.value.buildings.values()].map((one) => [one, rows.filter((row) => row.building === one.id)]).filter(([, of]) => of.length);
  const line = (key, name, of, on) => html`<li key=${key}><button class=${['building', on && 'is-chosen']} data-building=${key} aria-pressed=${on ? 'true' : 'false'} onClick=${(event) => { letGo(event); pick(on ? '' : key); }}><b>${name}</b>
    ${LIGHTS.map((light) => html`<span class="commissioned"><i class="commissioned-bar" aria-hidden="true"><i style=${{ width: `${(100 * count(of, light)) / of.length}%` }}></i></i>${t(`camera.setup.${light}Done`, { n: count(of, light), of: of.length })}</span>`)}</button></li>`;
  return html`<section class="commissioning-progress"><h3>${t('camera.setup.progress')}</h3><ul>${line('', t('camera.all'), rows, !building)}${groups.map(([one, of]) => line(one.id, say(one.name), of, one.id === building))}</ul></section>`;
}

function columns() {
  return [
    { key: 'device', title: t('device.id'), width: 'minmax(9em, 1fr)', text: (row) => row.device },
    { key: 'place', title: t('alert.where'), width: 'minmax(0, 1.6fr)', text: (row) => placeWords({ building: row.building, area: row.area }) },
    { key: 'state', title: t('device.state'), width: '8.5em', text: stateWords, cell: (row) => html`<span class=${row.state === 'online' ? 'faint' : 'is-outside'}><${CameraSign} state=${row.state} /> ${stateWords(row)}</span>` },
    ...LIGHTS.map((light) => ({ key: light, title: t(`camera.pictures.${light}`), width: '8em', text: (row) => t(`camera.reference.${row[light] ?? 'untold'}`), cell: (row) => html`<span class=${row[light] === 'confirmed' ? 'faint' : ''}>${t(`camera.reference.${row[light] ?? 'untold'}`)}</span>` })),
    { key: 'left', title: t('camera.setup.left'), width: 'minmax(0, 1.8fr)', text: leftWords },
  ];
}

/** One camera: what a person has to look at, the questions, and the answers. */
function Card({ row, pictures, deeds, confirm, next }) {
  const known = deviceOf(row.device);
  const acts = (light, picture) => html`<${Confirm} asked=${deeds} camera=${row.device} light=${light} row=${picture} standing=${row[light]} />`;
  return html`<article class="commissioning-card" data-device=${row.device} data-group=${row.group}><header><h2>${say(known?.device.name) || row.device}</h2><${PlaceLinks} where=${row} />
      <span class="faint">${known?.area ? t(`areaKind.${known.area.kind}`) : ''}</span> <a class="link" href=${href('camera', [row.device])}>${row.device}</a>
      <span class=${row.state === 'online' ? 'faint' : 'is-outside'}><${CameraSign} state=${row.state} /> ${stateWords(row)}</span></header>
    <${CameraPictures} pictures=${pictures} standings=${row} acts=${acts} />
    <p class="commissioning-question">${openLights(row).length ? t('camera.setup.question') : leftWords(row) || t('camera.setup.isDone')}</p>
    <${Deeds} asked=${deeds} camera=${row.device}>${may('engineer') ? html`<button class="primary" data-act="confirm" disabled=${!openLights(row).length || isUnderWay(deeds, row.device)} onClick=${(event) => { letGo(event); confirm(); }}>${t('camera.setup.press')} <kbd>${'Enter'}</kbd></button>` : null}<button data-act="next" onClick=${(event) => { letGo(event); next(); }}>${t('camera.setup.next')} <kbd>N</kbd></button></${Deeds}></article>`;
}

export const CommissioningView = {
  setup() {
    const asked = useAsked(() => get('cameras/commissioning'), ASK_S);
    const box = ref(null);
    const ordered = shallowRef([]);
    const chosen = computed(() => route.query.device ?? '');
    const pictures = usePictures(() => chosen.value);
    const deeds = useReferenceOrders((camera) => camera === chosen.value && pictures.again());
    const all = computed(() => (asked.answer?.rows ?? []).map((row) => withTold(row, deeds.told[row.device])));
    const group = computed(() => route.query.group ?? 'confirm');
    const inBuilding = computed(() => all.value.filter((row) => !route.query.building || row.building === route.query.building));
    const here = computed(() => inBuilding.value.filter((row) => Object.entries(PARTS).every(([key, { of }]) => !route.query[key] || of(row) === route.query[key])));
    const rows = computed(() => here.value.filter((row) => group.value === 'all' || row.group === group.value));
    const row = computed(() => all.value.find((one) => one.device === chosen.value) ?? null);
    const after = (way) => {
      const list = ordered.value;
      const at = list.findIndex((one) => one.device === chosen.value);
      return list[at < 0 ? 0 : (at + way + list.length) % list.length]?.device;
    };
    const step = (way) => {
      const device = after(way);
      if (device) amend({ device });
    };
    const confirm = () => {
      const [one, ...more] = row.value ? openLights(row.value).filter((light) => pictures.rows.some((picture) => picture.of === light)) : [];
      if (!one || isUnderWay(deeds, chosen.value)) return false; // what nobody can have seen is not confirmed
      deeds.confirm(chosen.value, more.length ? 'both' : one);
      return step(1);
    };
    const forget = () => nextTick(() => box.value?.querySelector('[data-ask="forget"] button')?.click());
    useKeys({ Enter: confirm, n: () => step(1), p: () => step(-1), f: forget });
    // one camera ahead, and only one: pictures travel one after the other
    watch(() => pictures.atUs, () => pictures.ahead(after(1)));
    watch(chosen, (device) => device && wantValues({ devices: device }).catch(() => null), { immediate: true });
    watch(ordered, (list) => { if (list.length && !chosen.value) amend({ device: list[0].device }); });
    const chip = (id) => html`<button key=${id} class=${['chip', group.value === id && 'is-on']} data-group=${id} aria-pressed=${group.value === id ? 'true' : 'false'} onClick=${(event) => { letGo(event); amend({ group: id, device: '' }); }}>${t(`camera.setup.${id}`)} <b>${id === 'all' ? here.value.length : here.value.filter((one) => one.group === id).length}</b></button>`;
    return () => html`<div ref=${box} class="with-side commissioning"><div class="main-part"><div class="page-head"><h1>${t('nav.cameras')}</h1><${ViewChooser} view="commissioning" /><div class="chips">${[...GROUPS, 'all'].map(chip)}</div><${AsOf} asked=${asked} /></div>
        ${row.value ? html`<${Card} row=${row.value} pictures=${pictures} deeds=${deeds} confirm=${confirm} next=${() => step(1)} />` : asked.answer ? html`<p class="page-empty faint">${t('camera.setup.none')}</p>` : null}
        ${asked.answer ? html`<${DataTable} columns=${columns()} rows=${rows.value} keyOf=${(one) => one.device} name="commissioning" press=${(one) => amend({ device: one.device })} chosen=${(one) => one.device === chosen.value} follow=${(list) => { ordered.value = list; }} />` : null}</div>
      <aside class="side-part"><p class="commissioning-parts">${Object.keys(PARTS).map((key) => Part(key, inBuilding.value))}</p>${asked.answer ? html`<${Progress} rows=${all.value} building=${route.query.building ?? ''} pick=${(building) => amend({ building, area: '', link: '', device: '' })} />` : null}<p class="definition">${t('camera.setup.note')}</p></aside></div>`;
  },
};
