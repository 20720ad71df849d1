// Some of several things, in an order: a part of a form.

import { t } from '../shared/i18n.js';
import { arrange, make } from './parts.js';

/**
 * Some of several things, in an order: a field of a form. The chosen ones come first.
 * @param list the `<ul>`; @param choices gives all there are, as `{value, label, lang}`.
 */
export function ordered(list, choices) {
  let chosen = [];
  const rows = {};
  const tell = () => list.dispatchEvent(new Event('input', { bubbles: true }));

  function row(value) {
    const tick = make('input', { type: 'checkbox' });
    const label = make('label', {}, [tick, make('span', { className: 'place', 'aria-hidden': 'true' }), make('span', { className: 'label' })]);
    const up = make('button', { type: 'button', className: 'button up', text: '↑' });
    tick.addEventListener('change', () => {
      chosen = tick.checked ? chosen.concat([value]) : chosen.filter((one) => one !== value);
      render();
      tell();
    });
    up.addEventListener('click', () => {
      const i = chosen.indexOf(value);
      if (i < 1) return;
      chosen.splice(i - 1, 2, value, chosen[i - 1]);
      render();
      tell();
    });
    return make('li', {}, [label, up]);
  }

  function render() {
    const all = choices();
    const rest = all.filter((one) => chosen.indexOf(one.value) < 0);
    const first = chosen.map((value) => all.filter((one) => one.value === value)[0] || { value, label: value });
    arrange(list, first.concat(rest).map((one) => {
      const item = rows[one.value] || (rows[one.value] = row(one.value));
      const place = chosen.indexOf(one.value);
      item.querySelector('input').checked = place >= 0;
      item.querySelector('.place').textContent = place >= 0 ? String(place + 1) : '';
      item.querySelector('.label').textContent = one.label;
      item.querySelector('label').lang = one.lang || '';
      const up = item.querySelector('.up');
      up.hidden = place < 0 || chosen.length < 2;
      up.setAttribute('aria-label', t('settings.up', { name: one.label }));
      up.setAttribute('aria-disabled', String(place === 0));
      return item;
    }));
  }

  return {
    get: () => chosen.slice(),
    set(value) {
      chosen = (value || []).slice();
      render();
    },
    render,
  };
}
