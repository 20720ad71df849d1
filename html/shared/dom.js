// Helpers for a page's elements: find, make, show and reconcile them.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element. Each of `properties` becomes a property of that name, or else an attribute; `text` is its text. */
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

/** Shows `text` in the element with this id, and hides the element if there is no text. */
export function show(id, text) {
  // A screen reader reads an announced text again whenever it is written.
  if ($(id).textContent !== text) $(id).textContent = text;
  $(id).hidden = !text;
}

/** Marks the one of several elements that is current. */
export function setCurrent(el, isCurrent, kind = 'true') {
  if (isCurrent) el.setAttribute('aria-current', kind);
  else el.removeAttribute('aria-current');
}

// Elements that `reconcile` made, by the lists that hold them, and in them by key.
const made = new WeakMap();

/**
 * Makes the children of `list` those of `items`, in their order. An item keeps its element as long as `key(item)` is the
 * same, so that no update takes the focus or a pressed button away. `create(item)` makes a new element;
 * `update(el, item, index)` is called for every element.
 */
export function reconcile(list, items, { key, create, update }) {
  const before = made.get(list) || new Map();
  const after = new Map();
  const focused = document.activeElement;
  items.forEach((item) => after.set(key(item), before.get(key(item)) || create(item)));
  made.set(list, after);
  before.forEach((el, name) => { if (after.get(name) !== el) list.removeChild(el); });
  Array.from(after.values()).forEach((el, i) => {
    if (list.children[i] !== el) list.insertBefore(el, list.children[i] || null);
  });
  if (update) items.forEach((item, i) => update(after.get(key(item)), item, i));
  // An element that is moved loses the focus.
  if (focused !== document.activeElement && list.contains(focused)) focused.focus();
}

// The pointer may move so far, in CSS pixels, and still press.
const PRESS_MOVES_PX = 12;

/**
 * Makes every press count for the button on which it began. A browser sends no click to a button that has moved away
 * between pressing and releasing, for example because a note has appeared above it.
 */
export function keepPresses() {
  const kind = 'onpointerdown' in document ? 'pointer' : 'mouse';
  let pressed = null;
  let handled = null;
  document.addEventListener(kind + 'down', (e) => {
    const button = e.target.closest('button, a, label');
    handled = null;
    pressed = button && e.button === 0 ? { button, x: e.clientX, y: e.clientY } : null;
  }, true);
  document.addEventListener(kind + 'up', (e) => {
    const press = pressed;
    pressed = null;
    if (!press || press.button.contains(e.target)) return;
    // The finger went elsewhere: it changed its mind.
    if (Math.hypot(e.clientX - press.x, e.clientY - press.y) > PRESS_MOVES_PX) return;
    handled = press.button;
    handled.click();
  }, true);
  // The browser sends the click to the element that is there now.
  document.addEventListener('click', (e) => {
    if (!e.isTrusted || !handled) return;
    handled = null;
    e.preventDefault();
    e.stopImmediatePropagation();
  }, true);
}
