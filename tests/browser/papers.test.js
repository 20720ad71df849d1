// Tickets on paper in seven languages, from the network printer and from the kiosk's browser: both say the same.
// With PAPERS=FILE.png they are drawn side by side.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { linesOf, read } from './escpos.mjs';
import { draw } from './papers.mjs';
import { Printer, Server, launch, open, until } from './support.mjs';

const PICTURE = process.env.PAPERS;
const URL = 'https://turnos.example';
// The prefix of a service, its name, the language of whoever takes the ticket, and the name as the printer prints it.
const TICKETS = [
  ['A', 'Atención al público', 'es'],
  ['B', 'Řidičské průkazy', 'en'],
  ['C', 'Wydział Paszportów w Łodzi', 'en'],
  ['D', 'Πληροφορίες πολιτών', 'en'],
  ['E', 'Выдача паспортов', 'en'],
  ['F', 'Nüfus işlemleri İğdır', 'en'],
  ['G', 'الاستقبال والاستعلامات', 'ar', /^[ -~]*[a-z]{4}[ -~]*$/],
];
const WIDTHS = [58, 80];
let server;
let browser;
const printers = [];
const papers = [];

before(async () => {
  server = await Server.start();
  browser = await launch();
  const list = [];
  for (const width of WIDTHS) {
    for (const qr of ['native', 'picture', 'none']) {
      const printer = Object.assign(await Printer.start(), { name: width + qr, width, qr });
      printers.push(printer);
      list.push({ name: printer.name, address: printer.address, width, qr });
    }
  }
  for (const [prefix, name] of TICKETS) await server.call('PUT', 'services/' + prefix, { name });
  await server.call('PUT', 'settings', {
    name: 'Municipio de Ñuñoa', timeZone: 'Europe/Madrid', printTickets: true, publicUrl: URL, printers: list,
    priorities: [{ name: 'normal' }, { name: 'urgent', names: { es: 'Urgente', en: 'Urgent', ar: 'عاجل' }, weight: 4 }],
    paperText: { es: 'Tenga a mano su documento.', en: 'Please have your document ready.', ar: 'يرجى تجهيز الوثائق.' },
  });
});
after(async () => {
  if (PICTURE && papers.length) await draw(browser, papers, PICTURE);
  if (browser) await browser.close();
  if (server) await server.stop();
});

/** A ticket that a person takes at a kiosk with this printer, on both papers. */
async function take(page, printer, [prefix, , lang]) {
  const had = printer.papers.length;
  await page.goto(server.url + '/new-ticket.html?lang=' + lang + '&printer=' + printer.name);
  await until('it offers tickets', () => page.isEnabled('[data-key="' + prefix + '"]'));
  await page.click('[data-key="' + prefix + '"]');
  await until('it asks', () => page.isEnabled('[data-key="urgent"]'));
  await page.click('[data-key="urgent"]');
  await until('both papers are there', async () => printer.papers.length > had && await page.evaluate(() => window.prints.length));
  const slip = page.locator('#printed');
  const lines = await slip.locator('p').allTextContents();
  await page.evaluate(() => { const { style } = document.getElementById('printed'); style.visibility = 'visible'; style.zIndex = 9; });
  const picture = PICTURE ? (await slip.screenshot()).toString('base64') : '';
  return { parts: read(printer.papers[had]), lines, slip: picture, printer, lang };
}

for (const width of WIDTHS) {
  for (const qr of ['native', 'picture', 'none']) {
    // Each width and each form of the code once; for the picture all of them.
    if (!PICTURE && (width === 58) !== (qr === 'native')) continue;
    test('on ' + width + ' mm with the QR code «' + qr + '» both papers say the same, in every script', async () => {
      const printer = printers.find((one) => one.width === width && one.qr === qr);
      await server.call('PUT', 'settings', { paperWidth: width, paperQr: qr !== 'none' });
      const page = await open(browser, 'about:blank', { before: () => { window.prints = []; window.print = () => window.prints.push(1); } });
      for (const ticket of TICKETS) {
        const [prefix, name, lang, printed] = ticket;
        const paper = await take(page, printer, ticket);
        papers.push(paper);
        const lines = linesOf(paper.parts);
        if (printed) {
          assert.match(lines[1], printed);
          assert.ok(lines.includes('Urgent'), lines);
        } else assert.deepEqual(lines.join(' ').replace(/\s+/g, ' '), paper.lines.join(' ').replace(/\s+/g, ' '));
        assert.equal(paper.lines[1], name);
        assert.match(paper.lines[2], new RegExp('^' + prefix + '\\d+$'));
        assert.equal(lines[2], paper.lines[2]);
        const columns = width === 58 ? 32 : 42;
        for (const { text = '', size = 1 } of paper.parts) assert.ok(text.length * size <= columns, text);
        const drawn = paper.parts.filter((part) => part.qr || part.picture);
        assert.equal(drawn.length, qr === 'none' ? 0 : 1, lang);
        if (qr === 'native') assert.match(drawn[0].qr, new RegExp('^' + URL + '/t/[0-9a-f]{32}$'));
        if (qr === 'picture') assert.ok(drawn[0].picture.width <= (width === 58 ? 384 : 576));
        assert.deepEqual(paper.parts[paper.parts.length - 1], { cut: true });
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}
