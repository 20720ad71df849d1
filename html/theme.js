// Sets the theme before anything is painted, which is why this one file is not a module.
// `?theme=light|dark` wins; otherwise the system's wish, and its changes.
(function () {
  var asked = (/[?&]theme=(light|dark)(&|$)/.exec(location.search) || [])[1];
  var dark = window.matchMedia ? window.matchMedia('(prefers-color-scheme: dark)') : null;
  function show() {
    var theme = asked || (dark && dark.matches ? 'dark' : 'light');
    document.documentElement.setAttribute('data-theme', theme);
  }
  show();
  // Browsers of 2018 know only addListener.
  if (dark && dark.addListener) dark.addListener(show);
})();
