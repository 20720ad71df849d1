// One desk. What it shows comes from the events alone, also what another person at the same desk
// did; an action says what this screen believed (`current`), so two people never call twice.

import { get, post } from './api.js';
import { clockSpan, deskTitle, explain, keepChoices, officeLanguage, onLanguage, ready, roughSpan, t, tn } from './i18n.js';
import { Live } from './live.js';
import { softTone, watchSound } from './sound.js';
import { apply, deskNamed } from './state.js';

const LIST_MOST = 10;
// Many events at once ask for the list once.
const LIST_AFTER_MS = 60;
const WANTED_MS = 6500;

const $ = (id) => document.getElementById(id);
const name = new URLSearchParams(location.search).get('desk') || '';

let state = null;
let queue = [];
let busy = false;
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
    askForList();
    render();
  },
  status() {
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
  if (busy || !p.desk || p.desk.name !== name || !p.ticket) return;
  if (m.type === 'ticket-called') say(t('desk.said.called', { code: p.ticket.code }));
  if (m.type === 'ticket-recalled') say(t('desk.said.recalled', { code: p.ticket.code }));
  if (m.type === 'ticket-finished') say(t('desk.said.finished', { code: p.ticket.code }));
}

function noticeArrival() {
  if (waitedBefore === 0 && state.waiting > 0) {
    wantedUntil = performance.now() + WANTED_MS;
    setTimeout(render, WANTED_MS + 50);
    if ($('sound').checked) softTone();
  }
  waitedBefore = state.waiting;
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
  try {
    queue = await get('api/tickets?state=waiting&limit=' + LIST_MOST);
    render();
  } catch (refusal) {
    // The next event, or the return of the connection, asks again.
  }
  listAsked = false;
  if (listAgain) askForList();
}

function say(text, isProblem) {
  saying = text;
  $('said').textContent = text;
  $('said').classList.toggle('is-problem', Boolean(isProblem));
}

async function act(action, body, saidKey) {
  if (busy || !live.online) return;
  const ticket = attended();
  busy = true;
  const path = 'api/desks/' + encodeURIComponent(name) + '/' + action;
  try {
    const answer = await post(path, Object.assign({ current: ticket ? ticket.code : null }, body));
    say(t(saidKey, { code: answer.code }));
  } catch (refusal) {
    if (refusal.code === 'queue-empty' && ticket) say(t('desk.said.last', { code: ticket.code }));
    else say(explain(refusal), true);
  }
  busy = false;
  render();
}

const actions = {
  next: () => act('next', {}, 'desk.said.called'),
  recall: () => act('recall', {}, 'desk.said.recalled'),
  finish: () => act('finish', {}, 'desk.said.finished'),
};

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

function render() {
  renderLink();
  const ticket = attended();
  const on = live.online && Boolean(state);
  enable('next', on && Boolean(ticket || state.waiting));
  enable('recall', on && Boolean(ticket));
  enable('finish', on && Boolean(ticket));
  if (!state) return;
  $('office').textContent = state.office.name;
  $('code').textContent = ticket ? ticket.code : t('desk.nobody');
  $('code').classList.toggle('is-nobody', !ticket);
  renderFacts(ticket);
  renderQueue();
  const wanted = performance.now() < wantedUntil && state.waiting > 0;
  $('next').classList.toggle('is-wanted', wanted && !ticket);
  document.querySelector('.queue').classList.toggle('is-new', wanted);
  document.title = (state.waiting ? (wanted ? '● ' : '') + '(' + state.waiting + ') ' : '')
    + (ticket ? ticket.code + ' · ' : '') + deskTitle(name);
}

function renderFacts(ticket) {
  $('timer').hidden = !ticket;
  if (!ticket) {
    $('fact').textContent = state.waiting ? tn('desk.facts', state.waiting) : t('desk.facts.none');
    return;
  }
  const service = state.services.length > 1
    ? (state.services.find((s) => s.prefix === ticket.service) || { name: ticket.service }).name : '';
  $('fact').textContent = [service, ticket.calls > 1 ? t('desk.calls', { n: ticket.calls }) : '']
    .filter(Boolean).join(' · ');
  renderTimes();
}

function renderTimes() {
  const ticket = attended();
  if (ticket) $('timer').textContent = clockSpan((live.now() - Date.parse(ticket.handleAt)) / 1000);
  for (const item of Array.from($('queue').children)) {
    item.querySelector('.since').textContent = roughSpan((live.now() - Number(item.getAttribute('data-at'))) / 1000);
  }
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

// Each ticket keeps its row, so that a message never moves the focus to another person.
function renderQueue() {
  const list = $('queue');
  const had = {};
  const hadFocus = list.contains(document.activeElement);
  const waiting = state.waiting ? queue : [];
  for (const item of Array.from(list.children)) had[item.getAttribute('data-id')] = item;
  waiting.forEach((ticket, i) => {
    const item = had[ticket.id] || queueRow(ticket);
    delete had[ticket.id];
    const button = item.querySelector('button');
    button.disabled = !live.online;
    button.textContent = t('desk.call');
    button.setAttribute('aria-label', t('desk.call.this', { code: ticket.code }));
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null);
  });
  Object.keys(had).forEach((id) => list.removeChild(had[id]));
  if (hadFocus && !list.contains(document.activeElement)) $('next').focus();
  $('count').textContent = String(state.waiting);
  $('nobody').hidden = state.waiting > 0;
  $('hint').hidden = state.waiting === 0;
  const more = state.waiting - waiting.length;
  $('more').hidden = waiting.length < LIST_MOST || more <= 0;
  $('more').textContent = tn('desk.more', more);
  renderTimes();
}

function queueRow(ticket) {
  const item = document.createElement('li');
  item.setAttribute('data-id', ticket.id);
  item.setAttribute('data-at', String(Date.parse(ticket.createdAt)));
  ['who', 'since'].forEach((part) => {
    const span = document.createElement('span');
    span.className = part;
    item.appendChild(span);
  });
  item.querySelector('.who').textContent = ticket.code;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.addEventListener('click', () => act('call', { ticket: ticket.id }, 'desk.said.called'));
  item.appendChild(button);
  return item;
}

function moveInQueue(step) {
  const buttons = Array.from($('queue').querySelectorAll('button'));
  if (!buttons.length) return;
  const at = buttons.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : buttons.length - 1) : at + step;
  buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
}

function onKey(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    moveInQueue(e.key === 'ArrowDown' ? 1 : -1);
    e.preventDefault();
    return;
  }
  const action = { n: 'next', r: 'recall', f: 'finish' }[e.key.toLowerCase()];
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
    renderWords();
    live.start();
    setInterval(() => { if (state) renderTimes(); }, 1000);
    watchSound(() => {});
  });
}
