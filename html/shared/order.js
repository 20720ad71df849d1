// Widget to choose some of several things and to put them in an order; its parts also serve other ordered lists.

import { make, reconcile } from './dom.js';
import { t } from './i18n.js';

/** A button that moves its item one place up. Where it is hidden then, the focus goes to what `first()` gives. */
export function upButton(press, first) {
  const button = make('button', { type: 'button', className: 'button up', text: '↑' });
  button.addEventListener('click', () => {
    press();
    // An element that moves in the document loses the focus.
    (button.hidden ? first() : button).focus();
  });
  return button;
}

/** Says which item the button moves; the first moves no further. */
export function renderUp(button, name, index, isUsed) {
  button.hidden = !isUsed || index === 0;
  button.setAttribute('aria-label', t('word.up', { name }));
  button.title = button.getAttribute('aria-label');
}

/** Swaps the item with the one before it. Returns whether there is one. */
export function moveUp(items, item) {
  const i = items.indexOf(item);
  if (i < 1) return false;
  items.splice(i - 1, 2, item, items[i - 1]);
  return true;
}

/**
 * A field of a form: some of several things, in an order, the chosen ones first.
 * @param list the `<ul>` or `<ol>`; each change sends an `input` event from it.
 * @param choices returns all of them, as `{value, label, lang}`.
 */
export function ordered(list, choices) {
  let chosen = [];

  function changed() {
    render();
    list.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function row({ value }) {
    const tick = make('input', { type: 'checkbox' });
    const label = make('label', {}, [tick, make('span', { className: 'place', 'aria-hidden': 'true' }), make('span', { className: 'label' })]);
    tick.addEventListener('change', () => {
      chosen = tick.checked ? chosen.concat([value]) : chosen.filter((one) => one !== value);
      changed();
    });
    return make('li', {}, [label, upButton(() => { if (moveUp(chosen, value)) changed(); }, () => tick)]);
  }

  function update(item, { value, label, lang }) {
    const place = chosen.indexOf(value);
    item.querySelector('input').checked = place >= 0;
    item.querySelector('.place').textContent = place >= 0 ? String(place + 1) : '';
    item.querySelector('.label').textContent = label;
    item.querySelector('label').lang = lang || '';
    renderUp(item.querySelector('.up'), label, place, place >= 0);
  }

  function render() {
    const all = choices();
    const first = chosen.map((value) => all.filter((one) => one.value === value)[0] || { value, label: value });
    const rest = all.filter((one) => chosen.indexOf(one.value) < 0);
    reconcile(list, first.concat(rest), { key: (one) => one.value, create: row, update });
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
