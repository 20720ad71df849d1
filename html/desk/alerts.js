// Tells that somebody has come: a soft sound, a notification.

import { $, show } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { softTone, watchSound } from '../shared/sound.js';
import { local } from '../shared/storage.js';

// A browser allows it on secure pages only (HTTPS, or the server's own machine).
const mayNotify = () => window.isSecureContext && 'Notification' in window;

let isWatched = false;
let isBlocked = false;
let isRefused = false;

/** Says what the browser blocks. */
export function renderAlerts() {
  const isMute = isBlocked && $('sound').value !== 'no';
  show('muted', [isMute ? t('desk.muted') : '', isRefused ? t('desk.notify.refused') : ''].filter(Boolean).join(' '));
}

function heedSound() {
  if ($('sound').value !== 'no' && !isWatched) {
    isWatched = true;
    watchSound((is) => {
      isBlocked = is;
      renderAlerts();
    });
  }
  renderAlerts();
}

async function heedNotify() {
  isRefused = $('notify').checked && (await Notification.requestPermission()) !== 'granted';
  if (isRefused) $('notify').checked = false;
  local.set('notify', $('notify').checked ? 'yes' : 'no');
  renderAlerts();
}

/** Sets the choices as they were left. */
export function startAlerts() {
  const kept = local.get('sound');
  $('sound').value = { yes: 'first', first: 'first', each: 'each' }[kept] || 'no';
  $('sound').addEventListener('change', () => {
    local.set('sound', $('sound').value);
    heedSound();
  });
  heedSound();
  $('notify-box').hidden = !mayNotify();
  if (!mayNotify()) return;
  $('notify').checked = local.get('notify') === 'yes' && Notification.permission === 'granted';
  $('notify').addEventListener('change', heedNotify);
}

/** Somebody has come; `isFirst` is that nobody waited. `title` and `body` are of the notification. */
export function alertArrival(isFirst, title, body) {
  const { value } = $('sound');
  if (value === 'each' || (value === 'first' && isFirst)) softTone();
  if (!$('notify').checked || document.hasFocus() || !(isFirst || value === 'each')) return;
  try {
    const shown = new Notification(title, { body, tag: title, renotify: true, icon: 'shared/favicon.svg' });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch (e) { /* A phone's browser shows none without a service worker. */ }
}
