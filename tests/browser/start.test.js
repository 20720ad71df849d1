// The start page, and the page for an address that does not exist.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { Cable, LANGUAGES, SIZES, Server, covered, hidden, launch, open, readPage, shows, visible } from './support.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.call('PUT', 'settings', { name: 'Oficina de prueba' });
  for (const name of ['1', '2']) await server.desk(name);
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('the language links of the start page keep its theme and the rest of its address', async () => {
  const page = await open(browser, server.url + '/?theme=dark&x=1');
  await visible(page, '#languages a');
  const links = await page.$$eval('#languages a', (all) => all.map((a) => [a.lang, a.href]));
  assert.deepEqual(links.map(([lang]) => lang), LANGUAGES);
  for (const [lang, href] of links) {
    const query = new URL(href).searchParams;
    assert.deepEqual([query.get('lang'), query.get('theme'), query.get('x')], [lang, 'dark', '1'], href);
  }
  await page.click('#languages a[lang="fr"]');
  await page.waitForSelector('html[lang="fr"][data-theme="dark"]');
  await page.click('#take');
  await page.waitForSelector('html[lang="fr"][data-theme="dark"] .service');
  await page.context().close();
});

test('without a connection the start page says so, over no other text', async () => {
  for (const size of SIZES) {
    const cable = await Cable.to(server);
    const page = await open(browser, cable.url + '/', { size });
    await visible(page, '#desks a');
    await cable.cut();
    await visible(page, '#away');
    assert.deepEqual(await covered(page, '#away'), [], String(size));
    await cable.mend();
    await hidden(page, '#away');
    await page.context().close();
    await cable.cut();
  }
});

test('a wrong address gives a page in the reader\'s language that names the office and leads on', async () => {
  for (const lang of LANGUAGES) {
    const words = JSON.parse(readPage('lang/' + lang + '.json'));
    for (const address of ['/wrong.html', '/a/b/wrong/']) {
      const page = await open(browser, server.url + address, { lang });
      await page.waitForSelector('html[lang="' + lang + '"]');
      await shows(page, 'h1', words.missing);
      await shows(page, '#office', 'Oficina de prueba');
      assert.deepEqual(await findings(page), [], lang);
      assert.deepEqual(page.problems.filter((what) => !what.endsWith(address)), []);
      const links = await page.$$eval('main a', (all) => all.map((a) => a.getAttribute('href') && a.href));
      for (const link of links) assert.equal((await fetch(link)).status, 200, link);
      await page.click('main a:last-child');
      await visible(page, '#desks a');
      await page.context().close();
    }
  }
});
