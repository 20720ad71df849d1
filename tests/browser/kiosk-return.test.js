// A kiosk returns to itself from any page; a screen that only looked at the kiosk is left alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, launch, open, pageFiles, readPage, until, visible } from './support.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.desk('1');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const at = (page, path) => until('at ' + path, async () => {
  const { pathname } = new URL(page.url());
  if (pathname !== path) throw new Error(pathname);
  // Its scripts have run.
  return page.evaluate(() => document.readyState === 'complete');
});
/** Another page by a link, as a stranger would find it. */
const follow = (page, href) => page.evaluate((to) => {
  const link = document.body.appendChild(document.createElement('a'));
  link.href = to;
  link.click();
}, href);

async function start(path, options) {
  const page = await open(browser, server.url + path, { clock: true, ...options });
  await visible(page, 'h1');
  return page;
}

test('two fingers enlarge nothing on a screen that stands in a room, and enlarge it on a phone', async () => {
  for (const path of ['/new-ticket.html', '/public.html', '/desk.html?desk=1']) {
    for (const [size, wanted] of [[[1366, 768], 'pan-x pan-y'], [[768, 1024], 'pan-x pan-y'], [[390, 844], 'auto'], [[844, 390], 'auto']]) {
      const page = await open(browser, server.url + path, { size });
      const all = await page.evaluate(() => [document.documentElement, document.body].map((el) => getComputedStyle(el).touchAction));
      assert.deepEqual(all, [wanted, wanted], path + ' ' + size);
      await page.context().close();
    }
  }
});

test('every page but a ticket\'s own knows the way back to the kiosk', () => {
  const without = pageFiles('.html').filter((file) => !readPage(file).includes('src="shared/kiosk-return.js"'));
  assert.deepEqual(without, ['ticket.html']);
});

test('a kiosk that somebody led elsewhere returns 60 s after the last touch, from every page, as it was', async () => {
  const page = await start('/new-ticket.html?lang=fr&theme=dark');
  const pages = pageFiles('.html').filter((file) => !/^(?:ticket|new-ticket|signin|desk)/.test(file));
  assert.ok(pages.length > 10);
  for (const file of [...pages, 'desk.html?desk=1', 'signin.html?then=/desk.html', 'wrong/address', '']) {
    await visible(page, '.service');
    await follow(page, '/' + file);
    await at(page, '/' + file.split('?')[0]);
    await visible(page, '#office, h1');
    await page.clock.runFor(50000);
    await page.keyboard.press('Shift');
    await page.clock.runFor(50000);
    assert.equal(new URL(page.url()).pathname, '/' + file.split('?')[0]);
    await page.clock.runFor(11000);
    await at(page, '/new-ticket.html');
    assert.equal(new URL(page.url()).search, '?lang=fr&theme=dark');
  }
  await page.context().close();
});

test('what was typed in the settings does not keep a kiosk from returning', async () => {
  const page = await start('/new-ticket.html');
  const asked = [];
  page.on('dialog', (dialog) => { asked.push(dialog.type()); dialog.dismiss(); });
  await follow(page, '/settings.html');
  await until('it is loaded', () => page.$eval('#name', (el) => el.value !== ''));
  await page.click('#name');
  await page.keyboard.type('abc');
  await page.clock.runFor(61000);
  await at(page, '/new-ticket.html');
  assert.deepEqual(asked, []);
  await page.context().close();
});

test('a swipe back to the start page leads to the kiosk again', async () => {
  const page = await start('/');
  await page.click('#take');
  await visible(page, '.service');
  await page.goBack();
  await visible(page, '#take');
  await page.clock.runFor(61000);
  await at(page, '/new-ticket.html');
  // And the page before is the kiosk now.
  await visible(page, '.service');
  await page.context().close();
});

test('who only had a look at the kiosk, or opens another address, is not sent back', async () => {
  const page = await start('/');
  await page.click('#take');
  await visible(page, '.service');
  await page.goBack();
  await visible(page, '#desks a');
  await page.click('#desks a');
  await at(page, '/desk.html');
  await visible(page, '#next');
  await page.clock.runFor(130000);
  await follow(page, '/');
  await at(page, '/');
  await visible(page, '#desks a');
  await page.clock.runFor(130000);
  assert.equal(new URL(page.url()).pathname, '/');
  // It stood as a kiosk for a while; now the television of the room is what it is to be.
  await page.click('#take');
  await visible(page, '.service');
  await page.clock.runFor(61000);
  await page.goto(server.url + '/public.html');
  await visible(page, '#office');
  await page.clock.runFor(130000);
  assert.equal(new URL(page.url()).pathname, '/public.html');
  await page.context().close();
});

test('a phone is no kiosk', async () => {
  const page = await start('/new-ticket.html', { size: [390, 844] });
  await visible(page, '.service');
  await page.clock.runFor(61000);
  await follow(page, '/');
  await at(page, '/');
  await visible(page, '#take');
  await page.clock.runFor(130000);
  assert.equal(new URL(page.url()).pathname, '/');
  await page.context().close();
});
