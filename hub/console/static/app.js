// The shell: who is here, the pages, the status line. Everything else is one of the pages.
import { createApp, html, shallowRef, watch } from './parts/html.js';
import { language, say, t } from './i18n/words.js';
import { useKeys } from './parts/keys.js';
import { Help, helpOpen } from './parts/help.js';
import { Nav } from './parts/nav.js';
import { StatusLine } from './parts/statusline.js';
import { LostBanner } from './parts/lost.js';
import { route } from './router.js';
import { link } from './state/link.js';
import { loadSession, session } from './state/session.js';
import { startFeed, stopFeed } from './state/feed.js';
import { EntrancePage } from './pages/entrance.js';
import { BoardPage } from './pages/board/page.js';

/** Pages that are not the first one are loaded when they are first opened. */
const PAGES = {
  board: () => BoardPage,
  campus: () => import('./pages/campus/page.js').then((room) => room.CampusPage),
  device: () => import('./pages/device/page.js').then((room) => room.DevicePage),
  trends: () => import('./pages/trends/page.js').then((room) => room.TrendsPage),
  speed: () => import('./pages/speed.js').then((room) => room.SpeedPage),
  calibrate: () => import('./pages/calibrate.js').then((room) => room.CalibratePage),
  cooling: () => import('./pages/cooling.js').then((room) => room.CoolingPage),
  cameras: () => import('./pages/cameras/page.js').then((room) => room.CamerasPage),
  camera: () => import('./pages/cameras/camera.js').then((room) => room.CameraPage),
  rules: () => import('./pages/rules/page.js').then((room) => room.RulesPage),
  rule: () => import('./pages/rules/rule.js').then((room) => room.RulePage),
  publications: () => import('./pages/rules/publications.js').then((room) => room.PublicationsPage),
  orders: () => import('./pages/orders/page.js').then((room) => room.OrdersPage),
  probe: () => import('./pages/probe/page.js').then((room) => room.ProbePage),
  gateways: () => import('./pages/gateways.js').then((room) => room.GatewaysPage),
  admin: () => import('./pages/admin.js').then((room) => room.AdminPage),
};

const page = shallowRef(null);
const failed = shallowRef(null);

async function open(name) {
  const load = PAGES[name] ?? PAGES.board;
  try {
    const loaded = await load();
    if (name === route.page) page.value = loaded;
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
}

const Shell = {
  setup() {
    watch(() => route.page, open, { immediate: true });
    useKeys({ '?': () => { helpOpen.value = !helpOpen.value; }, Escape: () => { helpOpen.value = false; } });
    return () => html`<div class=${['shell', `page-${route.page}`]}>
      <${Nav} />
      <${LostBanner} />
      <main class="page">${failed.value ? html`<p class="problem page-problem" role="alert">${t('problem.page')}</p>` : page.value ? html`<${page.value} />` : null}</main>
      <${StatusLine} />
      <${Help} />
    </div>`;
  },
};

const Console = {
  setup() {
    watch(() => session.user?.name, (name) => (name ? startFeed() : stopFeed()));
    watch([language, () => session.campus], () => {
      document.title = [t('product'), say(session.campus?.name)].filter(Boolean).join(' · ');
    }, { immediate: true });
    loadSession();
    return () => (session.user ? html`<${Shell} />` : html`<${EntrancePage} />`);
  },
};

const app = createApp(Console);
// A part that fails must not leave a page that looks whole: the status line says so until the page is loaded anew.
app.config.errorHandler = (error) => {
  link.broken = true;
  console.error(error);
};
app.mount('#console');
