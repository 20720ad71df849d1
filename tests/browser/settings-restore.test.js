// An exported office is imported in the settings of an office without tickets, while the server runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, hidden, open, shows, text, visible } from './support.mjs';
import { close, freshOffices, openSettings } from './settings.mjs';

let browser;
let server;
freshOffices((now, running) => { server = now; browser = running; });

const at = (options) => openSettings(browser, server, 'settings-data', options);
const asFile = (content) => ({ name: 'turnero-2026-11-30.json', mimeType: 'application/json', buffer: Buffer.from(content) });

/** The export of an office with two services, and with somebody who waits. */
async function anExport() {
  const other = await Server.start();
  await other.call('PUT', 'settings', { name: 'Clínica del Mar' });
  await other.call('PUT', 'services/B', { name: 'Extracciones' });
  await other.call('PUT', 'desks/3', {});
  await other.call('POST', 'tickets', { service: 'B' });
  const content = JSON.stringify(await other.call('GET', 'export'));
  await other.stop();
  return content;
}

test('a manager imports an office into an empty one, and every screen shows it', async () => {
  const content = await anExport();
  await server.call('PUT', 'settings', { name: 'Nueva' });
  const kiosk = await open(browser, server.url + '/new-ticket.html');
  await shows(kiosk, '#office', 'Nueva');
  const page = await at();
  await page.setInputFiles('#file', asFile(content));
  await shows(page, '#sure-text', /^¿Importar «Clínica del Mar», con fecha del .*\d{4}/);
  await page.click('#keep');
  await hidden(page, '#sure');
  assert.equal((await server.call('GET', 'settings')).name, 'Nueva', 'nothing without the answer');
  await page.setInputFiles('#file', asFile(content));
  // By the keyboard alone.
  await page.focus('#really');
  await page.keyboard.press('Enter');
  await shows(page, '#restored', 'Oficina importada.');
  await hidden(page, '#sure');
  await shows(page, '#office', 'Clínica del Mar');
  await shows(kiosk, '#office', 'Clínica del Mar');
  await shows(kiosk, '[data-key="B"]', /Extracciones.*Espera 1 persona/);
  assert.deepEqual((await server.call('GET', 'tickets?state=waiting')).map((one) => one.code), ['B1']);
  await kiosk.context().close();
  await close(page);
});

test('what is no export, and an office with tickets, are said in the reader\'s words, and nothing changes', async () => {
  const content = await anExport();
  const before = await server.call('GET', 'settings');
  const page = await at({ lang: 'en' });
  const newer = JSON.stringify(Object.assign(JSON.parse(content), { version: 3 }));
  for (const wrong of ['a shopping list', '[]', '{"format":"turnero-office"}', '{"format":"other"}']) {
    await page.setInputFiles('#file', asFile(wrong));
    await shows(page, '#failed', /^This file was not exported from Turnero/);
    await hidden(page, '#sure');
  }
  await page.setInputFiles('#file', asFile(newer));
  await hidden(page, '#failed');
  await page.click('#really');
  await shows(page, '#failed', /comes from a newer version\.$/);
  await page.click('#keep');
  await server.ticket();
  await page.setInputFiles('#file', asFile(content));
  await visible(page, '#really');
  await page.click('#really');
  await shows(page, '#failed', /^There are already tickets from today here\./);
  assert.equal(await text(page, '#restored'), '');
  assert.deepEqual(await server.call('GET', 'settings'), before);
  page.problems = page.problems.filter((what) => !/^4(09|22): /.test(what));
  await close(page);
});
