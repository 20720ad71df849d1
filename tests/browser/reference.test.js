// The reference of the API: every call of the description, readable in both themes and on a phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { Server, launch, open, visible } from './support.mjs';

let server, browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser.close();
  await server.stop();
});

for (const [theme, width] of [['light', 1366], ['dark', 390]]) {
  test('the reference shows every call with a curl line, ' + theme, async () => {
    const { paths } = await (await fetch(server.url + '/api/openapi.json')).json();
    const calls = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => method.toUpperCase() + ' ' + path));
    const page = await open(browser, server.url + '/api.html?theme=' + theme, { size: [width, 844] });
    await visible(page, '.call');
    assert.deepEqual((await page.$$eval('.call:not([id]) summary code', (all) => all.map((el) => el.textContent))).sort(), calls.sort());
    await page.$$eval('details', (all) => all.forEach((el) => { el.open = true; }));
    const lines = await page.$$eval('.call pre', (all) => all.map((el) => el.textContent));
    assert.ok(lines.includes("curl -X POST '" + server.url + "/api/tickets'"), lines[0]);
    assert.ok(lines.includes("curl -X POST -H 'Authorization: Bearer TOKEN' '" + server.url + "/api/desks/DESK/next'"));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.deepEqual(await findings(page), []);
  });
}
