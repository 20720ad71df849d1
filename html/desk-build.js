// Elements for the desk's panels, which are made when they are first asked for.

import { t } from './i18n.js';

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

/** The panel's form, with a group of choices, and what ends it. */
export function form(panel, id, choices, words) {
  const made = element(panel, 'form', { autocomplete: 'off' });
  element(made, 'h3', { id: id + '-title' });
  choices(made);
  const end = element(made, 'div', { class: 'panel-end' });
  element(end, 'button', { class: 'button button--main', id: id + '-send' }, words);
  const close = element(end, 'button', { class: 'button', id: id + '-close', type: 'button' });
  element(close, 'span', {}, 'desk.cancel');
  element(close, 'kbd', {}).textContent = 'Esc';
  return made;
}

/** A group of choices under a heading. */
export function group(of, words, legend) {
  const made = element(of, 'fieldset', {});
  element(made, 'legend', legend || {}, words);
  return made;
}

/** Puts the words in, in the language of the moment. */
export function translate(panel) {
  Array.from(panel.querySelectorAll('[data-t]')).forEach((el) => { el.textContent = t(el.getAttribute('data-t')); });
}
