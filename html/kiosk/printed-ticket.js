// Prints a ticket with the browser's print function. The server says what is on it, as for a network printer.

import { get } from '../shared/api.js';
import { $, make } from '../shared/dom.js';

const MM_PER_PIXEL = 25.4 / 96;
// How long to wait for the picture of the code.
const PICTURE_MS = 1500;
// A code of two characters has a third of the paper's width for each, and 96 pt at most.
const CODE_PT_PER_MM = 3.4;
const LARGEST_CODE_PT = 96;

let rule = null;

// The paper is as long as its content. CSS has no page size that fits the content, so it is set here.
function setPaper(widthMm, lengthMm) {
  const sheet = document.styleSheets[document.styleSheets.length - 1];
  const text = '@page { size: ' + widthMm + 'mm ' + lengthMm + 'mm; margin: 0; }';
  try {
    if (rule !== null) sheet.deleteRule(rule);
    rule = sheet.insertRule(text, sheet.cssRules.length);
  } catch (e) { /* The sheet's own length stays. */ }
}

/** Loads a picture; resolves to whether it is there in time. */
function load(img, address) {
  return new Promise((resolve) => {
    img.onload = () => resolve(true);
    img.onerror = () => resolve(false);
    setTimeout(() => resolve(false), PICTURE_MS);
    img.src = address;
  });
}

async function picture(id, address) {
  const img = make('img', { id, alt: '' });
  return address && await load(img, address) ? img : null;
}

/** Prints one ticket; resolves when the browser has taken it, or its dialog was answered. */
export async function printTicket({ id, qr, logo }) {
  const paper = await get('api/tickets/' + id + '/paper');
  const line = ({ role, text }) => make('p', { id: 'printed-' + role, dir: 'auto', text });
  const [code, mark] = await Promise.all([picture('printed-qr', paper.qr && qr), picture('printed-logo', logo)]);
  const lines = paper.lines.filter(({ role }) => code || role !== 'follow').map(line);
  const box = $('printed');
  box.lang = paper.language;
  box.style.width = paper.width + 'mm';
  box.textContent = '';
  [mark].concat(lines, code).filter(Boolean).forEach((part) => box.appendChild(part));
  const big = $('printed-code');
  const size = CODE_PT_PER_MM * paper.width / Math.max(2, big.textContent.length);
  big.style.fontSize = Math.min(LARGEST_CODE_PT, size) + 'pt';
  setPaper(paper.width, Math.ceil(box.offsetHeight * MM_PER_PIXEL) + 1);
  window.print();
}
