// Calibrating a road camera: four corners and metres on a still, the metric grid drawn back, and the words for the site file.
import { computed, html, nextTick, onMounted, ref, shallowReactive, watch } from '../parts/html.js';
import { get, post } from '../api.js';
import { amount, figure } from '../parts/figures.js';
import { Takeaway } from '../parts/takeaway.js';
import { dateTime } from '../parts/time.js';
import { say, t } from '../i18n/words.js';
import { may } from '../state/session.js';

const CORNERS = ['nearLeft', 'nearRight', 'farRight', 'farLeft'];
const SIDES = [['lengths_m', 0, 'left'], ['lengths_m', 1, 'right'], ['widths_m', 0, 'near'], ['widths_m', 1, 'far']];

const fresh = () => ({ camera: '', picture: null, corners_px: [], lengths_m: [20, 20], widths_m: [7, 7], checks: [], lanes: [{ radar: '', from_m: 0, to_m: 3.5, approaching: 'near' }] });

function draw(canvas, image, form, ends, answer) {
  const paint = canvas.getContext('2d');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  paint.drawImage(image, 0, 0);
  const unit = Math.max(1, canvas.width / 400);
  const line = (points, width, dash = []) => {
    paint.setLineDash(dash);
    for (const [style, extra] of [['#000', 2], ['#fff', 0]]) {
      paint.strokeStyle = style;
      paint.lineWidth = width + extra;
      paint.beginPath();
      points.forEach(([x, y], number) => paint[number ? 'lineTo' : 'moveTo'](x, y));
      paint.stroke();
    }
  };
  for (const found of answer?.grid ?? []) line(found, unit / 2);
  const { corners_px: corners } = form;
  if (corners.length > 1) line(corners.length === CORNERS.length ? [...corners, corners[0]] : corners, unit);
  if (ends.length > 1) line(ends, unit, [4 * unit, 3 * unit]);
  for (const [x, y] of [...corners, ...ends]) line([[x - 4 * unit, y], [x + 4 * unit, y], [x, y], [x, y - 4 * unit], [x, y + 4 * unit]], unit / 2);
}

function Metres({ value, put, label }) {
  return html`<label class="calibrate-metres"><span>${label}</span><input type="number" step="any" value=${value} onChange=${(event) => put(event.target.valueAsNumber)} /></label>`;
}

function Lane({ form, number, radars, changed }) {
  const lane = form.lanes[number];
  const put = (key) => (value) => {
    lane[key] = value;
    changed();
  };
  const pick = (key) => (event) => put(key)(event.target.value);
  return html`<div class="calibrate-lane">
    <select aria-label=${t('calibrate.radar')} value=${lane.radar} onChange=${pick('radar')}><option value="">${t('calibrate.radar')}</option>${radars.map((radar) => html`<option key=${radar.id} value=${radar.id}>${say(radar.name)}</option>`)}</select>
    <${Metres} label=${t('calibrate.from')} value=${lane.from_m} put=${put('from_m')} /><${Metres} label=${t('calibrate.to')} value=${lane.to_m} put=${put('to_m')} />
    <select aria-label=${t('calibrate.approaching')} value=${lane.approaching} onChange=${pick('approaching')}><option value="near">${t('calibrate.comesNear')}</option><option value="far">${t('calibrate.goesFar')}</option></select>
  </div>`;
}

function Outcome({ answer }) {
  if (!answer) return null;
  if (answer.problems.length) return html`<ul class="problem" role="alert">${answer.problems.map((problem) => html`<li key=${problem.en}>${say(problem)}</li>`)}</ul>`;
  return html`<dl class="pairs calibrate-figures"><dt>${t('calibrate.residual')}</dt><dd>${amount(answer.residual_cm, 'cm')}</dd>
    ${answer.checks_cm.map((check) => html`<dt>${t('calibrate.checkOff')}</dt><dd>${amount(check, 'cm')}</dd>`)}
    <dt>${t('calibrate.speedError')}</dt><dd>${amount(answer.speed_percent, '%')}</dd><dt>${t('calibrate.grid')}</dt><dd>${amount(answer.grid_m, 'm')}</dd></dl>
    <h3>${t('calibrate.write')}</h3><${Takeaway} text=${answer.yaml.trimEnd()} name="calibration" ending="yaml" mark="calibrate-yaml" />`;
}

export const CalibratePage = {
  setup() {
    const form = shallowReactive(fresh());
    const state = shallowReactive({ known: null, image: null, takenUs: null, answer: null, problem: '', ends: [] });
    const canvas = ref(null);
    const metres = ref(10);
    const next = computed(() => (form.corners_px.length < CORNERS.length ? t(`calibrate.click.${CORNERS[form.corners_px.length]}`) : t('calibrate.click.check')));
    const redraw = () => nextTick(() => canvas.value && state.image && draw(canvas.value, state.image, form, state.ends, state.answer));
    const changed = () => {
      form.lanes = [...form.lanes];
      state.answer = null;
      redraw();
    };
    const open = (url, takenUs) => {
      const image = new Image();
      image.onload = () => {
        Object.assign(form, { picture: [image.naturalWidth, image.naturalHeight], corners_px: [] });
        Object.assign(state, { image, takenUs, ends: [] });
        changed();
      };
      image.src = url;
    };
    const load = (event) => {
      const reader = new FileReader();
      reader.onload = () => open(reader.result, null);
      if (event.target.files[0]) reader.readAsDataURL(event.target.files[0]);
    };
    const fetched = async () => {
      const { camera } = form;
      try {
        const newest = (await get(`cameras/${camera}/pictures`)).pictures.find((row) => row.of === 'newest');
        state.problem = newest ? '' : t('calibrate.noPicture');
        if (newest && camera === form.camera) open(newest.url, newest.time_us);
      } catch (error) {
        state.problem = say(error.text) || t('problem.unreachable');
      }
    };
    const click = (event) => {
      const box = canvas.value.getBoundingClientRect();
      const place = [(event.clientX - box.left) / box.width * canvas.value.width, (event.clientY - box.top) / box.height * canvas.value.height].map((pixel) => Math.round(pixel * 10) / 10);
      if (form.corners_px.length < CORNERS.length) form.corners_px = [...form.corners_px, place];
      else state.ends = [...state.ends, place].slice(-2);
      changed();
    };
    const again = () => {
      form.corners_px = [];
      state.ends = [];
      changed();
    };
    const isWhole = () => form.camera && form.corners_px.length === CORNERS.length && form.lanes.every((lane) => lane.radar);
    const tryIt = async () => {
      const checks = state.ends.length === 2 ? [{ from_px: state.ends[0], to_px: state.ends[1], metres: metres.value }] : [];
      try {
        Object.assign(state, { answer: await post('calibrations/try', { ...form, checks }), problem: '' });
      } catch (error) {
        state.problem = say(error.text) || t('problem.unreachable');
      }
      redraw();
    };
    const side = ([key, at, word]) => html`<${Metres} key=${word} label=${t(`calibrate.side.${word}`)} value=${form[key][at]} put=${(value) => { form[key] = form[key].with(at, value); changed(); }} />`;
    const addLane = () => { form.lanes = [...form.lanes, { ...form.lanes.at(-1), radar: '', from_m: form.lanes.at(-1).to_m, to_m: form.lanes.at(-1).to_m + 3.5 }]; changed(); };
    onMounted(async () => {
      try {
        state.known = await get('calibrations');
      } catch (error) {
        state.problem = say(error.text) || t('problem.unreachable');
      }
    });
    watch(canvas, redraw);
    return () => {
      const { known } = state;
      return html`<div class="scroll calibrate"><div class="page-head"><h1>${t('calibrate.title')}</h1></div>
        <p class="faint">${t('calibrate.note')}</p>
        ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : null}
        ${known ? html`<ul class="calibrate-known">${known.rows.map((row) => html`<li key=${row.camera}>${t('calibrate.inForce', { camera: row.camera, length: figure(row.length_m, 'C'), residual: figure(row.residual_cm, 'C'), error: figure(row.speed_percent, '%') })}
          ${row.moved_us ? html`<b class="is-outside"> ${t('calibrate.moved', { at: dateTime(row.moved_us) })}</b>` : null}</li>`)}</ul>
        <div class="calibrate-form">
          <select aria-label=${t('calibrate.camera')} value=${form.camera} onChange=${(event) => { form.camera = event.target.value; changed(); }}><option value="">${t('calibrate.camera')}</option>${known.cameras.map((camera) => html`<option key=${camera.id} value=${camera.id}>${say(camera.name)}</option>`)}</select>
          ${may('operator') ? html`<button class="quiet-button" data-act="newest" disabled=${!form.camera} onClick=${fetched}>${t('calibrate.newest')}</button>` : null}
          <label class="quiet-button">${t('calibrate.still')} <input type="file" accept="image/jpeg,image/png" onChange=${load} /></label>
          ${SIDES.map(side)}
          ${state.ends.length === 2 ? html`<${Metres} label=${t('calibrate.check')} value=${metres.value} put=${(value) => { metres.value = value; changed(); }} />` : null}
        </div>
        ${form.lanes.map((_, number) => html`<${Lane} key=${number} form=${form} number=${number} radars=${known.radars} changed=${changed} />`)}
        <div class="buttons"><button onClick=${addLane}>${t('calibrate.addLane')}</button><button onClick=${again}>${t('calibrate.again')}</button>
          <button class="primary" disabled=${!isWhole() || !may('engineer')} onClick=${tryIt}>${t('calibrate.try')}</button>${may('engineer') ? null : html`<span class="faint">${t('calibrate.needsEngineer')}</span>`}</div>` : null}
        ${state.image ? html`<p>${next.value}${state.takenUs ? html` <span class="faint">${t('calibrate.takenAt', { at: dateTime(state.takenUs) })}</span>` : null}</p><canvas ref=${canvas} class="calibrate-still" aria-label=${t('calibrate.stillOf')} onClick=${click}></canvas>` : null}
        <${Outcome} answer=${state.answer} /></div>`;
    };
  },
};
