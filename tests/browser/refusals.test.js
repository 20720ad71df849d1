// Every error of the server, on every page that sends requests: in words for the readers of that page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, Server, launch, open, readPage, shows, text, until, visible } from './support.mjs';

const table = readFileSync(path.join(ROOT, 'src/presentation/http/error_code.rs'), 'utf8');
// A page that needs a PIN leads to the sign-in instead.
const CODES = [...table.matchAll(/: (\d{3}), "([a-z-]+)";/g)].map(([, status, code]) => [Number(status), code])
  .filter(([, code]) => code !== 'pin-needed');
const words = JSON.parse(readPage('lang/es.json'));

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

/** What visitors can do about an error; for anything else they are sent to the staff. */
const AT_THE_KIOSK = {
  busy: 'take.refused',
  'request-timeout': 'take.refused',
  'queue-full': 'take.refused.full',
  'too-many-connections': 'take.refused.full',
  'too-many-requests': 'take.refused.full',
  'no-number-left': 'take.refused.numbers',
  'service-closed': 'take.refused.closed',
  'unknown-priority': 'take.refused.gone',
  'unknown-service': 'take.refused.gone',
};
const general = (code) => words['error.' + code];

// `ready` opens what asks, `ask` asks, and `said` is where the answer is read.
const PAGES = {
  kiosk: {
    path: '/new-ticket.html', ask: '.service', request: '**/api/tickets', said: '#error',
    words: (code) => words[AT_THE_KIOSK[code] || 'take.refused.storage'],
  },
  'ticket\'s own page': {
    path: '/t/ID', ask: '#yes', request: '**/cancel', said: '#error',
    ready: async (page) => { if (await page.isVisible('#give-up')) await page.click('#give-up'); },
    words: (code, status) => {
      if (status === 503) return words['ticket.failed'];
      return code === 'wrong-state' || code === 'not-found' ? words['ticket.refused'] : general(code);
    },
  },
  start: { path: '/', ask: '#enter', request: '**/api/desks/7', said: '#error', ready: (page) => page.fill('#name', '7'), words: general },
  desk: { path: '/desk.html?desk=1', ask: '#recall', request: '**/recall', said: '#said', words: (code) => (code === 'queue-empty' ? /^A\d+ terminado\. / : general(code)) },
  settings: {
    path: '/settings.html', ask: '#form .button--main', request: '**/api/settings', said: '#form .failed',
    ready: (page) => page.fill('#name', 'Oficina ' + Math.random()), words: general,
  },
};

for (const [name, one] of Object.entries(PAGES)) {
  test('each of the server\'s errors has its own words on the page «' + name + '»', async () => {
    assert.ok(CODES.length > 30);
    const ticket = await server.ticket();
    if (name === 'desk') await server.act('1', 'next');
    // The pauses before a request is repeated are not what this is about.
    const page = await open(browser, server.url + one.path.replace('ID', ticket.id), {
      before: () => {
        const later = window.setTimeout.bind(window);
        window.setTimeout = (f, ms) => later(f, ms > 300 && ms < 1300 ? 10 : ms);
      },
    });
    let answer = null;
    await page.route(one.request, (route) => {
      if (route.request().method() === 'GET') return route.continue();
      const [status, code] = answer;
      return route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ code, detail: 'Technical.' }) });
    });
    for (answer of CODES) {
      const [status, code] = answer;
      // Whether a page shows the same words again is not seen: they are taken away before.
      await page.$eval(one.said, (el) => { el.textContent = ''; });
      if (one.ready) await one.ready(page);
      await until(code + ': it can be pressed', () => page.isEnabled(one.ask));
      await page.click(one.ask);
      const wanted = one.words(code, status);
      assert.ok(wanted, code);
      await shows(page, one.said, wanted);
      await visible(page, one.said);
    }
    assert.deepEqual(page.problems.filter((what) => !what.startsWith('404: ')), []);
    await page.context().close();
  });
}

test('the kiosk of a full office says that it is full, and not to touch again', async () => {
  await server.call('PUT', 'settings', { mostWaiting: 1 });
  await server.ticket().catch(() => {});
  const page = await open(browser, server.url + '/new-ticket.html', { lang: 'en' });
  await page.click('.service');
  await shows(page, '#error', /^No more tickets can be given right now: there are many people/);
  assert.doesNotMatch(await text(page, '#error'), /again/);
  await server.call('PUT', 'settings', { mostWaiting: null });
  await page.context().close();
});
