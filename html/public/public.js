// The public screen: the announced call in large letters, and the other desks at its side.

import { $, show } from '../shared/dom.js';
import { language, officeLanguage, onLanguage, ready, t, tn } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { chime, watchSound } from '../shared/sound.js';
import { apply } from '../shared/state.js';
import { CLOCK, formatTime } from '../shared/time.js';
import { wakeLock } from '../shared/wake-lock.js';
import { Announcements } from './announcements.js';
import { LastTickets } from './last-tickets.js';
import { layOut, measureCapitals, showPage } from './layout.js';
import { Media } from './media.js';
import { keepOutputOpen } from './output.js';
import { Room } from './room.js';
import { drawRows, rowsOf, writeDesk } from './rows.js';
import { Voice } from './voice.js';

const PAGE_MS = 8000;
const PAUSE_MS = 700;
const PAUSE_UNSPOKEN_MS = 2500;
// As in public.css: where the screen is as wide as this, the other desks stand beside the call.
const WIDE = '(min-aspect-ratio: 33/20)';

const room = new Room(location.search);
// The whole office, and what of it this room's screen shows.
let office = null;
let state = null;
let page = 0;
let drawn = '';
let soundBlocked = false;
let voiceBlocked = false;

const live = new Live({
  message(m) {
    office = apply(office, m);
    if (!office) return;
    state = room.of(office);
    const { call, calls } = m.payload;
    lastTickets.note(m);
    officeLanguage(state.office.language);
    if (m.type === 'state') {
      announcements.known(state.calls);
    } else if (m.type === 'step-undone') {
      announcements.undone(Object.assign({}, m.payload, { calls: state.calls }));
    } else if (call) {
      if (room.has(call.service, call.desk)) announcements.add(call);
    } else if (calls) {
      announcements.begun(state.calls);
    }
    render();
  },
  status: renderStatus,
});

const lastTickets = new LastTickets(() => live.now());

// As the office has it; without a word everything is on.
function sound() {
  return state.office.sound || {};
}

const voice = new Voice({
  languages: () => (state.office.languages && state.office.languages.length ? state.office.languages : [state.office.language]),
  blocked: () => { voiceBlocked = true; renderMuted(); },
  sound,
});

// Chime and voice, and once more. Without a voice the second chime comes when the first has died away.
let spoken = false;
const say = async (call, isHurried) => { spoken = sound().voice !== false && await voice.say(call, isHurried); };
const ring = () => (sound().chime === false ? null : chime(sound().volume));
const pause = () => new Promise((resolve) => setTimeout(resolve, spoken ? PAUSE_MS : PAUSE_UNSPOKEN_MS));

const announcements = new Announcements({
  now: () => performance.now(),
  age: (call) => live.age(call.at),
  show: render,
  hush: () => voice.hush(),
  steps: [ring, say],
  again: [pause, ring, say],
});

const media = new Media({ picture: $('picture'), video: $('video'), changed: render });

/** The call in large letters: the one that is announced, otherwise the newest. */
const shownCall = () => announcements.current || state.calls[0] || null;

function render() {
  if (!state) return;
  const call = shownCall();
  const announced = Boolean(announcements.current);
  // The clock after the office, which says in which time zone it is.
  showOffice(state.office);
  renderClock();
  renderWaiting();
  renderMessage();
  $('call').classList.toggle('is-announced', announced);
  $('call-label').textContent = t(label(call, announced));
  // Written only when it changes: a screen reader would read it again each time.
  const said = call ? [call.seq, language(), t('word.desk')].join(' ') : '';
  if ($('call').getAttribute('data-call') !== said) {
    $('call').setAttribute('data-call', said);
    $('code').textContent = call ? call.code : '';
    writeDesk($('desk'), call ? call.desk : '');
  }
  $('code-box').hidden = $('desk-box').hidden = !call;
  $('none').hidden = Boolean(call);
  $('call').classList.toggle('is-empty', !call);
  renderBoard(call);
}

function lastOf(desk) {
  const last = lastTickets.of(desk);
  return last && room.has(last.service, desk) ? last : null;
}

function renderBoard(call) {
  const rows = rowsOf(state.desks, call, lastOf);
  const hasMedia = media.ready && window.matchMedia(WIDE).matches;
  media.place(hasMedia);
  // Measuring is slow on an old television, and most events change nothing of this.
  const what = JSON.stringify([call && [call.code, call.desk], rows, hasMedia, language(), t('word.desk'), $('message').textContent, $('muted').hidden]);
  if (what === drawn) return;
  drawn = what;
  $('media').hidden = !hasMedia;
  $('others-box').hidden = !rows.length;
  $('side').hidden = !rows.length && !hasMedia;
  $('board').classList.toggle('is-alone', $('side').hidden);
  drawRows($('others'), rows);
  layOut(call, page);
}

// The office's message; before it, a warning if the address of this screen is wrong.
function renderMessage() {
  const unknown = room.unknown(office.services);
  const text = unknown.length ? t('public.unknown', { names: unknown.join(', '), known: office.services.map((one) => one.prefix).join(', ') }) : state.office.message || '';
  show('message', text);
}

function label(call, announced) {
  if (!call) return 'public.welcome';
  if (announced) return call.kind === 'recall' ? 'public.recalled' : 'public.calling';
  return 'public.last';
}

function renderWaiting() {
  const parts = tn('public.waiting', state.waiting).split('#');
  const box = $('waiting');
  box.textContent = parts[0] || '';
  box.appendChild(document.createElement('b')).textContent = String(state.waiting);
  box.appendChild(document.createTextNode(parts[1] || ''));
}

function renderStatus() {
  if (live.stale === !$('stale').hidden) return;
  document.documentElement.classList.toggle('is-stale', live.stale);
  $('stale').hidden = !live.stale;
  $('stale').textContent = live.stale ? t('public.stale') : '';
}

function renderMuted() {
  $('muted').hidden = !soundBlocked && !voiceBlocked;
  render();
}

function renderClock() {
  const text = formatTime(live.now(), CLOCK);
  if ($('clock').textContent !== text) $('clock').textContent = text;
}

function measureAgain() {
  measureCapitals();
  drawn = '';
  render();
}

ready.then(() => {
  onLanguage(render);
  measureAgain();
  live.start();
  media.start();
  wakeLock()(true);
  // For the clock, and because a last ticket may have been shown for long enough.
  setInterval(render, 1000);
  setInterval(() => {
    page += 1;
    showPage(page);
  }, PAGE_MS);
  window.addEventListener('resize', measureAgain);
  keepOutputOpen();
  watchSound((blocked) => {
    soundBlocked = blocked;
    renderMuted();
  });
  ['pointerdown', 'touchend', 'mousedown', 'keydown'].forEach((name) => document.addEventListener(name, () => {
    if (!voiceBlocked) return;
    voiceBlocked = false;
    renderMuted();
  }));
});
