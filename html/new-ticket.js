// Take a ticket. One touch, one ticket: the wish has a key, and whatever is lost on the way is asked
// for again with that key, by this touch or, if it gave up, by the next.

import { freshKey, post } from './api.js';
import { fitText } from './fit.js';
import { LANGUAGES, language, languageName, locale, officeLanguage, onLanguage, ready, setLanguage, t, tn } from './i18n.js';
import { Live } from './live.js';
import { showOffice } from './office.js';
import { aheadText, estimateText, nameOf } from './place.js';
import { printSlip } from './slip.js';
import { apply } from './state.js';
import { layOut } from './targets.js';

const SHOW_MS = 8000;
// A second touch right after the first must hit nothing.
const DONE_AFTER_MS = 1500;
const SETTLE_MS = 700;
// Who left in the middle took no ticket: the next person finds the screen as usual.
const ASK_MS = 20000;
const HOME_AFTER_MS = 30000;
// For so long after «no answer» somebody still stands there, and the ticket would be theirs.
const STAY_MS = 10000;
const AGAIN_MS = 2000;

// Why no ticket was given, in words for a stranger; anything else is `take.refused`.
const REFUSED = {
  'no-connection': 'take.refused.silence',
  'service-closed': 'take.refused.closed',
  'storage-unavailable': 'take.refused.storage',
  'too-many-connections': 'take.refused.full',
  'too-many-requests': 'take.refused.full',
  'unknown-priority': 'take.refused.gone',
  'unknown-service': 'take.refused.gone',
};

const $ = (id) => document.getElementById(id);

let state = null;
let view = 'offer';
let chosen = null;
let busy = '';
let given = null;
let page = 0;
let touchableAt = 0;
let home = null;
let back = 0;
let idle = 0;
let shownAs = '';
const wishes = {};
// Wishes, and tickets, of people who left without an answer.
const orphans = [];
let asking = null;
let leaving = 0;
let returning = false;

const live = new Live({
  message(m) {
    state = apply(state, m);
    if (!state) return;
    if (!home && (m.type === 'state' || m.type === 'settings-changed')) officeLanguage(state.office.language);
    render();
  },
  status() {
    clearTimeout(leaving);
    if (!live.online && asking) leaving = setTimeout(abandon, STAY_MS);
    render();
    giveBack();
  },
});

const isOpen = (service) => service.open !== false;
const serviceOf = (prefix) => state.services.filter((s) => s.prefix === prefix)[0];
const touchable = () => performance.now() >= touchableAt;

function render() {
  // A connection that has just ended may be back before the answer; a stale one is none.
  const away = !live.online && view !== 'given' && (!busy || live.stale);
  if (away) $('error').hidden = true;
  if (state && view === 'ask' && !busy && !canAsk()) view = 'offer';
  $('offer').hidden = view !== 'offer' || away || !state;
  $('ask').hidden = view !== 'ask' || away;
  $('given').hidden = view !== 'given';
  $('away').hidden = !away;
  document.body.classList.toggle('is-given', view === 'given');
  renderLanguages(away);
  if (!state) return;
  showOffice(state.office);
  const anyOpen = state.services.some(isOpen);
  $('invite').textContent = t(anyOpen ? 'take.invite' : 'take.closed.all');
  $('waiting').hidden = state.services.length > 1 || !anyOpen;
  $('waiting').textContent = state.waiting ? tn('take.waiting', state.waiting) : t('take.waiting.none');
  renderServices();
  if (view === 'ask') renderPriorities();
}

function canAsk() {
  const service = serviceOf(chosen);
  return service && isOpen(service) && (state.office.priorities || []).length > 1;
}

// Each choice keeps its button, so that a message never takes a finger's target away.
function renderChoices(box, choices, press) {
  const had = {};
  for (const button of Array.from(box.children)) had[button.getAttribute('data-key')] = button;
  choices.forEach((choice, i) => {
    const button = had[choice.key] || choiceButton(choice.key, press);
    delete had[choice.key];
    button.classList.toggle('is-only', Boolean(choice.only));
    button.classList.toggle('is-closed', Boolean(choice.closed));
    button.classList.toggle('is-busy', busy === choice.key);
    button.classList.toggle('button--main', !choice.closed);
    button.disabled = Boolean(choice.closed) || !touchable();
    button.querySelector('b').textContent = busy === choice.key ? t('take.moment') : choice.name;
    button.querySelector('small').textContent = choice.more;
    button.querySelector('svg').style.display = choice.only ? '' : 'none';
    if (box.children[i] !== button) box.insertBefore(button, box.children[i] || null);
  });
  Object.keys(had).forEach((key) => box.removeChild(had[key]));
}

function renderServices() {
  const only = state.services.length === 1;
  renderChoices($('services'), state.services.map((service) => ({
    key: service.prefix,
    only: only && isOpen(service),
    closed: !isOpen(service),
    name: only && isOpen(service) ? t('take.take') : nameOf(service),
    more: moreOf(service, only),
  })), choose);
  // Measuring costs, so only where something has changed that matters.
  const as = [language(), window.innerWidth, window.innerHeight, $('offer').hidden, page, only].concat(
    state.services.map((s) => nameOf(s) + isOpen(s) + (s.message || ''))).join('|');
  if (as === shownAs || $('offer').hidden) return;
  shownAs = as;
  const pages = layOut($('services'), $('pages'), page);
  page = Math.min(page, pages - 1);
  $('page').textContent = t('take.page', { n: page + 1, all: pages });
  $('before').disabled = page === 0;
  $('after').disabled = page === pages - 1;
}

function moreOf(service, only) {
  if (!isOpen(service)) return t('take.closed') + (service.message ? ' · ' + service.message : '');
  if (only) return '';
  return service.waiting ? tn('take.waiting', service.waiting) : t('take.waiting.none');
}

function renderPriorities() {
  $('chosen').textContent = state.services.length > 1 ? nameOf(serviceOf(chosen)) : '';
  renderChoices($('priorities'), state.office.priorities.map((priority, i) => ({
    key: priority.name,
    name: i === 0 && !(priority.names && priority.names[language()]) ? t('take.ask.ordinary') : nameOf(priority),
    more: '',
  })), (name) => take(chosen, name));
  layOut($('priorities'), null, 0);
}

function ticketIcon() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 48 48');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', 'M8 14h32v6a4 4 0 0 0 0 8v6H8v-6a4 4 0 0 0 0-8zM30 14v20');
  svg.appendChild(path);
  return svg;
}

function choiceButton(key, press) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button service';
  button.setAttribute('data-key', key);
  button.appendChild(ticketIcon());
  button.appendChild(document.createElement('b'));
  button.appendChild(document.createElement('small'));
  button.addEventListener('click', () => press(key));
  return button;
}

function choose(prefix) {
  if (busy || view !== 'offer' || !live.online || !touchable()) return;
  if ((state.office.priorities || []).length < 2) {
    take(prefix, null);
    return;
  }
  chosen = prefix;
  view = 'ask';
  $('error').hidden = true;
  settle();
  $('question').focus();
  stir();
}

// Back to the services, by the same person: the language stays.
function reconsider() {
  if (busy) return;
  chosen = null;
  view = 'offer';
  settle();
  stir();
}

const isSilence = (refusal) => refusal.code === 'no-connection' || refusal.status === 503;

function wishFor(service, priority) {
  const name = service + ' ' + (priority || '');
  if (!wishes[name]) wishes[name] = { name, key: freshKey(), body: priority ? { service, priority } : { service }, timer: 0 };
  clearTimeout(wishes[name].timer);
  return wishes[name];
}

async function take(prefix, priority) {
  if (busy || view === 'given' || !live.online || !touchable()) return;
  busy = priority || prefix;
  $('error').hidden = true;
  render();
  const wish = wishFor(prefix, priority);
  asking = wish;
  try {
    const ticket = await post('api/tickets', wish.body, wish.key);
    if (asking !== wish) {
      orphan({ id: ticket.id, key: wish.key });
      return;
    }
    delete wishes[wish.name];
    answered();
    show(ticket);
  } catch (refusal) {
    const silent = isSilence(refusal);
    if (asking !== wish) {
      if (silent) orphan(wish);
      return;
    }
    // An answer, even a refusal, ends the wish; silence keeps its key while somebody may touch again.
    if (silent) wish.timer = setTimeout(() => { delete wishes[wish.name]; orphan(wish); }, STAY_MS);
    else delete wishes[wish.name];
    answered();
    stir();
    // Where the connection is gone the screen says so, and nothing besides.
    if (live.online || !silent) complain(t(REFUSED[refusal.code] || 'take.refused'));
  }
  render();
}

function answered() {
  busy = '';
  asking = null;
  clearTimeout(leaving);
}

function complain(text) {
  $('error').textContent = text;
  $('error').hidden = false;
  clearTimeout(back);
  back = setTimeout(() => { $('error').hidden = true; }, SHOW_MS);
  $('said').textContent = text;
}

// Whoever touched has been told that there are no tickets, and has left.
function abandon() {
  if (!asking) return;
  delete wishes[asking.name];
  answered();
  leave();
}

function orphan(one) {
  orphans.push(one);
  giveBack();
}

// What the server gave to nobody is taken out of the line: the next stranger must not get it, nor wait behind it.
async function giveBack() {
  if (returning) return;
  returning = true;
  while (orphans.length && live.online) {
    const one = orphans[0];
    let silent = false;
    try {
      if (!one.id) one.id = (await post('api/tickets', one.body, one.key)).id;
      await post('api/tickets/' + one.id + '/cancel', undefined, one.id);
    } catch (refusal) {
      silent = isSilence(refusal);
    }
    if (silent) await new Promise((done) => setTimeout(done, AGAIN_MS));
    else orphans.shift();
  }
  returning = false;
}

function show(ticket) {
  given = ticket;
  view = 'given';
  clearTimeout(idle);
  $('phone').hidden = true;
  // Where this page was found, behind whatever proxy, a phone finds its own.
  const base = new URL('./', document.baseURI).href;
  const address = 'api/tickets/' + ticket.id + '/qr.svg?base=' + encodeURIComponent(base);
  $('qr').src = address;
  render();
  renderGiven();
  $('said').textContent = [t('take.yours') + ': ' + ticket.code, aheadText(ticket.ahead), estimateText(ticket.estimateSeconds)]
    .filter(Boolean).join('. ');
  $('done').disabled = true;
  setTimeout(() => { $('done').disabled = false; }, DONE_AFTER_MS);
  countDown();
  if (!state.office.printTickets) return;
  printSlip({
    office: state.office.name, code: ticket.code, what: whatOf(ticket), ahead: aheadText(ticket.ahead),
    estimate: estimateText(ticket.estimateSeconds), qr: address, at: ticket.createdAt, locale: locale(),
  // A dialog for printing stops the clock, and what is behind it is not seen.
  }).then(() => { if (given === ticket) countDown(); });
}

function countDown() {
  const bar = $('time');
  bar.style.transition = 'none';
  bar.style.transform = 'scaleX(1)';
  bar.getBoundingClientRect();
  bar.style.transition = 'transform ' + SHOW_MS + 'ms linear';
  bar.style.transform = 'scaleX(0)';
  clearTimeout(back);
  back = setTimeout(leave, SHOW_MS);
}

// Which line it is for, where there is more than one.
function whatOf(ticket) {
  const service = serviceOf(ticket.service);
  const priorities = state.office.priorities || [];
  const priority = priorities.slice(1).filter((p) => p.name === ticket.priority)[0];
  return [state.services.length > 1 && service ? nameOf(service) : '', priority ? nameOf(priority) : '']
    .filter(Boolean).join(' · ');
}

function renderGiven() {
  if (!given) return;
  const code = $('code');
  code.textContent = given.code;
  $('what').textContent = whatOf(given);
  $('what').hidden = !$('what').textContent;
  $('ahead').textContent = aheadText(given.ahead);
  $('estimate').textContent = estimateText(given.estimateSeconds);
  $('estimate').hidden = !$('estimate').textContent;
  // As large as the rest of its half leaves room for.
  code.style.fontSize = '0px';
  const box = $('number');
  const used = Array.from(box.children).reduce((sum, c) => {
    const s = getComputedStyle(c);
    return sum + (c === code ? 0 : c.offsetHeight + parseFloat(s.marginTop) + parseFloat(s.marginBottom));
  }, 0);
  fitText(code, box.clientWidth, Math.max(96, box.clientHeight - used), 720, 40);
}

function leave() {
  clearTimeout(back);
  given = null;
  chosen = null;
  page = 0;
  view = 'offer';
  $('said').textContent = '';
  goHome();
  settle();
}

function settle() {
  touchableAt = performance.now() + SETTLE_MS;
  setTimeout(render, SETTLE_MS + 20);
  render();
}

// A stranger's choice lasts for that stranger's ticket; then the screen is as it was.
function goHome() {
  if (home && language() !== home) setLanguage(home);
  home = null;
}

// Somebody is here: what they have begun stays for a while.
function stir() {
  clearTimeout(idle);
  if (view === 'ask') idle = setTimeout(() => { if (busy) stir(); else leave(); }, ASK_MS);
  else if (view === 'offer' && (home || page)) {
    idle = setTimeout(() => {
      if (busy) { stir(); return; }
      page = 0;
      goHome();
      render();
    }, HOME_AFTER_MS);
  }
}

function renderLanguages(away) {
  const box = $('languages');
  const own = state && state.office.languages;
  const offered = (own && own.length ? own : LANGUAGES).filter((lang) => LANGUAGES.indexOf(lang) >= 0);
  box.hidden = away || !state || view === 'given' || offered.length < 2;
  const had = {};
  for (const button of Array.from(box.children)) had[button.lang] = button;
  offered.forEach((lang, i) => {
    const button = had[lang] || languageButton(lang);
    delete had[lang];
    if (lang === language()) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    if (box.children[i] !== button) box.insertBefore(button, box.children[i] || null);
  });
  Object.keys(had).forEach((lang) => box.removeChild(had[lang]));
}

function languageButton(lang) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.lang = lang;
  button.textContent = languageName(lang);
  button.addEventListener('click', () => {
    home = home || language();
    setLanguage(lang);
    stir();
  });
  return button;
}

function turnPage(by) {
  page += by;
  render();
  stir();
}

ready.then(() => {
  onLanguage(() => { render(); renderGiven(); });
  $('before').addEventListener('click', () => turnPage(-1));
  $('after').addEventListener('click', () => turnPage(1));
  $('back').addEventListener('click', reconsider);
  $('done').addEventListener('click', leave);
  // Until its picture is there, and where there is none, nothing speaks of the code.
  $('qr').addEventListener('load', () => { $('phone').hidden = false; renderGiven(); });
  ['pointerdown', 'touchstart', 'keydown'].forEach((name) => document.addEventListener(name, stir));
  window.addEventListener('resize', () => { render(); renderGiven(); });
  // A long touch is a touch, not a menu.
  document.addEventListener('contextmenu', (e) => e.preventDefault());
  render();
  live.start();
});
