// The other desks with their tickets, at the side of the call or below it: codes and numbers of desks
// never under 7 % of the screen's height, so the rest gives way: the word before a number is set smaller,
// or said once above all of them; a name goes below its code; who does not fit comes by turns.

import { widthInEms } from './fit.js';
import { isNumbered, isolated, t } from './i18n.js';

// As font sizes: a capital of the system typefaces is 0.70 to 0.73 of its font size high.
export const CAPITAL = 0.7;
export const ROW_LEAST = 0.0705 / CAPITAL;
export const ROW_MOST = 0.1 / CAPITAL;
const STEPS = 5;
export const ROWS_MOST = 8;
// Of a row, in ems: beside the code, above and below it, at both ends of it.
const GAP = 0.35;
const LINE = 0.95;
const ENDS = 0.012;
const ENDS_OF_COLUMNS = 0.03;
const WORD_SHARES = [1, 0.75, 0.55, 0.42];
const LEAST_SHARE = 0.25;
const NAME_SHARE = 0.85;
// Rather than said above, the word stays where the numbers lose no more than this by it.
const WORTH = 0.8;
// A word that would have to be smaller than this share of the least is broken.
const WHOLE = 0.25;
const STRIP = 0.046;
const STRIP_TALL = 0.034;
const COLUMNS_MOST = 3;
const DOTS_MOST = 6;
const DOT = 0.028;

const el = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

/** «Ventanilla 3»: people look for the number, so where room is short the word gives way first. */
export function deskParts(name) {
  if (isNumbered(name)) return { word: t('public.desk'), rest: name };
  const found = /^(\S{1,16}) (\d{1,4}[A-Za-z]?)$/.exec(name);
  return found ? { word: found[1], rest: found[2] } : { word: '', rest: name };
}

/** Writes a desk's name into `box`, its word apart from its number. */
export function writeDesk(box, name) {
  const parts = deskParts(name);
  box.textContent = '';
  if (parts.word) box.appendChild(el('span', 'word', parts.word + '\u00a0'));
  box.appendChild(document.createTextNode(isolated(parts.rest)));
}

export const longestOf = (name) => name.split(' ').reduce((longest, word) => (word.length > longest.length ? word : longest), '');

/** What the `others` need, in ems: the widest code, number, word before a number, and word of a name. */
export function needsOf(others, list) {
  const most = { code: 1.2, number: 0, word: 0, name: 0, words: [], head: '' };
  const wider = (what, text) => { most[what] = Math.max(most[what], widthInEms(list, text)); };
  others.forEach((desk) => {
    const { word, rest } = deskParts(desk.name);
    if (desk.ticket) wider('code', desk.ticket.code);
    wider(word ? 'number' : 'name', word ? rest : longestOf(rest));
    if (!word) return;
    wider('word', word + '\u00a0');
    if (most.words.indexOf(word) < 0) most.words.push(word);
  });
  // Said once above all of them only where it is true of all of them.
  if (most.words.length === 1 && !most.name) most.head = most.words[0];
  return most;
}

/** The least width with which codes and numbers stand beside each other. */
export const leastWidth = (needs, height) => (needs.code + GAP + Math.max(needs.number, 0.8)) * ROW_LEAST * height + 4 * ENDS * height;

/** The width that no word of a name needs to be set smaller for. */
export const nameWidth = (needs, height) => needs.name * 1.03 * ROW_LEAST * height + 4 * ENDS * height;

/** The height of so many rows `width` wide, with the strip for the turns. */
export function rowsHeight(rows, needs, width, height) {
  const desk = Math.max(needs.name, needs.number + (needs.head ? 0 : needs.word * WORD_SHARES[WORD_SHARES.length - 1]));
  const isBeside = (needs.code + GAP + desk) * ROW_LEAST * height + 2 * ENDS * height <= width;
  return (rows * ROW_LEAST * LINE * (isBeside ? 1 : 2) + STRIP_TALL + 0.012) * height;
}

/** How many columns there can be. */
export function columnsOf(needs, width, height) {
  const each = Math.max(leastWidth(needs, height), needs.name * ROW_LEAST * height);
  return Math.max(1, Math.min(COLUMNS_MOST, Math.floor(width / (each + 2 * ENDS_OF_COLUMNS * height))));
}

function rowOf(desk) {
  const { word, rest } = deskParts(desk.name);
  const item = el('li', 'row', '');
  const code = el('span', desk.ticket ? 'code' : 'code free', desk.ticket ? desk.ticket.code : '–');
  const name = el('span', desk.ticket ? 'name' : 'name free', '');
  name.dir = 'auto';
  writeDesk(name, desk.name);
  if (word) name.classList.add('is-numbered');
  item.appendChild(code);
  item.appendChild(name);
  return { item, code, name, word: name.querySelector('.word'), longest: word ? 0 : widthInEms(name, longestOf(rest)) };
}

/** Draws the `others` into `list`, below `strip` for what is said above them; `turn` says whose turn it is. */
export function drawSide({ others, needs, list, strip, height, columns, tall, turn }) {
  list.textContent = '';
  strip.hidden = true;
  if (!others.length) return;
  const box = list.parentNode;
  const ends = (columns > 1 ? ENDS_OF_COLUMNS : ENDS) * height;
  const inner = box.clientWidth / columns - 2 * ends;
  const stripHeight = (tall ? STRIP_TALL : STRIP) * height;
  const rows = others.map(rowOf);
  rows.forEach((r) => {
    r.item.style.width = 100 / columns + '%';
    r.item.style.padding = '0 ' + ends + 'px';
    list.appendChild(r.item);
  });
  const nameShare = (size) => Math.max(NAME_SHARE, (ROW_LEAST * height) / size);

  // The share of the word with which all numbers stand beside their codes; 0 where it must go above them.
  const shareAt = (size) => {
    const room = inner / size - needs.code - GAP;
    return WORD_SHARES.slice(0, needs.head ? 3 : 4).filter((share) => (needs.word * share + needs.number) * nameShare(size) <= room)[0] || 0;
  };
  const set = (size, share) => {
    list.style.fontSize = size + 'px';
    rows.forEach((r) => {
      // Narrower rather than smaller, where it is wider than its row.
      const scale = inner / size / needs.code;
      r.code.style.width = scale < 1 ? inner + 'px' : needs.code + 'em';
      r.code.style.transform = scale < 1 ? 'scaleX(' + scale + ')' : '';
      r.item.style.minHeight = size * LINE + 'px';
      let em = nameShare(size);
      const whole = inner / size / (r.longest || 1) * 0.98;
      r.name.classList.toggle('is-broken', r.longest > 0 && whole * size < ROW_LEAST * height * WHOLE);
      if (r.longest && whole < em) em = Math.max(whole, (ROW_LEAST * height * WHOLE) / size);
      r.name.style.fontSize = em + 'em';
      if (!r.word) return;
      r.word.hidden = !share;
      const ems = widthInEms(r.name, r.word.textContent);
      const fits = (inner / size / em - widthInEms(r.name, r.name.textContent) + ems) / ems * 0.98;
      r.word.style.fontSize = (share ? Math.max(LEAST_SHARE, Math.min(share, fits)) : 1) + 'em';
    });
    list.classList.toggle('is-headed', !share);
  };
  const pagesIn = (space) => {
    const heights = rows.map((r) => r.item.offsetHeight);
    const pages = [];
    let used = Infinity;
    for (let i = 0; i < rows.length; i += columns) {
      const line = Math.max.apply(null, heights.slice(i, i + columns));
      if (used + line > space + 0.5 || pages[pages.length - 1].length + columns > Math.max(ROWS_MOST, columns)) {
        pages.push([]);
        used = 0;
      }
      used += line;
      for (let j = i; j < Math.min(i + columns, rows.length); j++) pages[pages.length - 1].push(rows[j]);
    }
    return pages;
  };
  const layOut = (size, share) => {
    set(size, share);
    const bare = share ? pagesIn(box.clientHeight) : [];
    return bare.length === 1 ? bare : pagesIn(box.clientHeight - stripHeight);
  };

  // The fewest turns, then the largest letters.
  const tries = [];
  for (let step = 0; step <= STEPS; step++) {
    const size = (ROW_MOST + (ROW_LEAST - ROW_MOST) * (step / STEPS)) * height;
    const share = shareAt(size);
    if (share || !needs.head) tries.push({ size, share: share || 0.75 });
    if (needs.head && share < 1) tries.push({ size, share: 0 });
  }
  tries.forEach((it) => {
    const beside = (needs.code + GAP + (needs.word * it.share + needs.number) * nameShare(it.size)) * it.size <= inner;
    it.pages = layOut(it.size, it.share).length;
    it.worth = it.size * (it.share ? 1 : WORTH) * (beside ? 1 : 0.5) * Math.min(1, Math.pow(inner / it.size / needs.code, 2));
    // Where not even one row has room, the smallest.
    if (rows.some((r) => r.item.offsetHeight > box.clientHeight - stripHeight)) it.worth = -it.size;
  });
  const best = tries.reduce((a, b) => (b.pages < a.pages || (b.pages === a.pages && b.worth > a.worth) ? b : a));
  const pages = layOut(best.size, best.share);
  const page = pages[turn % pages.length];
  const headed = !best.share;
  const space = box.clientHeight - (headed || pages.length > 1 ? stripHeight : 0);
  rows.forEach((r) => { if (page.indexOf(r) < 0) list.removeChild(r.item); });
  // A row that is higher than the room there is gets a smaller name.
  page.forEach((r) => {
    for (let em = parseFloat(r.name.style.fontSize); r.item.offsetHeight > space + 1 && em > WHOLE; em *= 0.9) r.name.style.fontSize = em + 'em';
  });
  spread(page, columns, space, list);
  box.style.paddingTop = headed || pages.length > 1 ? stripHeight + 'px' : '';
  drawStrip({ strip, pages, ends, at: turn % pages.length, headed, needs, columns, inner, height, stripHeight });
}

// What is left of the height goes to the rows, within reason.
function spread(page, columns, space, list) {
  const lines = Math.ceil(page.length / columns);
  const spare = (space - list.offsetHeight) / Math.max(lines, 3);
  if (spare <= 0) return;
  page.forEach((r) => { r.item.style.minHeight = r.item.offsetHeight + Math.min(spare, r.item.offsetHeight * 0.6) + 'px'; });
}

function drawStrip({ strip, pages, ends, at, headed, needs, columns, inner, height, stripHeight }) {
  const turns = strip.querySelector('.turns');
  strip.textContent = '';
  strip.hidden = !headed && pages.length < 2;
  strip.style.height = stripHeight + 'px';
  const ems = widthInEms(strip, needs.head);
  const size = Math.min(stripHeight * 0.8, (inner * (pages.length > 1 ? 0.66 : 1)) / (ems || 1));
  for (let i = 0; headed && i < columns; i++) {
    const head = strip.appendChild(el('span', 'head', needs.head));
    head.style.fontSize = size + 'px';
    head.style.padding = '0 ' + ends + 'px';
  }
  turns.hidden = pages.length < 2;
  turns.textContent = '';
  const room = inner - (headed ? size * ems : 0);
  if (pages.length > DOTS_MOST || pages.length * DOT * height > room) turns.textContent = isolated(at + 1 + ' / ' + pages.length);
  else pages.forEach((_, i) => turns.appendChild(el('i', i === at ? 'is-now' : '', '')));
  strip.appendChild(turns);
}
