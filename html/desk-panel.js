// Where the attended ticket goes: a panel in the place of the actions, for the ticket it was
// opened for and no other. Loaded when it is first asked for.

import { element, form, group, radio, translate } from './desk-build.js';
import { nameOf } from './desk-view.js';
import { deskTitle, t } from './i18n.js';
import { parts } from './later.js';
import { byName } from './state.js';

const $ = (id) => document.getElementById(id);
const chosen = (group) => document.querySelector('#panel input[name="' + group + '"]:checked');

function build() {
  return form($('panel'), 'panel', (of) => {
    const to = group(of, 'desk.to');
    ['line', 'desk', 'service'].forEach((kind) => {
      const choice = element(to, 'div', { class: 'choice', id: 'to-' + kind });
      radio(choice, 'to', kind, 'desk.to.' + kind);
      if (kind !== 'line') element(choice, 'select', { id: 'which-' + kind });
    });
    const places = element(group(of, 'desk.place'), 'div', { class: 'places' });
    ['arrival', 'front', 'back'].forEach((place) => radio(places, 'position', place, 'desk.place.' + place));
    Array.from(of.querySelectorAll('[value="line"], [value="arrival"]')).forEach((first) => first.setAttribute('checked', ''));
  }, 'desk.transfer');
}

// What is chosen stays chosen while desks and services come and go.
function fillSelect(kind, options) {
  const select = $('which-' + kind);
  const signature = JSON.stringify(options);
  $('to-' + kind).hidden = !options.length;
  if (!options.length && chosen('to').value === kind) document.querySelector('#panel input[value="line"]').checked = true;
  if (select.getAttribute('data-options') === signature) return;
  const had = select.value;
  select.setAttribute('data-options', signature);
  select.textContent = '';
  options.forEach(([value, text]) => select.appendChild(new Option(text, value, false, value === had)));
}

/** `send(body, said)` transfers; `closed()` is told when the panel had the focus and gives it away. */
function transferPanel(name, { send, closed, render }) {
  let code = null;

  function show(open) {
    $('panel').hidden = !open;
    $('actions').hidden = open;
  }

  function close() {
    const hadFocus = $('panel').contains(document.activeElement);
    code = null;
    show(false);
    if (hadFocus) closed();
  }

  const asked = build();
  $('panel').addEventListener('change', render);
  $('panel-close').addEventListener('click', close);
  asked.addEventListener('submit', (e) => {
    e.preventDefault();
    const to = chosen('to').value;
    const body = { position: chosen('position').value };
    if (to !== 'line') body[to] = $('which-' + to).value;
    const option = to === 'line' ? null : $('which-' + to).selectedOptions[0];
    send(body, (answer) => (option
      ? t('desk.said.passed', { code: answer.code, place: option.textContent })
      : t('desk.said.returned', { code: answer.code })));
  });

  return {
    close,
    isOpen: () => code !== null,
    open(ticket) {
      code = ticket.code;
      asked.reset();
      translate(asked);
      ['desk', 'service'].forEach((kind) => $('which-' + kind).setAttribute('aria-label', t('desk.to.' + kind)));
      render();
      chosen('to').focus();
    },
    render(state, ticket) {
      if (code && (!ticket || ticket.code !== code)) close();
      if (!code) return;
      const desks = state.desks.filter((d) => d.name !== name && d.open !== false).sort(byName);
      const services = state.services.filter((s) => s.prefix !== ticket.service);
      fillSelect('desk', desks.map((d) => [d.name, deskTitle(d.name)]));
      fillSelect('service', services.map((s) => [s.prefix, nameOf(s)]));
      $('panel-title').textContent = t('desk.transfer.this', { code });
      $('which-desk').hidden = chosen('to').value !== 'desk';
      $('which-service').hidden = chosen('to').value !== 'service';
      show(true);
    },
  };
}

parts.transferPanel = transferPanel;
