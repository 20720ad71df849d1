// axe finds nothing: every page, every language, both themes, with data on it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { FIRST_SIGHT, LANGUAGES, Server, launch, later, morning, noShows, open, severalServices, shows, take, transfers, until, visible } from './support.mjs';

let server;
let browser;
let ticket;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await morning(server);
  await later(server);
  ticket = await server.ticket();
  await severalServices(server);
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const SCREENS = {
  'a ticket\'s own page that asks whether to give up': {
    path: '/t/ID',
    ready: async (page) => {
      await page.click('#give-up');
      await visible(page, '#sure');
    },
  },
  'a ticket\'s own page for a ticket that is gone': { path: '/t/gone', gone: true, ready: (page) => page.waitForSelector('[data-kind="gone"]') },
  'desk with its lists and a transfer': {
    path: '/desk.html?desk=3',
    ready: async (page) => {
      await noShows(page);
      await transfers(page);
    },
  },
  ...FIRST_SIGHT,
};

for (const [name, screen] of Object.entries(SCREENS)) {
  for (const lang of LANGUAGES) {
    test('axe finds nothing on ' + name + ', ' + lang + ', by day and by night', async () => {
      const page = await open(browser, server.url + screen.path.replace('/t/ID', '/t/' + ticket.id), { lang });
      await screen.ready(page);
      // The words may come after the page.
      await page.waitForSelector('html[lang="' + lang + '"]');
      for (const theme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: theme });
        await page.waitForSelector('html[data-theme="' + theme + '"]');
        assert.deepEqual(await findings(page), [], theme);
      }
      assert.deepEqual(page.problems.filter((what) => !screen.gone || !what.startsWith('404: ')), []);
      await page.context().close();
    });
  }
}

for (const theme of ['light', 'dark']) {
  test('the public screen has a contrast of 7:1, calm and while it announces, ' + theme, async () => {
    const page = await open(browser, server.url + '/public.html', { theme });
    await shows(page, '#code', /^A/);
    assert.deepEqual(await findings(page, 'color-contrast-enhanced'), []);
    await server.act('3', 'recall');
    await page.waitForSelector('.is-announced');
    assert.deepEqual(await findings(page, 'color-contrast-enhanced'), []);
    await page.context().close();
  });

  test('axe finds nothing on a ticket just given, ' + theme, async () => {
    const page = await open(browser, server.url + '/new-ticket.html', { theme });
    await take(page);
    await page.waitForSelector('#done:enabled');
    await page.evaluate(() => { document.getElementById('time').style.transition = 'none'; });
    assert.deepEqual(await findings(page), []);
    await page.context().close();
  });
}

// The state of an office with many services, which takes long to set up.
function office() {
  const names = ['Información', 'Caja', 'Registro', 'Padrón'];
  const services = [];
  for (let i = 0; i < 40; i++) services.push({ prefix: 'S' + i, name: names[i % 4] + ' ' + i, waiting: i % 3, open: i % 5 !== 1, message: i % 5 === 1 ? '15:00' : undefined });
  const priorities = [{ name: 'normal', weight: 1 }, { name: 'Mayores de 65', weight: 2 }, { name: 'Movilidad reducida', weight: 2 }];
  return { type: 'state', seq: 1, payload: { office: { name: 'Turnero', language: 'es', priorities }, waiting: 9, services, desks: [], calls: [] } };
}

for (const theme of ['light', 'dark']) {
  test('axe finds nothing on a kiosk with pages of services, closed ones and priorities, ' + theme, async () => {
    const page = await open(browser, 'about:blank', { theme });
    await page.routeWebSocket(/\/ws/, (ws) => ws.send(JSON.stringify(office())));
    await page.goto(server.url + '/new-ticket.html');
    await visible(page, '#after');
    assert.ok(await page.isVisible('.is-closed'));
    assert.deepEqual(await findings(page), []);
    // axe ignores disabled elements, but a closed service must be readable.
    const closed = await page.$eval('.is-closed', (el) => { el.disabled = false; return el.textContent; });
    assert.match(closed, /15:00/);
    assert.deepEqual(await findings(page), []);
    await page.click('.service:not(.is-closed)');
    await visible(page, '#ask');
    await page.waitForSelector('#priorities .service:enabled');
    assert.deepEqual(await findings(page), []);
    await page.context().close();
  });

  test('axe finds nothing on a ticket\'s own page while it is called, and its contrast is 7:1, ' + theme, async () => {
    const mine = await server.ticket();
    const page = await open(browser, server.url + '/t/' + mine.id, { theme, size: [390, 844] });
    await server.call('POST', 'desks/9/call', { ticket: mine.code });
    await page.waitForSelector('[data-kind="called"]');
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(await findings(page, 'color-contrast-enhanced'), []);
    await server.act('9', 'finish');
    await page.context().close();
  });
}

test('axe finds nothing on screens whose server hangs, by day and by night', async () => {
  const hung = await Server.start();
  const empty = await Server.start();
  await morning(hung);
  await later(hung);
  const waiting = await hung.ticket();
  const called = await hung.ticket();
  await hung.call('POST', 'desks/9/call', { ticket: called.code });
  const paths = ['/', '/new-ticket.html', '/public.html', '/desk.html?desk=3', '/t/' + waiting.id, '/t/' + called.id, '/settings.html'];
  const pages = [];
  for (const theme of ['light', 'dark']) {
    const lang = theme === 'dark' ? 'ar' : 'es';
    for (const path of paths) pages.push([theme + ' ' + path, await open(browser, hung.url + path, { theme, lang })]);
    pages.push([theme + ' public without a call', await open(browser, empty.url + '/public.html', { theme, lang })]);
    const announcing = await open(browser, hung.url + '/public.html', { theme, lang });
    await shows(announcing, '#code', /^A/);
    // First, since an announcement ends.
    pages.unshift([theme + ' public that announces', announcing]);
  }
  for (let i = 0; i < 5; i++) await hung.act('3', 'recall');
  for (const server of [hung, empty]) server.process.kill('SIGSTOP');
  for (const [what, page] of pages) {
    await until(what + ' says so', () => page.evaluate(() => ['stale', 'away'].some((id) => {
      const el = document.getElementById(id);
      return el && !el.hidden;
    })));
    assert.deepEqual(await findings(page), [], what);
    if (what.endsWith('announces')) assert.ok(await page.$('.is-stale .is-announced'), what);
  }
  for (const server of [hung, empty]) {
    server.process.kill('SIGCONT');
    await server.stop();
  }
  for (const [, page] of pages) await page.context().close();
});
