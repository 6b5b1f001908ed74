// Keys of the page in front. While somebody types in a field, only Escape counts.
import { onMounted, onUnmounted } from './html.js';

const layers = [];

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (typing(event.target) && name !== 'Escape') return;
  // a focused button or link keeps its own Enter and space
  if ((name === 'Enter' || name === ' ') && event.target instanceof HTMLElement && event.target.closest('a, button, summary')) return;
  for (const keys of [...layers].reverse()) {
    if (keys[name] && keys[name](event) !== false) {
      event.preventDefault();
      return;
    }
  }
});

/** Bind keys while the component is shown; the latest layer is asked first, and passes on what it answers with false. */
export function useKeys(keys) {
  onMounted(() => layers.push(keys));
  onUnmounted(() => layers.splice(layers.indexOf(keys), 1));
}
