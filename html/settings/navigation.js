// Links to all pages of the settings.

import { $, make, reconcile, setCurrent } from '../shared/dom.js';
import { keepChoices, t } from '../shared/i18n.js';

// Each page with the key of its name.
const PAGES = [
  ['statistics.html', 'settings.statistics'],
  ['settings.html', 'settings.office'],
  ['settings-look.html', 'settings.appearance'],
  ['settings-sound.html', 'settings.sound'],
  ['settings-printing.html', 'settings.printing'],
  ['settings-services.html', 'settings.services'],
  ['settings-desks.html', 'settings.desks'],
  ['settings-next.html', 'settings.next'],
  ['settings-access.html', 'settings.access'],
  ['settings-webhooks.html', 'settings.webhooks'],
  ['settings-trace.html', 'settings.audit'],
  ['settings-data.html', 'settings.data'],
];

// On a phone the links are one line that scrolls sideways: this page's is in its middle.
function showCurrent(list) {
  const link = list.querySelector('[aria-current]');
  if (!link || list.scrollWidth <= list.clientWidth) return;
  const [at, all] = [link, list].map((el) => el.getBoundingClientRect());
  list.scrollLeft += at.left - all.left - (all.width - at.width) / 2;
}

/** Shows the links in the reader's language, and which of them is this page. */
export function renderNavigation() {
  reconcile($('sections'), PAGES, {
    key: ([address]) => address,
    create: ([address]) => make('li', {}, [make('a', { href: keepChoices(address) })]),
    update(item, [address, key]) {
      item.firstChild.textContent = t(key);
      setCurrent(item.firstChild, location.pathname.split('/').pop() === address, 'page');
    },
  });
  showCurrent($('sections'));
}
