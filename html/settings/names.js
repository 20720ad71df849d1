// A form field with one text input for each language.

import { make } from '../shared/dom.js';
import { LANGUAGES, languageName } from '../shared/i18n.js';

/** Adds an input for each language to `box`, named `field` + `.` + language. */
export function names(box, field, most) {
  const inputs = {};
  LANGUAGES.forEach((lang) => {
    inputs[lang] = make('input', { name: field + '.' + lang, maxLength: most, autocomplete: 'off', lang, dir: 'auto' });
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
