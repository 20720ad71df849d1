// A kiosk in an office whose server prints: a person may hold a printed ticket whose answer was lost,
// so the kiosk never cancels one, and says so. Also answers that are only slow.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Printer, Server, alwaysIntercept, hidden, launch, open, shows, text, until, visible } from './support.mjs';

const PAPER = 'Si sale un turno de la impresora, es válido.';
// A little longer than the page's time-out.
const SLOW_MS = 3500;
const STALE_MS = 11000;
const STAY_MS = 11000;
let printer;
let server;
let browser;

before(async () => {
  printer = await Printer.start();
  server = await Server.start({ flags: printer.flags });
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const codes = async (state) => (await server.call('GET', 'tickets?state=' + state)).map((ticket) => ticket.code);

/** For a page before its scripts: no WebSocket passes, so it polls. */
function withoutSockets() {
  window.WebSocket = function Blocked() {
    setTimeout(() => this.onclose && this.onclose({}), 5);
    this.close = () => {};
  };
}

async function kiosk(options) {
  const page = await open(browser, server.url + '/new-ticket.html', options);
  await alwaysIntercept(page);
  await until('it offers tickets', () => page.isEnabled('.service'));
  return page;
}

async function loseAnswers(page) {
  await page.route('**/api/tickets', async (route) => {
    await route.fetch();
    return route.abort('connectionreset');
  });
}

test('a ticket that came out on paper while the server hung is called, though its person was told that there are none', async () => {
  const page = await kiosk({ clock: true });
  const printed = printer.papers.length;
  server.process.kill('SIGSTOP');
  try {
    await page.click('.service');
    await page.clock.runFor(SLOW_MS);
    await shows(page, '#error', PAPER);
    await shows(page, '#said', PAPER);
    await page.clock.runFor(STALE_MS - SLOW_MS);
    await visible(page, '#away');
    assert.equal(await page.isVisible('#error'), true);
    await page.clock.runFor(STAY_MS);
  } finally {
    server.process.kill('SIGCONT');
  }
  await visible(page, '#offer');
  await until('it is on paper', () => printer.papers.length > printed);
  const code = printer.codes().slice(-1)[0];
  // The visitor sees the reason until they have left.
  await shows(page, '#error', PAPER);
  await hidden(page, '#error');
  assert.equal(await page.isVisible('#given'), false);
  assert.ok((await codes('waiting')).indexOf(code) >= 0);
  assert.deepEqual(await codes('cancelled'), []);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

for (const [how, options] of [['over a WebSocket'], ['by polling', { before: withoutSockets }]]) {
  test('a ticket whose answer was lost stays in the queue where the server prints, as the kiosk knows ' + how, async () => {
    const page = await kiosk(options);
    const had = (await codes('waiting')).length;
    await loseAnswers(page);
    await page.click('.service');
    for (const words of ['#error', '#said']) {
      await shows(page, words, 'No ha llegado la respuesta. Toque otra vez: no recibirá dos turnos. ' + PAPER);
    }
    await page.unroute('**/api/tickets');
    const asked = [];
    page.on('request', (r) => { if (r.method() === 'POST') asked.push(r.url()); });
    // As long as the visitor may touch again.
    await hidden(page, '#error');
    await page.waitForTimeout(1000);
    assert.deepEqual(asked, []);
    assert.equal((await codes('waiting')).length, had + 1);
    assert.deepEqual(await codes('cancelled'), []);
    await page.context().close();
  });
}

test('a second touch gets the number of the ticket that is on paper, and no other paper', async () => {
  const page = await kiosk();
  const printed = printer.papers.length;
  await loseAnswers(page);
  await page.click('.service');
  await shows(page, '#error', /^No ha llegado la respuesta/);
  await page.unroute('**/api/tickets');
  await page.click('.service');
  await visible(page, '#given');
  await shows(page, '#code', printer.codes().slice(-1)[0]);
  assert.equal(printer.papers.length, printed + 1);
  await page.context().close();
});

test('an ordinary answer is shown without a word of paper', async () => {
  const page = await kiosk({
    before: () => {
      window.doubts = 0;
      new MutationObserver(() => {
        const notice = document.getElementById('error');
        if (notice && !notice.hidden) window.doubts += 1;
      }).observe(document, { subtree: true, attributes: true });
    },
  });
  await page.click('.service');
  await visible(page, '#given');
  await page.waitForTimeout(3500);
  assert.equal(await page.evaluate(() => window.doubts), 0);
  await page.context().close();
});

/** Holds each answer until the test lets it go. */
async function holdAnswers(page, answer) {
  const held = [];
  await page.route('**/api/tickets', async (route) => {
    const how = answer || { response: await route.fetch() };
    await new Promise((go) => held.push(go));
    await route.fulfill(how).catch(() => {});
  });
  return held;
}

test('an answer that takes longer than the kiosk waits before it asks again is shown when it comes', async () => {
  const page = await kiosk();
  const had = (await codes('waiting')).length;
  const held = await holdAnswers(page);
  await page.click('.service');
  await until('it has asked again', () => held.length === 2);
  held[0]();
  await visible(page, '#given');
  held[1]();
  await shows(page, '#code', /^A\d+$/);
  assert.equal((await codes('waiting')).length, had + 1);
  await page.click('#done');
  await visible(page, '#offer');
  assert.equal(held.length, 2);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a refusal that comes late is told as what it is', async () => {
  const page = await kiosk();
  const body = JSON.stringify({ code: 'service-closed', detail: 'Closed.' });
  const held = await holdAnswers(page, { status: 409, contentType: 'application/problem+json', body });
  await page.click('.service');
  await until('it has asked again', () => held.length === 2);
  held[0]();
  await shows(page, '#error', 'Este servicio acaba de cerrar. Elija otro o pregunte al personal.');
  held[1]();
  await page.context().close();
});

test('where the printer is out of paper, the kiosk says so beside the number', async () => {
  const page = await kiosk();
  printer.hasPaper = false;
  try {
    await page.click('.service');
    await shows(page, '#write', 'La impresora no puede imprimir ahora: anote su número.');
    await visible(page, '#phone');
    await shows(page, '#phone p', 'Escanee el código para seguir su turno en el teléfono.');
    await visible(page, '#write');
    assert.match(await text(page, '#said'), /La impresora no puede imprimir ahora/);
  } finally {
    printer.hasPaper = true;
  }
  // It is well again while the ticket is shown.
  await hidden(page, '#write');
  await page.context().close();
});
