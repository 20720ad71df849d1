// Shows the office's name, logo and colour on every page.

import { PROPERTIES, coloursOf } from './appearance.js';
import { $, make } from './dom.js';
import { setDeskWords } from './i18n.js';
import { local } from './storage.js';
import { setTimeZone } from './time.js';

const KEY = 'colours';
// Wider than that a logo is a word, which is the name itself; else it stands beside the name.
const WORD_RATIO = 2;

const root = document.documentElement;
let shown = '';
let colours = null;

function paint() {
  const values = colours && colours[root.getAttribute('data-theme') || 'light'];
  PROPERTIES.forEach((name) => {
    if (values) root.style.setProperty(name, values[name]);
    else root.style.removeProperty(name);
  });
}

function showLogo(box, name, office) {
  const old = box.querySelector('img');
  if (old && old.getAttribute('src') === office.logo) {
    if (old.alt) old.alt = office.name;
    return;
  }
  if (old) box.removeChild(old);
  name.hidden = false;
  if (!office.logo) return;
  const logo = make('img', { className: 'logo', alt: '', hidden: true });
  logo.addEventListener('load', () => {
    const isWord = logo.naturalWidth > WORD_RATIO * logo.naturalHeight;
    logo.alt = isWord ? office.name : '';
    logo.hidden = false;
    name.hidden = isWord;
    // Screens that measure what they show measure again.
    window.dispatchEvent(new Event('resize'));
  });
  logo.src = office.logo;
  box.insertBefore(logo, name);
}

/**
 * Shows `office` of the state in `#office` and in the colours of the page; sets its time zone and word for a desk. Safe to
 * call twice.
 */
export function showOffice(office) {
  setTimeZone(office.timeZone);
  setDeskWords(office.deskWords);
  const what = JSON.stringify([office.name, office.accent, office.logo]);
  if (what === shown) return;
  shown = what;
  const box = $('office');
  let name = box.querySelector('span');
  if (!name) {
    name = document.createElement('span');
    box.textContent = '';
    box.appendChild(name);
  }
  name.textContent = office.name;
  showLogo(box, name, office);
  colours = office.accent ? coloursOf(office.accent) : null;
  paint();
  // theme.js reads them at the next load, before anything is painted.
  local.set(KEY, colours && JSON.stringify(colours));
}

// The system's theme may change at any time.
new MutationObserver(paint).observe(root, { attributes: true, attributeFilter: ['data-theme'] });
