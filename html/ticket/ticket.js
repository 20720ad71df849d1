// A ticket's own page, for the phone of its visitor.

import { freshKey, get, post } from '../shared/api.js';
import { $, keepPresses, show } from '../shared/dom.js';
import { fitText } from '../shared/fit.js';
import { deskTitle, explain, nameOf, officeLanguage, onLanguage, ready, t } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { aheadText, estimateText } from '../shared/progress.js';
import { chime, softTone, watchSound } from '../shared/sound.js';
import { apply } from '../shared/state.js';
import { local } from '../shared/storage.js';
import { wakeLock } from '../shared/wake-lock.js';

// Interval of requests for the position in the queue if WebSockets do not pass.
const ASK_EVERY_MS = 5000;
// A desk may take its last step back for a while. Afterwards a ticket of today can still be called again, but rarely, so
// the page gives its connection back and asks now and then.
const REST_AFTER_MS = 60000;
const REST_ASK_EVERY_MS = 15000;
const PULSES_MS = [500, 200, 500, 200, 500];
// With so many ahead it is time to come back to the room, and to get up.
const SOON = [3, 1];
const SOON_KEY = 'soon';

const KINDS = { waiting: 'waiting', serving: 'called', held: 'held', 'no-show': 'missed', done: 'done', cancelled: 'cancelled' };
const MAIN = {
  loading: 'ticket.loading', called: 'ticket.called', held: 'ticket.held', missed: 'ticket.missed',
  done: 'ticket.done', cancelled: 'ticket.cancelled', gone: 'ticket.gone',
};
const MORE = {
  held: 'ticket.held.what', missed: 'ticket.missed.what', done: 'ticket.done.what',
  cancelled: 'ticket.cancelled.what', gone: 'ticket.gone.what',
};

const id = decodeURIComponent(location.pathname.split('/').pop());
const path = 'api/tickets/' + encodeURIComponent(id);

let state = null;
let position = null;
let service = '';
let gone = false;
let resting = false;
let pushed = false;
let asking = false;
let rung = '';
let blocked = false;
// Whether the browser keeps the screen on; null until it has been asked.
let awake = null;
let giving = false;
let cancelKey = '';
let restTimer = 0;

const keepOn = wakeLock((isOn) => {
  awake = isOn;
  render();
});

const listener = {
  message(m) {
    if (m.type === 'ticket-position') {
      pushed = true;
      take(m.payload);
      return;
    }
    state = apply(state, m);
    if (m.type === 'state') officeLanguage(state.office.language);
    if (!pushed) setTimeout(() => { if (!pushed) ask(); }, 500);
    render();
  },
  status({ online }) {
    if (!online) {
      pushed = false;
      ask();
    }
    render();
  },
};

let live = new Live(listener, { ticket: id });

function kind() {
  if (gone && !resting) return 'gone';
  return position ? KINDS[position.state] || 'loading' : 'loading';
}

/** Requests the ticket; a message that was pushed meanwhile is newer. */
async function ask() {
  if (asking || gone) return;
  asking = true;
  try {
    const ticket = await get(path);
    service = ticket.service;
    if (!pushed) take(positionOf(ticket));
  } catch (refusal) {
    if (refusal.status === 404) end();
  }
  asking = false;
  render();
}

function positionOf(ticket) {
  return {
    code: ticket.code, state: ticket.state, desk: ticket.handleAtDesk,
    ahead: ticket.ahead, estimateSeconds: ticket.estimateSeconds, calls: ticket.calls,
  };
}

function take(next) {
  const before = position;
  position = next;
  // Transferred, it may stand in another list now.
  if (before && before.state !== 'waiting' && next.state === 'waiting') ask();
  const call = next.state === 'serving' ? next.desk + '/' + next.calls : '';
  if (call && call !== rung) ring();
  rung = call;
  if (before && isSoon(before, next)) ringSoftly();
  if (next.state !== 'waiting' && next.state !== 'held') closeQuestion();
  if (!isOver()) wake();
  else if (!resting && !restTimer) restTimer = setTimeout(rest, REST_AFTER_MS);
  render();
  tell(before);
  stayAwake();
}

const isOver = () => position.state === 'done' || position.state === 'cancelled';

function rest() {
  resting = true;
  pushed = false;
  live.stop();
  render();
}

function wake() {
  clearTimeout(restTimer);
  restTimer = 0;
  if (!resting) return;
  resting = false;
  live = new Live(listener, { ticket: id });
  live.start();
}

/** The server knows the ticket no more. One that was over stays as it was: its day has ended. */
function end() {
  gone = true;
  clearTimeout(restTimer);
  live.stop();
  if (resting) return;
  closeQuestion();
  stayAwake();
  render();
  nameOffice();
}

// Names the office on a page left from another day.
async function nameOffice() {
  try {
    state = (await get('api/state')).payload;
    officeLanguage(state.office.language);
    render();
  } catch (e) { /* Then nobody is named. */ }
}

// Whether somebody left the queue ahead, and one of the numbers of `SOON` is reached.
function isSoon(before, next) {
  const wait = before.state === 'waiting' && next.state === 'waiting';
  return wait && SOON.some((n) => before.ahead > n && next.ahead <= n);
}

function ringSoftly() {
  if (!$('soon').checked) return;
  if (navigator.vibrate) navigator.vibrate(PULSES_MS[0]);
  softTone();
}

async function ring() {
  if (navigator.vibrate) navigator.vibrate(PULSES_MS);
  await chime();
  chime();
}

// Screen readers announce a call at once, everything else politely.
function tell(before) {
  if (before && before.state === position.state && before.ahead === position.ahead && before.calls === position.calls) return;
  const called = kind() === 'called';
  const text = [$('main').textContent, called ? $('go').textContent + ' ' + $('desk').textContent : $('more').textContent].join('. ');
  // The same call is announced again.
  $('called').textContent = '';
  $(called ? 'called' : 'said').textContent = text;
}

// A phone that sleeps hears nothing.
function stayAwake() {
  keepOn(['waiting', 'called', 'held'].indexOf(kind()) >= 0);
}

function render() {
  const now = kind();
  const waits = now === 'waiting' || now === 'held';
  const away = !live.online && !resting && now !== 'loading' && now !== 'gone';
  document.body.setAttribute('data-kind', now);
  document.body.classList.toggle('is-away', away);
  show('away', away ? t('ticket.away') : '');
  if (state) showOffice(state.office);
  const code = position ? position.code : '';
  if ($('code').textContent !== code) {
    $('code').textContent = code;
    fitCode();
  }
  $('code').hidden = now === 'gone';
  const its = state && state.services.length > 1 && state.services.filter((s) => s.prefix === service)[0];
  show('what', its && now !== 'gone' ? nameOf(its) : '');
  const main = now === 'waiting' ? aheadText(position.ahead) : t(MAIN[now]);
  show('main', main);
  const desk = position && position.desk ? placeName(position.desk) : '';
  $('go').hidden = now !== 'called';
  show('desk', now === 'called' ? desk : '');
  fitDesk();
  show('more', now === 'waiting' ? waitingMore() : MORE[now] ? t(MORE[now], { desk }) : '');
  $('keep').hidden = !waits;
  $('keep').textContent = t(awake === false ? 'ticket.dark' : 'ticket.keep');
  $('soon-choice').hidden = now !== 'waiting';
  $('alert').hidden = !waits || !blocked;
  $('alert-on').hidden = !waits || blocked || !rang;
  $('leave').hidden = !waits;
  $('give-up').disabled = $('yes').disabled = away || giving;
  document.title = title(now, main, code);
}

// As the room's screen and its voice say it.
function placeName(desk) {
  // A number stays with its word.
  return deskTitle(desk).replace(/ (?=\S{1,6}$)/, '\u00a0');
}

function waitingMore() {
  return [position.calls ? t('ticket.back') : '', estimateText(position.estimateSeconds)].filter(Boolean).join(' ');
}

function title(now, main, code) {
  if (now === 'loading') return t('ticket.title');
  if (now === 'gone') return main;
  return now === 'waiting' ? t('ticket.tab', { n: position.ahead || 0, code }) : main + ' · ' + code;
}

function room() {
  const style = getComputedStyle($('card'));
  return $('card').clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}

function fitCode() {
  fitText($('code'), room(), window.innerHeight * 0.32, 260, 40);
}

// As large as it goes without breaking a word.
function fitDesk() {
  if ($('desk').hidden) return;
  fitText($('desk'), room(), window.innerHeight * 0.35, Math.min(window.innerWidth, window.innerHeight) * 0.05 + 40, 20);
}

function openQuestion() {
  $('sure').hidden = false;
  $('give-up').hidden = true;
  $('give-up').setAttribute('aria-expanded', 'true');
  $('error').hidden = true;
  $('no').focus();
  // All of it, not only the button that has the focus.
  $('sure').scrollIntoView(false);
}

function closeQuestion() {
  $('sure').hidden = true;
  $('give-up').hidden = false;
  $('give-up').setAttribute('aria-expanded', 'false');
}

async function giveUp() {
  if (giving) return;
  giving = true;
  // Without an answer the key is kept, so that a retry cancels only once.
  cancelKey = cancelKey || freshKey();
  render();
  try {
    take(positionOf(await post(path + '/cancel', undefined, cancelKey)));
  } catch (refusal) {
    const silent = refusal.code === 'no-connection' || refusal.status === 503;
    if (!silent) {
      cancelKey = '';
      closeQuestion();
      pushed = false;
      ask();
    }
    const moved = refusal.code === 'wrong-state' || refusal.code === 'not-found';
    show('error', silent ? t('ticket.failed') : moved ? t('ticket.refused') : explain(refusal));
  }
  giving = false;
  render();
}

// Whether a touch has unblocked the sound, which is worth a word.
let rang = false;

ready.then(async () => {
  onLanguage(render);
  // A touch unblocks at its beginning, and the button may be gone before the finger is: no click tells.
  watchSound((is) => {
    if (blocked && !is) {
      rang = true;
      if (navigator.vibrate) navigator.vibrate(PULSES_MS[0]);
      softTone();
    }
    blocked = is;
    render();
  });
  // The first touch allows sound and may remove an element above the pressed control.
  keepPresses();
  $('soon').checked = local.get(SOON_KEY) === '1';
  $('soon').addEventListener('change', () => local.set(SOON_KEY, $('soon').checked ? '1' : null));
  $('give-up').addEventListener('click', openQuestion);
  $('no').addEventListener('click', () => { closeQuestion(); $('give-up').focus(); });
  $('yes').addEventListener('click', giveUp);
  $('sure').addEventListener('keydown', (e) => { if (e.key === 'Escape') $('no').click(); });
  window.addEventListener('resize', () => { fitCode(); fitDesk(); });
  render();
  await ask();
  if (gone) return;
  live.start();
  setInterval(() => { if (!pushed && !resting) ask(); }, ASK_EVERY_MS);
  setInterval(() => { if (resting) ask(); }, REST_ASK_EVERY_MS);
});
