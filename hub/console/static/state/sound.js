// What the control room hears. Silence is not acknowledge: S stops what sounds now; the next alert sounds again.
import { ref, shallowRef } from '../parts/html.js';
import { allAlerts, onRaised } from './alerts.js';
import { sound } from './preferences.js';

// tone in Hz, seconds on, seconds off, times; then again every so many seconds (0: only once)
const CALLS = {
  4: { tones: [880, 660, 880, 660], on: 0.18, off: 0.06, again: 4 },
  3: { tones: [740, 740], on: 0.2, off: 0.12, again: 12 },
  2: { tones: [587], on: 0.25, off: 0, again: 0 },
  1: null,
};
const LOUDNESS = 0.16;

let context = null;
/** Browsers stay mute until a person has touched the page; the status line says so. */
export const soundBlocked = ref(true);
/** The severity that sounds now, or null. */
export const sounding = shallowRef(null);
const silenced = new Set(); // alert id + epoch
const calling = new Map(); // alert id + epoch -> severity
let timer = null;

const keyOf = (alert) => `${alert.id}/${alert.epoch}`;

function unlock() {
  context ??= new AudioContext();
  context.resume().then(() => {
    soundBlocked.value = context.state !== 'running';
  });
}
for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, unlock, { capture: true });

function play(severity) {
  const call = CALLS[severity];
  if (!call || !context || context.state !== 'running' || sound.value === 'off') return;
  call.tones.forEach((hertz, number) => {
    const start = context.currentTime + number * (call.on + call.off);
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = 'triangle';
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.015);
    gain.gain.setValueAtTime(LOUDNESS, start + call.on - 0.03);
    gain.gain.linearRampToValueAtTime(0, start + call.on);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + call.on);
  });
}

function sweep() {
  for (const key of calling.keys()) {
    const alert = allAlerts().get(key.slice(0, key.lastIndexOf('/')));
    if (!alert || alert.state !== 'raised' || keyOf(alert) !== key || silenced.has(key)) calling.delete(key);
  }
  const gravest = Math.max(0, ...calling.values());
  sounding.value = gravest >= 2 ? gravest : null;
  return gravest;
}

// The gravest one calls; it calls again until it is silenced or acknowledged.
function call() {
  clearTimeout(timer);
  const gravest = sweep();
  if (gravest === 0) return;
  play(gravest);
  const again = CALLS[gravest]?.again;
  if (again) timer = setTimeout(call, again * 1000);
  else for (const [key, severity] of calling) if (severity === gravest) calling.delete(key);
}

onRaised((alert) => {
  const loudest = Math.max(0, ...calling.values());
  calling.set(keyOf(alert), alert.severity);
  if (alert.severity > loudest) call();
});

setInterval(sweep, 1000);

/** Silence everything that calls now. */
export function silence() {
  for (const key of calling.keys()) silenced.add(key);
  call();
}
