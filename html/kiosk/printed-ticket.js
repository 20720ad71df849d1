// Prints a ticket with the browser's print function, on paper 80 mm wide and as long as its content.

import { $ } from '../shared/dom.js';
import { CLOCK, formatTime } from '../shared/time.js';

const WIDTH_MM = 80;
const MM_PER_PIXEL = 25.4 / 96;
// The picture of the code is worth so much waiting, and no more.
const PICTURE_MS = 1500;

let rule = null;

// The paper is as long as its content. CSS has no page size that fits the content, so it is set here.
function setPaper(lengthMm) {
  const sheet = document.styleSheets[document.styleSheets.length - 1];
  const text = '@page { size: ' + WIDTH_MM + 'mm ' + lengthMm + 'mm; margin: 0; }';
  try {
    if (rule !== null) sheet.deleteRule(rule);
    rule = sheet.insertRule(text, sheet.cssRules.length);
  } catch (e) { /* The sheet's own length stays. */ }
}

function picture(address) {
  const img = $('printed-qr');
  return new Promise((done) => {
    const end = (there) => () => {
      img.onload = img.onerror = null;
      img.hidden = !there;
      $('printed-phone').hidden = !there;
      done();
    };
    img.onload = end(true);
    img.onerror = end(false);
    setTimeout(() => { if (img.onload) end(false)(); }, PICTURE_MS);
    img.src = address;
  });
}

/** Prints one ticket; resolves when the browser has taken it, or its dialog was answered. */
export async function printTicket(ticket) {
  $('printed-office').textContent = ticket.office;
  $('printed-code').textContent = ticket.code;
  $('printed-what').textContent = ticket.what;
  $('printed-ahead').textContent = ticket.ahead;
  $('printed-estimate').textContent = ticket.estimate;
  $('printed-time').textContent = formatTime(ticket.at, { day: 'numeric', month: 'long', year: 'numeric' }, ticket.locale)
    + ', ' + formatTime(ticket.at, CLOCK, ticket.locale);
  await picture(ticket.qr);
  const code = $('printed-code');
  code.style.fontSize = Math.min(96, 270 / Math.max(2, ticket.code.length)) + 'pt';
  setPaper(Math.ceil($('printed').offsetHeight * MM_PER_PIXEL) + 1);
  window.print();
}
