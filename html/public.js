// The public screen: one call very large, the other desks at its side.
// The large number is always the call being announced, the side always the truth of this instant.

import { Announcements } from './announcements.js';
import { fitText, widthInEms } from './fit.js';
import { isNumbered, isolated, language, locale, officeLanguage, onLanguage, ready, t, tn } from './i18n.js';
import { Live } from './live.js';
import { showOffice } from './office.js';
import { chime, watchSound } from './sound.js';
import { apply, byName } from './state.js';
import { Voice } from './voice.js';

// Shares of the screen's height, from EN 301 549 (12.2 mm of capital height a metre), as font sizes:
// a capital of the system typefaces is 0.70 to 0.73 of its font size high.
const CAPITAL = 0.7;
const CODE_LEAST = 0.305 / CAPITAL;
const CODE_MOST = 0.38 / CAPITAL;
const DESK_LEAST = 0.122 / CAPITAL;
const DESK_MOST = 0.16 / CAPITAL;
const ROW_LEAST = 0.0715 / CAPITAL;
const ROW_MOST = 0.1 / CAPITAL;
// A code that is too wide is set narrower before it is set smaller: height is what carries far.
const NARROWEST = 0.74;
const NARROWEST_TALL = 0.5;
const WORD_SHARES = [1, 0.7, 0.5, 0.36];
const ROWS_MOST = 8;
const DOTS_MOST = 6;
const TURN_MS = 8000;
const PAUSE_MS = 700;
const PAUSE_UNSPOKEN_MS = 2500;

const $ = (id) => document.getElementById(id);
const el = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

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
const say = (call) => voice.say(call).then((heard) => { spoken = heard; });
const pause = () => new Promise((done) => setTimeout(done, spoken ? PAUSE_MS : PAUSE_UNSPOKEN_MS));

const announcements = new Announcements({
  now: () => live.now(),
  show: render,
  hush: () => voice.hush(),
  steps: [chime, say, pause, chime, say],
});

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
    renderDeskName($('desk'), call ? call.desk : '');
  }
  $('code-box').hidden = $('desk').hidden = !call;
  $('none').hidden = Boolean(call);
  layout(call);
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
  box.appendChild(el('b', '', String(state.waiting)));
  box.appendChild(document.createTextNode(parts[1] || ''));
}

function renderDeskName(box, name) {
  const parts = deskParts(name);
  box.textContent = '';
  if (parts.word) box.appendChild(el('span', 'word', parts.word + '\u00a0'));
  box.appendChild(document.createTextNode(isolated(parts.rest)));
}

// «Ventanilla 3»: people look for the number, so where room is short the word gives way first.
function deskParts(name) {
  if (isNumbered(name)) return { word: t('public.desk'), rest: name };
  const found = /^(\S{1,16}) (\d{1,4}[A-Za-z]?)$/.exec(name);
  return found ? { word: found[1], rest: found[2] } : { word: '', rest: name };
}

/** The desks at the side: all but the one in large letters, unless it has moved on meanwhile. */
function otherDesks(call) {
  const same = (d) => call && d.name === call.desk && (!d.ticket || d.ticket.code === call.code);
  const others = state.desks.filter((d) => (d.open || d.ticket) && !same(d)).sort(byName);
  // Free desks are worth a row only while there are rows to spare.
  return others.length > ROWS_MOST ? others.filter((d) => d.ticket) : others;
}

function layout(call) {
  const width = document.documentElement.clientWidth;
  const height = window.innerHeight;
  const others = otherDesks(call);
  const widest = others.reduce((w, d) => Math.max(w, d.ticket ? widthInEms($('code'), d.ticket.code) : 0), 1.2);
  const least = (widest + 1.6) * ROW_LEAST * height + 0.05 * height;
  // The others go below where the screen is upright, or the codes too long for two columns.
  const code = call ? widthInEms($('code'), call.code) * CODE_LEAST * NARROWEST * height : 0;
  const tall = width < height * 1.15 || (others.length > 0 && code + least + 0.13 * height > width);
  document.documentElement.classList.toggle('is-tall', tall);
  const side = $('others-box');
  side.hidden = others.length === 0;
  const board = $('board');
  const room = { width: board.clientWidth - 0.04 * height, height: board.clientHeight - 0.02 * height };
  if (tall) {
    side.style.width = room.width + 'px';
    // Below, at least one of the others keeps its place, with the dots that tell the turns.
    const stackedRow = widest * ROW_LEAST * height > room.width * 0.53 ? 1.65 : 1.05;
    const kept = others.length ? (ROW_LEAST * stackedRow + 0.05) * height : 0;
    if (call) layoutCall(call, room.width - 0.02 * height, room.height - kept, height, true);
  } else {
    const names = others.reduce((w, d) => Math.max(w, widthInEms($('desk'), rowName(d))), 0);
    const wish = (widest + names * 0.8 + 0.5) * ROW_MOST * height + 0.05 * height;
    const sideWidth = others.length ? sideShare(call, room.width, height, least, wish) : 0;
    side.style.width = sideWidth + 'px';
    const left = room.width - (sideWidth ? sideWidth + 0.02 * height : 0);
    if (call) layoutCall(call, left - 0.06 * height, room.height, height, false);
  }
  layoutOthers(others, height, widest);
}

/** How wide the side may be so that the large code still has its height. */
function sideShare(call, width, height, least, wish) {
  const code = call ? widthInEms($('code'), call.code) * CODE_LEAST * height : 0;
  const beside = (narrowing) => width - code * narrowing - 0.09 * height;
  const most = Math.min(wish, width * 0.42);
  if (beside(1) >= least) {
    // The longest word of the desk's name is worth width too, as far as the side can spare it.
    const desk = call ? widthInEms($('desk'), longestWord(call.desk)) * DESK_LEAST * height : 0;
    const spare = Math.min(beside(1), Math.max(least, width - desk - 0.09 * height));
    return Math.min(most, spare);
  }
  return Math.max(Math.min(least, width * 0.3), Math.min(least, beside(NARROWEST)));
}

function longestWord(name) {
  const parts = deskParts(name);
  // Not the whole word: it may be set smaller than its number.
  if (parts.word) return parts.word.slice(0, Math.ceil(parts.word.length * 0.7)) + ' ' + parts.rest;
  return name.split(' ').reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}

function layoutCall(call, width, room, height, tall) {
  const code = $('code');
  const desk = $('desk');
  const word = desk.querySelector('.word');
  const ems = widthInEms(code, call.code);
  const narrowest = tall ? NARROWEST_TALL : NARROWEST;
  // The label, the air around the code, and the badge, which must lie on nothing.
  const badge = $('muted').hidden ? 0 : (tall ? 0.058 : 0.075) * height;
  $('call').style.paddingBottom = tall ? '' : badge + 'px';
  const labelHeight = $('call-label').offsetHeight + badge + (tall ? 0.05 : 0.07) * height;
  const set = (size) => {
    const scale = Math.min(1, width / (ems * size));
    const fitted = scale < narrowest ? (size * scale) / narrowest : size;
    code.style.fontSize = fitted + 'px';
    code.style.transform = 'translateX(-50%) scaleX(' + Math.max(scale, narrowest) + ')';
    $('code-box').style.height = fitted * 0.74 + 'px';
    return fitted * 0.74;
  };
  const fitDesk = (used) => {
    const box = room - used - labelHeight;
    let size = 0;
    for (const share of word ? WORD_SHARES : [1]) {
      if (word) word.style.fontSize = share + 'em';
      size = fitText(desk, width, box, DESK_MOST * height, DESK_LEAST * height * 0.5);
      if (size >= DESK_LEAST * height) break;
    }
    return size;
  };
  // As large as it goes without narrowing, then the desk's name in what is left.
  const wish = tall ? CODE_LEAST * height
    : Math.max(CODE_LEAST * height, Math.min(CODE_MOST * height, width / ems));
  const got = fitDesk(set(wish));
  if (got < DESK_LEAST * height && wish > CODE_LEAST * height) fitDesk(set(CODE_LEAST * height));
}

function rowName(desk) {
  const parts = deskParts(desk.name);
  return (parts.word ? parts.word + '\u00a0' : '') + isolated(parts.rest);
}

function layoutOthers(others, height, widest) {
  const list = $('others');
  list.textContent = '';
  const turns = $('turns');
  turns.hidden = true;
  if (!others.length) return;
  const full = list.clientHeight;
  const inner = list.clientWidth - 0.024 * height;
  // Long codes on a narrow screen: the name goes below its code.
  const stacked = widest * ROW_LEAST * height > inner * 0.55;
  list.classList.toggle('is-stacked', stacked);
  const rowLeast = ROW_LEAST * height * (stacked ? 1.6 : 1.02);
  const fits = (space) => Math.max(1, Math.min(ROWS_MOST, Math.floor(space / rowLeast)));
  let perTurn = fits(full);
  let space = full;
  if (others.length > perTurn) {
    space = full - 0.035 * height;
    perTurn = fits(space);
  }
  const pages = Math.ceil(others.length / perTurn);
  const page = turn % pages;
  const rowHeight = Math.min(space / Math.min(perTurn, Math.max(others.length, 3)), 0.23 * height);
  const wish = Math.min(ROW_MOST * height, rowHeight * 0.72, (inner * 0.5) / widest);
  const size = Math.min(Math.max(ROW_LEAST * height, wish), inner / widest);
  const shown = others.slice(page * perTurn, (page + 1) * perTurn);
  const rows = shown.map((desk) => row(desk, rowHeight, size));
  rows.forEach((r) => list.appendChild(r.item));
  const codeWidth = rows.reduce((w, r) => Math.max(w, r.code.offsetWidth), 0);
  if (!stacked) rows.forEach((r) => { r.code.style.width = codeWidth + 'px'; });
  const box = stacked ? { width: inner, height: rowHeight * 0.96 - size - 3 }
    : { width: inner - codeWidth - size * 0.3, height: rowHeight * 0.96 - 3 };
  const sizes = rows.map((r) => fitText(r.name, box.width, box.height, size * 0.85, size * 0.25));
  // One size for all where they are near each other; a very long name does not shrink its neighbours.
  const common = Math.min.apply(null, sizes.filter((s) => s >= size * 0.5).concat(size));
  rows.forEach((r, i) => { if (sizes[i] > common) r.name.style.fontSize = common + 'px'; });
  if (pages > 1) {
    turns.hidden = false;
    turns.textContent = '';
    if (pages > DOTS_MOST) turns.textContent = page + 1 + ' / ' + pages;
    else for (let i = 0; i < pages; i++) turns.appendChild(el('i', i === page ? 'is-now' : '', ''));
  }
}

function row(desk, height, size) {
  const item = el('li', 'row', '');
  item.style.height = height + 'px';
  const code = el('span', desk.ticket ? 'code' : 'code free', desk.ticket ? desk.ticket.code : '–');
  code.style.fontSize = size + 'px';
  const name = el('span', desk.ticket ? 'name' : 'name free', rowName(desk));
  item.appendChild(code);
  item.appendChild(name);
  return { desk, item, code, name };
}

function renderStatus() {
  $('board').classList.toggle('is-stale', live.stale);
  if (live.stale !== !$('stale').hidden) {
    $('stale').hidden = !live.stale;
    $('stale').textContent = live.stale ? t('public.stale') : '';
  }
}

function renderMuted() {
  $('muted').hidden = !soundBlocked && !voiceBlocked;
  render();
}

function renderClock() {
  const now = new Date(live.now());
  const text = now.toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', hour12: false });
  if ($('clock').textContent !== text) $('clock').textContent = text;
}

ready.then(() => {
  onLanguage(() => { render(); renderClock(); });
  render();
  renderClock();
  live.start();
  setInterval(renderClock, 1000);
  setInterval(() => {
    turn += 1;
    if (state && !$('turns').hidden) layout(shownCall());
  }, TURN_MS);
  window.addEventListener('resize', render);
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
