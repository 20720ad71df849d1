// The server dies and comes back, answers are lost, WebSockets do not pass: the screens say so,
// promise nothing, and come back by themselves.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Cable, Server, alwaysIntercept, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
let server;
let browser;
let kiosk;
let desk;
let board;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.desk('1');
  await server.desk('2');
  await server.tickets(4);
  await server.act('1', 'next');
  kiosk = await open(browser, server.url + '/new-ticket.html');
  await alwaysIntercept(kiosk);
  desk = await open(browser, server.url + '/desk.html?desk=1');
  board = await open(browser, server.url + '/public.html');
  await visible(kiosk, '.service');
  await shows(desk, '#code', 'A1');
  await shows(board, '#code', 'A1');
  for (const page of [kiosk, desk, board]) await page.evaluate(() => { window.planted = true; });
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const waiting = async () => (await server.call('GET', 'tickets?state=waiting')).length;

test('a double touch on the kiosk gives one ticket', async () => {
  const had = await waiting();
  await kiosk.evaluate(() => {
    const button = document.querySelector('.service');
    button.click();
    button.click();
  });
  await visible(kiosk, '#given');
  await kiosk.dblclick('#given', { position: { x: 40, y: 40 } });
  await shows(kiosk, '#code', 'A5');
  assert.equal(await waiting(), had + 1);
});

test('the kiosk goes back by itself within seventeen seconds', async () => {
  await visible(kiosk, '#given');
  await until('the offer is back', () => kiosk.isVisible('#offer'), 17000);
});

test('a lost answer is asked for again with the same key, and gives one ticket', async () => {
  const had = await waiting();
  const keys = [];
  await kiosk.route('**/api/tickets', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await kiosk.click('.service');
  await visible(kiosk, '#given');
  await kiosk.unroute('**/api/tickets');
  assert.equal(keys.length, 2);
  assert.ok(keys[0]);
  assert.equal(keys[0], keys[1]);
  assert.equal(await waiting(), had + 1);
  assert.equal(await text(kiosk, '#code'), 'A6');
  await kiosk.click('#done');
});

test('a touch after a request that was never answered gets the ticket of that request, not a second one', async () => {
  const had = await waiting();
  let cut = true;
  await kiosk.route('**/api/tickets', async (route) => {
    if (!cut) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await kiosk.click('.service');
  await visible(kiosk, '#error');
  cut = false;
  await kiosk.click('.service');
  await shows(kiosk, '#code', 'A7');
  await kiosk.unroute('**/api/tickets');
  assert.equal(await waiting(), had + 1);
  await kiosk.click('#done');
});

test('while the server is away the kiosk offers nothing and the desk has no live button', async () => {
  await server.kill();
  await visible(kiosk, '#away');
  await hidden(kiosk, '.service');
  await shows(kiosk, '#away h2', 'Ahora no se pueden sacar turnos');
  await visible(desk, '#away');
  for (const selector of ['#next', '#recall', '#finish', '#queue button']) {
    assert.equal(await desk.isEnabled(selector), false, selector);
  }
});

test('after ten seconds of silence the public screen says so and dims what it shows', async () => {
  await visible(board, '#stale');
  assert.equal(await board.$eval('#code', (el) => getComputedStyle(el).color), 'rgb(102, 112, 107)');
  await shows(board, '#code', 'A1');
});

test('the server comes back on the same port and file, and every screen with it', async () => {
  await server.restart();
  // At once, before the screens had time to come back: this is the call that they missed.
  const called = await server.act('2', 'next');
  assert.equal(called.code, 'A2');
  await visible(kiosk, '.service');
  await hidden(kiosk, '#away');
  await until('the desk is live', () => desk.isEnabled('#next'));
  await hidden(desk, '#away');
  await hidden(board, '#stale');
});

test('the call that the public screen missed is announced', async () => {
  await shows(board, '#code', 'A2');
  assert.equal(await board.$eval('#call', (el) => el.classList.contains('is-announced')), true);
  await until('the side has the other desk', () =>
    board.$$eval('#others .row', (all) => all.some((el) => /^A1/.test(el.textContent))));
});

test('no page was reloaded for it', async () => {
  for (const page of [kiosk, desk, board]) {
    assert.equal(await page.evaluate(() => window.planted), true);
    assert.deepEqual(page.problems, []);
  }
});

test('several calls missed while away are announced in order', async () => {
  const cable = await Cable.to(server);
  const away = await open(browser, cable.url + '/public.html', { lang: 'en' });
  await shows(away, '#code', 'A2');
  await away.evaluate(() => {
    window.turns = [];
    new MutationObserver(() => {
      const announced = document.getElementById('call').classList.contains('is-announced');
      const code = document.getElementById('code').textContent;
      if (announced && window.turns[window.turns.length - 1] !== code) window.turns.push(code);
    }).observe(document.getElementById('call'), { attributes: true, subtree: true, childList: true });
  });
  await cable.cut();
  await server.act('1', 'next');
  await server.act('2', 'next');
  assert.deepEqual(await away.evaluate(() => window.turns), []);
  await cable.mend();
  await until('both were announced', async () => {
    const turns = (await away.evaluate(() => window.turns)).join(' ');
    if (turns !== 'A3 A4') throw new Error(turns);
    return true;
  }, 30000);
  await away.context().close();
  await cable.cut();
});

test('where WebSockets cannot pass, a screen lives by long polling', async () => {
  const page = await open(browser, server.url + '/desk.html?desk=2', {
    before: () => {
      window.WebSocket = function Blocked() {
        setTimeout(() => this.onclose && this.onclose({}), 5);
        this.close = () => {};
      };
    },
  });
  await shows(page, '#code', 'A4');
  await until('the desk is live', () => page.isEnabled('#finish'));
  await page.click('#finish');
  await shows(page, '#code', 'A nadie');
  await server.ticket();
  await shows(page, '#queue li:last-child .who', /^A\d+$/);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a badge says that sound is blocked, and a touch anywhere removes it', async () => {
  const page = await open(browser, server.url + '/public.html');
  await visible(page, '#muted');
  await page.mouse.click(300, 300);
  await hidden(page, '#muted');
  await page.context().close();
});
