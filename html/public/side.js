// Draws the other desks and their tickets, at the side of the call or below it, in the layout of rows.js.

import { isolated } from '../shared/i18n.js';
import { DOTS_ROOM, GAP, deskParts, endsOf, sideOf } from './rows.js';

const DOTS_MOST = 6;
const DOT = 0.028;

const el = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

function write(box, word, rest) {
  box.textContent = '';
  if (word) box.appendChild(el('span', 'word', word + '\u00a0'));
  box.appendChild(document.createTextNode(isolated(rest)));
}

/** Writes a desk's name into `box`, its word apart from its number. */
export function writeDesk(box, name) {
  const { word, rest } = deskParts(name);
  write(box, word, rest);
}

/** Draws what the others need into `list`, below `strip` for what is said above them; `turn` says whose turn it is. */
export function drawSide({ needs, list, strip, height, columns, tall, turn }) {
  list.textContent = '';
  strip.hidden = true;
  if (!needs.rows.length) return;
  const box = list.parentNode;
  // What stood here before must not keep the box high.
  box.style.paddingTop = '';
  const side = sideOf(needs, { width: box.clientWidth, columns, height });
  const { lettering, pages, heights, head, space } = side.plan(box.clientHeight, tall);
  const at = turn % pages.length;
  const taken = box.clientHeight - space;
  box.style.paddingTop = taken + 'px';
  list.style.fontSize = lettering.size + 'px';
  list.classList.toggle('is-headed', !lettering.share);
  // What is left of the height goes to the rows, within reason, and there to the names.
  const lines = side.linesHeights(pages[at].map((i) => heights[i]));
  const spare = Math.max(0, space - lines.reduce((sum, one) => sum + one, 0)) / Math.max(lines.length, 2);
  const names = pages[at].map((i) => {
    const room = heights[i] + Math.min(spare, heights[i] * 0.6);
    return list.appendChild(rowOf(side, needs.rows[i], lettering, room)).lastChild;
  });
  // Whatever a browser measures otherwise, nothing is cut.
  for (let i = 0; list.offsetHeight > space + 1 && i < 30; i++) {
    names.forEach((name) => {
      name.parentNode.style.minHeight = '';
      if (!name.classList.contains('is-numbered')) name.style.fontSize = parseFloat(name.style.fontSize) * 0.95 + 'px';
    });
  }
  drawStrip({ strip, turns: pages.length, at, head, side, stripHeight: taken });
}

/** Letters `scale` as wide as their own, in `width` pixels and before a gap. */
function setNarrow(box, width, scale, gap) {
  box.style.width = width / scale + 'px';
  // What it is wider before it is drawn narrower takes no room.
  box.style[document.documentElement.dir === 'rtl' ? 'marginLeft' : 'marginRight'] = gap + width - width / scale + 'px';
  box.style.transform = scale < 1 ? 'scaleX(' + scale + ')' : '';
}

function rowOf(side, row, lettering, room) {
  const { em, narrow, isBelow, isBroken, wordShare } = side.rowAt(row, lettering, room);
  const { inner, needs } = side;
  const free = row.desk.ticket ? '' : ' free';
  const item = el('li', isBelow ? 'row is-below' : 'row', '');
  item.style.width = 100 / side.columns + '%';
  item.style.padding = '0 ' + endsOf(side.columns, side.height) + 'px';
  item.style.minHeight = room + 'px';
  const code = item.appendChild(el('span', 'code' + free, free ? '–' : row.desk.ticket.code));
  const scale = side.codeScale(lettering);
  setNarrow(code, needs.code * lettering.size * scale, scale, GAP * lettering.size);
  const name = item.appendChild(el('span', 'name' + free, ''));
  name.dir = 'auto';
  write(name, row.word, row.name);
  name.style.fontSize = em + 'px';
  setNarrow(name, isBelow ? inner : Math.floor(side.besideCode(lettering)) - 1, narrow, 0);
  name.classList.toggle('is-broken', Boolean(isBroken));
  name.style.paddingBottom = row.word ? '' : row.below + 'em';
  if (!row.word) return item;
  name.classList.add('is-numbered');
  name.firstChild.hidden = !wordShare;
  name.firstChild.style.fontSize = wordShare + 'em';
  return item;
}

function drawStrip({ strip, turns, at, head, side, stripHeight }) {
  const dots = strip.querySelector('.turns');
  strip.textContent = '';
  strip.hidden = !stripHeight;
  strip.style.height = stripHeight + 'px';
  for (let i = 0; head && i < head.columns; i++) {
    const box = strip.appendChild(el('span', 'head', side.needs.head));
    const ends = endsOf(side.columns, side.height);
    box.style.fontSize = head.size + 'px';
    box.style.padding = '0 ' + ends / head.narrow + 'px';
    setNarrow(box, head.width + 2 * ends, head.narrow, 0);
  }
  dots.hidden = turns < 2;
  dots.textContent = '';
  const room = head ? DOTS_ROOM * side.height : side.inner;
  if (turns > DOTS_MOST || turns * DOT * side.height > room) dots.textContent = isolated(at + 1 + ' / ' + turns);
  else for (let i = 0; i < turns; i++) dots.appendChild(el('i', i === at ? 'is-now' : '', ''));
  strip.appendChild(dots);
}
