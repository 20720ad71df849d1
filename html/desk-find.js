// Someone by the code on their ticket, also past the first ten: called, or withdrawn. A panel in the
// place of the actions, loaded when it is first asked for.

import { element, form, translate } from './desk-build.js';
import { parts } from './later.js';

const $ = (id) => document.getElementById(id);

// «b-007» on a form that somebody filled in is B7.
const plain = (code) => code.replace(/[\s-]/g, '').replace(/^(\D*)0*(?=\d)/, '$1').toUpperCase();

function build() {
  const box = $('panel').parentNode.insertBefore(document.createElement('div'), $('panel'));
  box.id = 'found';
  box.className = 'panel';
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-labelledby', 'found-title');
  const made = form(box, 'found', (of) => {
    element(of, 'input', { id: 'found-code', 'aria-labelledby': 'found-title', maxlength: 12, autocapitalize: 'characters', dir: 'auto' });
  }, 'desk.call');
  $('found-title').setAttribute('data-t', 'desk.find');
  const drop = element(made, 'button', { class: 'button', id: 'found-drop', type: 'button' }, 'desk.drop');
  $('found-close').parentNode.insertBefore(drop, $('found-close'));
  return made;
}

/** `call(code, done)` calls; `drop(code, done)` withdraws; `closed()` gives the focus away. */
function findPanel({ call, drop, closed }) {
  const asked = build();
  const box = $('found');
  box.hidden = true;

  function show(open) {
    box.hidden = !open;
    $('actions').hidden = open;
  }

  function close() {
    const hadFocus = box.contains(document.activeElement);
    show(false);
    if (hadFocus) closed();
  }

  const wanted = () => plain($('found-code').value);

  asked.addEventListener('submit', (e) => {
    e.preventDefault();
    if (wanted()) call(wanted(), close);
  });
  $('found-drop').addEventListener('click', () => { if (wanted()) drop(wanted(), close); });
  $('found-close').addEventListener('click', close);

  return {
    close,
    isOpen: () => !box.hidden,
    open(code) {
      asked.reset();
      $('found-code').value = code;
      translate(asked);
      show(true);
      $('found-code').select();
      $('found-code').focus();
    },
    render() {
      if (box.lang === document.documentElement.lang) return;
      box.lang = document.documentElement.lang;
      translate(asked);
    },
  };
}

parts.findPanel = findPanel;
