// The desk's panels: dialogs in the place of the actions, made when they are first opened.

import { $, make } from '../shared/dom.js';
import { t } from '../shared/i18n.js';


/** Adds a new element to `parent`; `key` is that of its text. */
export function append(parent, tag, properties, key) {
  return parent.appendChild(make(tag, Object.assign({}, properties, key ? { 'data-t': key } : {})));
}

/** A choice among several of that name. */
export function radio(of, name, value, words, more) {
  const label = append(of, 'label', {});
  append(label, 'input', Object.assign({ type: 'radio', name, value }, more));
  append(label, 'span', {}, words);
  return label;
}

/** A group of choices under a heading. */
export function group(of, words, legend) {
  const made = append(of, 'fieldset', {});
  append(made, 'legend', legend || {}, words);
  return made;
}

/**
 * A panel in the place of the actions, closed: `id` begins the names of its parts, `title` and `send` are
 * keys of words, `fill(form)` makes what is asked, `closed()` is told when it had the focus and gives it away;
 * `ready()` is whether there is something to send.
 */
export function panel({ id, title, send, fill, closed, ready }) {
  const box = append($('attending'), 'div', { class: 'panel', id, role: 'dialog', 'aria-labelledby': id + '-title', hidden: true });
  $('attending').insertBefore(box, $('actions').nextSibling);
  const form = append(box, 'form', { autocomplete: 'off' });
  append(form, 'h3', { id: id + '-title' }, title);
  fill(form);
  const end = append(form, 'div', { class: 'panel-end' });
  append(end, 'button', { class: 'button button--main', id: id + '-send' }, send);
  const cancel = append(end, 'button', { class: 'button', id: id + '-close', type: 'button' });
  append(cancel, 'span', {}, 'desk.cancel');
  append(cancel, 'kbd', {}).textContent = 'Esc';

  function show(open) {
    box.hidden = !open;
    $('actions').hidden = open;
  }

  function close() {
    const hadFocus = box.contains(document.activeElement);
    show(false);
    if (hadFocus) closed();
  }

  cancel.addEventListener('click', close);
  let isOn = true;
  return {
    box, form, close,
    isOpen: () => !box.hidden,
    show: () => show(true),
    /** Without the connection all it can do is close. */
    live(on = isOn) {
      isOn = on;
      Array.from(end.children).forEach((button) => { button.disabled = button !== cancel && !(on && (!ready || ready())); });
    },
    /** Puts the words in, where the language is another one. */
    render() {
      if (box.lang === document.documentElement.lang) return;
      box.lang = document.documentElement.lang;
      Array.from(box.querySelectorAll('[data-t]')).forEach((el) => { el.textContent = t(el.getAttribute('data-t')); });
    },
  };
}
