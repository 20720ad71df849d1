// Panel to transfer the current ticket. It closes when the desk serves another ticket.

import { $ } from '../shared/dom.js';
import { deskTitle, nameOf, t } from '../shared/i18n.js';
import { byName } from '../shared/state.js';
import { append, group, panel, radio } from './panel.js';

const chosen = (group) => document.querySelector('#panel input[name="' + group + '"]:checked');

const KINDS = ['queue', 'desk', 'service'];
// Of several radio buttons the first is chosen.
const first = (i) => (i ? {} : { defaultChecked: true });

function fill(of) {
  const to = group(of, 'desk.to');
  KINDS.forEach((kind, i) => {
    const choice = append(to, 'div', { class: 'choice' });
    radio(choice, 'to', kind, 'desk.to.' + kind, first(i));
    if (i) append(choice, 'select', { id: 'which-' + kind });
  });
  const places = append(group(of, 'desk.place'), 'div', { class: 'places' });
  ['arrival', 'front', 'back'].forEach((place, i) => radio(places, 'position', place, 'desk.place.' + place, first(i)));
}

// The choice stays while desks and services come and go.
function fillSelect(kind, options) {
  const select = $('which-' + kind);
  const signature = JSON.stringify(options);
  select.parentNode.hidden = !options.length;
  if (!options.length && chosen('to').value === kind) document.querySelector('#panel [value="queue"]').checked = true;
  select.hidden = chosen('to').value !== kind;
  select.required = !select.hidden;
  select.setAttribute('aria-label', t('desk.to.' + kind));
  if (select.getAttribute('data-options') === signature) return;
  const had = select.value;
  select.setAttribute('data-options', signature);
  select.textContent = '';
  options.forEach(([value, text]) => select.appendChild(new Option(text, value, false, value === had)));
  // If the chosen one is gone, no other is chosen instead.
  if (had && select.value !== had) select.selectedIndex = -1;
}

/** `send(body, said)` transfers; `closed()` is called when the panel closes with the focus in it. */
export function transferPanel(name, { send, closed, render }) {
  const asked = panel({ id: 'panel', send: 'desk.transfer', fill, closed });
  let code = '';
  asked.form.addEventListener('change', render);
  asked.form.addEventListener('submit', (e) => {
    e.preventDefault();
    const to = chosen('to').value;
    const body = { position: chosen('position').value };
    if (to !== 'queue') body[to] = $('which-' + to).value;
    const place = to === 'queue' ? '' : $('which-' + to).selectedOptions[0].textContent;
    send(body, (answer) => t(place ? 'desk.said.passed' : 'desk.said.returned', { code: answer.code, place }));
  });

  const renderWords = asked.render;
  asked.open = (ticket) => {
    ({ code } = ticket);
    asked.form.reset();
    asked.show();
    render();
    chosen('to').focus();
  };
  asked.render = (state, ticket) => {
    if (!ticket || ticket.code !== code) {
      asked.close();
      return;
    }
    renderWords();
    fillSelect('desk', state.desks.filter((d) => d.name !== name && d.open !== false).sort(byName).map((d) => [d.name, deskTitle(d.name)]));
    fillSelect('service', state.services.filter((s) => s.prefix !== ticket.service).map((s) => [s.prefix, nameOf(s)]));
    $('panel-title').textContent = t('desk.transfer.this', { code });
  };
  return asked;
}
