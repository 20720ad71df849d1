// Panel to call or cancel a ticket by its code.

import { $ } from '../shared/dom.js';
import { append, panel } from './panel.js';


// «b-007» on a form that somebody filled in is B7.
const plain = (code) => code.replace(/[\s-]/g, '').replace(/^(\D*)0*(?=\d)/, '$1').toUpperCase();

/** `call(code, done)` calls; `drop(code, done)` withdraws; `closed()` gives the focus away. */
export function findPanel({ call, drop, closed }) {
  const asked = panel({
    id: 'found', title: 'desk.find', send: 'desk.call', closed,
    fill: (of) => append(of, 'input', { id: 'found-code', 'aria-labelledby': 'found-title', maxlength: 12, autocapitalize: 'characters', dir: 'auto' }),
  });
  const end = $('found-close').parentNode;
  end.insertBefore(append(end, 'button', { class: 'button', id: 'found-drop', type: 'button' }, 'desk.drop'), $('found-close'));

  const wanted = (act) => {
    const code = plain($('found-code').value);
    if (code) act(code, asked.close);
  };
  asked.form.addEventListener('submit', (e) => {
    e.preventDefault();
    wanted(call);
  });
  $('found-drop').addEventListener('click', () => wanted(drop));

  asked.open = (code) => {
    $('found-code').value = code;
    asked.render();
    asked.show();
    $('found-code').select();
    $('found-code').focus();
  };
  return asked;
}
