// The newest picture of a camera beside what it should see, side by side, with a slider, or as the difference of both.
import { html, ref } from '../../parts/html.js';
import { Chooser } from '../../parts/chooser.js';
import { age, dateTime, duration } from '../../parts/time.js';
import { say, t } from '../../i18n/words.js';
import { nowUs } from '../../state/clock.js';
import { gateways } from '../../state/gateways.js';
import { deviceOf } from '../../state/campus.js';
import { may } from '../../state/session.js';
import { reading, staleAfter } from '../../state/values.js';

const LIGHTS = ['day', 'night'];
const WAYS = ['side', 'slide', 'difference'];
/** Less colour than this is infrared light. */
const COLOURLESS = 3;

const pictureOf = (pictures, of) => pictures.rows.find((row) => row.of === of) ?? null;
const isOld = (row, camera) => (nowUs() - row.time_us) / 1e6 > (staleAfter(camera) ?? Infinity);

/** Why there is no picture, or no newer one: the gateway is away, or it or the hub said no. */
function Obstacle({ pictures }) {
  const { agent } = deviceOf(pictures.camera)?.link ?? {};
  const gateway = gateways.value.rows.get(agent);
  if (gateway && gateway.state !== 'online') return html`<p class="problem" role="alert">${t('camera.pictures.away', { name: say(gateway.name) || agent })}</p>`;
  if (pictures.problem) return html`<p class="problem" role="alert">${say(pictures.problem.text) || t('problem.unreachable')} <button class="quiet-button" onClick=${pictures.again}>${t('page.again')}</button></p>`;
  return null;
}

function Newest({ pictures, row }) {
  if (!row) return html`<figure class="picture is-empty"><p class="faint">${t(pictures.atUs ? 'camera.pictures.noNewest' : 'page.loading')}</p><figcaption>${t('camera.pictures.newest')}</figcaption></figure>`;
  const old = isOld(row, pictures.camera);
  return html`<figure class=${['picture', 'picture-newest', old && 'is-stale']} data-picture="newest"><img src=${row.url} alt=${t('camera.pictures.newest')} />
    <figcaption>${t('camera.pictures.newest')} <b class=${old ? 'is-outside' : ''}>${t('value.stale', { age: age((nowUs() - row.time_us) / 1e6) })}</b> <span class="faint">${dateTime(row.time_us)}</span></figcaption></figure>`;
}

function Reference({ light, row, standing, acts }) {
  const words = t(`camera.reference.${standing ?? 'untold'}`);
  return html`<figure class=${['picture', 'picture-reference', !row && 'is-empty']} data-picture=${light} data-standing=${standing}>${row ? html`<img src=${row.url} alt=${t(`camera.pictures.${light}`)} />` : html`<p class="faint">${t('camera.pictures.noReference')}</p>`}
    <figcaption>${t(`camera.pictures.${light}`)} <b class=${standing === 'unconfirmed' ? 'is-open' : ''}>${words}</b> ${row ? html`<span class="faint">${t('camera.pictures.since', { at: dateTime(row.time_us).slice(0, 16), age: duration((nowUs() - row.time_us) / 1e6) })}</span>` : null} ${acts}</figcaption></figure>`;
}

function Over({ newest, reference, way, share, slide }) {
  const style = way === 'slide' ? { clipPath: `inset(0 0 0 ${share}%)` } : { mixBlendMode: 'difference' };
  return html`<figure class=${`picture picture-over is-${way}`} data-picture=${way}><div class="over"><img src=${newest.url} alt=${t('camera.pictures.newest')} /><img class="over-top" src=${reference.url} style=${style} alt="" />${way === 'slide' ? html`<i class="over-edge" style=${{ left: `${share}%` }}></i>` : null}</div>
    <figcaption>${way === 'slide' ? html`<input type="range" min="0" max="100" value=${share} aria-label=${t('camera.pictures.slider')} onInput=${(event) => slide(Number(event.target.value))} />` : null}<span class="faint">${t(`camera.pictures.${way}Note`)}</span></figcaption></figure>`;
}

/** props: pictures (of usePictures), standings {day, night}, acts(light) -> what stands beside a reference. */
export const CameraPictures = {
  props: ['pictures', 'standings', 'acts'],
  setup(props) {
    const way = ref('side');
    const share = ref(50);
    const chosen = ref(null); // a light, or by what the camera sees now
    return () => {
      const { pictures } = props;
      if (!may('operator')) return html`<p class="faint pictures-none">${t('camera.pictures.hidden')}</p>`;
      const newest = pictureOf(pictures, 'newest');
      const references = Object.fromEntries(LIGHTS.map((light) => [light, pictureOf(pictures, light)]));
      const there = LIGHTS.filter((light) => references[light]);
      const now = reading(`${pictures.camera}.colour`).value;
      const kept = reading(`${pictures.camera}.kept_edges`);
      const own = chosen.value ?? (now !== null && now < COLOURLESS ? 'night' : 'day');
      const light = there.includes(own) ? own : there[0];
      const shown = newest && light ? way.value : 'side';
      return html`<section class="pictures" data-camera=${pictures.camera} data-way=${shown}><${Obstacle} pictures=${pictures} />
        <div class="pictures-head"><${Chooser} label=${t('camera.pictures.compare')} value=${shown} options=${WAYS.map((id) => [id, t(`camera.pictures.${id}`)])} pick=${(id) => { way.value = id; }} />
          ${shown !== 'side' && there.length > 1 ? html`<${Chooser} label=${t('camera.pictures.light')} value=${light} options=${LIGHTS.map((id) => [id, t(`camera.pictures.${id}`)])} pick=${(id) => { chosen.value = id; }} />` : null}
          ${kept.stale || kept.bad || !there.length ? null : html`<span class="faint">${t('camera.pictures.kept', { share: Math.round(kept.value) })}</span>`}</div>
        <div class="pictures-row">${shown === 'side' ? html`<${Newest} pictures=${pictures} row=${newest} />` : html`<${Over} newest=${newest} reference=${references[light]} way=${shown} share=${share.value} slide=${(value) => { share.value = value; }} />`}
          <div class="pictures-references">${LIGHTS.map((one) => html`<${Reference} key=${one} light=${one} row=${references[one]} standing=${props.standings[one]} acts=${props.acts?.(one, references[one])} />`)}</div></div></section>`;
    };
  },
};
