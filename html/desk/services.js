// Panel to choose which services this desk serves, and in which order.

import { $ } from '../shared/dom.js';
import { nameOf } from '../shared/i18n.js';
import { ordered } from '../shared/order.js';
import { deskNamed } from '../shared/state.js';
import { append, group, panel, radio } from './panel.js';

function fill(form) {
  const choices = group(form, 'desk.services', { class: 'heard' });
  ['all', 'some'].forEach((which) => {
    radio(append(choices, 'div', { class: 'choice' }), 'which-services', which, 'desk.services.' + which, { id: 'services-' + which });
  });
  append(form, 'ol', { class: 'ordered', id: 'order' });
}

/** `send(body, answered)` sets the desk up; `closed()` moves the focus if the panel had it. */
export function servicesPanel(name, { send, closed }) {
  let services = [];
  const chosen = panel({
    id: 'services', title: 'desk.services.title', send: 'desk.services.save', fill, closed,
    ready: () => $('services-all').checked || order.get().length > 0,
  });
  const order = ordered($('order'), () => services.map((s) => ({ value: s.prefix, label: s.prefix + ' · ' + nameOf(s) })));

  function render() {
    $('order').hidden = !$('services-some').checked;
    chosen.live();
  }

  ['change', 'input'].forEach((kind) => chosen.form.addEventListener(kind, render));
  chosen.form.addEventListener('submit', (e) => {
    e.preventDefault();
    send({ services: $('services-some').checked ? order.get() : [] }, chosen.close);
  });

  chosen.open = (state) => {
    ({ services } = state);
    const desk = deskNamed(state, name);
    order.set(desk && desk.services);
    const first = $(order.get().length ? 'services-some' : 'services-all');
    first.checked = true;
    chosen.render();
    chosen.show();
    render();
    first.focus();
  };
  return chosen;
}
