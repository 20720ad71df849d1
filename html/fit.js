// Text as large as its box allows, found by measuring. Nothing is ever cut: it wraps, then shrinks,
// and only a word that is too long even then is broken.

const STEPS = 9;
const NARROW_STEPS = 5;

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
  const fits = fitsInto(el, width, height);
  const size = search(el, 4, most, fits);
  if (size >= whole) return size;
  el.classList.add('is-broken');
  return Math.max(size, search(el, 4, most, fits));
}

function fitsInto(el, width, height) {
  el.style.width = width + 'px';
  el.classList.remove('is-broken');
  return () => el.scrollWidth <= Math.ceil(width) && el.offsetHeight <= height + 1;
}

/**
 * The same, its letters narrower, down to `narrowest` of their width, where it has `least` pixels only so:
 * height is what carries far, so it gives way last.
 */
export function fitNarrowed(el, width, height, { least, most, whole, narrowest }) {
  let scale = 1;
  for (let step = 0; step <= NARROW_STEPS; step++) {
    scale = Math.pow(narrowest, step / NARROW_STEPS);
    el.style.fontSize = least + 'px';
    if (fitsInto(el, width / scale, height)()) break;
  }
  el.style.transform = scale < 1 ? 'scaleX(' + scale + ')' : '';
  return fitText(el, width / scale, height, most, whole);
}

const pen = document.createElement('canvas').getContext('2d');

/** How wide `text` is in `el`'s typeface, in ems. */
export function widthInEms(el, text) {
  const style = getComputedStyle(el);
  pen.font = style.fontWeight + ' 200px ' + style.fontFamily;
  return pen.measureText(text).width / 200;
}
