// «Webhooks»: the programs that are sent events, set up and tried on the page.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { findings } from './axe.mjs';
import { close, freshOffices, openSettings, wrongAt } from './settings.mjs';
import { LANGUAGES, hidden, shows, until, visible } from './support.mjs';

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

const at = (options) => openSettings(browser, server, 'settings-webhooks', options);

/** A program that gets messages, and answers with `status`. */
async function receiver(use) {
  const got = { status: 200, messages: [] };
  const http = createServer((request, answer) => {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => {
      got.messages.push(JSON.parse(body));
      answer.writeHead(got.status).end();
    });
  });
  await new Promise((done) => http.listen(0, '127.0.0.1', done));
  got.url = 'http://127.0.0.1:' + http.address().port + '/turnos';
  try {
    await use(got);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

const press = (page, key) => page.click('#webhooks [data-act="' + key + '"]');

test('a webhook is made, tried, switched off and on, and deleted', () => receiver(async (program) => {
  const page = await at();
  await visible(page, '#none');
  await until('it is live', () => page.isEnabled('#webhook-form .button--main'));
  await page.fill('#url', program.url);
  await page.click('#webhook-form .button--main');
  await shows(page, '[data-field="types"] .wrong', 'Marque al menos una casilla.');
  await page.check('#types [value="ticket-created"]');
  await page.click('#webhook-form .button--main');
  await visible(page, '#made');
  assert.match(await page.inputValue('#secret'), /^whsec_/);
  await shows(page, '#webhooks .name', program.url);
  await shows(page, '#webhooks .about', /Activado.*Turno sacado/);
  await hidden(page, '#none');
  assert.equal(await page.inputValue('#url'), '');
  await server.ticket();
  await until('the message is there', () => program.messages.length === 1);
  assert.equal(program.messages[0].type, 'ticket-created');
  await page.click('#webhooks summary');
  await shows(page, '#webhooks details li', /Turno sacado.*Entregado/);
  await press(page, 'webhooks.test');
  await shows(page, '#said', 'La prueba ha llegado.');
  program.status = 500;
  await press(page, 'webhooks.test');
  await shows(page, '#said', 'La prueba no ha llegado: el programa respondió con el código 500');
  await server.ticket();
  await shows(page, '#webhooks .about', /Próximo intento: .*Último fallo, .*: el programa respondió con el código 500/);
  await press(page, 'webhooks.switch-off');
  await shows(page, '#webhooks .about', /Desactivado/);
  program.status = 200;
  await press(page, 'webhooks.switch-on');
  await shows(page, '#webhooks .about', /Activado/);
  await until('what waited is there', () => program.messages[program.messages.length - 1].data.seq === 2);
  await press(page, 'settings.change');
  await shows(page, '#which', 'Modificar: ' + program.url);
  assert.deepEqual([await page.inputValue('#url'), await page.isChecked('#types [value="ticket-created"]')], [program.url, true]);
  await page.check('#types [value="ticket-called"]');
  await page.click('#make');
  await shows(page, '#webhooks .about', /Turno sacado · Turno llamado/);
  await shows(page, '#which', 'Nuevo webhook');
  const secret = await page.inputValue('#secret');
  await press(page, 'webhooks.new-secret');
  await until('another secret', async () => await page.inputValue('#secret') !== secret);
  await shows(page, '#webhooks .about', /El secreto anterior sirve hasta/);
  // The same address again, or none at all.
  for (const wrong of [program.url, 'programa']) {
    await page.fill('#url', wrong);
    await page.check('#types [value="day-started"]');
    await page.click('#webhook-form .button--main');
    await wrongAt(page, '#url', /no tenga otro webhook|no vale|válid/);
  }
  await press(page, 'webhooks.delete');
  await press(page, 'webhooks.delete.yes');
  await shows(page, '#said', 'Webhook eliminado: ' + program.url);
  await visible(page, '#none');
  page.problems.length = 0;
  await close(page);
}));

test('a webhook that the server has switched off says why', () => receiver(async (program) => {
  program.status = 410;
  await server.call('POST', 'webhooks', { url: program.url, types: ['ticket-created'] });
  await server.ticket();
  const page = await at({ lang: 'en' });
  await shows(page, '#webhooks .warning', 'Switched off: the program answered that it wants no more');
  program.status = 200;
  await press(page, 'webhooks.switch-on');
  await shows(page, '#webhooks .about', /^http\S+ ?On/);
  await until('what waited is there', () => program.messages.length === 2);
  await close(page);
}));

test('the page is whole in every language and size, and axe finds nothing', () => receiver(async (program) => {
  program.status = 503;
  await server.call('POST', 'webhooks', { url: program.url + '/' + 'a'.repeat(200), types: ['ticket-approaching', 'ticket-called', 'day-started'] });
  await server.call('POST', 'webhooks', { url: program.url, types: ['ticket-created'] });
  await server.ticket();
  for (const lang of LANGUAGES) {
    for (const [width, theme] of [[390, 'light'], [1366, 'dark']]) {
      const page = await at({ lang, size: [width, 844], query: '?theme=' + theme });
      await until('the webhooks are there', async () => await page.locator('#webhooks > li').count() === 2);
      await page.$$eval('details', (all) => all.forEach((el) => { el.open = true; }));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, lang + ' ' + width + ': ' + over + ' px too wide');
      assert.deepEqual(await findings(page), [], lang + ' ' + width);
      if (process.env.TURNERO_SHOTS) await page.screenshot({ path: process.env.TURNERO_SHOTS + '/webhooks-' + lang + '-' + width + '.png', fullPage: true });
      await close(page);
    }
  }
}));
