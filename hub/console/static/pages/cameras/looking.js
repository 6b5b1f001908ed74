// What a camera shows and what it should see: fetched from its gateway while somebody looks, and kept nowhere but here.
import { onMounted, onUnmounted, shallowReactive, watch } from '../../parts/html.js';
import { get } from '../../api.js';
import { deviceOf } from '../../state/campus.js';
import { nowUs } from '../../state/clock.js';
import { may } from '../../state/session.js';

const LEAST_S = 5;
const MOST_S = 60;
/** Cameras whose pictures are kept while one goes through a list: those before, this one, and the next. */
const MOST_KEPT = 6;

const everyS = (camera) => Math.min(MOST_S, Math.max(LEAST_S, deviceOf(camera)?.link?.poll_s ?? MOST_S));

/** {camera, rows [{name, of, time_us, url}], problem, atUs, again(), ahead(camera)} of the camera that cameraOf() names. */
export function usePictures(cameraOf) {
  const state = shallowReactive({ camera: '', rows: [], problem: null, atUs: null });
  const kept = new Map();
  let number = 0;
  let timer = null;
  const fetched = async (camera) => {
    const before = kept.get(camera) ?? [];
    const { pictures } = await get(`cameras/${camera}/pictures`, { known: before.map((row) => row.name).join(',') });
    const rows = pictures.map((row) => ({ ...row, url: row.url ?? before.find((one) => one.name === row.name)?.url }));
    kept.delete(camera);
    kept.set(camera, rows);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return rows;
  };
  state.again = async () => {
    clearTimeout(timer);
    number += 1;
    const mine = number;
    const camera = cameraOf();
    if (camera !== state.camera) Object.assign(state, { camera, rows: kept.get(camera) ?? [], problem: null, atUs: null });
    if (!camera || !may('operator')) return;
    try {
      // a page that nobody sees looks at nothing
      const rows = document.hidden ? null : await fetched(camera);
      if (mine === number && rows) Object.assign(state, { rows, problem: null, atUs: nowUs() });
    } catch (error) {
      if (mine === number) state.problem = error;
    }
    if (mine === number) timer = setTimeout(state.again, everyS(camera) * 1000);
  };
  /** Fetch what will be looked at next. */
  state.ahead = async (camera) => {
    if (camera && may('operator') && !kept.has(camera)) await fetched(camera).catch(() => null);
  };
  watch(cameraOf, state.again);
  onMounted(state.again);
  onUnmounted(() => {
    number += 1;
    clearTimeout(timer);
  });
  return state;
}
