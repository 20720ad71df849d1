// Font sizes that fit a text into a box, found by measuring. Text wraps first, then shrinks; a word is broken only if it
// is too long even then.

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

/**
 * The same, its letters as wide as they can be, down to `narrowest` of their own width, where it is `least`
 * pixels high or as high as it can be: height is what carries far, so it gives way last.
 */
export function fitNarrowed(el, width, height, { least, most, whole, narrowest }) {
  const fitsAt = (scale, size) => {
    el.style.fontSize = size + 'px';
    return boxed(el, width / scale, height)();
  };
  let scale = 1;
  if (narrowest < 1 && !fitsAt(1, least)) {
    const size = Math.min(least, fitText(el, width / narrowest, height, most, whole));
    for (let step = 1; step <= NARROW_STEPS && !fitsAt(scale, size); step++) scale = Math.pow(narrowest, step / NARROW_STEPS);
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
