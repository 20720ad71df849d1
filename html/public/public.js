// The public screen: the announced call in large letters, and the other desks at its side.

import { $ } from '../shared/dom.js';
import { language, locale, officeLanguage, onLanguage, ready, t, tn } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { chime, watchSound } from '../shared/sound.js';
import { apply } from '../shared/state.js';
import { Announcements } from './announcements.js';
import { drawBoard, measureAgain } from './board.js';
import { Media } from './media.js';
import { writeDesk } from './side.js';
import { Voice } from './voice.js';

const TURN_MS = 8000;
const PAUSE_MS = 700;
const PAUSE_UNSPOKEN_MS = 2500;


let state = null;
let turn = 0;
let soundBlocked = false;
let voiceBlocked = false;

const live = new Live({
  message(m) {
    state = apply(state, m);
    if (!state) return;
    if (m.type === 'state') {
      officeLanguage(state.office.language);
      announcements.known(state.calls);
    } else if (m.type === 'step-undone') {
      announcements.undone(m.payload);
    } else if (m.payload.call) {
      announcements.add(m.payload.call);
    } else if (m.payload.calls) {
      announcements.begun(state.calls);
    }
    render();
  },
  status: renderStatus,
});

const voice = new Voice({
  languages: () => (state.office.languages && state.office.languages.length ? state.office.languages : [language()]),
  blocked: () => { voiceBlocked = true; renderMuted(); },
});

// Chime and voice, and once more. Without a voice the second chime comes when the first has died away.
let spoken = false;
const say = (call, isHurried) => voice.say(call, isHurried).then((heard) => { spoken = heard; });
const pause = () => new Promise((done) => setTimeout(done, spoken ? PAUSE_MS : PAUSE_UNSPOKEN_MS));

const announcements = new Announcements({
  now: () => performance.now(),
  age: (call) => live.age(call.at),
  show: render,
  hush: () => voice.hush(),
  steps: [chime, say],
  again: [pause, chime, say],
});

const media = new Media({ picture: $('picture'), video: $('video'), changed: render });

/** The call in large letters: the one that is announced, otherwise the newest. */
const shownCall = () => announcements.current || state.calls[0] || null;

function render() {
  if (!state) return;
  const call = shownCall();
  const announced = Boolean(announcements.current);
  showOffice(state.office);
  renderWaiting();
  $('call').classList.toggle('is-announced', announced);
  $('call-label').textContent = t(label(call, announced));
  // Written only when it changes: a screen reader would read it again each time.
  const said = call ? call.seq + ' ' + language() : '';
  if ($('call').getAttribute('data-call') !== said) {
    $('call').setAttribute('data-call', said);
    $('code').textContent = call ? call.code : '';
    writeDesk($('desk'), call ? call.desk : '');
  }
  $('code-box').hidden = $('desk').hidden = !call;
  $('none').hidden = Boolean(call);
  $('call').classList.toggle('is-empty', !call);
  $('none-office').textContent = state.office.name;
  place();
}

function place() {
  const { office, desks } = state;
  media.place(drawBoard({ office, desks, call: shownCall(), turn, hasMedia: media.ready }));
}

function label(call, announced) {
  if (!call) return 'public.welcome';
  if (announced) return call.kind === 'recall' ? 'public.recalled' : 'public.calling';
  return 'public.last';
}

function renderWaiting() {
  const parts = tn('public.waiting', state.waiting).split('#');
  ['waiting', 'none-waiting'].forEach((id) => {
    const box = $(id);
    box.textContent = parts[0] || '';
    box.appendChild(document.createElement('b')).textContent = String(state.waiting);
    box.appendChild(document.createTextNode(parts[1] || ''));
  });
}

function renderStatus() {
  if (live.stale === !$('stale').hidden) return;
  document.documentElement.classList.toggle('is-stale', live.stale);
  $('stale').hidden = !live.stale;
  $('stale-text').textContent = live.stale ? t('public.stale') : '';
  measureAgain();
  render();
}

function renderMuted() {
  $('muted').hidden = !soundBlocked && !voiceBlocked;
  render();
}

function renderClock() {
  const now = new Date(live.now());
  const text = now.toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', hour12: false });
  ['clock', 'none-clock'].forEach((id) => { if ($(id).textContent !== text) $(id).textContent = text; });
}

ready.then(() => {
  onLanguage(() => { render(); renderClock(); });
  render();
  renderClock();
  live.start();
  media.start();
  setInterval(renderClock, 1000);
  setInterval(() => {
    turn += 1;
    if (state && !$('turns').hidden) place();
  }, TURN_MS);
  window.addEventListener('resize', () => { measureAgain(); render(); });
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
