// Returns a tab that stands as a kiosk (docs/operating.md) to it, 60 s after the last touch on another page.

import { session } from './storage.js';

const RETURN_MS = 60000;
const ADDRESS = 'kiosk';
const STANDS = 'kiosk-stands';
const TOUCHES = ['pointerdown', 'touchstart', 'keydown', 'wheel', 'scroll'];

const isKiosk = /\/new-ticket\.html$/.test(location.pathname);
const isStart = /\/(index\.html)?$/.test(location.pathname);
const [navigation] = performance.getEntriesByType('navigation');
const isDirect = !document.referrer && (!navigation || navigation.type === 'navigate');

let timer = 0;
let isReturning = false;

function forget() {
  session.set(ADDRESS, null);
  session.set(STANDS, null);
}

function atTheKiosk() {
  if (window.matchMedia('(max-width: 600px)').matches) return;
  session.set(ADDRESS, location.href);
  if (isDirect) session.set(STANDS, '1');
  timer = setTimeout(() => session.set(STANDS, '1'), RETURN_MS);
}

function elsewhere() {
  const address = session.get(ADDRESS);
  if (!address) return;
  if (!isStart && (isDirect || !session.get(STANDS))) forget();
  else {
    timer = setTimeout(() => {
      isReturning = true;
      location.replace(address);
    }, RETURN_MS);
  }
}

function restart() {
  clearTimeout(timer);
  if (isKiosk) atTheKiosk(); else elsewhere();
}

TOUCHES.forEach((name) => document.addEventListener(name, restart, { capture: true, passive: true }));
// Nobody is here to answer whether typed text may be lost.
window.addEventListener('beforeunload', (e) => { if (isReturning) e.stopImmediatePropagation(); });
window.addEventListener('pageshow', restart);
restart();
