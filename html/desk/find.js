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

/** `call(code, answered)` calls; `cancel(code, answered)` cancels; `closed()` moves the focus elsewhere; `now()` is the server's time. */
export function findPanel({ call, cancel, closed, now }) {
  // The code that was asked for, and its ticket: null if there is none, undefined before the answer.
  let asked = null;
  let ticket;
  let pending = null;
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
  end.insertBefore(append(end, 'button', { class: 'button', id: 'found-cancel', type: 'button' }, 'desk.cancel-ticket'), $('found-close'));

  function show() {
    const none = ticket === null ? t('desk.where.none', { code: asked }) : '';
    const text = ticket ? whereabouts(ticket, now()) : none;
    // A screen reader reads a text again each time it is written.
    if ($('found-where').textContent !== text) $('found-where').textContent = text;
    $('found-send').textContent = t(hasEndedAtDesk() ? 'desk.recall' : 'desk.call');
    found.live();
    $('found-cancel').hidden = Boolean(ticket) && CANCELLABLE.indexOf(ticket.state) < 0;
  }

  // Served, or did not come.
  const hasEndedAtDesk = () => Boolean(ticket) && ['done', 'no-show'].indexOf(ticket.state) >= 0;

  function look() {
    clearTimeout(timer);
    const code = plain($('found-code').value);
    if (code !== asked) pending = fetchTicket(code);
    return pending;
  }

  async function fetchTicket(code) {
    asked = code;
    ticket = undefined;
    show();
    if (!code) return;
    let answer;
    try {
      [answer = null] = await get('api/tickets?code=' + encodeURIComponent(code));
    } catch (refusal) { /* Calling and cancelling still work; the server reports errors. */ }
    if (asked !== code) return;
    ticket = answer;
    show();
  }

  async function wanted(act) {
    const code = plain($('found-code').value);
    if (!code) return;
    // The first press only shows that a ticket is finished; the second calls it again.
    const isNew = code !== asked || ticket === undefined;
    await look();
    if (isNew && hasEndedAtDesk()) return;
    act(code, found.close);
  }

  found.form.addEventListener('submit', (e) => {
    e.preventDefault();
    wanted(call);
  });
  $('found-cancel').addEventListener('click', () => wanted(cancel));
  $('found-code').addEventListener('input', () => {
    clearTimeout(timer);
    asked = null;
    ticket = undefined;
    show();
    timer = setTimeout(look, LOOK_AFTER_MS);
  });

  found.open = (code) => {
    $('found-code').value = code;
    asked = null;
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
