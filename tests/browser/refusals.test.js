// Every error of the server, on every page that sends requests: in words for the readers of that page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, Server, alwaysIntercept, launch, open, pageFiles, readPage, shows, text, until, visible } from './support.mjs';

const table = readFileSync(path.join(ROOT, 'src/presentation/http/error_code.rs'), 'utf8');
// A page that needs a PIN leads to the sign-in instead.
const CODES = [...table.matchAll(/: (\d{3}), "([a-z-]+)";/g)].map(([, status, code]) => [Number(status), code])
  .filter(([, code]) => code !== 'pin-needed');
const words = JSON.parse(readPage('lang/es.json'));
const settingsWords = JSON.parse(readPage('settings/lang/es.json'));
const dataWords = JSON.parse(readPage('data/lang/es.json'));

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
// A number that the form does not have yet.
let given = 0;
const some = () => String(20 + (given += 1) % 70);
/** A page of the settings with one form, which `change` changes. */
const form = (name, change) => ({
  path: '/settings-' + name + '.html', ask: '#form .button--main', request: '**/api/settings', said: '#form .failed', ready: change, words: general,
});
/** A page of the settings with a list; its first item is changed. */
const list = (name, request, change) => ({
  path: '/settings-' + name + '.html', ask: '#form .button--main', request, said: '#form .failed', words: general,
  ready: async (page) => {
    if (!await page.isVisible('#form')) await page.click('#rows .change');
    await change(page);
  },
});

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
  'settings: new day': {
    path: '/settings.html', ask: '#start-day', request: '**/api/day', said: '#day-failed', words: general,
    ready: (page) => page.$eval('#start-day', (el) => { el.closest('details').open = true; }),
  },
  'settings: services': list('services', '**/api/services/*', (page) => page.fill('#name', 'Servicio ' + Math.random())),
  'settings: desks': list('desks', '**/api/desks/*', () => {}),
  'settings: who chooses': {
    path: '/settings-desks.html', ask: '#rules .button--main', request: '**/api/settings', said: '#rules .failed', words: general,
    ready: (page) => page.setChecked('#adminsChooseServices', true),
  },
  'settings: appearance': form('look', (page) => page.fill('#message', 'Hoy ' + Math.random())),
  'settings: calling order': {
    ...form('next', (page) => page.fill('[name="priorities[0].weight"]', some())),
    // Asked who has the priority, the server says that nobody has.
    words: (code) => (code === 'priority-in-use' ? settingsWords['next.used.now'] : general(code)),
  },
  'settings: sound': form('sound', (page) => page.fill('#volume', some())),
  'settings: printing': form('printing', (page) => page.fill('#publicUrl', 'https://oficina.example/' + some())),
  'settings: PIN': {
    path: '/settings-access.html', ask: '#staff-form .button--main', request: '**/api/pins/staff', said: '#staff-form .failed',
    ready: (page) => page.fill('#staff-pin', '271' + (100 + Math.floor(Math.random() * 900)) + '8'), words: general,
  },
  'settings: people': {
    path: '/settings-access.html', ask: '#form .button--main', request: '**/api/people', said: '#form .failed', words: general,
    ready: async (page) => {
      if (!await page.isVisible('#form')) await page.click('#add');
      await page.fill('#name', 'Persona ' + Math.random());
      await page.fill('#pin', '735102-b');
    },
  },
  'settings: API keys': {
    path: '/settings-access.html', ask: '#token-form .button--main', request: '**/api/tokens', said: '#token-form .failed',
    ready: (page) => page.fill('#token-name', 'clave ' + Math.random()), words: general,
  },
  'settings: webhooks': {
    path: '/settings-webhooks.html', ask: '#webhook-form .button--main', request: '**/api/webhooks', said: '#webhook-form .failed', words: general,
    ready: async (page) => {
      await page.fill('#url', 'http://127.0.0.1/' + Math.random());
      await page.check('#types [value="day-started"]');
    },
  },
  'settings: audit log': {
    path: '/settings-trace.html', ask: '#erase', request: '**/api/audit', said: '#failed', words: general,
    ready: (page) => page.$eval('#erase', (el) => { el.closest('details').open = true; }),
  },
  'settings: backup': {
    path: '/settings-data.html', ask: '#really', request: '**/api/import', said: '#failed',
    ready: async (page) => {
      if (await page.isVisible('#really')) return;
      const office = { format: 'turnero-office', version: 1, exportedAt: '2026-11-30T10:00:00Z', office: { settings: { name: 'Clínica' } } };
      await page.setInputFiles('#file', { name: 'copia.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(office)) });
    },
    words: (code) => (code === 'invalid' ? dataWords['data.restore.wrong'] : general(code)),
  },
  'sign-in': {
    path: '/signin.html', ask: '#enter', request: '**/api/session', said: '#error', ready: (page) => page.fill('#pin', '271828'),
    words: (code) => (code === 'busy' ? JSON.parse(readPage('signin/lang/es.json'))['signin.busy'] : general(code)),
  },
};

test('every page that sends requests is walked', () => {
  const walked = new Set(Object.values(PAGES).map((one) => one.path.split('?')[0]));
  const readers = ['api.html', 'not-found.html', 'public.html', 'statistics.html'];
  const addresses = { 'index.html': '/', 'ticket.html': '/t/ID' };
  const without = pageFiles('.html').filter((file) => !readers.includes(file) && !walked.has(addresses[file] || '/' + file));
  assert.deepEqual(without, []);
});

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

test('the audit log says why earlier entries do not come, and shows none twice', async () => {
  const full = await Server.start();
  await full.tickets(110);
  const page = await open(browser, full.url + '/settings-trace.html');
  await alwaysIntercept(page);
  await visible(page, '#more');
  const earlier = '**/api/audit?*before=*';
  const detail = JSON.stringify({ code: 'busy', detail: 'Technical.' });
  await page.route(earlier, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: detail }));
  await page.click('#more');
  await shows(page, '#more-failed', general('busy'));
  await visible(page, '#more-failed');
  await page.unroute(earlier);
  await until('it can be pressed', () => page.isEnabled('#more'));
  await page.dblclick('#more');
  await until('the whole log is there', async () => !await page.isVisible('#more'));
  const entries = await full.call('GET', 'audit?limit=1000');
  assert.equal(await page.locator('#entries tr').count(), entries.length);
  assert.equal(await page.isVisible('#more-failed'), false);
  await page.context().close();
  await full.stop();
});
