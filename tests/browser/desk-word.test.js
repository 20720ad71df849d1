// The office's word for a desk: set in the settings, it stands before the number on every screen and is spoken.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, launch, open, recorder, shows, until } from './support.mjs';

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

test('the word for a desk is set once, and every open screen shows and speaks it at once', async () => {
  await server.desk('3');
  const ticket = await server.ticket();
  const board = await open(browser, 'about:blank');
  await board.addInitScript(recorder, { voices: ['es_ES'], fast: 10 });
  await board.goto(server.url + '/public.html');
  const desk = await open(browser, server.url + '/desk.html?desk=3');
  await desk.click('#next');
  const start = await open(browser, server.url + '/');
  const phone = await open(browser, server.url + '/t/' + ticket.id);
  const english = await open(browser, server.url + '/public.html', { lang: 'en' });
  const statistics = await open(browser, server.url + '/statistics.html');
  await statistics.click('#by-desk > button');
  const all = (word) => Promise.all([
    shows(board, '#desk', word + ' 3'),
    shows(board, '.head span:last-child', word),
    shows(desk, '#desk-name', word + ' 3'),
    shows(start, '#desks a b', word + ' 3'),
    shows(phone, '#desk', word + ' 3'),
    shows(statistics, '#by-desk th:first-child', word),
    shows(statistics, '#by-desk tbody tr:first-child > :first-child', word + ' 3'),
    shows(english, '#desk', 'Desk 3'),
  ]);
  await all('Ventanilla');
  const settings = await open(browser, server.url + '/settings-desks.html');
  const field = '[name="deskWords.es"]';
  await until('the form is there', async () => (await settings.getAttribute(field, 'placeholder')) === 'Ventanilla'
    && await settings.isEnabled('#rules .button--main'));
  assert.ok(await settings.$('#words-es option[value="Consulta"]'), 'other words are suggested');
  await settings.fill(field, 'Mesa');
  await settings.click('#rules .button--main');
  await shows(settings, '#rules .status', 'Guardado');
  await all('Mesa');
  await shows(settings, '#rows li:first-child .code', 'Mesa 3');
  await server.act('3', 'recall');
  await until('it is spoken', () => board.evaluate(() => window.spoken.indexOf('es_ES: Turno A 1, mesa 3') >= 0));
  for (const page of [board, desk, start, phone, english, statistics, settings]) {
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});
