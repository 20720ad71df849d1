// The desk's panels: dialogs in the place of the actions, made when they are first opened.

import { t } from '../shared/i18n.js';

const $ = (id) => document.getElementById(id);

/** A new `tag` at the end of `of`; `words` is the key of its text. */
export function element(of, tag, attributes, words) {
  const made = of.appendChild(document.createElement(tag));
  Object.keys(attributes).forEach((name) => made.setAttribute(name, attributes[name]));
  if (words) made.setAttribute('data-t', words);
  return made;
}

/** A choice among several of that name. */
export function radio(of, name, value, words, more) {
  const label = element(of, 'label', {});
  element(label, 'input', Object.assign({ type: 'radio', name, value }, more));
  element(label, 'span', {}, words);
  return label;
}

/** A group of choices under a heading. */
export function group(of, words, legend) {
  const made = element(of, 'fieldset', {});
  element(made, 'legend', legend || {}, words);
  return made;
}

/**
 * A panel in the place of the actions, closed: `id` begins the names of its parts, `title` and `send` are
 * keys of words, `fill(form)` makes what is asked, `closed()` is told when it had the focus and gives it away;
 * `ready()` is whether there is something to send.
 */
export function panel({ id, title, send, fill, closed, ready }) {
  const box = element($('attending'), 'div', { class: 'panel', id, role: 'dialog', 'aria-labelledby': id + '-title', hidden: '' });
  $('attending').insertBefore(box, $('actions').nextSibling);
  const form = element(box, 'form', { autocomplete: 'off' });
  element(form, 'h3', { id: id + '-title' }, title);
  fill(form);
  const end = element(form, 'div', { class: 'panel-end' });
  element(end, 'button', { class: 'button button--main', id: id + '-send' }, send);
  const cancel = element(end, 'button', { class: 'button', id: id + '-close', type: 'button' });
  element(cancel, 'span', {}, 'desk.cancel');
  element(cancel, 'kbd', {}).textContent = 'Esc';

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
