// How the other desks stand at the side of the public screen, reckoned without drawing: codes, numbers and names
// of desks never under 7 % of the screen's height, so the rest gives way. The word before a number is set
// smaller, or said once above all of them; who does not fit comes by turns. Where that costs many turns
// letters become narrower, not smaller. Only a name that has no room even then shrinks, never under 3 %.

import { widthInEms } from '../shared/fit.js';
import { isNumbered, t } from '../shared/i18n.js';

// As font sizes: a capital of the system typefaces is 0.70 to 0.73 of its font size high.
export const CAPITAL = 0.7;
export const ROW_LEAST = 0.0705 / CAPITAL;
export const ROW_MOST = 0.1 / CAPITAL;
export const NAME_LEAST = 0.0305 / CAPITAL;
const STEPS = 5;
const NAME_STEPS = 9;
// The widths that letters may have, of their own; codes and numbers are not narrower than the second figure.
const NARROWS = [1, 0.87, 0.75, 0.65, 0.56, 0.48, 0.42, 0.37];
const NARROWEST = NARROWS[NARROWS.length - 1];
const NARROWEST_CODE = 0.55;
// As good as their own width where it spares a turn, and what is reckoned with where room is shared out.
const NARROW_WELL = 0.75;
const NARROW_FAIR = 0.5;
// One more line of a name is worth this much more of their width.
const NARROW_WORTH = 1.3;
export const ROWS_MOST = 8;
// The turns for which a name is not set narrower: up to three desks are always seen at once.
const turnsFor = (desks) => (desks < 4 ? 1 : Math.max(2, Math.ceil(desks / 5)));
// Of a row, in ems: beside the code, of its line, of a row of one line, and of a name's lines; of the height: the ends.
export const GAP = 0.35;
const CODE_LINE = 0.92;
const LINE = 0.95;
const NAME_LINE = 1.02;
const NAME_BELOW = 0.06;
const NAME_BELOW_DEEP = 0.2;
// Scripts whose letters go far below the line.
export const DEEP = /[\u0590-\u08ff]/;
const ENDS = 0.012;
const ENDS_OF_COLUMNS = 0.03;
const WORD_SHARES = [1, 0.75, 0.55, 0.42];
const LEAST_SHARE = 0.25;
const NAME_SHARE = 0.85;
// Rather than said above, the word stays where the numbers lose no more than this by it.
const WORTH = 0.8;
// Browsers round the widths of letters, each in its way.
const SAFE = 0.98;
const STRIP = 0.046;
const STRIP_TALL = 0.034;
const HEAD_LINE = 1.12;
export const DOTS_ROOM = 0.11;
const COLUMNS_MOST = 3;

/** «Ventanilla 3»: people look for the number, so where room is short the word gives way first. */
export function deskParts(name) {
  if (isNumbered(name)) return { word: t('public.desk'), rest: name };
  const found = /^(\S{1,16}) (\d{1,4}[A-Za-z]?)$/.exec(name);
  return found ? { word: found[1], rest: found[2] } : { word: '', rest: name };
}

/** «Consulta de enfermería» where all of several desks are that and a number or a letter; otherwise nothing. */
function sharedWords(others) {
  const found = others.map((desk) => /^(.+) (\d{1,4}[A-Za-z]?|[A-Z])$/.exec(desk.name));
  return found.length > 1 && found.every((it) => it && it[1] === found[0][1]) ? found[0][1] : '';
}

const longest = (widths) => Math.max.apply(null, [0].concat(widths));

/** What the `others` need, in ems of `el`'s typeface: each row, and the widest of all. */
export function needsOf(others, el) {
  const ems = (text) => widthInEms(el, text);
  const wordsOf = (text) => text.split(' ').map(ems);
  const shared = sharedWords(others);
  const rows = others.map((desk) => {
    const { word, rest } = shared ? { word: shared, rest: desk.name.slice(shared.length + 1) } : deskParts(desk.name);
    // A number at the end of a name stays with the word before it.
    const name = rest.replace(/ (\S{1,2})$/, '\u00a0$1');
    const words = word ? [] : wordsOf(name);
    return {
      desk, word, name, words,
      below: DEEP.test(name) ? NAME_BELOW_DEEP : NAME_BELOW,
      code: desk.ticket ? ems(desk.ticket.code) : 0,
      wordWidth: word ? ems(word + '\u00a0') : 0,
      number: word ? ems(name) : 0,
      longest: longest(words),
    };
  });
  const widest = (what) => longest(rows.map((row) => row[what]));
  // Said once above all of them only where it is true of all of them.
  const head = rows.length && rows.every((row) => row.word === rows[0].word) ? rows[0].word : '';
  return {
    rows, head,
    headWords: wordsOf(head),
    space: ems(' '),
    code: Math.max(1.2, widest('code')),
    number: widest('number'),
    word: widest('wordWidth'),
    name: widest('longest'),
  };
}

/** The least width with which codes and numbers stand beside each other. */
export const leastWidth = (needs, height) => (needs.code + GAP + Math.max(needs.number, 0.8)) * ROW_LEAST * height + 4 * ENDS * height;

/** The width that no word of a name needs to be set narrower for. */
export const nameWidth = (needs, height) => needs.name * 1.03 * ROW_LEAST * height + 4 * ENDS * height;

/** How many columns there can be. */
export function columnsOf(needs, width, height) {
  const each = Math.max(leastWidth(needs, height), needs.name * ROW_LEAST * NARROW_FAIR * height);
  return Math.max(1, Math.min(COLUMNS_MOST, Math.floor(width / (each + 2 * ENDS_OF_COLUMNS * height))));
}

export const endsOf = (columns, height) => (columns > 1 ? ENDS_OF_COLUMNS : ENDS) * height;

/** On how many lines `words` stand that are `width` wide. */
function linesOf(words, space, width) {
  let lines = 1;
  let used = 0;
  words.forEach((word) => {
    if (used && used + space + word > width) {
      lines += 1;
      used = 0;
    }
    used += word + (used ? space : 0);
    for (; used > width; used -= width) lines += 1;
  });
  return lines;
}

/** One side of a given width and height in pixels, and what can be done with it. */
class Side {
  constructor(needs, { width, columns, height }) {
    Object.assign(this, { needs, columns, width, height });
    this.inner = width / columns - 2 * endsOf(columns, height);
    this.least = ROW_LEAST * height;
    this.nameLeast = NAME_LEAST * height;
  }

  /** How wide a code's letters are, of their own width. */
  codeScale({ size, narrow }) {
    return Math.min(Math.max(narrow, NARROWEST_CODE), this.inner / size / this.needs.code);
  }

  besideCode(lettering) {
    return this.inner - (this.needs.code * this.codeScale(lettering) + GAP) * lettering.size;
  }

  numberSize(size) {
    return Math.max(NAME_SHARE * size, this.least);
  }

  /** The share of the word with which all numbers stand beside their codes; 0 where it must go above them. */
  shareAt(lettering) {
    const { head, word, number } = this.needs;
    const em = this.numberSize(lettering.size) * this.codeScale(lettering);
    return WORD_SHARES.slice(0, head ? 3 : 4).filter((share) => (word * share + number) * em <= this.besideCode(lettering))[0] || 0;
  }

  /** The looks that rows of codes of `size` may have: narrower and narrower, then names smaller and smaller. */
  letteringsAt(size) {
    const most = this.numberSize(size);
    const all = NARROWS.map((narrow) => ({ size, narrow, name: most }));
    for (let i = 1; this.needs.name && i <= NAME_STEPS; i++) {
      all.push({ size, narrow: NARROWEST, name: most * Math.pow(this.nameLeast / most, i / NAME_STEPS) });
    }
    return all;
  }

  numberedAt(row, lettering) {
    const { size, share } = lettering;
    const em = this.numberSize(size);
    const narrow = this.codeScale(lettering);
    const room = this.besideCode(lettering) / em / narrow - row.number;
    const isBelow = (share && LEAST_SHARE) * row.wordWidth > room;
    const fits = ((isBelow ? this.inner / em / narrow - row.number : room) / row.wordWidth) * SAFE;
    return {
      em, narrow, isBelow,
      wordShare: share && Math.max(LEAST_SHARE, Math.min(share, fits)),
      height: isBelow ? (size + em) * CODE_LINE : size * LINE,
    };
  }

  wordedAt(row, lettering, em, narrow) {
    const { size } = lettering;
    const each = em * narrow;
    const room = this.besideCode(lettering);
    const high = (width) => em * (linesOf(row.words, this.needs.space, (width / each) * SAFE) * NAME_LINE + row.below);
    const below = size * CODE_LINE + high(this.inner);
    const beside = row.longest * each <= room * SAFE ? Math.max(size * LINE, high(room)) : Infinity;
    return { em, narrow, isBelow: below < beside, isBroken: row.longest * each > this.inner, height: Math.min(below, beside) };
  }

  /** One row of `lettering`, its name wider than there where there is `room`. */
  rowAt(row, lettering, room = 0) {
    if (row.word) return this.numberedAt(row, lettering);
    // Narrower or smaller than there where a word has no room otherwise.
    const whole = (this.inner / row.longest) * SAFE;
    const em = Math.min(lettering.name, Math.max(this.nameLeast, whole / NARROWEST));
    const at = this.wordedAt(row, lettering, em, Math.max(NARROWEST, Math.min(lettering.narrow, whole / em)));
    return NARROWS.filter((narrow) => narrow > at.narrow && narrow * em <= whole).map((narrow) => this.wordedAt(row, lettering, em, narrow))
      .filter((it) => it.isBelow === at.isBelow && it.height <= (it.narrow > at.narrow * NARROW_WORTH ? Math.max(room, at.height) : at.height))[0] || at;
  }

  /** The words said once above all rows: how large, above how many columns, how wide and high; beside the dots where there are turns. */
  headAt(hasTurns) {
    const { head, headWords, space } = this.needs;
    if (!head) return { height: 0 };
    const ems = headWords.reduce((sum, word) => sum + word + space, 0);
    const room = (width) => width - (hasTurns ? DOTS_ROOM * this.height : 0);
    const isRepeated = this.columns > 1 && ems * this.nameLeast < room(this.inner);
    const width = isRepeated ? this.inner : room(this.width - 2 * endsOf(this.columns, this.height));
    const size = Math.max(this.nameLeast, Math.min(STRIP * 0.8 * this.height, (width / ems) * SAFE));
    const narrow = Math.max(NARROWEST, Math.min(1, (width / ems / size) * SAFE));
    const lines = linesOf(headWords, space, (width / size / narrow) * SAFE);
    return { size, narrow, width, columns: isRepeated ? this.columns : 1, height: lines * size * HEAD_LINE };
  }

  /** The heights of the lines of rows, whose own `heights` are given. */
  linesHeights(heights) {
    const lines = [];
    for (let i = 0; i < heights.length; i += this.columns) lines.push(longest(heights.slice(i, i + this.columns)) + 1);
    return lines;
  }

  /** The rows of each turn, as their places. */
  pagesIn(heights, space, most) {
    const pages = [];
    let used = Infinity;
    this.linesHeights(heights).forEach((line, i) => {
      if (used + line > space || pages[pages.length - 1].length + this.columns > Math.max(most, this.columns)) {
        pages.push([]);
        used = 0;
      }
      used += line;
      for (let j = i * this.columns; j < Math.min((i + 1) * this.columns, heights.length); j++) pages[pages.length - 1].push(j);
    });
    return pages;
  }

  layOut(lettering, boxHeight, turnsHeight) {
    const heights = this.needs.rows.map((row) => this.rowAt(row, lettering).height);
    const laid = (hasTurns, most) => {
      const head = lettering.share ? null : this.headAt(hasTurns);
      const space = boxHeight - Math.max(hasTurns ? turnsHeight : 0, head ? head.height : 0);
      return { lettering, heights, head, space, pages: this.pagesIn(heights, space, most) };
    };
    const one = laid(false, ROWS_MOST);
    if (one.pages.length === 1) return one;
    const several = laid(true, ROWS_MOST);
    // As many on each turn.
    const even = laid(true, Math.ceil(heights.length / several.pages.length / this.columns) * this.columns);
    return even.pages.length === several.pages.length ? even : several;
  }

  /** How to draw it: names of 7 %, few turns, letters that are not too narrow, then the fewest turns and the largest letters. */
  plan(boxHeight, tall) {
    const { needs, least } = this;
    const judged = (lettering) => {
      const it = this.layOut(lettering, boxHeight, (tall ? STRIP_TALL : STRIP) * this.height);
      const beside = needs.rows.every((row) => !row.word || !this.numberedAt(row, lettering).isBelow);
      const worth = lettering.size * (lettering.share ? 1 : WORTH) * (beside ? 1 : 0.5) * Math.pow(this.codeScale(lettering), 2);
      const turns = it.pages.length;
      const fits = it.heights.every((one) => one <= it.space);
      it.order = [fits ? 1 : 0, Math.min(lettering.name, least), -Math.max(0, turns - turnsFor(needs.rows.length)),
        Math.min(lettering.narrow, NARROW_WELL), -turns, fits ? worth : -lettering.size];
      return it;
    };
    const isBetter = (a, b) => {
      const first = a.order.findIndex((value, i) => value !== b.order[i]);
      return first >= 0 && a.order[first] > b.order[first];
    };
    let best = null;
    for (let step = 0; step <= STEPS; step++) {
      const size = (ROW_MOST + (ROW_LEAST - ROW_MOST) * (step / STEPS)) * this.height;
      this.letteringsAt(size).forEach((lettering) => {
        const share = this.shareAt(lettering);
        // Said above only where it would be smaller beside the number.
        const shares = !needs.head ? [share || 0.75] : [share, 0].slice(share ? 0 : 1, share === 1 ? 1 : 2);
        shares.forEach((one) => {
          const it = judged(Object.assign({ share: one }, lettering));
          if (!best || isBetter(it, best)) best = it;
        });
      });
    }
    return best;
  }
}

export const sideOf = (needs, place) => new Side(needs, place);

/** The least height of so many lines of rows in all of `width`, with the strip for the turns. */
export function rowsHeight(lines, needs, { width, columns, height }) {
  const side = sideOf(needs, { width, columns, height });
  const size = ROW_LEAST * height;
  const lettering = { size, narrow: lines > 1 ? NARROW_FAIR : NARROWEST, name: size, share: needs.head ? 0 : WORD_SHARES[WORD_SHARES.length - 1] };
  const all = side.linesHeights(needs.rows.map((row) => side.rowAt(row, lettering).height)).sort((a, b) => b - a);
  const shown = Math.min(lines, all.length);
  const rows = all.slice(0, shown).reduce((sum, one) => sum + one, 0);
  return rows + Math.max(STRIP_TALL * height, side.headAt(true).height) + 0.006 * height;
}

/** What one row needs at the very least: its name gives way for it. */
export const rowLeast = (height) => (ROW_LEAST * 2 * LINE + STRIP_TALL) * height;
