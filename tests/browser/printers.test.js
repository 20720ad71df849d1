// An office with several ticket printers: which of them a kiosk and a desk use, and whom they warn.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Printer, Server, hidden, launch, open, shows, until, visible } from './support.mjs';

let hall;
let annexe;
let server;
let browser;

before(async () => {
  hall = await Printer.start();
  annexe = await Printer.start();
  server = await Server.start();
  browser = await launch();
  const printers = [{ name: 'hall', address: hall.address }, { name: 'annexe', address: annexe.address }];
  await server.call('PUT', 'settings', { printers });
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

async function kiosk(query = '', options) {
  const page = await open(browser, server.url + '/new-ticket.html' + query, options);
  await until('it offers tickets', () => page.isEnabled('.service'));
  return page;
}

async function take(page) {
  await page.click('.service');
  await visible(page, '#given');
  return page.textContent('#code');
}

test('a kiosk prints on the printer that its address names, or else on the first', async () => {
  for (const [query, printer, other] of [['?printer=annexe', annexe, hall], ['', hall, annexe]]) {
    const [had, others] = [printer.papers.length, other.papers.length];
    const page = await kiosk(query);
    const code = await take(page);
    await until('it is printed', () => printer.papers.length === had + 1);
    assert.equal(printer.codes().slice(-1)[0], code);
    assert.equal(other.papers.length, others);
    await page.context().close();
  }
});

test('a ticket taken on a phone is not printed', async () => {
  const had = hall.papers.length;
  const phone = await kiosk('', { size: [390, 844] });
  await take(phone);
  await phone.context().close();
  const page = await kiosk();
  const code = await take(page);
  await until('the next is printed', () => hall.papers.length > had);
  assert.equal(hall.codes()[had], code);
  await page.context().close();
});

test('a kiosk warns about its own printer only, and so does one whose printer does not exist', async () => {
  const words = 'La impresora no puede imprimir ahora: anote su número.';
  annexe.hasPaper = false;
  try {
    const own = await kiosk('?printer=annexe');
    await take(own);
    await shows(own, '#write', words);
    const other = await kiosk();
    await take(other);
    await hidden(other, '#write');
    const none = await kiosk('?printer=cellar');
    await take(none);
    await shows(none, '#write', words);
    for (const page of [own, other, none]) await page.context().close();
  } finally {
    annexe.hasPaper = true;
  }
});

test('desks are told by name which printer fails and which has little paper, and where a ticket is printed again', async () => {
  await server.desk('3');
  const page = await open(browser, server.url + '/desk.html?desk=3&printer=annexe');
  hall.isPaperLow = true;
  annexe.hasPaper = false;
  await server.call('POST', 'tickets', { printer: 'hall' });
  await server.call('POST', 'tickets', { printer: 'annexe' });
  await shows(page, '#warning', /La impresora «annexe» no imprime los turnos.*Queda poco papel en la impresora «hall»/);
  annexe.hasPaper = true;
  await shows(page, '#warning', /^Queda poco papel en la impresora «hall»/);
  hall.isPaperLow = false;
  await server.call('POST', 'tickets', { printer: 'hall' });
  await hidden(page, '#warning');
  await page.click('#next');
  await until('it can be printed', () => page.isEnabled('#print'));
  const code = await page.textContent('#code');
  const [had, others] = [annexe.papers.length, hall.papers.length];
  await page.click('#print');
  await until('it is printed again', () => annexe.papers.length > had && annexe.codes().slice(-1)[0] === code);
  assert.equal(hall.papers.length, others);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
