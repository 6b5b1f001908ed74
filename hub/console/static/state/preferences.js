// What this person chose on this machine, remembered here and nowhere else.
import { ref, watch } from '../parts/html.js';

function remembered(key, fallback, allowed) {
  let value = null;
  try {
    value = localStorage.getItem(`campuswatch.${key}`);
  } catch {
    // storage is forbidden
  }
  const chosen = ref(allowed.includes(value) ? value : fallback);
  watch(chosen, (now) => {
    try {
      localStorage.setItem(`campuswatch.${key}`, now);
    } catch {
      // the choice lasts until the page is closed
    }
  });
  return chosen;
}

export const theme = remembered('theme', 'auto', ['auto', 'dark', 'light']);
export const sound = remembered('sound', 'on', ['on', 'off']);
/** 'dark' or 'light', after 'auto' was looked up; charts follow it. */
export const shownTheme = ref(document.documentElement.dataset.theme);

const prefersLight = matchMedia('(prefers-color-scheme: light)');

function show() {
  shownTheme.value = theme.value === 'auto' ? (prefersLight.matches ? 'light' : 'dark') : theme.value;
  document.documentElement.dataset.theme = shownTheme.value;
}

watch(theme, show);
prefersLight.addEventListener('change', show);
show();
