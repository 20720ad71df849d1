// Making elements, and names by language.

import { LANGUAGES, languageName } from '../shared/i18n.js';

/** An element with these properties and children; `text` is its text. */
export function make(tag, properties, children) {
  const el = document.createElement(tag);
  Object.keys(properties || {}).forEach((name) => {
    if (name === 'text') el.textContent = properties.text;
    else if (name in el) el[name] = properties[name];
    else el.setAttribute(name, properties[name]);
  });
  (children || []).forEach((child) => el.appendChild(child));
  return el;
}

/** Puts `wanted` into `list`, in order, and takes out what is not wanted. What stays keeps the focus. */
export function arrange(list, wanted) {
  const focused = document.activeElement;
  wanted.forEach((child, i) => {
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] || null);
  });
  while (list.children.length > wanted.length) list.removeChild(list.lastChild);
  if (focused && focused !== document.activeElement && list.contains(focused)) focused.focus();
}

/** Names by language: a field of a form, with one control for each language in `box`. `prefix` begins their names. */
export function names(box, prefix, most) {
  const inputs = {};
  LANGUAGES.forEach((lang) => {
    inputs[lang] = make('input', { name: prefix + 'names.' + lang, maxLength: most, autocomplete: 'off', lang, dir: 'auto' });
    const label = make('label', { className: 'in-language' }, [make('span', { lang, text: languageName(lang) }), inputs[lang]]);
    box.appendChild(make('div', { className: 'field' }, [label]));
  });
  return {
    get() {
      const found = {};
      LANGUAGES.slice().sort().forEach((lang) => {
        const name = inputs[lang].value.trim();
        if (name) found[lang] = name;
      });
      return found;
    },
    set(value) {
      LANGUAGES.forEach((lang) => { inputs[lang].value = (value && value[lang]) || ''; });
    },
  };
}
