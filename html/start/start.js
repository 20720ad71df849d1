// The start page: links to the screens, and the choice of a desk.

import { get, put, remove } from '../shared/api.js';
import { $, make, reconcile, setCurrent } from '../shared/dom.js';
import { LANGUAGES, deskTitle, explain, keepChoices, language, languageName, officeLanguage, onLanguage, ready, t } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { apply, byName } from '../shared/state.js';
import { local, session } from '../shared/storage.js';

const LAST_DESK = 'desk';
// The name of a new desk that was typed before a sign-in.
const TYPED = 'new desk';

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

function address(name) {
  return keepChoices('desk.html?desk=' + encodeURIComponent(name));
}

// The same page in each language, with the rest of its address (`?theme=`) as it is.
function addLanguageLinks() {
  LANGUAGES.forEach((lang) => {
    const url = new URL(location.href);
    url.searchParams.set('lang', lang);
    $('languages').appendChild(make('a', { href: url.href, lang, hreflang: lang, text: languageName(lang) }));
    $('languages').appendChild(document.createTextNode(' '));
  });
}

function render() {
  const away = !live.online;
  $('away').hidden = !(away && state);
  $('enter').disabled = away;
  ['take', 'public', 'settings'].forEach((id) => { $(id).href = keepChoices($(id).getAttribute('href')); });
  Array.from($('languages').children).forEach((link) => setCurrent(link, link.lang === language()));
  if (!state) return;
  showOffice(state.office);
  // The office's logo replaces ours.
  $('sign').hidden = Boolean(state.office.logo);
  const last = local.get(LAST_DESK);
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

function renderDesks(desks) {
  reconcile($('desks'), desks, {
    key: (desk) => desk.name,
    create: deskItem,
    update(item, desk) {
      item.querySelector('b').textContent = deskTitle(desk.name);
      item.querySelector('small').textContent = desk.ticket ? t('start.serving', { code: desk.ticket.code }) : t('start.free');
    },
  });
}

function deskItem({ name }) {
  const link = make('a', { className: 'button', href: address(name) }, [make('b'), make('small')]);
  link.addEventListener('click', () => local.set(LAST_DESK, name));
  return make('li', {}, [link]);
}

async function enter() {
  const typed = $('name').value.trim();
  if (!typed) return;
  const has = (one) => Boolean(state) && state.desks.some((d) => d.name === one);
  // The server stores a new name so. Earlier ones stored it as it was typed.
  const name = has(typed) ? typed : typed.normalize();
  $('error').hidden = true;
  $('enter').disabled = true;
  try {
    // A sign-in comes back to this page, which goes on then.
    session.set(TYPED, name);
    if (!has(name)) await put('api/desks/' + encodeURIComponent(name), {});
    session.set(TYPED, null);
    local.set(LAST_DESK, name);
    location.href = address(name);
  } catch (refusal) {
    if (refusal.code !== 'pin-needed') session.set(TYPED, null);
    $('error').textContent = explain(refusal);
    $('error').hidden = false;
  }
  $('enter').disabled = !live.online;
}

// Only who has signed in can sign out; at the server's own machine nobody needs to.
async function showSession() {
  try {
    const { session: hasSession, role } = await get('api/session');
    $('leave').hidden = !hasSession;
    const typed = session.get(TYPED);
    session.set(TYPED, null);
    if (!typed || $('name').value) return;
    $('name').value = typed;
    // After a cancelled sign-in the name stays, and the page does not ask again.
    if (role !== 'public') enter();
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
  $('new').addEventListener('submit', (e) => {
    e.preventDefault();
    if (live.online) enter();
  });
  render();
  live.start();
});
