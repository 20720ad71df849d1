// Parts of the desk's panels: dialogs in the place of the actions, made when they are first opened.

import { $, make } from '../shared/dom.js';
import { t } from '../shared/i18n.js';


/** Adds a new element to `parent`; `key` names its text. */
export function append(parent, tag, properties, key) {
  return parent.appendChild(make(tag, Object.assign({}, properties, key ? { 'data-t': key } : {})));
}

/** Adds a radio button with its label to `parent`; `key` names its text. */
export function radio(parent, name, value, key, properties) {
  const label = append(parent, 'label', {});
  append(label, 'input', Object.assign({ type: 'radio', name, value }, properties));
  append(label, 'span', {}, key);
  return label;
}

/** Adds a group of choices under a heading. */
export function group(parent, key, legend) {
  const fieldset = append(parent, 'fieldset', {});
  append(fieldset, 'legend', legend || {}, key);
  return fieldset;
}

/**
 * Adds a panel in the place of the actions, closed. `id` is the prefix of its elements' ids; `title` and `send` are
 * text keys; `fill(form)` adds the form fields; `closed()` is called if the panel had the focus when it closed, to
 * move it; `ready()` says whether there is something to send.
 */
export function panel({ id, title, send, fill, closed, ready }) {
  const box = append($('serving'), 'div', { class: 'panel', id, role: 'dialog', 'aria-labelledby': id + '-title', hidden: true });
  $('serving').insertBefore(box, $('actions').nextSibling);
  const form = append(box, 'form', { autocomplete: 'off' });
  append(form, 'h3', { id: id + '-title' }, title);
  fill(form);
  const end = append(form, 'div', { class: 'panel-end' });
  append(end, 'button', { class: 'button button--main', id: id + '-send' }, send);
  const cancel = append(end, 'button', { class: 'button', id: id + '-close', type: 'button' });
  append(cancel, 'span', {}, 'desk.close');
  append(cancel, 'kbd', {}).textContent = 'Esc';

  function show(open) {
    box.hidden = !open;
    $('actions').hidden = open;
    $('serving').classList.toggle('has-panel', open);
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
    /** Disables Send while offline; Close always works. */
    live(on = isOn) {
      isOn = on;
      Array.from(end.children).forEach((button) => { button.disabled = button !== cancel && !(on && (!ready || ready())); });
    },
    /** Writes the texts again if the language changed. */
    render() {
      if (box.lang === document.documentElement.lang) return;
      box.lang = document.documentElement.lang;
      Array.from(box.querySelectorAll('[data-t]')).forEach((el) => { el.textContent = t(el.getAttribute('data-t')); });
    },
  };
}
