// Layout of the kiosk's buttons: large targets, on as many pages as they need. On a phone visitors scroll instead.

/** A phone in somebody's hand, and not a screen that stands in a room. */
export const PHONE = '(max-width: 600px)';
// A button's least width and height and the space between two, in rem. The first shape that fits on one page is used;
// otherwise the middle one, on several.
const SHAPES = [
  { width: 22, height: 9, gap: 1.5 },
  { width: 16, height: 6.5, gap: 1 },
  { width: 15, height: 6, gap: 0.75 },
];
// Font sizes in rem: the first at which every name fits its button without breaking a word. Secondary text is smaller.
const LETTERS = [3.25, 2.5, 2, 1.75, 1.5, 1.25];
const LEAST_LETTERS = 1;
// The least letters of the accessible mode; long names get wider and lower buttons, on more pages.
const LARGE_LETTERS = 1.75;
const WIDE = { width: 15, height: 5, gap: 0.75 };

function grid(shape, width, height, rem, mostColumns) {
  const many = (room, least) => Math.max(1, Math.floor((room + shape.gap * rem) / ((least + shape.gap) * rem)));
  return { shape, columns: Math.min(mostColumns, many(width, shape.width)), rows: many(height, shape.height) };
}

/**
 * Arranges the children of `box` in the room that it has, and shows those of `page`; `pager` holds
 * the buttons for turning the page, if there can be several pages. Returns how many pages there are.
 */
export function layOut(box, pager, page) {
  const least = pager && document.documentElement.classList.contains('is-large') ? LARGE_LETTERS : 0;
  let found = arrange(box, pager, page, Infinity);
  while (found.letters < least && found.columns > 1) found = arrange(box, pager, page, found.columns - 1);
  return found.pages;
}

function arrange(box, pager, page, mostColumns) {
  const all = Array.from(box.children);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const phone = window.matchMedia(PHONE).matches;
  const room = () => {
    all.forEach((el) => { el.style.display = 'none'; });
    return (mostColumns < Infinity ? [WIDE, WIDE] : SHAPES).map((shape) => grid(shape, box.clientWidth, box.clientHeight, rem, mostColumns));
  };
  if (pager) pager.hidden = true;
  let fitting = room();
  let chosen = fitting.filter((g) => g.columns * g.rows >= all.length)[0];
  if (!chosen && pager && !phone) {
    // The pager needs room, too.
    pager.hidden = false;
    fitting = room();
  }
  if (!chosen) chosen = fitting[1];
  const perPage = phone || !pager ? all.length : Math.max(1, chosen.columns * chosen.rows);
  const pages = Math.max(1, Math.ceil(all.length / perPage));
  const first = Math.min(page, pages - 1) * perPage;
  const shown = all.slice(first, first + perPage);
  shown.forEach((el) => { el.style.display = ''; });
  // Balance the rows: four buttons are two and two, not three and one.
  const rows = Math.max(1, Math.ceil(Math.min(all.length, perPage) / chosen.columns));
  const columns = phone ? 1 : Math.ceil(Math.min(all.length, perPage) / rows);
  box.style.gridTemplateColumns = 'repeat(' + columns + ', minmax(0, 1fr))';
  box.style.gridAutoRows = 'minmax(' + chosen.shape.height + 'rem, 1fr)';
  box.style.gridGap = chosen.shape.gap + 'rem';
  const most = columns > 3 ? 3 : columns > 2 ? 2 : phone ? 1 : 0;
  const isCut = () => shown.some(leavesItsBox);
  const overflows = () => !phone && document.documentElement.scrollHeight > window.innerHeight;
  const fits = (letters) => {
    box.style.fontSize = letters + 'rem';
    box.style.setProperty('--besides', Math.max(1, letters * 0.55) + 'rem');
    return !isCut() && !overflows();
  };
  box.classList.remove('is-broken');
  box.classList.toggle('is-wide', mostColumns < Infinity);
  let letters = LETTERS.slice(most).find(fits);
  if (!letters) {
    letters = LEAST_LETTERS;
    box.classList.add('is-broken');
    fits(letters);
  }
  return { pages, columns, letters };
}

// The text must stay inside the button's padding, too.
function leavesItsBox(el) {
  const box = el.getBoundingClientRect();
  const style = getComputedStyle(el);
  const [top, bottom] = [parseFloat(style.paddingTop), parseFloat(style.paddingBottom)];
  return el.scrollWidth > el.clientWidth + 1 || Array.from(el.children).filter((part) => part.getClientRects().length).some((part) => {
    const its = part.getBoundingClientRect();
    return part.scrollWidth > part.clientWidth + 1 || its.top < box.top + top - 1 || its.bottom > box.bottom - bottom + 1;
  });
}
