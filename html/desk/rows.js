// The rows of a desk's lists, with their buttons, and moving among them by arrow keys.

import { $, make, reconcile } from '../shared/dom.js';
import { deskTitle, roughSpan, t } from '../shared/i18n.js';

// A longer note is read when its ticket is called.
const NOTE_MOST = 40;


function row(ticket, buttons) {
  const part = (className, text, children) => make('span', { className, text: text || '' }, children);
  const rest = ['since', 'priority', 'service', 'note'].map((className) => part(className));
  return make('li', { 'data-id': ticket.id }, [part('who', ticket.code), part('rest', '', rest)].concat(buttons.map(({ press }) => {
    const button = make('button', { type: 'button', className: 'button' });
    button.addEventListener('click', () => press(ticket));
    return button;
  })));
}

function renderPart(item, part, text) {
  const span = item.querySelector('.' + part);
  span.textContent = text;
  span.hidden = !text;
}

/**
 * `buttons` are `{word, press}`; `word.this` is the text for a screen reader.
 * `live` says whether they can be pressed, `about(ticket)` what
 * is shown of its service and priority; `lost` is called if the row with the focus has gone.
 */
export function renderRows(list, tickets, { buttons, about, live, lost }) {
  const hadFocus = list.contains(document.activeElement);
  reconcile(list, tickets, {
    key: (ticket) => ticket.id,
    create: (ticket) => row(ticket, buttons),
    update(item, ticket) {
      item.setAttribute('data-at', String(Date.parse(list === $('queue') ? ticket.createdAt : ticket.handleAt)));
      item.setAttribute('data-desk', ticket.handleAtDesk || '');
      const { service, priority } = about(ticket);
      const note = ticket.note || '';
      renderPart(item, 'service', service);
      renderPart(item, 'priority', priority);
      renderPart(item, 'note', note.length > NOTE_MOST ? note.slice(0, NOTE_MOST - 1).trim() + '…' : note);
      Array.from(item.querySelectorAll('button')).forEach((button, nth) => {
        button.disabled = !live;
        button.textContent = t(buttons[nth].word);
        button.setAttribute('aria-label', t(buttons[nth].word + '.this', { code: ticket.code }));
      });
    },
  });
  if (hadFocus && !list.contains(document.activeElement)) lost();
}

/** Each row's time, as of `now`. */
export function renderSpans(name, now) {
  for (const item of Array.from(document.querySelectorAll('[data-at]'))) {
    const span = roughSpan((now - Number(item.getAttribute('data-at'))) / 1000);
    const desk = item.getAttribute('data-desk');
    item.querySelector('.since').textContent = item.parentNode === $('queue') ? span
      : (desk === name ? '' : deskTitle(desk) + ' · ') + t('desk.call.ago', { span });
  }
}

/** This desk's own first; then tickets on hold by the time of their call, or no-shows with the latest first. */
export function sortedAside(name, aside, wanted) {
  const sign = wanted === 'held' ? 1 : -1;
  const mine = (ticket) => (ticket.handleAtDesk === name ? 0 : 1);
  return aside.filter((ticket) => ticket.state === wanted).sort((a, b) =>
    mine(a) - mine(b) || sign * (Date.parse(a.handleAt) - Date.parse(b.handleAt)));
}

/** The row that has the focus. */
export const focusedRow = () => document.activeElement.closest('[data-at]');

/** From anywhere to the queue; inside a list along its rows, and on into the next list. */
export function moveInLists(step) {
  const rows = Array.from(document.querySelectorAll('[data-at]')).filter((item) => item.offsetParent);
  if (!rows.length) return;
  const at = rows.findIndex((item) => item.contains(document.activeElement));
  const queued = rows.findIndex((item) => item.parentNode === $('queue'));
  const start = step < 0 ? rows.length - 1 : Math.max(0, queued);
  const to = at < 0 ? start : Math.max(0, Math.min(rows.length - 1, at + step));
  rows[to].querySelector('button').focus();
}
