// Panel to choose which services this desk attends, and in which order.

import { $ } from '../shared/dom.js';
import { nameOf } from '../shared/i18n.js';
import { ordered } from '../shared/order.js';
import { deskNamed } from '../shared/state.js';
import { append, group, panel, radio } from './panel.js';

function fill(form) {
  const choices = group(form, 'desk.services', { class: 'heard' });
  ['all', 'some'].forEach((which) => {
    radio(append(choices, 'div', { class: 'choice' }), 'attends', which, 'desk.services.' + which, { id: 'attends-' + which });
  });
  append(form, 'ol', { class: 'ordered', id: 'order' });
}

/** `send(body, done)` sets the desk up; `closed()` moves the focus if the panel had it. */
export function servicesPanel(name, { send, closed }) {
  let services = [];
  const chosen = panel({
    id: 'services', title: 'desk.services.title', send: 'desk.services.save', fill, closed,
    ready: () => $('attends-all').checked || order.get().length > 0,
  });
  const order = ordered($('order'), () => services.map((s) => ({ value: s.prefix, label: s.prefix + ' · ' + nameOf(s) })));

  function render() {
    $('order').hidden = !$('attends-some').checked;
    chosen.live();
  }

  ['change', 'input'].forEach((kind) => chosen.form.addEventListener(kind, render));
  chosen.form.addEventListener('submit', (e) => {
    e.preventDefault();
    send({ services: $('attends-some').checked ? order.get() : [] }, chosen.close);
  });

  chosen.open = (state) => {
    ({ services } = state);
    const desk = deskNamed(state, name);
    order.set(desk && desk.services);
    const first = $(order.get().length ? 'attends-some' : 'attends-all');
    first.checked = true;
    chosen.render();
    chosen.show();
    render();
    first.focus();
  };
  return chosen;
}
