// The kiosk page, where visitors take a ticket.

import { $, make, reconcile, setCurrent } from '../shared/dom.js';
import { LANGUAGES, language, languageName, messageOf, nameOf, officeLanguage, onLanguage, ready, setLanguage, t, tn } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { Printers, namedPrinter } from '../shared/printers.js';
import { apply } from '../shared/state.js';
import { wakeLock } from '../shared/wake-lock.js';
import { AccessMode, spokenCode } from './access.js';
import { PHONE, layOut } from './buttons.js';
import { GivenView, SHOW_MS } from './given.js';
import { refusalText } from './refusals.js';
import { isUnanswered, TicketRequests } from './ticket-request.js';

const COMPLAINT_MS = 10000;
const IGNORE_TOUCHES_MS = 700;
// Somebody left without a ticket: the next visitor finds the first page.
const ASK_IDLE_MS = 20000;
const IDLE_MS = 30000;
// Listening, or reaching with effort, takes more time.
const ACCESS_IDLE_MS = 90000;
const ACCESS_SHOW_MS = 60000;

let state = null;
let view = 'offer';
let chosen = null;
let busy = '';
let complaint = '';
let page = 0;
let touchableAt = 0;
let languageBefore = null;
let complaintTimer = 0;
let idleTimer = 0;
let layoutKey = '';

const live = new Live({
  message(m) {
    if (m.type === 'printer') {
      printers.hear(m.payload);
      const name = ownPrinter();
      requests.printer = printers.has(name) ? name : '';
      given.printerFails(Boolean(name) && printers.fails(name));
    }
    state = apply(state, m);
    if (!state) return;
    if (!languageBefore && (m.type === 'state' || m.type === 'settings-changed')) officeLanguage(state.office.language);
    render();
  },
  status() {
    if (!live.online) printers.clear();
    requests.connected();
    render();
  },
});

const requests = new TicketRequests(live, {
  changed: render,
  left() {
    busy = '';
    returnToStart();
  },
});

const given = new GivenView(returnToStart);
const printers = new Printers();

// The printer that the address names, else the office's first. A phone has none.
function ownPrinter() {
  if (namedPrinter || window.matchMedia(PHONE).matches) return namedPrinter;
  return printers.names()[0] || '';
}

const access = new AccessMode({
  view: spokenView,
  changed() {
    render();
    restartIdleTimer();
  },
  resized: render,
  spoken() {
    given.prolong();
  },
});

const isOpen = (service) => service.open !== false;
const serviceOf = (prefix) => state.services.filter((s) => s.prefix === prefix)[0];
const touchable = () => performance.now() >= touchableAt;

function render() {
  // A connection that has just ended may be back before the answer; a stale one is none.
  const away = !live.online && view !== 'given' && (!busy || live.stale);
  if (away) complaint = '';
  access.show();
  if (state && view === 'ask' && !busy && !canAsk()) view = 'offer';
  $('offer').hidden = view !== 'offer' || away || !state;
  $('ask').hidden = view !== 'ask' || away;
  $('given').hidden = view !== 'given';
  $('away').hidden = !away;
  renderNotice();
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
  access.update();
}

const isShown = (button) => button.getClientRects().length && !button.disabled && getComputedStyle(button).visibility !== 'hidden';

// The sentences that the accessible mode speaks, and the buttons that its keys press.
function spokenView() {
  const key = [view, chosen, page, language(), complaint, $('away').hidden, $('code').textContent].join('|');
  if (!$('away').hidden) return { key, sentences: [t('take.away'), t('take.away.what')], buttons: [] };
  const shown = (box) => Array.from($(box).querySelectorAll('button')).filter(isShown);
  const notice = complaint ? [complaint] : [];
  if (view === 'given') {
    if (!given.ticket) return { key, sentences: [], buttons: [] };
    const sentences = [t('take.yours') + ': ' + spokenCode(given.ticket.code)].concat(given.sentences(), t('spoken.wait'));
    // «Done» is not live at once, and will be when it has been spoken of.
    return { key, sentences, buttons: [$('done')], ends: true };
  }
  if (view === 'ask') return { key, sentences: notice.concat($('chosen').textContent || [], t('take.ask')), buttons: shown('ask'), ends: true };
  return { key, sentences: notice.concat($('invite').textContent), buttons: shown('offer').concat(shown('languages')), ends: true };
}

function renderNotice() {
  // A server that prints may have printed a ticket whose answer did not arrive here.
  const unsure = requests.printer && requests.unanswered ? t('take.paper') : '';
  const notice = [complaint, unsure].filter(Boolean).join(' ');
  if (notice && notice !== $('error').textContent) $('said').textContent = notice;
  $('error').textContent = notice;
  $('error').hidden = !notice;
}

function canAsk() {
  const service = serviceOf(chosen);
  return service && isOpen(service) && (state.office.priorities || []).length > 1;
}

function renderChoices(box, choices, press) {
  reconcile(box, choices, {
    key: (choice) => choice.key,
    create: (choice) => choiceButton(choice.key, press),
    update(button, choice) {
      button.classList.toggle('is-only', Boolean(choice.only));
      button.classList.toggle('is-closed', Boolean(choice.closed));
      button.classList.toggle('is-busy', busy === choice.key);
      button.classList.toggle('button--main', !choice.closed);
      button.disabled = Boolean(choice.closed) || !touchable();
      button.querySelector('b').textContent = busy === choice.key ? t('take.moment') : choice.name;
      button.querySelector('small').textContent = choice.more;
      button.querySelector('svg').style.display = choice.only ? '' : 'none';
    },
  });
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
  // Measuring is slow, so only where something has changed that matters.
  const key = [access.isOn, $('repeat').hidden, language(), window.innerWidth, window.innerHeight, $('offer').hidden, page, only].concat(
    state.services.map((s) => nameOf(s) + isOpen(s) + messageOf(s))).join('|');
  if (key === layoutKey || $('offer').hidden) return;
  layoutKey = key;
  const pages = layOut($('services'), $('pages'), page);
  page = Math.min(page, pages - 1);
  $('page').textContent = t('take.page', { n: page + 1, all: pages });
  $('before').disabled = page === 0;
  $('after').disabled = page === pages - 1;
}

function moreOf(service, only) {
  if (!isOpen(service)) {
    const message = messageOf(service);
    return t('take.closed') + (message ? ' · ' + message : '');
  }
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
  const button = make('button', { type: 'button', className: 'button service', 'data-key': key }, [ticketIcon(), make('b'), make('small')]);
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
  complaint = '';
  ignoreTouches();
  $('question').focus();
  restartIdleTimer();
}

// Back to the services, by the same visitor: the language stays.
function backToServices() {
  if (busy) return;
  chosen = null;
  view = 'offer';
  ignoreTouches();
  restartIdleTimer();
}

async function take(prefix, priority) {
  if (busy || view === 'given' || !live.online || !touchable()) return;
  busy = priority || prefix;
  complaint = '';
  render();
  try {
    const ticket = await requests.ask(prefix, priority);
    if (!ticket) return;
    busy = '';
    show(ticket);
  } catch (refusal) {
    busy = '';
    restartIdleTimer();
    // Without a connection the screen shows that message only.
    if (live.online || !isUnanswered(refusal)) showComplaint(t(refusalText(refusal.code)));
  }
  render();
}

function showComplaint(text) {
  complaint = text;
  clearTimeout(complaintTimer);
  complaintTimer = setTimeout(() => {
    complaint = '';
    render();
  }, COMPLAINT_MS);
}

function show(ticket) {
  view = 'given';
  clearTimeout(idleTimer);
  render();
  given.show(ticket, state, access.isOn ? ACCESS_SHOW_MS : SHOW_MS);
  access.update();
  $('said').textContent = [t('take.yours') + ': ' + ticket.code].concat(given.sentences()).join('. ');
}

function returnToStart() {
  given.end();
  chosen = null;
  page = 0;
  view = 'offer';
  $('said').textContent = '';
  restoreLanguage();
  access.rest();
  ignoreTouches();
}

function ignoreTouches() {
  touchableAt = performance.now() + IGNORE_TOUCHES_MS;
  setTimeout(render, IGNORE_TOUCHES_MS + 20);
  render();
}

// A visitor's language lasts until their ticket is taken.
function restoreLanguage() {
  if (languageBefore && language() !== languageBefore) setLanguage(languageBefore);
  languageBefore = null;
}

// A visitor is active: what they have begun stays for a while.
function restartIdleTimer() {
  clearTimeout(idleTimer);
  if (view === 'ask') idleTimer = setTimeout(() => { if (busy) restartIdleTimer(); else returnToStart(); }, access.isOn ? ACCESS_IDLE_MS : ASK_IDLE_MS);
  else if (view === 'offer' && (languageBefore || page || access.isOn)) {
    idleTimer = setTimeout(() => {
      if (busy) { restartIdleTimer(); return; }
      page = 0;
      restoreLanguage();
      access.rest();
      render();
    }, access.isOn ? ACCESS_IDLE_MS : IDLE_MS);
  }
}

function renderLanguages(away) {
  const box = $('languages');
  const own = state && state.office.languages;
  const offered = (own && own.length ? own : LANGUAGES).filter((lang) => LANGUAGES.indexOf(lang) >= 0);
  box.hidden = away || !state || view === 'given' || offered.length < 2;
  reconcile(box, offered, {
    key: (lang) => lang,
    create: languageButton,
    update: (button, lang) => setCurrent(button, lang === language()),
  });
}

function languageButton(lang) {
  const button = make('button', { type: 'button', className: 'button', lang, text: languageName(lang) });
  button.addEventListener('click', () => {
    languageBefore = languageBefore || language();
    setLanguage(lang);
    restartIdleTimer();
  });
  return button;
}

function turnPage(by) {
  page += by;
  render();
  restartIdleTimer();
}

ready.then(() => {
  onLanguage(() => { render(); given.render(); });
  $('before').addEventListener('click', () => turnPage(-1));
  $('after').addEventListener('click', () => turnPage(1));
  $('back').addEventListener('click', backToServices);
  ['pointerdown', 'touchstart', 'keydown'].forEach((name) => document.addEventListener(name, restartIdleTimer));
  window.addEventListener('resize', render);
  // A long touch is a touch, not a menu.
  document.addEventListener('contextmenu', (e) => e.preventDefault());
  wakeLock()(true);
  render();
  live.start();
});
