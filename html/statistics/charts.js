// Pictures of numbers as SVG: bars, and a map of weekdays and hours. Readable without colour, in both directions of reading.

import { make } from '../shared/dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 200;
const TOP = 18;
const BOTTOM = 22;
// A narrower cell has no room for its number, a narrower step none for its name.
const ROOM_FOR_NUMBER = 16;
const DIGIT = 8;
const ROOM_FOR_NAME = 34;
const CELL = 26;
// The strongest colour of a cell on which its number is still read.
const STRONGEST = 0.35;

function draw(tag, attributes, text) {
  const el = document.createElementNS(SVG, tag);
  Object.keys(attributes).forEach((name) => el.setAttribute(name, attributes[name]));
  if (text !== undefined) el.textContent = text;
  return el;
}

function picture(width, height, title) {
  const svg = draw('svg', { viewBox: '0 0 ' + width + ' ' + height, role: 'img', 'aria-label': title });
  // In a page from right to left the first is at the right.
  const isMirrored = document.documentElement.dir === 'rtl';
  return { svg, at: (x, w) => (isMirrored ? width - x - w : x) };
}

/** Bars for each of `labels`, side by side for several `series` of numbers; `width` is in CSS pixels. */
export function bars(width, title, labels, series) {
  const { svg, at } = picture(width, HEIGHT, title);
  const most = Math.max(1, ...series.map((numbers) => Math.max(...numbers)));
  const step = width / labels.length;
  const bar = Math.min(48, (step * 0.8) / series.length);
  const base = HEIGHT - BOTTOM;
  // All bars have their number, or none has.
  const hasNumbers = bar >= String(most).length * DIGIT;
  const every = Math.ceil(ROOM_FOR_NAME / step);
  labels.forEach((label, i) => {
    series.forEach((numbers, n) => {
      const height = (numbers[i] / most) * (base - TOP);
      const x = at(i * step + (step - bar * series.length) / 2 + n * bar, bar);
      svg.appendChild(draw('rect', { class: 'series-' + n, x: x + 1, y: base - height, width: Math.max(1, bar - 2), height }));
      if (numbers[i] && hasNumbers) {
        svg.appendChild(draw('text', { x: x + bar / 2, y: base - height - 4, 'text-anchor': 'middle' }, numbers[i]));
      }
    });
    // A name at the edge of the picture is not cut.
    const x = Math.max(ROOM_FOR_NAME / 2, Math.min(width - ROOM_FOR_NAME / 2, at(i * step, step) + step / 2));
    if (i % every === 0) svg.appendChild(draw('text', { x, y: HEIGHT - 6, 'text-anchor': 'middle' }, label));
  });
  svg.appendChild(draw('line', { class: 'axis', x1: 0, y1: base, x2: width, y2: base }));
  return svg;
}

/** A row for each of `rows`, a column for each of `columns`; `numbers[row][column]` stands in each cell. */
export function heatMap(width, title, rows, columns, numbers) {
  const name = 44;
  const { svg, at } = picture(width, CELL * (rows.length + 1), title);
  const most = Math.max(1, ...numbers.map((row) => Math.max(...row)));
  const step = (width - name) / columns.length;
  const every = Math.ceil(20 / step);
  const text = (x, y, content) => svg.appendChild(draw('text', { x, y: y + CELL / 2 + 4, 'text-anchor': 'middle' }, content));
  columns.forEach((column, c) => { if (c % every === 0) text(at(name + c * step, step) + step / 2, 0, column); });
  rows.forEach((row, r) => {
    const y = CELL * (r + 1);
    text(at(0, name) + name / 2, y, row);
    numbers[r].forEach((number, c) => {
      const x = at(name + c * step, step);
      svg.appendChild(draw('rect', { class: 'cell', x, y, width: step, height: CELL, 'fill-opacity': (number / most) * STRONGEST }));
      if (number && step >= ROOM_FOR_NUMBER) text(x + step / 2, y, number);
    });
  });
  return svg;
}

/** Fills a table: the names of its columns, and its rows, each beginning with its own name. */
export function fillTable(table, heads, rows) {
  const head = table.querySelector('thead tr');
  const body = table.querySelector('tbody');
  head.textContent = '';
  body.textContent = '';
  heads.forEach((text) => head.appendChild(make('th', { scope: 'col', text })));
  rows.forEach(([name, ...cells]) => {
    const row = body.appendChild(make('tr', {}, [make('th', { scope: 'row', text: name, dir: 'auto' })]));
    // Where the columns have no room beside each other, each number says what it is.
    cells.forEach((text, i) => row.appendChild(make('td', { text: String(text), 'data-head': heads[i + 1] })));
  });
}
