// Fits the called code and its desk's name into the card, and the other desks into pages. The rest of the
// layout is in public.css, where all sizes are shares of the screen's height, measured in capitals of the typeface.

import { $ } from '../shared/dom.js';
import { widthInEms } from '../shared/fit.js';

const root = document.documentElement;
// Codes of up to four characters have one size, so that nothing jumps from one call to the next.
const USUAL_CODE = 4;
// The smallest size of a desk's name in the card, and the steps down to it, as shares of the largest.
const NAME_LEAST = 0.48;
const NAME_STEP = 0.02;
const NAME_LINES = 2;
// The sizes of rows, of names in them and of the gap before the names: larger while few are shown; names are smaller only
// where a word is longer than its column.
const ROW_SIZES = [[1.6, 1, 6], [1.35, 1, 5], [1.15, 1, 4], [1, 1, 4], [1, 1, 1.2], [1, 0.9, 1.2], [1, 0.8, 1.2], [1, 0.72, 1.2]];
// Longer names may end with an ellipsis.
const WHOLE_NAME = 24;

let pages = [];

/** Measures the typeface: the height of its capitals, as a share of the font size. */
export function measureCapitals() {
  const pen = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle($('code'));
  pen.font = style.fontWeight + ' 200px ' + style.fontFamily;
  const height = pen.measureText('H').actualBoundingBoxAscent;
  root.style.setProperty('--cap', height ? height / 200 : 0.7);
}

/** The widest of the codes that share the size of `code`, in ems. */
function widest(code, codes) {
  const alike = codes.filter((other) => other.length <= Math.max(USUAL_CODE, code.length));
  return Math.max.apply(null, alike.concat(code).map((one) => widthInEms($('code'), one)));
}

/** Makes the code of `call` as large as the card and the styles allow; `codes` are those of the other desks. */
function fitCode(call, codes) {
  const el = $('code');
  const ems = widest(call.code, codes) * 1.003;
  $('board').style.setProperty('--ems', call.code.length > USUAL_CODE ? 2.9 : ems);
  el.style.fontSize = '';
  const most = parseFloat(getComputedStyle(el).fontSize);
  el.style.fontSize = Math.min(most, $('code-box').clientWidth / ems) + 'px';
}

const linesOf = (el) => Math.round(el.offsetHeight / parseFloat(getComputedStyle(el).lineHeight));

/** Makes the desk's name as large as fits on two lines; a very long one has more lines rather than small letters. */
function fitName() {
  const [el, box] = [$('desk'), $('desk-box')];
  const fits = (lines) => el.scrollWidth <= box.clientWidth && el.offsetHeight <= box.clientHeight && linesOf(el) <= lines;
  const search = (lines, least) => {
    for (let scale = 1; scale >= least; scale -= NAME_STEP) {
      el.style.fontSize = scale + 'em';
      if (fits(lines)) return true;
    }
    return false;
  };
  el.classList.remove('is-broken');
  if (search(NAME_LINES, NAME_LEAST)) return;
  el.classList.add('is-broken');
  search(Infinity, NAME_STEP);
}

const isLong = (el) => el.textContent.length > WHOLE_NAME;
// A long name shows no third line.
const isCut = (el) => el.scrollWidth > el.clientWidth || linesOf(el) > NAME_LINES || el.scrollHeight > el.offsetHeight * 1.25;

/** Gives all rows one size: the largest with which the names and the page hold them, or the usual one. */
function fitRows(list, rows) {
  const names = rows.map((row) => row.querySelector('.name'));
  names.forEach((el) => el.classList.toggle('is-long', isLong(el)));
  const codes = rows.map((row) => row.querySelector('.code'));
  const { style } = $('others-box');
  style.setProperty('--code-ems', Math.max.apply(null, codes.map((el) => widthInEms(el, el.textContent))));
  $('others-box').classList.toggle('has-long-codes', codes.some((el) => el.textContent.length > USUAL_CODE));
  list.classList.remove('is-broken');
  const fits = ([size, name, gap]) => {
    style.setProperty('--size', size);
    style.setProperty('--name', name);
    style.setProperty('--gap', gap);
    // Of names that may be cut, letters are not made larger.
    return size === 1 ? !names.some((el) => isCut(el) && !isLong(el)) : !names.some(isCut) && list.scrollHeight <= list.clientHeight + 1;
  };
  if (!ROW_SIZES.some(fits)) list.classList.add('is-broken');
}

/** The rows of each page, as even as their heights allow. */
function paginate(list, rows) {
  const boxes = rows.map((row) => ({ row, top: row.offsetTop, bottom: row.offsetTop + row.offsetHeight }));
  const split = (most) => {
    const found = [];
    boxes.forEach((box) => {
      const page = found[found.length - 1];
      // Rows side by side stay on one page.
      const isBeside = page && page[page.length - 1].top === box.top;
      const isFull = !page || page.length >= most || box.bottom - page[0].top > list.clientHeight + 1;
      if (isFull && !isBeside) found.push([box]);
      else page.push(box);
    });
    return found;
  };
  const greedy = split(Infinity);
  const even = split(Math.ceil(rows.length / greedy.length));
  return (even.length > greedy.length ? greedy : even).map((page) => page.map((box) => box.row));
}

/** Shows one page of the rows; after the last one comes the first. */
export function showPage(page) {
  const now = pages.length ? page % pages.length : 0;
  pages.forEach((rows, i) => rows.forEach((row) => { row.hidden = i !== now; }));
  $('page-number').hidden = pages.length < 2;
  $('page-number').textContent = pages.length < 2 ? '' : (now + 1) + ' / ' + pages.length;
}

/** Lays out the call, if there is one, and the rows of the other desks. */
export function layOut(call, page) {
  const list = $('others');
  const rows = Array.from(list.children);
  rows.forEach((row) => { row.hidden = false; });
  if (call) fitCode(call, rows.map((row) => row.querySelector('.code').textContent));
  pages = [];
  if (rows.length) {
    fitRows(list, rows);
    pages = paginate(list, rows);
  }
  showPage(page);
  if (call) fitName();
}
