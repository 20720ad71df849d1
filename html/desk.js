// One desk. What it shows comes from the events alone, also what another person at the same desk
// did; an action says what this screen believed (`current`), so two people never call twice.

import { get, post } from './api.js';
import { clockSpan, deskTitle, explain, keepChoices, officeLanguage, onLanguage, ready, roughSpan, t, tn } from './i18n.js';
import { Live } from './live.js';
import { showOffice } from './office.js';
import { softTone, watchSound } from './sound.js';
import { apply, byName, deskNamed, withinReach } from './state.js';

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
let panelFor = null;
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
  renderPanel(ticket);
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
  for (const item of Array.from(document.querySelectorAll('li[data-at]'))) {
    const span = roughSpan((live.now() - Number(item.getAttribute('data-at'))) / 1000);
    const desk = item.getAttribute('data-desk');
    item.querySelector('.since').textContent = item.parentNode === $('queue') ? span
      : (desk === name ? '' : deskTitle(desk) + ' · ') + t('desk.call.ago', { span });
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
function renderRows(list, tickets, buttons) {
  const had = {};
  const hadFocus = list.contains(document.activeElement);
  for (const item of Array.from(list.children)) had[item.getAttribute('data-id')] = item;
  tickets.forEach((ticket, i) => {
    const item = had[ticket.id] || row(ticket, buttons);
    delete had[ticket.id];
    item.setAttribute('data-at', String(Date.parse(list === $('queue') ? ticket.createdAt : ticket.handleAt)));
    item.setAttribute('data-desk', ticket.handleAtDesk || '');
    Array.from(item.querySelectorAll('button')).forEach((button, nth) => {
      button.disabled = !live.online;
      button.textContent = t(buttons[nth].word);
      button.setAttribute('aria-label', t(buttons[nth].label, { code: ticket.code }));
    });
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null);
  });
  Object.keys(had).forEach((id) => list.removeChild(had[id]));
  if (hadFocus && !list.contains(document.activeElement)) focusWhenEnabled('next');
}

function row(ticket, buttons) {
  const item = document.createElement('li');
  item.setAttribute('data-id', ticket.id);
  ['who', 'since'].forEach((part) => {
    const span = document.createElement('span');
    span.className = part;
    item.appendChild(span);
  });
  item.querySelector('.who').textContent = ticket.code;
  buttons.forEach(({ press }) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button';
    button.addEventListener('click', () => press(ticket));
    item.appendChild(button);
  });
  return item;
}

const CALL = { word: 'desk.call', label: 'desk.call.this', press: callThis };
const RESUME = { word: 'desk.resume', label: 'desk.resume.this', press: callThis };
const RETURN = { word: 'desk.return', label: 'desk.return.this', press: returnThis };

function renderQueue() {
  const waiting = state.waiting ? queue : [];
  renderRows($('queue'), waiting, [CALL]);
  $('count').textContent = String(state.waiting);
  $('nobody').hidden = state.waiting > 0;
  $('hint').hidden = state.waiting === 0;
  const more = state.waiting - waiting.length;
  $('more').hidden = waiting.length < LIST_MOST || more <= 0;
  $('more').textContent = tn('desk.more', more);
}

// This desk's own first; the put aside in order of their call, of the no-shows the latest first.
function renderAside() {
  const mine = (ticket) => (ticket.handleAtDesk === name ? 0 : 1);
  const sorted = (wanted, sign) => aside.filter((ticket) => ticket.state === wanted).sort((a, b) =>
    mine(a) - mine(b) || sign * (Date.parse(a.handleAt) - Date.parse(b.handleAt)));
  const held = sorted('held', 1);
  const missed = sorted('no-show', -1);
  renderRows($('held'), held, [RESUME, RETURN]);
  renderRows($('missed'), missed, [RETURN]);
  $('held-count').textContent = String(held.length);
  $('missed-count').textContent = String(missed.length);
  $('held-box').hidden = !held.length;
  $('missed-box').hidden = !missed.length;
  $('aside').hidden = !aside.length;
  $('mine').classList.toggle('has-aside', aside.length > 0);
  $('missed').hidden = !missedOpen;
  $('missed-fold').setAttribute('aria-expanded', String(missedOpen));
}

// The panel stands in the place of the actions, for the ticket it was opened for and no other.
function openPanel() {
  const ticket = attended();
  if (!ticket) return;
  panelFor = ticket.code;
  $('panel-form').reset();
  render();
  chosen('to').focus();
}

function closePanel() {
  const hadFocus = $('panel').contains(document.activeElement);
  panelFor = null;
  showPanel(false);
  if (!hadFocus) return;
  if ($('transfer').disabled) focusWhenEnabled('next');
  else $('transfer').focus();
}

function showPanel(open) {
  $('panel').hidden = !open;
  $('actions').hidden = open;
}

const chosen = (group) => document.querySelector('#panel input[name="' + group + '"]:checked');

function renderPanel(ticket) {
  if (panelFor && (!ticket || ticket.code !== panelFor)) closePanel();
  if (!panelFor) return;
  const desks = state.desks.filter((d) => d.name !== name && d.open !== false).sort(byName);
  const services = state.services.filter((s) => s.prefix !== ticket.service);
  fillSelect('desk', desks.map((d) => [d.name, deskTitle(d.name)]));
  fillSelect('service', services.map((s) => [s.prefix, s.name]));
  $('panel-title').textContent = t('desk.transfer.this', { code: ticket.code });
  $('which-desk').hidden = chosen('to').value !== 'desk';
  $('which-service').hidden = chosen('to').value !== 'service';
  showPanel(true);
}

// What is chosen stays chosen while desks and services come and go.
function fillSelect(kind, options) {
  const select = $('which-' + kind);
  const signature = JSON.stringify(options);
  $('to-' + kind).hidden = !options.length;
  if (!options.length && chosen('to').value === kind) document.querySelector('#panel input[value="line"]').checked = true;
  if (select.getAttribute('data-options') === signature) return;
  const had = select.value;
  select.setAttribute('data-options', signature);
  select.textContent = '';
  options.forEach(([value, text]) => select.appendChild(new Option(text, value, false, value === had)));
}

function transfer() {
  const to = chosen('to').value;
  const body = { position: chosen('position').value };
  if (to !== 'line') body[to] = $('which-' + to).value;
  const option = to === 'line' ? null : $('which-' + to).selectedOptions[0];
  act('transfer', body, (answer) => (option
    ? t('desk.said.passed', { code: answer.code, place: option.textContent })
    : t('desk.said.returned', { code: answer.code })));
}

// From anywhere to the queue; inside a list along its rows, and on into the next list.
function moveInLists(step) {
  const rows = Array.from(document.querySelectorAll('li[data-at]')).filter((item) => item.offsetParent);
  if (!rows.length) return;
  const at = rows.findIndex((item) => item.contains(document.activeElement));
  const queued = rows.findIndex((item) => item.parentNode === $('queue'));
  const start = step < 0 ? rows.length - 1 : Math.max(0, queued);
  const to = at < 0 ? start : Math.max(0, Math.min(rows.length - 1, at + step));
  rows[to].querySelector('button').focus();
}

function onKey(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (panelFor) {
    if (e.key === 'Escape' || e.key === 'Esc') closePanel();
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
    $('panel').addEventListener('change', render);
    $('panel-close').addEventListener('click', closePanel);
    $('panel-form').addEventListener('submit', (e) => {
      e.preventDefault();
      transfer();
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
