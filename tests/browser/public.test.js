// The public screen through a day: it begins, it is empty, it says what is wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LANGUAGES, Server, hidden, launch, open, shows, until, visible } from './support.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const desk = (name, code) => ({ name, open: true, services: [], ticket: code ? { code } : null });
const call = (seq, code, name) => ({ seq, code, desk: name, kind: 'call', at: new Date().toISOString() });
const isAnnounced = (page) => page.$eval('#call', (el) => el.classList.contains('is-announced'));

/** A public screen that is told by the test what the server would say; `told` of the office is added. */
async function board({ desks = [], calls = [], told = {}, ...options }) {
  let socket;
  const page = await open(browser, 'about:blank', options);
  // One connection: whoever loses it has none.
  await page.routeWebSocket(/\/ws/, (ws) => { if (socket) ws.close(); else socket = ws; });
  await page.route(/api\/events/, (route) => route.abort());
  page.problems.length = 0;
  await page.goto(server.url + '/public.html');
  await until('the socket', () => socket);
  let seq = 10;
  const tell = (type, payload) => {
    seq += 1;
    socket.send(JSON.stringify({ type, seq, payload: { waiting: 3, services: [{ prefix: 'A', name: 'General', waiting: 3 }], ...payload } }));
    return seq;
  };
  tell('state', { office: { name: 'Oficina', language: 'es', ...told }, desks, calls });
  await shows(page, '#office', 'Oficina');
  return { page, tell };
}

test('a day that begins clears a public screen that stands open, and what it still had to announce', async () => {
  const { page, tell } = await board({ desks: [desk('1', 'A1'), desk('2', 'A2')], calls: [call(2, 'A2', '2'), call(1, 'A1', '1')] });
  await shows(page, '#code', 'A2');
  tell('ticket-called', { desk: desk('1', 'A3'), call: call(12, 'A3', '1') });
  tell('ticket-called', { desk: desk('2', 'A4'), call: call(13, 'A4', '2') });
  await shows(page, '#code', 'A3');
  // As a contract test has it from the real server, which reads the real clock.
  tell('day-started', { calls: [], waiting: 0 });
  await visible(page, '#none');
  await hidden(page, '#code');
  await shows(page, '#waiting', '0 en espera');
  assert.equal(await isAnnounced(page), false);
  // Whoever is at a desk stays there.
  assert.deepEqual(await page.$$eval('#others .row .code', (all) => all.map((el) => el.textContent)), ['A3', 'A4']);
  tell('ticket-called', { desk: desk('1', 'A1'), call: call(15, 'A1', '1') });
  await shows(page, '#code', 'A1');
  assert.equal(await isAnnounced(page), true);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

// The height of an element's capitals as a share of the screen's.
const capitals = (page, selector) => page.$eval(selector, (el) => {
  const pen = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle(el);
  pen.font = style.fontWeight + ' ' + style.fontSize + ' ' + style.fontFamily;
  return pen.measureText('H').actualBoundingBoxAscent / innerHeight;
});
const box = (page, selector) => page.$eval(selector, (el) => { const b = el.getBoundingClientRect(); return { top: b.top, right: b.right, bottom: b.bottom, left: b.left }; });
const apart = (a, b) => a.bottom <= b.top + 1 || b.bottom <= a.top + 1 || a.right <= b.left + 1 || b.right <= a.left + 1;
const FORMATS = [[1920, 1080], [1366, 768], [1024, 768], [390, 844], [1080, 1920]];

test('before the first call the screen says whose it is, what to do, how many wait and the time, large, and nothing lies on anything', async () => {
  for (const size of FORMATS) {
    for (const lang of LANGUAGES) {
      const { page } = await board({ size, lang, told: { message: 'El viernes cerramos por fiesta local.' } });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const what = size + ' ' + lang;
      await visible(page, '#muted');
      await shows(page, '#none-office', 'Oficina');
      assert.match(await page.textContent('#none-clock'), /^\d\d:\d\d$/);
      assert.equal(await page.textContent('#none-waiting b'), '3');
      const wide = size[0] > size[1];
      for (const [selector, least] of [['#none-office', wide ? 0.07 : 0.04], ['#none-clock', wide ? 0.07 : 0.05], ['#none-what', wide ? 0.03 : 0.018]]) {
        const got = await capitals(page, selector);
        assert.ok(got >= least, what + ' ' + selector + ': ' + got);
      }
      const parts = ['#call-label', '#none-office', '#none-what', '.none-now', '#muted', '#message'];
      const boxes = await Promise.all(parts.map((selector) => box(page, selector)));
      boxes.forEach((a, i) => boxes.slice(0, i).forEach((b, j) => assert.ok(apart(a, b), what + ': ' + parts[i] + ' lies on ' + parts[j])));
      const card = await box(page, '#call');
      boxes.slice(0, 5).forEach((b, i) => assert.ok(b.top >= card.top && b.bottom <= card.bottom + 1 && b.left >= card.left && b.right <= card.right + 1, what + ': ' + parts[i] + ' leaves the card'));
      await page.context().close();
    }
  }
});

test('a lost connection is told across the room, and the badge about blocked sound is as clear as before', async () => {
  for (const lang of LANGUAGES) {
    const { page } = await board({ lang, clock: true, desks: [desk('1', 'A1'), desk('2', 'A2')], calls: [call(2, 'A2', '2'), call(1, 'A1', '1')] });
    await shows(page, '#code', 'A2');
    // Nothing more is told.
    await page.clock.runFor(11000);
    await visible(page, '#stale');
    // As clearly as can be while it is still to be read, which axe.test.js looks at.
    const grey = (selector) => page.$eval(selector, (el) => getComputedStyle(el).color);
    assert.deepEqual([await grey('#code'), await grey('#desk'), await grey('.row .code'), await grey('.row .name')], Array(4).fill('rgb(102, 112, 107)'));
    for (const size of FORMATS) {
      await page.setViewportSize({ width: size[0], height: size[1] });
      // The browser's own event comes with the next frame, and time stands still here.
      await page.evaluate(() => window.dispatchEvent(new Event('resize')));
      const what = size + ' ' + lang;
      await until(what + ': it is large', async () => {
        const got = await capitals(page, '#stale-text');
        if (got < (size[0] > size[1] ? 0.04 : 0.025)) throw new Error(String(got));
        return true;
      });
      const [text, banner, card] = [await box(page, '#stale-text'), await box(page, '#stale'), await box(page, '#call')];
      assert.ok(text.top >= banner.top - 1 && text.bottom <= banner.bottom + 1 && text.left >= 0 && text.right <= size[0], what);
      assert.ok(banner.bottom <= card.top + 1, what);
      for (const el of ['#muted', '#call', '#board']) assert.equal(await page.$eval(el, (it) => getComputedStyle(it).opacity), '1', el);
    }
    await page.context().close();
  }
});
