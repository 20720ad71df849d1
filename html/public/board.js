// Layout of the public screen, found by measuring. The height of capital letters decides how far a text can be read, so
// everything else gives way to it.

import { $ } from '../shared/dom.js';
import { fitNarrowed, fitText, widthInEms } from '../shared/fit.js';
import { byName } from '../shared/state.js';
import { CAPITAL, DEEP, NAME_LEAST, ROWS_MOST, ROW_MOST, columnsOf, deskParts, leastWidth, nameWidth, needsOf, rowLeast, rowsHeight } from './rows.js';
import { drawSide } from './side.js';

// Shares of the screen's height, from EN 301 549 (12.2 mm of capital height a metre), as font sizes.
const CODE_LEAST = 0.305 / CAPITAL;
const CODE_MOST = 0.38 / CAPITAL;
const DESK_LEAST = 0.122 / CAPITAL;
const DESK_MOST = 0.16 / CAPITAL;
// What is too wide is set narrower before it is set smaller: height is what carries far. Two columns end where the
// code would become narrower than the first; upright, and for a desk's name, letters may be as narrow as a poster's.
const NARROWEST_BESIDE = 0.68;
const NARROWEST = 0.31;
// Of what a long name could have.
const NAME_TARGET = 0.75;
// Of the width.
const SIDE_MOST = 0.42;
const WORD_SHARES = [1, 0.7, 0.5, 0.36, 0.28];
// A word of a name that would have to be smaller than this share of the least is broken.
const WHOLE = 0.2;
const STALE = 0.043 / CAPITAL;
// Pictures of the office have a place where the screen is wide, and leave the others these rows; one, where they
// would be too small beside more.
const MEDIA_RATIO = 1.5;
const MEDIA_LEAST_PX = 1000;
const MEDIA_ROWS = 4;
const MEDIA_ROWS_WELL = 2;
const MEDIA_WIDTH_LEAST = 0.42;
const MEDIA_HEIGHT_LEAST = 0.2;

/** The desks at the side: all but the one in large letters, unless it has moved on meanwhile. */
function otherDesks(desks, call) {
  const same = (d) => call && d.name === call.desk && (!d.ticket || d.ticket.code === call.code);
  const others = desks.filter((d) => (d.open || d.ticket) && !same(d)).sort(byName);
  // Free desks are worth a row only while there are rows to spare.
  return others.length > ROWS_MOST ? others.filter((d) => d.ticket) : others;
}

let drawn = '';
let mediaShown = false;

/** Measures again at the next drawing: something changed that this file does not know of. */
export function measureAgain() {
  drawn = '';
}

/**
 * Gives everything its size and place: the large call, the others at its side (`turn` says whose turn it
 * is where not all fit), the message. Gives back whether there is a place for the office's pictures.
 */
export function drawBoard({ office, desks, call, turn, hasMedia }) {
  const width = document.documentElement.clientWidth;
  const height = window.innerHeight;
  const others = otherDesks(desks, call);
  // Measuring is dear on an old television, and most events change nothing of this.
  const what = JSON.stringify([width, height, turn, hasMedia, office.name, office.message, call && [call.code, call.desk],
    others.map((d) => [d.name, d.ticket && d.ticket.code]),
    ['call-label', 'waiting', 'none-what', 'muted', 'stale'].map((id) => [$(id).hidden, $(id).textContent])]);
  if (what === drawn) return mediaShown;
  drawn = what;
  const needs = needsOf(others, $('code'));
  let least = others.length ? leastWidth(needs, height) : 0;
  // The others go below where the screen is upright, or the codes too long for two columns: by the longest there is,
  // or the whole screen would be another at every call.
  const code = call ? Math.max(widthInEms($('code'), call.code), needs.code) * CODE_LEAST * NARROWEST_BESIDE * height : 0;
  const tall = width < height * 1.15 || (others.length > 0 && code + least + 0.13 * height > width);
  document.documentElement.classList.toggle('is-tall', tall);
  fitText($('office'), $('top').clientWidth - headTaken(), $('top').clientHeight, (tall ? 0.022 : 0.036) * height, 0);
  drawMessage(office.message, height, tall);
  if (!$('stale').hidden) fitText($('stale-text'), width - 0.04 * height, $('top').clientHeight, STALE * height, 0);
  // A long word of a name is worth what width the side may have.
  least = Math.max(least, Math.min(nameWidth(needs, height), width * SIDE_MOST, width - code - 0.13 * height));
  const board = $('board');
  const room = { width: board.clientWidth - 0.04 * height, height: board.clientHeight - 0.02 * height };
  const place = { others, call, needs, height, room };
  let columns = 1;
  if (tall) {
    mediaShown = false;
    columns = drawBelow(place);
  } else {
    const wide = width >= MEDIA_RATIO * height && width >= MEDIA_LEAST_PX;
    const mediaLeast = Math.max(least, MEDIA_WIDTH_LEAST * height);
    mediaShown = hasMedia && wide && code + mediaLeast + 0.13 * height <= width && drawBeside(place, mediaLeast, true);
    if (!mediaShown) drawBeside(place, least, false);
  }
  if (!call) drawNone(height, tall);
  drawSide({ needs, list: $('others'), strip: $('strip'), height, columns, tall, turn });
  return mediaShown;
}

// Nobody called yet: who this is, what to do, and that the screen lives.
function drawNone(height, tall) {
  const card = $('call');
  card.style.paddingBottom = tall ? '' : badgeHeight(height, tall) + 'px';
  const width = card.clientWidth - 0.08 * height;
  const room = $('none').clientHeight;
  fitText($('none-office'), width, room * 0.36, (tall ? 0.07 : 0.16) * height, 0);
  fitText($('none-what'), width, room * 0.25, (tall ? 0.032 : 0.06) * height, 0);
}

// The badge about blocked sound lies on nothing.
function badgeHeight(height, tall) {
  return $('muted').hidden ? 0 : $('muted').offsetHeight + (tall ? 0.02 : 0.032) * height;
}

// What stands beside the office's name in the top line.
function headTaken() {
  const style = getComputedStyle($('top'));
  const gap = parseFloat(style.gridColumnGap || style.columnGap) || 0;
  return $('waiting').offsetWidth + $('clock-box').offsetWidth + 2 * gap
    + parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
}

function drawMessage(message, height, tall) {
  $('message').hidden = !message;
  $('message-text').textContent = message || '';
  if (!message) return;
  const style = getComputedStyle($('message'));
  const inner = $('message').clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const most = (tall ? 0.024 : 0.038) * height;
  // A little smaller is better than a last line of one word.
  const line = inner / widthInEms($('message-text'), message) * 0.99;
  fitText($('message-text'), inner, (tall ? 0.06 : 0.08) * height, line < most && line > most * 0.7 ? line : most, 0);
}

function placeSide(hasOthers, hasMedia, width, mediaHeight) {
  $('side').hidden = !hasOthers && !hasMedia;
  $('side').style.width = width + 'px';
  $('others-box').hidden = !hasOthers;
  $('media').hidden = !hasMedia;
  $('media').style.height = mediaHeight + 'px';
}

/** Gives back in how many columns the others stand. */
function drawBelow({ others, call, needs, height, room }) {
  placeSide(others.length > 0, false, room.width, 0);
  const columns = columnsOf(needs, room.width, height);
  if (!call) return columns;
  const callBeside = (kept) => drawCall(call, room.width - 0.02 * height, room.height - kept, height, true);
  const beside = (lines) => callBeside(lines ? rowsHeight(lines, needs, { width: room.width, columns, height }) : 0);
  // As many of the others as can be, as long as the desk's name keeps its height, or most of what it could
  // have where it is too long for that; one of them in any case, with a small name where both are long.
  const least = others.length ? 1 : 0;
  const best = beside(least);
  const target = Math.min(DESK_LEAST * height, Math.max(best < DESK_LEAST * height ? best * NAME_TARGET : best, NAME_LEAST * height));
  let lines = Math.ceil(Math.min(others.length, ROWS_MOST) / columns);
  while (lines > least && beside(lines) < target) lines -= 1;
  if (lines === least && beside(lines) < NAME_LEAST * height) callBeside(rowLeast(height));
  return columns;
}

/** Gives back whether it did: no pictures where their place would be too small. */
function drawBeside({ others, call, needs, height, room }, least, hasMedia) {
  const names = Math.max(needs.word + needs.number, needs.name);
  const target = hasMedia ? room.width : (needs.code + names * 0.8 + 0.5) * ROW_MOST * height + 0.05 * height;
  const widths = others.length || hasMedia ? [sideShare(call, room.width, height, least, target), least] : [0];
  for (const width of widths) {
    const media = hasMedia ? mediaHeight(others, needs, width, height, room.height) : 0;
    if (hasMedia && media < MEDIA_HEIGHT_LEAST * height) return false;
    placeSide(others.length > 0, hasMedia, width, media);
    const left = room.width - (width ? width + 0.02 * height : 0);
    // Where narrower letters are not enough, a long name gets what width the side can spare.
    if (!call || drawCall(call, left - 0.06 * height, room.height, height, false) >= DESK_LEAST * height) break;
  }
  return true;
}

function mediaHeight(others, needs, width, height, room) {
  if (!others.length) return room;
  // Most pictures are wider than high: rows give way to them, as far as turns make up for it.
  let rows = Math.min(others.length, MEDIA_ROWS);
  const left = () => room - rowsHeight(rows, needs, { width, columns: 1, height }) - 0.02 * height;
  while (rows > 1 && left() < (rows > MEDIA_ROWS_WELL ? width * 0.5 : MEDIA_HEIGHT_LEAST * height)) rows -= 1;
  return Math.min(left(), width * 0.75);
}

/** How wide the side may be so that the large code still has its height. */
function sideShare(call, width, height, least, target) {
  const code = call ? widthInEms($('code'), call.code) * CODE_LEAST * height : 0;
  const beside = (narrowing) => width - code * narrowing - 0.09 * height;
  const most = Math.max(least, Math.min(target, width * SIDE_MOST));
  if (beside(1) >= least) {
    // The longest word of the desk's name is worth width too, as far as the side can spare it.
    const desk = call ? widthInEms($('desk'), longestWord(call.desk)) * DESK_LEAST * height : 0;
    const spare = Math.min(beside(1), Math.max(least, width - desk - 0.09 * height));
    return Math.min(most, spare);
  }
  return Math.max(Math.min(least, width * 0.3), Math.min(least, beside(NARROWEST_BESIDE)));
}

function longestWord(name) {
  const parts = deskParts(name);
  // Not the whole word: it may be set smaller than its number.
  if (parts.word) return parts.word.slice(0, Math.ceil(parts.word.length * 0.7)) + ' ' + parts.rest;
  return name.split(' ').reduce((longest, one) => (one.length > longest.length ? one : longest), '');
}

/** Gives back the size of the desk's name. */
function drawCall(call, width, room, height, tall) {
  const code = $('code');
  const desk = $('desk');
  const word = desk.querySelector('.word');
  desk.classList.toggle('is-deep', DEEP.test(call.desk));
  const ems = widthInEms(code, call.code);
  const narrowest = tall ? NARROWEST : NARROWEST_BESIDE;
  // The label, the air around the code, and the badge.
  const badge = badgeHeight(height, tall);
  $('call').style.paddingBottom = tall ? '' : badge + 'px';
  const labelHeight = $('call-label').offsetHeight + badge + (tall ? 0.045 : 0.07) * height;
  const set = (size) => {
    const scale = Math.min(1, width / (ems * size));
    const fitted = scale < narrowest ? (size * scale) / narrowest : size;
    code.style.fontSize = fitted + 'px';
    code.style.transform = 'translateX(-50%) scaleX(' + Math.max(scale, narrowest) + ')';
    $('code-box').style.height = fitted * 0.74 + 'px';
    return fitted * 0.74;
  };
  const fitDesk = (used) => {
    const box = room - used - labelHeight;
    let size = 0;
    for (const share of word ? WORD_SHARES : [1]) {
      if (word) word.style.fontSize = share + 'em';
      size = fitNarrowed(desk, width, box, {
        least: DESK_LEAST * height, most: DESK_MOST * height, whole: DESK_LEAST * height * WHOLE, narrowest: word ? 1 : NARROWEST,
      });
      if (size >= DESK_LEAST * height) break;
    }
    return size;
  };
  // As large as it goes without narrowing, then the desk's name in what is left.
  const target = tall ? CODE_LEAST * height
    : Math.max(CODE_LEAST * height, Math.min(CODE_MOST * height, width / ems));
  const got = fitDesk(set(target));
  if (got >= DESK_LEAST * height || target === CODE_LEAST * height) return got;
  return fitDesk(set(CODE_LEAST * height));
}
