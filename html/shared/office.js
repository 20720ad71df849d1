// How the office presents itself on every screen: its name, its logo, its colour.

import { need, parts } from './later.js';

const LOOK = 'turnero.look';
// Wider than that a logo is a word, which is the name itself; else it stands beside the name.
const WORD_RATIO = 2;

const root = document.documentElement;
let shown = '';
let look = null;

function paint() {
  const colours = look && look[root.getAttribute('data-theme') || 'light'];
  if (parts.look) parts.look.PROPERTIES.forEach((name) => {
    if (colours) root.style.setProperty(name, colours[name]);
    else root.style.removeProperty(name);
  });
}

function remembers() {
  try {
    return Boolean(localStorage.getItem(LOOK));
  } catch (e) {
    return false;
  }
}

// theme.js finds it there at the next load, before anything is painted.
function remember() {
  try {
    if (look) localStorage.setItem(LOOK, JSON.stringify(look));
    else localStorage.removeItem(LOOK);
  } catch (e) { /* Then the colour comes a moment later. */ }
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
  const logo = document.createElement('img');
  logo.className = 'logo';
  logo.alt = '';
  logo.hidden = true;
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

/** Shows `office` of the state in the element `#office`, and in the colours of the page. Safe to call twice. */
export function showOffice(office) {
  const what = JSON.stringify([office.name, office.accent, office.logo]);
  if (what === shown) return;
  shown = what;
  const box = document.getElementById('office');
  let name = box.querySelector('span');
  if (!name) {
    name = document.createElement('span');
    box.textContent = '';
    box.appendChild(name);
  }
  name.textContent = office.name;
  showLogo(box, name, office);
  if (!office.accent && !remembers()) return;
  need('shared/appearance-later.js').then(() => {
    if (what !== shown) return;
    look = office.accent ? parts.look.lookOf(office.accent) : null;
    paint();
    remember();
  }, () => { shown = ''; });
}

// The system's theme may change at any time.
new MutationObserver(paint).observe(root, { attributes: true, attributeFilter: ['data-theme'] });
