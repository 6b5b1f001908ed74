// A list of equally high rows of which only the visible ones are in the page: ten thousand alerts cost as much as thirty.
import { html, onMounted, onUnmounted, ref, watch } from './html.js';

const SPARE_ROWS = 6;

export const VirtualList = {
  props: ['items', 'rowHeight', 'keyOf', 'row', 'label', 'shown', 'role'],
  setup(props) {
    const box = ref(null);
    const top = ref(0);
    const height = ref(600);
    const measure = () => {
      if (box.value) height.value = box.value.clientHeight;
    };
    const watcher = new ResizeObserver(measure);
    onMounted(() => {
      measure();
      watcher.observe(box.value);
    });
    onUnmounted(() => watcher.disconnect());
    // bring a row into view, with one row of company
    const reveal = (index) => {
      const element = box.value;
      if (!element || index < 0) return;
      const at = index * props.rowHeight;
      if (at < element.scrollTop + props.rowHeight) element.scrollTop = Math.max(0, at - props.rowHeight);
      else if (at + 2 * props.rowHeight > element.scrollTop + element.clientHeight) {
        element.scrollTop = at + 2 * props.rowHeight - element.clientHeight;
      }
    };
    watch(() => props.shown, (index) => reveal(index ?? -1), { flush: 'post' });

    return () => {
      const { items, rowHeight } = props;
      const first = Math.max(0, Math.floor(top.value / rowHeight) - SPARE_ROWS);
      const last = Math.min(items.length, Math.ceil((top.value + height.value) / rowHeight) + SPARE_ROWS);
      const rows = items.slice(first, last).map((item, index) => html`
        <div class="virtual-row" key=${props.keyOf(item)}
          style=${{ transform: `translateY(${(first + index) * rowHeight}px)`, height: `${rowHeight}px` }}>
          ${props.row(item, first + index)}
        </div>`);
      return html`
        <div ref=${box} class="virtual" role=${props.role ?? 'list'} aria-label=${props.label} tabindex="-1"
          onScroll=${(event) => { top.value = event.target.scrollTop; }}>
          <div class="virtual-all" style=${{ height: `${items.length * rowHeight}px` }}>${rows}</div>
        </div>`;
    };
  },
};
