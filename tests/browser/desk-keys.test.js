// The keys of a desk: each button shows its own, in every language and on every keyboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LANGUAGES, Printer, Server, launch, open, readPage, shows, until } from './support.mjs';

const source = /const KEYS = \{(.*)\};/.exec(readPage('desk/desk.js'))[1];
const KEYS = Object.fromEntries([...source.matchAll(/(\w): '([\w-]+)'/g)].map((m) => [m[1].toUpperCase(), m[2]]));

let server;
let browser;

before(async () => {
  const printer = await Printer.start();
  server = await Server.start({ flags: printer.flags });
  await server.call('PUT', 'services/B', { name: 'Caja' });
  await server.tickets(LANGUAGES.length);
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

for (const lang of LANGUAGES) {
  test('each button shows the key that presses it, in ' + lang, async () => {
    await server.desk(lang);
    const page = await open(browser, server.url + '/desk.html?desk=' + lang, { lang });
    await until('the desk is live', () => page.isEnabled('#pause'));
    await page.click('#next');
    await until('a step can be undone', () => page.isVisible('#undo kbd'));
    await until('it can be printed', () => page.isEnabled('#print'));
    assert.equal(Object.keys(KEYS).length, 11);
    for (const [key, id] of Object.entries(KEYS)) {
      assert.equal(await page.textContent('#' + id + ' > kbd'), key, id);
      assert.equal(await page.isVisible('#' + id + ' > kbd'), true, id);
    }
    // One press does what the button says.
    await page.keyboard.press('p');
    await until('the desk is closed', async () => !(await server.call('GET', 'desks')).find((desk) => desk.name === lang).open);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

test('a keyboard of another script presses by the place of its keys, one of another layout by its letters', async () => {
  await server.desk('K');
  const page = await open(browser, server.url + '/desk.html?desk=K', { lang: 'ar' });
  await until('the desk is live', () => page.isEnabled('#find'));
  const press = (key, code) => page.evaluate((init) => document.dispatchEvent(new KeyboardEvent('keydown', init)), { key, code });
  await server.tickets(1);
  await until('somebody waits', () => page.isEnabled('#next'));
  // ى stands where N does.
  await press('ى', 'KeyN');
  await shows(page, '#code', /^A/);
  // On a French keyboard A stands where Q does.
  await press('q', 'KeyA');
  assert.equal(await page.isEnabled('#no-show'), true);
  await press('a', 'KeyQ');
  await until('the visitor did not come', () => page.isDisabled('#no-show'));
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
