// Sets the theme and the office's colour before anything is painted, so it is not a module: modules run
// after the first paint. `?theme=light|dark` wins; otherwise the system's setting, and its changes.
(function () {
  var root = document.documentElement;
  var asked = (/[?&]theme=(light|dark)(&|$)/.exec(location.search) || [])[1];
  var dark = window.matchMedia ? window.matchMedia('(prefers-color-scheme: dark)') : null;
  var theme;
  function show() {
    theme = asked || (dark && dark.matches ? 'dark' : 'light');
    // Without it the page says that it needs scripts and modules.
    if ('noModule' in HTMLScriptElement.prototype) root.setAttribute('data-theme', theme);
  }
  show();
  // Browsers of 2018 know only addListener.
  if (dark && dark.addListener) dark.addListener(show);
  // As office.js stored it at the last visit; the first message corrects it.
  try {
    var colours = JSON.parse(localStorage.getItem('turnero.colours'))[theme];
    Object.keys(colours).forEach(function (name) { root.style.setProperty(name, colours[name]); });
  } catch (e) { /* The first visit, or no storage. */ }
})();
