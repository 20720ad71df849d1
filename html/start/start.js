// The start page: what is this screen for, and which desk is mine.

import { get, put, remove } from '../shared/api.js';
import { LANGUAGES, deskTitle, explain, keepChoices, language, languageName, officeLanguage, onLanguage, ready, t } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { apply, byName } from '../shared/state.js';

const LAST_DESK = 'turnero.desk';
const $ = (id) => document.getElementById(id);

let state = null;

const live = new Live({
  message(m) {
    state = apply(state, m);
    if (!state) return;
    if (m.type === 'state') officeLanguage(state.office.language);
    render();
  },
  status: render,
});

// Storage may be forbidden; the page only forgets then.
function lastDesk() {
  try {
    return localStorage.getItem(LAST_DESK);
  } catch (e) {
    return null;
  }
}

function remember(name) {
  try {
    localStorage.setItem(LAST_DESK, name);
  } catch (e) { /* It only forgets. */ }
}

function address(name) {
  return keepChoices('desk.html?desk=' + encodeURIComponent(name));
}

// The same page in each language, with the rest of its address (`?theme=`) as it is.
function addLanguageLinks() {
  LANGUAGES.forEach((lang) => {
    const url = new URL(location.href);
    url.searchParams.set('lang', lang);
    const link = document.createElement('a');
    link.href = url.href;
    link.lang = lang;
    link.hreflang = lang;
    link.textContent = languageName(lang);
    $('languages').appendChild(link);
    $('languages').appendChild(document.createTextNode(' '));
  });
}

function render() {
  const away = !live.online;
  $('away').hidden = !(away && state);
  $('enter').disabled = away;
  ['take', 'public', 'settings'].forEach((id) => { $(id).href = keepChoices($(id).getAttribute('href')); });
  for (const link of Array.from($('languages').children)) {
    if (link.lang === language()) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  if (!state) return;
  showOffice(state.office);
  // Where the office has a sign of its own, ours makes room.
  $('sign').hidden = Boolean(state.office.logo);
  const last = lastDesk();
  const desks = state.desks.slice().sort(byName);
  const isThere = desks.some((d) => d.name === last);
  $('last').hidden = !isThere;
  if (isThere) {
    $('last').textContent = t('start.again', { desk: deskTitle(last) });
    $('last').href = address(last);
  }
  $('empty').hidden = desks.length > 0;
  $('desks').hidden = desks.length === 0;
  renderDesks(desks);
}

// Each desk keeps its element, so that a message never takes the focus away.
function renderDesks(desks) {
  const list = $('desks');
  const had = {};
  for (const item of Array.from(list.children)) had[item.getAttribute('data-desk')] = item;
  desks.forEach((desk, i) => {
    const item = had[desk.name] || deskItem(desk.name);
    delete had[desk.name];
    item.querySelector('b').textContent = deskTitle(desk.name);
    item.querySelector('small').textContent = desk.ticket
      ? t('start.attends', { code: desk.ticket.code }) : t('start.free');
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null);
  });
  Object.keys(had).forEach((name) => list.removeChild(had[name]));
}

function deskItem(name) {
  const item = document.createElement('li');
  item.setAttribute('data-desk', name);
  const link = document.createElement('a');
  link.className = 'button';
  link.href = address(name);
  link.addEventListener('click', () => remember(name));
  link.appendChild(document.createElement('b'));
  link.appendChild(document.createElement('small'));
  item.appendChild(link);
  return item;
}

async function enter(e) {
  e.preventDefault();
  const name = $('name').value.trim();
  if (!name || !live.online) return;
  $('error').hidden = true;
  $('enter').disabled = true;
  try {
    const had = state && state.desks.some((d) => d.name === name);
    if (!had) await put('api/desks/' + encodeURIComponent(name), {});
    remember(name);
    location.href = address(name);
  } catch (refusal) {
    $('error').textContent = explain(refusal);
    $('error').hidden = false;
  }
  $('enter').disabled = !live.online;
}

// Only who has signed in can sign out; at the server's own machine nobody needs to.
async function showSession() {
  try {
    $('leave').hidden = !(await get('api/session')).session;
  } catch (e) { /* The button stays as it is. */ }
}

async function leave() {
  try {
    await remove('api/session');
    $('leave').hidden = true;
    $('name').focus();
  } catch (refusal) {
    $('error').textContent = explain(refusal);
    $('error').hidden = false;
  }
}

ready.then(() => {
  addLanguageLinks();
  onLanguage(render);
  $('leave').addEventListener('click', leave);
  showSession();
  $('new').addEventListener('submit', enter);
  render();
  live.start();
});
