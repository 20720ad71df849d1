// Panel to choose which services this desk attends, and in which order.

import { element, group, panel, radio } from './panel.js';
import { nameOf, t } from '../shared/i18n.js';
import { deskNamed } from '../shared/state.js';

const $ = (id) => document.getElementById(id);

function fill(of) {
  const choices = group(of, 'desk.services', { class: 'heard' });
  ['all', 'some'].forEach((which) => {
    radio(element(choices, 'div', { class: 'choice' }), 'attends', which, 'desk.services.' + which, { id: 'attends-' + which });
  });
  element(of, 'ol', { class: 'order', id: 'order' });
}

/** `send(body, done)` sets the desk up; `closed()` is told when the panel had the focus and gives it away. */
export function servicesPanel(name, { send, closed }) {
  const asked = panel({ id: 'services', title: 'desk.services.title', send: 'desk.services.save', fill, closed, ready: () => $('attends-all').checked || order.some((s) => s.on) });
  // As it is chosen here, until it is sent.
  let order = [];

  function draw() {
    const some = $('attends-some').checked;
    $('order').hidden = !some;
    $('order').textContent = '';
    order.forEach((service, i) => {
      const item = element($('order'), 'li', {});
      const label = element(item, 'label', {});
      const box = element(label, 'input', { type: 'checkbox' });
      box.checked = service.on;
      box.addEventListener('change', () => {
        service.on = box.checked;
        draw();
        $('order').children[i].querySelector('input').focus();
      });
      element(label, 'span', {}).textContent = service.prefix + ' · ' + service.name;
      const up = element(item, 'button', { class: 'button', type: 'button' });
      up.textContent = '↑';
      up.setAttribute('aria-label', t('desk.services.up', { name: service.name }));
      up.disabled = i === 0;
      up.addEventListener('click', () => {
        order.splice(i - 1, 0, order.splice(i, 1)[0]);
        draw();
        const row = $('order').children[i - 1];
        row.querySelector(i > 1 ? 'button' : 'input').focus();
      });
    });
    asked.live();
  }

  asked.form.addEventListener('change', (e) => { if (e.target.name === 'attends') draw(); });
  asked.form.addEventListener('submit', (e) => {
    e.preventDefault();
    const chosen = order.filter((s) => s.on).map((s) => s.prefix);
    send({ services: $('attends-some').checked ? chosen : [] }, asked.close);
  });

  asked.open = (state) => {
    const own = (deskNamed(state, name) || { services: [] }).services;
    const place = (s) => (own.indexOf(s.prefix) < 0 ? own.length : own.indexOf(s.prefix));
    const index = (s) => state.services.indexOf(s);
    order = state.services.slice().sort((a, b) => place(a) - place(b) || index(a) - index(b))
      .map((s) => ({ prefix: s.prefix, name: nameOf(s), on: own.indexOf(s.prefix) >= 0 }));
    const first = $(own.length ? 'attends-some' : 'attends-all');
    first.checked = true;
    asked.render();
    asked.show();
    draw();
    first.focus();
  };
  return asked;
}
