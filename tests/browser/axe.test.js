// axe finds nothing: every page, every language, both themes, with data on it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { LANGUAGES, Server, launch, later, morning, noShows, open, shows, transfers, visible } from './support.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await morning(server);
  await later(server);
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

async function findings(page, options = {}) {
  // Fades and pulses are half transparent for a moment, which is no contrast to judge.
  await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)));
  await page.evaluate(axe);
  const found = await page.evaluate((o) => window.axe.run(document, o), options);
  return found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target + ' ' + n.failureSummary).join('; '));
}

const SCREENS = {
  signin: { path: '/signin.html', ready: (page) => visible(page, '#pin') },
  start: { path: '/', ready: (page) => visible(page, '#desks a') },
  'new-ticket': { path: '/new-ticket.html', ready: (page) => visible(page, '.service') },
  public: { path: '/public.html', ready: (page) => shows(page, '#code', /^A/) },
  desk: { path: '/desk.html?desk=3', ready: (page) => visible(page, '#queue li') },
  'desk with its lists and a transfer': {
    path: '/desk.html?desk=3',
    ready: async (page) => {
      await noShows(page);
      await transfers(page);
    },
  },
};

for (const [name, screen] of Object.entries(SCREENS)) {
  for (const lang of LANGUAGES) {
    test('axe finds nothing on ' + name + ', ' + lang + ', by day and by night', async () => {
      const page = await open(browser, server.url + screen.path, { lang });
      await screen.ready(page);
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
      for (const theme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: theme });
        await page.waitForSelector('html[data-theme="' + theme + '"]');
        assert.deepEqual(await findings(page), [], theme);
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}

for (const theme of ['light', 'dark']) {
  test('the public screen has a contrast of 7:1, calm and while it announces, ' + theme, async () => {
    const page = await open(browser, server.url + '/public.html', { theme });
    await shows(page, '#code', /^A/);
    const enhanced = { runOnly: ['color-contrast-enhanced'], rules: { 'color-contrast-enhanced': { enabled: true } } };
    assert.deepEqual(await findings(page, enhanced), []);
    await server.act('3', 'recall');
    await page.waitForSelector('.is-announced');
    assert.deepEqual(await findings(page, enhanced), []);
    await page.context().close();
  });

  test('axe finds nothing on a ticket just given, ' + theme, async () => {
    const page = await open(browser, server.url + '/new-ticket.html', { theme });
    await page.click('.service');
    await visible(page, '#given');
    await page.waitForSelector('#done:enabled');
    await page.evaluate(() => { document.getElementById('time').style.transition = 'none'; });
    assert.deepEqual(await findings(page), []);
    await page.context().close();
  });
}
