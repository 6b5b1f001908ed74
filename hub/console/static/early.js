// Before the first paint: the remembered theme and language, so that nothing flashes.
(function () {
  const root = document.documentElement;
  let theme = 'auto';
  let language = 'zh';
  try {
    theme = localStorage.getItem('campuswatch.theme') || theme;
    language = localStorage.getItem('campuswatch.language') || language;
  } catch {
    // storage is forbidden; the defaults stay
  }
  const light = matchMedia('(prefers-color-scheme: light)').matches;
  root.dataset.theme = theme === 'auto' ? (light ? 'light' : 'dark') : theme;
  root.lang = language === 'zh' ? 'zh-CN' : 'en';
})();
