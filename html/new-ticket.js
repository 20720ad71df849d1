// Take a ticket. One touch, one ticket: the wish has a key, and whatever is lost on the way is asked
// for again with that key, by this touch or, if it gave up, by the next.

import { freshKey, post } from './api.js';
import { fitText } from './fit.js';
import { explain, language, officeLanguage, onLanguage, ready, roughSpan, setLanguage, t, tn } from './i18n.js';
import { Live } from './live.js';
import { showOffice } from './office.js';
import { apply } from './state.js';

const SHOW_MS = 8000;
// A second touch right after the first must hit nothing.
const DONE_AFTER_MS = 1500;
const SETTLE_MS = 700;
// Who changed the language and left took no ticket: the next person finds the usual one.
const HOME_AFTER_MS = 30000;
// A wish without an answer belongs to whoever touches next, but not to tomorrow's people.
const WISH_KEPT_MS = 10 * 60 * 1000;

const $ = (id) => document.getElementById(id);

let state = null;
let view = 'offer';
let busy = false;
let given = null;
let touchableAt = 0;
let home = null;
let back = 0;
let homeTimer = 0;
const wishes = {};

const live = new Live({
  message(m) {
    state = apply(state, m);
    if (!state) return;
    if (m.type === 'state') officeLanguage(state.office.language);
    render();
  },
  status: render,
});

function render() {
  const away = !live.online && view === 'offer' && !busy;
  $('offer').hidden = view !== 'offer' || away || !state;
  $('given').hidden = view !== 'given';
  $('away').hidden = !away;
  $('language').hidden = away;
  if (!state) return;
  showOffice(state.office);
  $('waiting').textContent = state.waiting ? tn('take.waiting', state.waiting) : t('take.waiting.none');
  renderServices();
}

// Each service keeps its button, so that a message never takes a finger's target away.
function renderServices() {
  const box = $('services');
  const only = state.services.length === 1;
  const had = {};
  for (const button of Array.from(box.children)) had[button.getAttribute('data-service')] = button;
  state.services.forEach((service, i) => {
    const button = had[service.prefix] || serviceButton(service.prefix);
    delete had[service.prefix];
    button.classList.toggle('is-only', only);
    button.classList.toggle('is-busy', busy);
    button.disabled = performance.now() < touchableAt;
    button.querySelector('b').textContent = busy ? t('take.moment') : only ? t('take.take') : service.name;
    button.querySelector('small').textContent = only ? '' : tn('take.waiting', service.waiting);
    button.querySelector('svg').style.display = only ? '' : 'none';
    if (box.children[i] !== button) box.insertBefore(button, box.children[i] || null);
  });
  Object.keys(had).forEach((prefix) => box.removeChild(had[prefix]));
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

function serviceButton(prefix) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button button--main service';
  button.setAttribute('data-service', prefix);
  button.appendChild(ticketIcon());
  button.appendChild(document.createElement('b'));
  button.appendChild(document.createElement('small'));
  button.addEventListener('click', () => take(prefix));
  return button;
}

function wishFor(prefix) {
  const old = wishes[prefix];
  if (!old || performance.now() - old.at > WISH_KEPT_MS) wishes[prefix] = { key: freshKey(), at: performance.now() };
  return wishes[prefix].key;
}

async function take(prefix) {
  if (busy || view !== 'offer' || !live.online || performance.now() < touchableAt) return;
  busy = true;
  $('error').hidden = true;
  render();
  try {
    const ticket = await post('api/tickets', { service: prefix }, wishFor(prefix));
    delete wishes[prefix];
    busy = false;
    show(ticket);
  } catch (refusal) {
    // An answer, even a refusal, ends the wish; silence keeps its key.
    if (refusal.code !== 'no-connection' && refusal.status !== 503) delete wishes[prefix];
    busy = false;
    $('error').textContent = explain(refusal);
    $('error').hidden = false;
    clearTimeout(back);
    back = setTimeout(() => { $('error').hidden = true; }, SHOW_MS);
    $('said').textContent = $('error').textContent;
  }
  render();
}

function show(ticket) {
  given = ticket;
  view = 'given';
  render();
  renderGiven();
  $('said').textContent = t('take.yours') + ': ' + ticket.code + '. ' + $('ahead').textContent;
  $('done').disabled = true;
  setTimeout(() => { $('done').disabled = false; }, DONE_AFTER_MS);
  const bar = $('time');
  bar.style.transition = 'none';
  bar.style.transform = 'scaleX(1)';
  bar.getBoundingClientRect();
  bar.style.transition = 'transform ' + SHOW_MS + 'ms linear';
  bar.style.transform = 'scaleX(0)';
  clearTimeout(back);
  back = setTimeout(leave, SHOW_MS);
}

function renderGiven() {
  if (!given) return;
  const code = $('code');
  code.textContent = given.code;
  $('ahead').textContent = given.ahead ? tn('take.ahead', given.ahead) : t('take.ahead.none');
  $('estimate').hidden = typeof given.estimateSeconds !== 'number';
  $('estimate').textContent = $('estimate').hidden ? '' : t('take.estimate', { span: roughSpan(given.estimateSeconds) });
  // As large as the rest of the card leaves room for.
  code.style.fontSize = '0px';
  const box = $('given');
  const style = getComputedStyle(box);
  const used = Array.from(box.children).reduce((sum, c) => {
    const s = getComputedStyle(c);
    return sum + (c === code ? 0 : c.offsetHeight + parseFloat(s.marginTop) + parseFloat(s.marginBottom));
  }, parseFloat(style.paddingTop) + parseFloat(style.paddingBottom));
  const width = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const room = document.querySelector('.stage').clientHeight - 56;
  fitText(code, width, Math.max(120, room - used), 640, 40);
}

function leave() {
  clearTimeout(back);
  given = null;
  view = 'offer';
  touchableAt = performance.now() + SETTLE_MS;
  setTimeout(render, SETTLE_MS + 20);
  $('said').textContent = '';
  if (home && language() !== home) setLanguage(home);
  render();
}

function renderLanguage() {
  const other = language() === 'es' ? 'en' : 'es';
  $('language').lang = other;
  $('language').textContent = other === 'en' ? 'English' : 'Español';
}

ready.then(() => {
  onLanguage(() => { renderLanguage(); render(); renderGiven(); });
  // A stranger's choice lasts for that stranger's ticket; then the screen is as it was.
  $('language').addEventListener('click', () => {
    home = home || language();
    setLanguage($('language').lang);
    clearTimeout(homeTimer);
    homeTimer = setTimeout(() => { if (view === 'offer' && !busy) setLanguage(home); }, HOME_AFTER_MS);
  });
  $('done').addEventListener('click', leave);
  window.addEventListener('resize', renderGiven);
  // A long touch is a touch, not a menu.
  document.addEventListener('contextmenu', (e) => e.preventDefault());
  renderLanguage();
  render();
  live.start();
});
