// Settings «Printing»: network printers with a test print, the kiosk's own printer, and what all tickets on paper have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from './escpos.mjs';
import { close, freshOffices, openSettings, save, saved, wrongAt } from './settings.mjs';
import { Printer, open, shows, until } from './support.mjs';

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

const field = (n, part) => '[name="printers[' + n + '].' + part + '"]';

test('a printer is added, tested, moved and removed', async () => {
  const [hall, annexe] = [await Printer.start(), await Printer.start()];
  const page = await openSettings(browser, server, 'settings-printing');
  for (const [n, name, printer] of [[0, 'hall', hall], [1, 'annexe', annexe]]) {
    await page.click('#add');
    await page.fill(field(n, 'name'), name);
    await page.fill(field(n, 'address'), printer.address);
  }
  await page.selectOption(field(1, 'maker'), 'star');
  await page.selectOption(field(1, 'width'), '58');
  await page.selectOption(field(1, 'qr'), { label: 'Como imagen' });
  const row = page.locator('#printers > li').nth(1);
  await row.getByRole('button', { name: 'Imprimir una prueba' }).click();
  await shows(page, '#tested', 'Guarde primero los cambios.');
  await save(page);
  await saved(page);
  const { printers } = await server.call('GET', 'settings');
  assert.deepEqual(printers, [
    { name: 'hall', address: hall.address, maker: 'epson', width: 80, qr: 'native' },
    { name: 'annexe', address: annexe.address, maker: 'star', width: 58, qr: 'picture' },
  ]);
  await row.getByRole('button', { name: 'Imprimir una prueba' }).click();
  await shows(page, '#tested', /^Prueba enviada/);
  await until('it is printed', () => annexe.papers.length === 1);
  assert.match(annexe.papers[0], /STAR \*/);
  assert.equal(hall.papers.length, 0);
  // The kiosk's address is where a ticket is printed on it.
  const kiosk = await open(browser, await row.locator('a').getAttribute('href'));
  await kiosk.click('.service');
  await until('a ticket is printed', () => annexe.papers.length === 2);
  await kiosk.context().close();
  await row.getByRole('button', { name: /annexe/ }).first().click();
  await page.locator('#printers > li').nth(1).getByRole('button', { name: 'Quitar la impresora hall' }).click();
  await save(page);
  await saved(page);
  assert.deepEqual((await server.call('GET', 'settings')).printers.map((one) => one.name), ['annexe']);
  await close(page);
});

test('mistakes are said at their field, and two printers of one name are refused', async () => {
  const page = await openSettings(browser, server, 'settings-printing');
  for (const n of [0, 1]) {
    await page.click('#add');
    await page.fill(field(n, 'name'), 'hall');
    await page.fill(field(n, 'address'), 'http://a');
  }
  await save(page);
  await wrongAt(page, field(1, 'name'), /Ya hay una impresora/);
  await page.fill(field(1, 'name'), 'annexe');
  await save(page);
  await until('the address is wrong', () => page.$eval(field(0, 'address'), (el) => el.getAttribute('aria-invalid') === 'true'));
  await close(page);
});

test('the paper of a kiosk\'s browser, the office\'s text and the public address are set on one page', async () => {
  const printer = await Printer.start();
  await server.call('PUT', 'settings', { printers: [{ name: 'hall', address: printer.address }] });
  const page = await openSettings(browser, server, 'settings-printing');
  await shows(page, '#no-url', /los turnos impresos no llevan código QR/);
  await page.check('#printTickets');
  await page.selectOption('#paperWidth', '58');
  await page.uncheck('#paperQr');
  await page.fill('[name="paperText.es"]', 'Tenga a mano su documento.');
  await page.fill('#publicUrl', 'https://turnos.example/');
  await save(page);
  await saved(page);
  const { printTickets, paperWidth, paperQr, paperText, publicUrl } = await server.call('GET', 'settings');
  assert.deepEqual({ printTickets, paperWidth, paperQr, paperText, publicUrl }, {
    printTickets: true, paperWidth: 58, paperQr: false, paperText: { es: 'Tenga a mano su documento.' }, publicUrl: 'https://turnos.example',
  });
  await shows(page, '#no-url', '');
  await close(page);
});

test('a printer that the flag has set is named, and one that fails says so', async () => {
  const printer = await Printer.start();
  await server.kill();
  server.flags = printer.flags;
  await server.restart();
  const page = await openSettings(browser, server, 'settings-printing');
  await shows(page, '#flag', 'La impresora «main» se indicó al iniciar el servidor (--printer).');
  await page.click('#add');
  await page.fill(field(0, 'name'), 'gone');
  await page.fill(field(0, 'address'), '127.0.0.1:1');
  await save(page);
  await saved(page);
  await shows(page, '#printers .warning', /^La impresora no imprime los turnos/);
  await close(page);
});

test('the logo that is chosen for the screens is on the paper of a network printer, black on white', async () => {
  const printer = await Printer.start();
  await server.call('PUT', 'settings', { printers: [{ name: 'hall', address: printer.address }] });
  const page = await openSettings(browser, server, 'settings-look');
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="20" height="20" fill="#0b5348"/></svg>';
  await page.setInputFiles('#file', { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(svg) });
  await save(page);
  await saved(page);
  await server.ticket('hall');
  await until('it is printed', () => printer.papers.length === 1);
  const { picture } = read(printer.papers[0])[0];
  assert.ok(picture.width > 100 && picture.width < 384 && picture.width / picture.height === 2, JSON.stringify([picture.width, picture.height]));
  const row = picture.bytes.subarray(0, picture.width / 8);
  assert.equal(row.subarray(0, row.length / 2).every((byte) => byte === 0xff), true);
  assert.equal(row.subarray(row.length / 2).every((byte) => byte === 0), true);
  await page.click('#no-logo');
  await save(page);
  await until('it is gone', async () => (await server.call('GET', 'settings')).paperLogo === null);
  await close(page);
});
