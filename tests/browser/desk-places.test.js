// The buttons of a desk keep their places while messages and lists around them change.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, until, visible } from './support.mjs';

const BUTTONS = ['next', 'recall', 'finish', 'no-show', 'hold', 'transfer'];
const SERVICES = { A: 'Padrón y certificados', B: 'Atención con cita previa', C: 'Caja', D: 'Registro de entrada', E: 'Servicios sociales', F: 'Licencias y urbanismo' };
let browser;

before(async () => { browser = await launch(); });
after(async () => { if (browser) await browser.close(); });

const boxes = (page) => page.evaluate((ids) => ids.map((id) => {
  const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
  return id + ' ' + [x, y, width, height].map(Math.round).join(' ');
}), BUTTONS);

for (const lang of ['es', 'en']) {
  for (const size of [[1366, 768], [1024, 768]]) {
    test('the buttons keep their places at ' + size.join('×') + ' in ' + lang + ' with six services', async () => {
      const server = await Server.start();
      for (const [prefix, name] of Object.entries(SERVICES)) await server.call('PUT', 'services/' + prefix, { name });
      for (const name of ['1', '2', '3']) await server.desk(name);
      await server.call('PUT', 'desks/3', { services: Object.keys(SERVICES) });
      for (let n = 0; n < 24; n++) await server.call('POST', 'tickets', { service: 'ABCDEF'[n % 6], note: n % 2 ? 'Viene con su hija y en silla de ruedas, con todos los papeles del año pasado' : undefined });
      const page = await open(browser, server.url + '/desk.html?desk=3', { lang, size });
      await until('the desk is live', () => page.isEnabled('#next'));
      await visible(page, '#queue li');
      const at = await boxes(page);
      const same = async (when) => {
        assert.deepEqual(await boxes(page), at, when);
        const seen = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
        assert.ok(seen <= 0, when + ': ' + seen + ' px below the window');
      };
      await page.click('#next');
      await shows(page, '#code', 'A1');
      await visible(page, '#undo');
      await same('somebody is served');
      for (let n = 1; n <= 3; n++) {
        await page.click('#hold');
        await until(n + ' on hold', async () => (await page.$$('#held li')).length === n);
        await same(n + ' on hold');
        await page.click('#next');
        await until('somebody is served', () => page.isEnabled('#hold'));
      }
      await page.click('#no-show');
      await visible(page, '#missed-fold');
      await page.click('#missed-fold');
      await same('no-shows are unfolded');
      for (const name of ['1', '2']) await server.call('PUT', 'desks/' + name, { open: false });
      await server.call('PUT', 'desks/3', { services: ['A', 'B'] });
      await visible(page, '#warning');
      await same('a banner has come');
      await page.click('#next');
      await until('somebody is served', () => page.isEnabled('#hold'));
      await server.call('PUT', 'desks/3', { open: false });
      await visible(page, '#shut');
      await same('the desk is closed');
      await server.kill();
      await visible(page, '#away');
      await same('the connection is away');
      await server.restart();
      await hidden(page, '#away');
      await same('the connection is back');
      assert.deepEqual(page.problems, []);
      await page.context().close();
      await server.stop();
    });
  }
}
