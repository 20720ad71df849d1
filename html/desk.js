// One desk. What it shows comes from the events alone, also what another person at the same desk
// did; an action says what this screen believed (`current`), so two people never call twice.

import { get, post } from './api.js';
import { moveInLists, renderRows, renderSpans, sortedAside } from './desk-lists.js';
import { transferPanel } from './desk-panel.js';
import { clockSpan, deskTitle, explain, keepChoices, officeLanguage, onLanguage, ready, t, tn } from './i18n.js';
import { Live } from './live.js';
import { showOffice } from './office.js';
import { softTone, watchSound } from './sound.js';
import { apply, deskNamed, withinReach } from './state.js';

const LIST_MOST = 10;
// Many events at once ask for the list once.
const LIST_AFTER_MS = 60;
const WANTED_MS = 6500;
// The event of an own action whose answer says more than the event would.
const ECHO = { next: 'ticket-finished', call: 'ticket-finished', transfer: 'ticket-transferred' };
// What these tell changes neither who is put aside nor who did not come.
const LEAVES_ASIDE = ['ticket-created', 'ticket-recalled', 'ticket-finished', 'desk-changed'];
const SAID = {
  'ticket-called': 'desk.said.called',
  'ticket-recalled': 'desk.said.recalled',
  'ticket-finished': 'desk.said.finished',
  'ticket-no-show': 'desk.said.no-show',
  'ticket-held': 'desk.said.held',
  'ticket-returned': 'desk.said.returned',
  'ticket-transferred': 'desk.said.transferred',
};

const $ = (id) => document.getElementById(id);
const name = new URLSearchParams(location.search).get('desk') || '';

let state = null;
let queue = [];
let aside = [];
let asideWanted = true;
let missedOpen = false;
let panel = null;
let echo = '';
// The request under way, and the one pressed meanwhile.
let busy = '';
let pressed = null;
let waitedBefore = null;
let listTimer = 0;
let listAsked = false;
let listAgain = false;
let wantedUntil = 0;
let saying = null;

const live = new Live({
  message(m) {
    const before = state;
    state = apply(state, m);
    if (!state) return;
    if (m.type === 'state') officeLanguage(state.office.language);
    if (before && m.type !== 'state') noticeOthers(m);
    noticeArrival();
    if (LEAVES_ASIDE.indexOf(m.type) < 0) asideWanted = true;
    askForList();
    render();
  },
  status() {
    asideWanted = true;
    if (live.online) askForList();
    render();
  },
});

function remembered(key, otherwise) {
  try {
    const value = localStorage.getItem('turnero.' + key);
    return value === null ? otherwise : value === 'yes';
  } catch (e) {
    return otherwise;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem('turnero.' + key, value);
  } catch (e) { /* It only forgets. */ }
}

function attended() {
  const desk = state && deskNamed(state, name);
  return (desk && desk.ticket) || null;
}

// Somebody else at this desk did something: the screen shows it at once, and says so.
function noticeOthers(m) {
  const p = m.payload;
  if (!p.ticket || !SAID[m.type]) return;
  // A return happens at no desk: it concerns the one that had called the ticket.
  if ((p.desk ? p.desk.name : p.ticket.handleAtDesk) !== name) return;
  // It may come before the answer or after it.
  if (echo === m.type + ' ' + p.ticket.code) echo = '';
  else if (!busy) say(t(SAID[m.type], { code: p.ticket.code }));
}

function noticeArrival() {
  const waits = withinReach(state, name);
  if (waitedBefore === 0 && waits > 0) {
    wantedUntil = performance.now() + WANTED_MS;
    setTimeout(render, WANTED_MS + 50);
    if ($('sound').checked) softTone();
  }
  waitedBefore = waits;
}

function askForList() {
  if (listAsked) {
    listAgain = true;
    return;
  }
  clearTimeout(listTimer);
  listTimer = setTimeout(fetchList, LIST_AFTER_MS);
}

async function fetchList() {
  listAsked = true;
  listAgain = false;
  const withAside = asideWanted;
  asideWanted = false;
  try {
    const lists = await Promise.all([
      get('api/tickets?state=waiting&limit=' + LIST_MOST),
      withAside ? get('api/tickets?state=held,no-show') : aside,
    ]);
    queue = lists[0];
    aside = lists[1];
    render();
  } catch (refusal) {
    // The next event, or the return of the connection, asks again.
    if (withAside) asideWanted = true;
  }
  listAsked = false;
  if (listAgain) askForList();
}

function say(text, isProblem) {
  saying = text;
  $('said').textContent = text;
  $('said').classList.toggle('is-problem', Boolean(isProblem));
}

// One thing at a time: a second press of the same is a double click, another waits for its turn.
// `done` says what the answer means, `refused` what a refusal does.
async function send(path, body, done, refused, ownEcho) {
  if (!live.online) return;
  if (busy) {
    if (busy !== path) pressed = () => send(path, body, done, refused, ownEcho);
    return;
  }
  busy = path;
  echo = ownEcho || '';
  try {
    const answer = await post(path, body);
    say(done(answer));
  } catch (refusal) {
    const calm = refused && refused(refusal);
    say(calm || explain(refusal), !calm);
  }
  busy = '';
  render();
  const then = pressed;
  pressed = null;
  if (then) then();
}

function act(action, body, done) {
  const ticket = attended();
  send('api/desks/' + encodeURIComponent(name) + '/' + action,
    Object.assign({ current: ticket ? ticket.code : null }, body), done, (refusal) => {
      if (refusal.status !== 409) echo = '';
      if (refusal.code !== 'queue-empty') return '';
      const ended = ticket ? t('desk.said.finished', { code: ticket.code }) + ' ' : '';
      if (state.waiting) return ended + t('desk.facts.others');
      return ticket ? t('desk.said.last', { code: ticket.code }) : '';
    }, ticket && ECHO[action] + ' ' + ticket.code);
}

const says = (key) => (answer) => t(key, { code: answer.code });

const actions = {
  next: () => act('next', {}, says('desk.said.called')),
  recall: () => act('recall', {}, says('desk.said.recalled')),
  finish: () => act('finish', {}, says('desk.said.finished')),
  'no-show': () => act('no-show', {}, says('desk.said.no-show')),
  hold: () => act('hold', {}, says('desk.said.held')),
  transfer: openPanel,
};
const KEYS = { n: 'next', r: 'recall', f: 'finish', a: 'no-show', h: 'hold', t: 'transfer' };

const callThis = (ticket) => act('call', { ticket: ticket.id }, says('desk.said.called'));
const returnThis = (ticket) => send('api/tickets/' + ticket.id + '/return', {}, says('desk.said.returned'));

function enable(id, on) {
  const button = $(id);
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
  const ticket = attended();
  const on = live.online && Boolean(state);
  enable('next', on && Boolean(ticket || withinReach(state, name)));
  ['recall', 'finish', 'no-show', 'hold', 'transfer', 'panel-send'].forEach((id) => enable(id, on && Boolean(ticket)));
  if (!state) return;
  panel.render(state, ticket);
  showOffice(state.office);
  $('code').textContent = ticket ? ticket.code : t('desk.nobody');
  $('code').classList.toggle('is-nobody', !ticket);
  renderFacts(ticket);
  renderQueue();
  renderAside();
  renderTimes();
  const wanted = performance.now() < wantedUntil && withinReach(state, name) > 0;
  $('next').classList.toggle('is-wanted', wanted && !ticket);
  document.querySelector('.queue').classList.toggle('is-new', wanted);
  document.title = (state.waiting ? (wanted ? '● ' : '') + '(' + state.waiting + ') ' : '')
    + (ticket ? ticket.code + ' · ' : '') + deskTitle(name);
}

function renderFacts(ticket) {
  $('timer').hidden = !ticket;
  if (!ticket) {
    const known = state.waiting ? tn('desk.facts', state.waiting) : t('desk.facts.none');
    $('fact').textContent = state.waiting && !withinReach(state, name) ? t('desk.facts.others') : known;
    return;
  }
  const service = state.services.length > 1
    ? (state.services.find((s) => s.prefix === ticket.service) || { name: ticket.service }).name : '';
  $('fact').textContent = [service, ticket.calls > 1 ? t('desk.calls', { n: ticket.calls }) : '']
    .filter(Boolean).join(' · ');
}

function renderTimes() {
  const ticket = attended();
  if (ticket) $('timer').textContent = clockSpan((live.now() - Date.parse(ticket.handleAt)) / 1000);
  renderSpans(name, live.now());
}

function renderLink() {
  $('link').classList.toggle('is-online', live.online);
  $('link-text').textContent = t(live.online ? 'desk.online' : 'desk.connecting');
  // A blink of the network is not worth an alarm: the dot tells. Silence or a failed return is.
  const away = !live.online && Boolean(state);
  if (away !== !$('away').hidden) {
    $('away').hidden = !away;
    $('away').textContent = away ? t('away') : '';
  }
}

const CALL = { word: 'desk.call', label: 'desk.call.this', press: callThis };
const RESUME = { word: 'desk.resume', label: 'desk.resume.this', press: callThis };
const RETURN = { word: 'desk.return', label: 'desk.return.this', press: returnThis };

const rows = (list, tickets, buttons) => renderRows($(list), tickets, buttons, live.online, () => focusWhenEnabled('next'));

function renderQueue() {
  const waiting = state.waiting ? queue : [];
  rows('queue', waiting, [CALL]);
  $('count').textContent = String(state.waiting);
  $('nobody').hidden = state.waiting > 0;
  $('hint').hidden = state.waiting === 0;
  const more = state.waiting - waiting.length;
  $('more').hidden = waiting.length < LIST_MOST || more <= 0;
  $('more').textContent = tn('desk.more', more);
}

function renderAside() {
  const held = sortedAside(name, aside, 'held');
  const missed = sortedAside(name, aside, 'no-show');
  rows('held', held, [RESUME, RETURN]);
  rows('missed', missed, [RETURN]);
  $('held-count').textContent = String(held.length);
  $('missed-count').textContent = String(missed.length);
  $('held-box').hidden = !held.length;
  $('missed-box').hidden = !missed.length;
  $('aside').hidden = !aside.length;
  $('mine').classList.toggle('has-aside', aside.length > 0);
  $('missed').hidden = !missedOpen;
  $('missed-fold').setAttribute('aria-expanded', String(missedOpen));
}

function openPanel() {
  if (attended()) panel.open(attended());
}

function onKey(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (panel.isOpen()) {
    if (e.key === 'Escape' || e.key === 'Esc') panel.close();
    // Arrows and letters belong to what is chosen in the panel.
    return;
  }
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    moveInLists(e.key === 'ArrowDown' ? 1 : -1);
    e.preventDefault();
    return;
  }
  const action = KEYS[e.key.toLowerCase()];
  if (!action || !$('keys').checked || $(action).disabled) return;
  e.preventDefault();
  actions[action]();
}

function renderWords() {
  $('desk-name').textContent = deskTitle(name);
  $('other').href = keepChoices('./');
  render();
  if (saying) say('');
}

// A box that is remembered: single keys can be turned off, since dictation software types letters.
function rememberedBox(id, otherwise) {
  $(id).checked = remembered(id, otherwise);
  $(id).addEventListener('change', () => {
    remember(id, $(id).checked ? 'yes' : 'no');
    document.body.classList.toggle('no-keys', !$('keys').checked);
  });
  document.body.classList.toggle('no-keys', !$('keys').checked);
}

if (!name) {
  location.replace(keepChoices('./'));
} else {
  ready.then(() => {
    remember('desk', name);
    onLanguage(renderWords);
    rememberedBox('sound', false);
    rememberedBox('keys', true);
    Object.keys(actions).forEach((id) => $(id).addEventListener('click', actions[id]));
    document.addEventListener('keydown', onKey);
    panel = transferPanel(name, {
      render,
      send: (body, done) => act('transfer', body, done),
      closed() {
        if ($('transfer').disabled) focusWhenEnabled('next');
        else $('transfer').focus();
      },
    });
    $('missed-fold').addEventListener('click', () => {
      missedOpen = !missedOpen;
      render();
    });
    renderWords();
    live.start();
    setInterval(() => { if (state) renderTimes(); }, 1000);
    watchSound(() => {});
  });
}
