// The three places where the console is looked at: a wall, a desk, a phone.
import { ref } from '../parts/html.js';

const phone = matchMedia('(max-width: 700px)');
const wall = matchMedia('(min-width: 1760px)');
const size = () => (phone.matches ? 'phone' : wall.matches ? 'wall' : 'desk');

export const shownSize = ref(size());
for (const query of [phone, wall]) query.addEventListener('change', () => { shownSize.value = size(); });
