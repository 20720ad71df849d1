// The desk page: the current ticket, the steps of the desk, and its lists. It shows only what events say. Each step
// names the current ticket that this screen shows (`current`), so that two people never call twice.

import { get, put, remove, signIn } from '../shared/api.js';
import { $, keepPresses, show } from '../shared/dom.js';
import { clockSpan, deskTitle, explain, keepChoices, officeLanguage, onLanguage, ready, t, tn } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { Printers, namedPrinter } from '../shared/printers.js';
import { apply, deskNamed, withinReach } from '../shared/state.js';
import { local } from '../shared/storage.js';
import { wakeLock } from '../shared/wake-lock.js';
import { alertArrival, renderAlerts, startAlerts } from './alerts.js';
import { Claim, screen } from './claim.js';
import { findPanel } from './find.js';
import { LIST_MOST, Lists } from './lists.js';
import { focusedRow, moveInLists, renderRows, renderSpans, sortedAside } from './rows.js';
import { servicesPanel } from './services.js';
import { Steps } from './steps.js';
import { transferPanel } from './transfer.js';
import { Undo } from './undo.js';
import { about, isWithout, renderFacts, renderTaken, renderWarning } from './view.js';

const WANTED_MS = 6500;
// Events of another person that are announced.
const SAID = /^ticket-(called|recalled|finished|no-show|held|returned|transferred|cancelled)$/;

const name = new URLSearchParams(location.search).get('desk') || '';
const path = 'api/desks/' + encodeURIComponent(name);

let state = null;
let missedOpen = false;
// The role of the person who signed in here; requested only when needed.
let role = '';
const panels = {};
const printers = new Printers();
let waitedBefore = null;
let wantedUntil = 0;
let saying = null;
// The desk, and the number of the last event received for it.
let heard = '';

const claim = new Claim(name, () => {
  if (hasDesk()) lists.ask();
  render();
});
const undo = new Undo(render);
const steps = new Steps({ may: isLive, say, changed: render, undo });
const lists = new Lists(path, () => hasDesk(), current, render);
const live = new Live({
  message(m) {
    if (m.type === 'printer') {
      printers.hear(m.payload);
      render();
      return;
    }
    const before = state;
    state = apply(state, m);
    if (!state) return;
    heard = name + ' ' + m.seq;
    if (!before) undo.resume(heard);
    if (m.type === 'state') officeLanguage(state.office.language);
    if (before && m.type !== 'state') noticeOthers(m);
    claim.hear(state, m);
    noticeArrival(m);
    askRole();
    if (hasDesk()) lists.ask(m.type);
    render();
  },
  status() {
    if (!live.online) printers.clear();
    if (live.online) {
      if (hasDesk()) lists.ask();
      if (state) claim.online();
    }
    render();
  },
}, { desk: name, screen });

function ownDesk() {
  return (state && deskNamed(state, name)) || { open: true, services: [], ticket: null };
}

function current() {
  return ownDesk().ticket;
}

// Until it is claimed there may be no such desk, and nothing to ask for.
const hasDesk = () => claim.standing !== 'asking' && claim.standing !== 'absent';

function isLive() {
  return live.online && Boolean(state) && claim.standing === 'mine';
}

// Somebody else at this desk did something: the screen shows it at once, and says so.
function noticeOthers(m) {
  const p = m.payload;
  const undone = m.type === 'step-undone';
  if (!undone && !(p.ticket && SAID.test(m.type))) return;
  // A return happens at no desk: it concerns the one that had called the ticket.
  if ((p.desk ? p.desk.name : p.ticket.handleAtDesk) !== name) return;
  if (!steps.isAnothers(m.type, undone ? '' : p.ticket.code)) return;
  if (undone) say(t('desk.said.undone', { what: p.tickets.map((ticket) => ticket.code).join(', ') }));
  else say(t('desk.said.' + SAID.exec(m.type)[1], { code: p.ticket.code }));
  // An undo would now reverse another person's step.
  if (p.desk && m.type !== 'ticket-recalled') undo.forget();
}

function noticeArrival({ payload }) {
  const waits = withinReach(state, name);
  const isFirst = waitedBefore === 0 && waits > 0;
  if (isFirst) {
    wantedUntil = performance.now() + WANTED_MS;
    setTimeout(render, WANTED_MS + 50);
  }
  // A ticket that this desk sent back itself is not announced.
  const isOwn = payload.desk && payload.desk.name === name;
  if (waitedBefore !== null && waits > waitedBefore && !isOwn) alertArrival(isFirst, deskTitle(name), tn('desk.facts', waits));
  waitedBefore = waits;
}

// An office may leave the choice of services to its admins.
async function askRole() {
  if (!state.office.adminsChooseServices || role) return;
  try {
    ({ role } = await get('api/session'));
    render();
  } catch (refusal) { /* The next event asks again. */ }
}

const maySetServices = () => state.services.length > 1 && (!state.office.adminsChooseServices || role === 'admin');

function say(text, isProblem) {
  saying = text;
  $('said').textContent = text;
  $('said').classList.toggle('is-problem', Boolean(isProblem));
}

function act(action, body, answered) {
  const ticket = current();
  steps.take(action, path + '/' + action, Object.assign({ current: ticket ? ticket.code : null }, body), answered, {
    current: ticket,
    refused(refusal) {
      if (refusal.code !== 'queue-empty' || !(ticket || state.waiting)) return '';
      return (ticket ? t('desk.said.finished', { code: ticket.code }) + ' ' : '')
        + t(state.waiting ? 'desk.facts.others' : 'error.queue-empty');
    },
  });
}

function undoStep() {
  const { what } = undo;
  undo.forget();
  act('undo', {}, () => t('desk.said.undone', { what }));
}

function setUp(body, answered) {
  steps.take('set up', path, body, answered, { by: put });
}

// A panel is made when it is first opened.
function openPanel(id, make, open) {
  if (!panels[id]) panels[id] = make();
  if (isLive() && !openedPanel()) open(panels[id]);
}

const openedPanel = () => Object.keys(panels).map((id) => panels[id]).find((panel) => panel.isOpen());

function chooseTarget() {
  openPanel('transfer', () => transferPanel(name, {
    render,
    send: (body, answered) => act('transfer', body, answered),
    closed: () => focusWhenEnabled($('transfer').disabled ? 'next' : 'transfer'),
  }), (panel) => { if (current()) panel.open(current()); });
}

function chooseServices() {
  openPanel('services', () => servicesPanel(name, {
    send: (body, close) => setUp(body, () => {
      close();
      return t('desk.said.services');
    }),
    closed: () => focusWhenEnabled($('choose-services').hidden ? 'next' : 'choose-services'),
  }), (panel) => panel.open(state));
}

// The one in whose row the focus is, or whose code is typed.
function findSomeone() {
  const row = focusedRow();
  openPanel('find', () => findPanel({
    now: () => live.now(),
    call: (ticket, close) => act('call', { ticket }, said('called', close)),
    cancel: (code, close) => steps.take('cancel', 'api/tickets/' + encodeURIComponent(code) + '/cancel', { desk: name }, said('cancelled', close)),
    closed: () => focusWhenEnabled('find'),
  }), (panel) => panel.open(row ? row.firstChild.textContent : ''));
}

const said = (what, close) => ({ code }) => {
  close();
  return t('desk.said.' + what, { code });
};

// The ticket with the focus in a list; otherwise the one that this desk serves.
function printAgain() {
  const row = focusedRow();
  const id = row ? row.getAttribute('data-id') : lists.wholeOf(current()).id;
  if (id && printers.names().length) steps.take('print', 'api/tickets/' + id + '/print', namedPrinter ? { printer: namedPrinter } : {});
}

function pause() {
  const open = !ownDesk().open;
  setUp({ open }, () => t(open ? 'desk.said.opened' : 'desk.said.closed'));
}

const actions = {
  transfer: chooseTarget,
  undo: undoStep,
  pause,
  'choose-services': chooseServices,
  print: printAgain,
  find: findSomeone,
};
['next', 'recall', 'finish', 'no-show', 'hold'].forEach((id) => { actions[id] = () => act(id); });
const KEYS = { n: 'next', r: 'recall', f: 'finish', a: 'no-show', h: 'hold', t: 'transfer', u: 'undo', p: 'pause', s: 'choose-services', i: 'print', c: 'find' };

const callThis = (ticket) => act('call', { ticket: ticket.id });
const returnThis = (ticket) => steps.take('return', 'api/tickets/' + ticket.id + '/return', { desk: name, state: ticket.state });

function enable(id, on) {
  const button = $(id);
  // A panel's own is there once it was opened.
  if (!button) return;
  const had = document.activeElement === button;
  button.disabled = !on;
  if (had && !on) button.setAttribute('data-had-focus', '');
  // The focus that a pause took away is given back, unless it has found another place.
  if (on && button.hasAttribute('data-had-focus')) {
    button.removeAttribute('data-had-focus');
    if (document.activeElement === document.body) button.focus();
  }
}

// For a button that the next message may bring back to life.
function focusWhenEnabled(id) {
  if ($(id).disabled) $(id).setAttribute('data-had-focus', '');
  else $(id).focus();
}

function render() {
  renderLink();
  const ticket = current();
  const desk = ownDesk();
  const on = isLive();
  const waits = state ? withinReach(state, name) : 0;
  enable('next', on && Boolean(ticket || waits));
  ['recall', 'finish', 'no-show', 'hold', 'transfer'].forEach((id) => enable(id, on && Boolean(ticket)));
  ['undo', 'pause', 'choose-services', 'find'].forEach((id) => enable(id, on));
  enable('print', on && Boolean(lists.wholeOf(ticket).id));
  document.body.classList.toggle('prints', printers.names().length > 0);
  // A list that scrolls is reached by its buttons; while they are off, by itself.
  ['queue', 'aside'].forEach((id) => { $(id).tabIndex = on ? -1 : 0; });
  renderClaim();
  if (!state) return;
  const opened = openedPanel();
  if (opened) {
    opened.render(state, ticket);
    opened.live(on);
  }
  showOffice(state.office);
  $('code').textContent = ticket ? ticket.code : t(desk.open ? 'desk.nobody' : 'desk.closed');
  $('code').classList.toggle('is-nobody', !ticket);
  $('serving-label').classList.toggle('heard', !ticket && !desk.open);
  renderFacts(state, name, desk, lists.wholeOf(ticket).note);
  $('choose-services').hidden = !maySetServices();
  renderWarning(state, printers);
  renderQueue(waits);
  renderAside();
  renderTimes();
  renderUndo();
  const wanted = performance.now() < wantedUntil && waits > 0;
  $('next').classList.toggle('is-wanted', wanted && !ticket);
  document.querySelector('.queue').classList.toggle('is-new', wanted);
  document.title = (waits ? (wanted ? '● ' : '') + '(' + waits + ') ' : '')
    + (ticket ? ticket.code + ' · ' : '') + deskTitle(name);
}

function renderClaim() {
  const { standing } = claim;
  if (isWithout(standing)) {
    const opened = openedPanel();
    if (opened) opened.close();
    undo.forget();
  }
  if (renderTaken(standing, name, live.online)) focusWhenEnabled('next');
}

function renderUndo() {
  const hadFocus = document.activeElement === $('undo');
  undo.render();
  if (hadFocus && $('undo').hidden) focusWhenEnabled('next');
}

function renderTimes() {
  const ticket = current();
  if (ticket) $('timer').textContent = clockSpan((live.now() - Date.parse(ticket.handleAt)) / 1000);
  renderSpans(name, live.now());
}

function renderLink() {
  $('link').classList.toggle('is-online', live.online);
  $('link-text').textContent = t(live.online ? 'desk.online' : 'desk.connecting');
  // A blink of the network is not worth an alarm: the dot tells. Silence or a failed return is.
  show('away', !live.online && state ? t('away') : '');
}

const CALL = { word: 'desk.call', press: callThis };
const RESUME = { word: 'desk.resume', press: callThis };
const RETURN = { word: 'desk.return', press: returnThis };

const rows = (list, tickets, buttons) => renderRows($(list), tickets, { buttons, about: (ticket) => about(state, ticket), live: isLive(), lost: () => focusWhenEnabled('next') });

// Counts the tickets that this desk may call. If others wait elsewhere, says so in place of «nobody».
function renderQueue(waits) {
  const waiting = waits ? lists.queue : [];
  rows('queue', waiting, [CALL]);
  $('count').textContent = String(waits);
  $('nobody').textContent = t(state.waiting ? 'desk.facts.others' : 'desk.empty');
  $('nobody').hidden = waits > 0;
  $('hint').hidden = waits === 0;
  const more = waits - waiting.length;
  $('more').hidden = waiting.length < LIST_MOST || more <= 0;
  $('more').textContent = tn('desk.more', more);
}

function renderAside() {
  const { aside } = lists;
  const held = sortedAside(name, aside, 'held');
  const missed = sortedAside(name, aside, 'no-show');
  rows('held', held, [RESUME, RETURN]);
  rows('missed', missed, [RETURN]);
  $('held-count').textContent = String(held.length);
  $('missed-count').textContent = String(missed.length);
  $('held-box').hidden = !held.length;
  $('missed-box').hidden = !missed.length;
  $('aside').hidden = !aside.length;
  $('missed').hidden = !missedOpen;
  $('missed-fold').setAttribute('aria-expanded', String(missedOpen));
}

// The letter of a key; on a keyboard of another script, the Latin letter at the same place.
function letterOf(e) {
  const place = /^Key([A-Z])$/.exec(e.code || '');
  return (/^[a-z]$/i.test(e.key) || !place ? e.key : place[1]).toLowerCase();
}

function onKey(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  const open = openedPanel();
  if (open) {
    if (e.key === 'Escape' || e.key === 'Esc') open.close();
    // Arrows and letters belong to the control in the panel.
    return;
  }
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    moveInLists(e.key === 'ArrowDown' ? 1 : -1);
    e.preventDefault();
    return;
  }
  const action = KEYS[letterOf(e)];
  const isReady = action === 'print' && focusedRow() || action && !$(action).disabled && !$(action).hidden;
  if (!isReady || !$('keys').checked) return;
  e.preventDefault();
  actions[action]();
}

function renderWords() {
  $('desk-name').textContent = deskTitle(name);
  ['other', 'elsewhere'].forEach((id) => { $(id).href = keepChoices('./'); });
  renderAlerts();
  render();
  if (saying) say('');
}

// Single keys can be turned off, since dictation software types letters.
function startKeys() {
  const heed = () => document.body.classList.toggle('no-keys', !$('keys').checked);
  $('keys').checked = local.get('keys') !== 'no';
  $('keys').addEventListener('change', () => {
    local.set('keys', $('keys').checked ? 'yes' : 'no');
    heed();
  });
  heed();
}

// The person signed in; the next one at this desk signs out here.
async function showMe() {
  const session = await get('api/session');
  ({ role } = session);
  $('me').hidden = !session.name;
  $('me-name').textContent = session.name || '';
  // Without a session the organisation has signed them in.
  $('leave').hidden = !session.session;
}

async function leave() {
  try {
    await remove('api/session');
    signIn();
  } catch (refusal) {
    say(explain(refusal), true);
  }
}

// The desk that another screen has is taken over; one that is not there is made.
async function getDesk() {
  if (claim.standing !== 'absent') {
    claim.ask(true);
    return;
  }
  try {
    await put(path, {});
  } catch (refusal) {
    say(explain(refusal), true);
  }
}

if (!name) {
  location.replace(keepChoices('./'));
} else {
  ready.then(() => {
    local.set('desk', name);
    onLanguage(renderWords);
    startAlerts();
    startKeys();
    Object.keys(actions).forEach((id) => $(id).addEventListener('click', actions[id]));
    keepPresses();
    document.addEventListener('keydown', onKey);
    window.addEventListener('pagehide', () => undo.keep(heard));
    $('take-over').addEventListener('click', getDesk);
    $('leave').addEventListener('click', leave);
    showMe().catch(() => { /* The desk works without it. */ });
    window.addEventListener('focus', () => showMe().catch(() => {}));
    $('missed-fold').addEventListener('click', () => {
      missedOpen = !missedOpen;
      render();
    });
    renderWords();
    wakeLock()(true);
    live.start();
    setInterval(() => { if (state) renderTimes(); }, 1000);
  });
}
