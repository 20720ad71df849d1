// Font sizes that fit a text into a box, found by measuring. Text wraps first, then shrinks; a word is broken only if it
// is too long even then.

const STEPS = 9;

function search(el, least, most, fits) {
  const set = (size) => { el.style.fontSize = size + 'px'; };
  set(most);
  if (fits()) return most;
  let low = least;
  let high = most;
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    set(middle);
    if (fits()) low = middle; else high = middle;
  }
  low = Math.floor(low * 4) / 4;
  set(low);
  return low;
}

/**
 * Sets the font size of block `el` so that it fits into `width` × `height` pixels, `most` at the
 * largest, and returns it. Words are kept whole down to `whole` pixels.
 */
export function fitText(el, width, height, most, whole) {
  const fits = boxed(el, width, height);
  const size = search(el, 4, most, fits);
  if (size >= whole) return size;
  el.classList.add('is-broken');
  return Math.max(size, search(el, 4, most, fits));
}

/** Makes `el` so wide, its words whole, and gives back what tells whether it fits. */
function boxed(el, width, height) {
  el.style.width = width + 'px';
  el.classList.remove('is-broken');
  return () => el.scrollWidth <= Math.ceil(width) && el.offsetHeight <= height + 1;
}

const pen = document.createElement('canvas').getContext('2d');

/** How wide `text` is in `el`'s typeface, in ems. */
export function widthInEms(el, text) {
  const style = getComputedStyle(el);
  pen.font = style.fontWeight + ' 200px ' + style.fontFamily;
  return pen.measureText(text).width / 200;
}
