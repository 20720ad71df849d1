// Panel to find a ticket by its code: it says where the ticket stands, and calls or cancels it.

import { get } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { deskTitle, roughSpan, t } from '../shared/i18n.js';
import { append, panel } from './panel.js';

// Not for each letter that is typed.
const LOOK_AFTER_MS = 250;
const CALLABLE = ['waiting', 'held', 'no-show', 'done'];
const CANCELLABLE = ['waiting', 'held'];

// «b-007» on a form that somebody filled in is B7.
const plain = (code) => code.replace(/[\s-]/g, '').replace(/^(\D*)0*(?=\d)/, '$1').toUpperCase();

// Since when a ticket is as it is.
const since = ({ state, createdAt, handleAt, doneAt }) => (state === 'waiting' ? createdAt : doneAt || handleAt);

function whereabouts(ticket, now) {
  const span = roughSpan((now - Date.parse(since(ticket))) / 1000);
  const desk = ticket.handleAtDesk ? deskTitle(ticket.handleAtDesk) : '';
  return t('desk.where.' + ticket.state, { code: ticket.code, desk, span });
}

/** `call(code, done)` calls; `drop(code, done)` cancels; `closed()` gives the focus away; `now()` is the server's time. */
export function findPanel({ call, drop, closed, now }) {
  // The code that was looked up, and its ticket: null if there is none, undefined before the answer.
  let looked = null;
  let ticket;
  let looking = null;
  let timer = 0;

  const found = panel({
    id: 'found', title: 'desk.find', send: 'desk.call', closed,
    fill(of) {
      append(of, 'input', { id: 'found-code', 'aria-labelledby': 'found-title', maxlength: 12, autocapitalize: 'characters', dir: 'auto' });
      append(of, 'p', { id: 'found-where', role: 'status' });
    },
    ready: () => ticket === undefined || Boolean(ticket && CALLABLE.indexOf(ticket.state) >= 0),
  });
  const end = $('found-close').parentNode;
  end.insertBefore(append(end, 'button', { class: 'button', id: 'found-drop', type: 'button' }, 'desk.drop'), $('found-close'));

  function show() {
    const none = ticket === null ? t('desk.where.none', { code: looked }) : '';
    const text = ticket ? whereabouts(ticket, now()) : none;
    // A screen reader reads a text again each time it is written.
    if ($('found-where').textContent !== text) $('found-where').textContent = text;
    $('found-send').textContent = t(isOver() ? 'desk.recall' : 'desk.call');
    found.live();
    $('found-drop').hidden = Boolean(ticket) && CANCELLABLE.indexOf(ticket.state) < 0;
  }

  // Served, or did not come.
  const isOver = () => Boolean(ticket) && ['done', 'no-show'].indexOf(ticket.state) >= 0;

  function look() {
    clearTimeout(timer);
    const code = plain($('found-code').value);
    if (code !== looked) looking = lookUp(code);
    return looking;
  }

  async function lookUp(code) {
    looked = code;
    ticket = undefined;
    show();
    if (!code) return;
    let answer;
    try {
      [answer = null] = await get('api/tickets?code=' + encodeURIComponent(code));
    } catch (refusal) { /* Calling and cancelling still work; the server reports errors. */ }
    if (looked !== code) return;
    ticket = answer;
    show();
  }

  async function wanted(act) {
    const code = plain($('found-code').value);
    if (!code) return;
    // A finished ticket is called again only after its state was shown.
    const isNew = code !== looked || ticket === undefined;
    await look();
    if (isNew && isOver()) return;
    act(code, found.close);
  }

  found.form.addEventListener('submit', (e) => {
    e.preventDefault();
    wanted(call);
  });
  $('found-drop').addEventListener('click', () => wanted(drop));
  $('found-code').addEventListener('input', () => {
    clearTimeout(timer);
    looked = null;
    ticket = undefined;
    show();
    timer = setTimeout(look, LOOK_AFTER_MS);
  });

  found.open = (code) => {
    $('found-code').value = code;
    looked = null;
    ticket = undefined;
    found.render();
    found.show();
    $('found-code').select();
    $('found-code').focus();
    look();
  };
  const renderWords = found.render;
  found.render = () => {
    renderWords();
    show();
  };
  return found;
}
