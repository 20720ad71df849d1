// A ticket that did not come out, or was lost, is printed again from the desk.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Printer, Server, hidden, launch, noShows, open, shows, story, until, visible } from './support.mjs';

const test = story(plain);
let printer;
let server;
let browser;
let page;

const prints = (codes) => until('it has printed ' + codes, () => printer.codes().join(' ') === codes);

before(async () => {
  printer = await Printer.start();
  server = await Server.start({ flags: printer.flags });
  browser = await launch();
  await server.desk('3');
  page = await open(browser, server.url + '/desk.html?desk=3', { lang: 'en' });
  for (let n = 0; n < 4; n += 1) await server.ticket('main');
  await prints('A1 A2 A3 A4');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('with nobody served the button is disabled', async () => {
  await visible(page, '#print');
  assert.equal(await page.isEnabled('#print'), false);
  await page.keyboard.press('i');
  assert.equal(printer.papers.length, 4);
});

test('the ticket of whom the desk serves is printed again, and what was done before can still be undone', async () => {
  await page.click('#next');
  await shows(page, '#code', 'A1');
  await visible(page, '#undo');
  await until('it can be printed', () => page.isEnabled('#print'));
  await page.click('#print');
  await shows(page, '#said', 'Reprinting A1.');
  await prints('A1 A2 A3 A4 A1');
  await page.keyboard.press('i');
  await prints('A1 A2 A3 A4 A1 A1');
  await page.getByRole('button', { name: 'Undo (A1 called.) U' }).waitFor();
});

test('the key prints the ticket of the row that has the focus', async () => {
  await page.click('#hold');
  await visible(page, '#held li');
  await page.click('#next');
  await shows(page, '#code', 'A2');
  await page.click('#no-show');
  await shows(page, '#said', 'A2 did not show up.');
  await noShows(page);
  printer.papers.length = 0;
  for (const [code, list] of [['A4', 'queue'], ['A1', 'held'], ['A2', 'missed']]) {
    await page.locator('#' + list + ' li', { hasText: code }).locator('button').first().focus();
    await page.keyboard.press('i');
    await shows(page, '#said', 'Reprinting ' + code + '.');
  }
  await prints('A4 A1 A2');
});

test('a printer without paper is told of at once, and asked once', async () => {
  await page.click('#next');
  await until('it can be printed', () => page.isEnabled('#print'));
  printer.hasPaper = false;
  await server.ticket('main');
  await shows(page, '#warning', /^The printer is not printing tickets/);
  const asked = [];
  page.on('request', (r) => { if (r.url().endsWith('/print')) asked.push(r.url()); });
  await page.click('#print');
  await shows(page, '#said', 'The printer is not printing tickets: check that it is on and has paper.');
  assert.equal(await page.$eval('#said', (el) => el.classList.contains('is-problem')), true);
  assert.equal(asked.length, 1);
  printer.papers.length = 0;
  printer.hasPaper = true;
  await hidden(page, '#warning');
  // Waiting jobs are printed; refused ones are not.
  await prints('A5');
});

test('where there is no printer there is no button, and the key does nothing', async () => {
  await server.kill();
  server.flags = [];
  await server.restart();
  await hidden(page, '#print');
  await until('the desk is live', () => page.isEnabled('#recall'));
  const asked = [];
  page.on('request', (r) => { if (r.url().endsWith('/print')) asked.push(r.url()); });
  await page.keyboard.press('i');
  await page.locator('#queue button').first().focus();
  await page.keyboard.press('i');
  // The next step is requested after the one that the key began.
  await page.click('#recall');
  await shows(page, '#said', 'A3 recalled.');
  assert.deepEqual(asked, []);
  assert.equal(await page.isVisible('#print'), false);
  assert.deepEqual(page.problems, []);
});
