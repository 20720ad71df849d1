// Screens that stand in a room and are touched by anybody: public screen, kiosk, desk. They stay on, and as large as they are.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, launch, open, until, visible } from './support.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.desk('1');
  await server.ticket();
  await server.act('1', 'next');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const SCREENS = {
  'the public screen': { path: '/public.html', ready: (page) => visible(page, '#code') },
  'the kiosk': { path: '/new-ticket.html', ready: (page) => visible(page, '.service') },
  'the desk': { path: '/desk.html?desk=1', ready: (page) => until('live', () => page.isEnabled('#next')) },
};

/** Runs in the page before its scripts: counts the wake locks that it holds; `window.darken` takes them away, as a low battery does. */
function wakeLocks() {
  const held = new Set();
  window.locks = () => held.size;
  window.darken = () => held.forEach((release) => release());
  Object.defineProperty(navigator, 'wakeLock', {
    value: {
      async request() {
        let told = () => {};
        const release = async () => {
          held.delete(release);
          told();
        };
        held.add(release);
        return { addEventListener: (name, tell) => { told = tell; }, release };
      },
    },
  });
}
const locks = (page, n) => until(n + ' wake locks', async () => (await page.evaluate(() => window.locks())) === n);

/** Spreads two fingers, and returns by how much the page is enlarged. */
async function spread(page) {
  const cdp = await page.context().newCDPSession(page);
  const touch = (type, ...at) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: at.map((x, id) => ({ x, y: 400, id })) });
  await touch('touchStart', 460, 540);
  for (let apart = 50; apart < 300; apart += 10) {
    await touch('touchMove', 500 - apart, 500 + apart);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await touch('touchEnd');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return page.evaluate(() => window.visualViewport.scale);
}

for (const [name, screen] of Object.entries(SCREENS)) {
  test('two fingers do not enlarge ' + name, async () => {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, isMobile: true, hasTouch: true });
    const page = await context.newPage();
    await page.goto(server.url + '/index.html');
    await visible(page, '#take');
    assert.ok(await spread(page) > 1.5, 'the gesture enlarges a page that lets it');
    await page.goto(server.url + screen.path);
    await screen.ready(page);
    assert.equal(await spread(page), 1);
    const style = await page.evaluate(() => ['html', 'body'].map((el) => getComputedStyle(document.querySelector(el)).overscrollBehavior));
    assert.deepEqual(style, ['none', 'none']);
    await context.close();
  });
}

for (const name of ['the kiosk', 'the desk']) {
  test(name + ' stays on, and again when the lock was taken away', async () => {
    const page = await open(browser, server.url + SCREENS[name].path, { before: wakeLocks, clock: true });
    await locks(page, 1);
    await page.evaluate(() => window.darken());
    await locks(page, 0);
    await page.clock.runFor(61000);
    await locks(page, 1);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

test('where the page may not stay on, it works all the same', async () => {
  const page = await open(browser, server.url + '/desk.html?desk=1', {
    before: () => Object.defineProperty(navigator, 'wakeLock', { value: undefined }),
  });
  await SCREENS['the desk'].ready(page);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
