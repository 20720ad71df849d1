// Draws the desks with their tickets, one row each, without the one on the large card. layout.js sets their sizes.

import { make, reconcile } from '../shared/dom.js';
import { isNumbered, isolated, t } from '../shared/i18n.js';
import { byName } from '../shared/state.js';

// Free desks are worth a row only while there are rows to spare.
const ROWS_WITH_FREE = 8;

/** Writes a desk's name into `el`: before a bare number the word for a desk. */
export function writeDesk(el, name) {
  el.textContent = '';
  if (isNumbered(name)) el.appendChild(make('span', { className: 'word', text: t('word.desk') + '\u00a0' }));
  el.appendChild(document.createTextNode(isolated(name)));
}

/**
 * The rows: all desks but the one of `call`, unless it has moved on meanwhile. `lastOf(name)` is the ticket that a free
 * desk had a moment ago.
 */
export function rowsOf(desks, call, lastOf) {
  const isLarge = (d) => call && d.name === call.desk && (!d.ticket || d.ticket.code === call.code);
  const rows = desks.filter((d) => !isLarge(d)).sort(byName).map((d) => {
    const last = d.ticket ? null : lastOf(d.name);
    return { name: d.name, code: (d.ticket || last || { code: '' }).code, isPast: Boolean(last), isOpen: d.open };
  });
  const shown = rows.filter((row) => row.isOpen || row.code);
  return shown.length > ROWS_WITH_FREE ? shown.filter((row) => row.code) : shown;
}

/** Draws `rows` into `list`. */
export function drawRows(list, rows) {
  reconcile(list, rows, {
    key: (row) => row.name,
    create: () => make('li', { className: 'row' }, [make('span', { className: 'code' }), make('span', { className: 'name', dir: 'auto' })]),
    update(el, row) {
      const [code, name] = el.children;
      code.textContent = row.code || '–';
      writeDesk(name, row.name);
      name.classList.toggle('is-number', isNumbered(row.name));
      el.classList.toggle('is-past', row.isPast);
      el.classList.toggle('is-free', !row.code);
    },
  });
}
