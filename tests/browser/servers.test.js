// The settings list the servers that share an office.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hidden, until, visible } from './support.mjs';
import { close, freshOffices, openSettings } from './settings.mjs';

let browser;
let server;
freshOffices((now, running) => { server = now; browser = running; });

const LIST = [
  { name: 'mostrador-1:3000', version: '0.2.0', role: 'leader', lag: 0, isThis: true },
  { name: 'mostrador-2:3000', version: '0.1.9', role: 'follower', lag: 1234, isThis: false },
  { name: 'mostrador-3:3000', version: '0.2.0', role: 'follower', lag: null, isThis: false },
];

/** The page, which gets that list of servers. */
async function withServers(list, lang) {
  const page = await openSettings(browser, server, 'settings-data', { lang });
  await page.route('**/api/servers', (route) => route.fulfill({ json: list() }));
  await page.reload();
  await visible(page, '#servers');
  return page;
}

const rows = (page) => page.$$eval('#server-list li', (all) => all.map((row) => Array.from(row.querySelectorAll('span'), (span) => span.textContent)));

test('an office in a data file shows no list of servers', async () => {
  const page = await openSettings(browser, server, 'settings-data');
  await Promise.all([page.waitForResponse('**/api/servers'), page.reload()]);
  await until('the page has heard of this server', async () => (await page.textContent('#version')) !== '');
  await hidden(page, '#servers');
  await close(page);
});

test('each server has its name, whether it is this one and the main one, how far it is, and its version', async () => {
  const page = await withServers(() => LIST, 'es');
  assert.deepEqual(await rows(page), [
    ['mostrador-1:3000', 'este servidor · principal · al día · versión 0.2.0'],
    ['mostrador-2:3000', 'cambios que aún no muestra: 1234 · versión 0.1.9'],
    ['mostrador-3:3000', 'sin conexión con la base de datos · versión 0.2.0'],
  ]);
  await close(page);
});

test('a server that has gone leaves the list by itself', async () => {
  let list = LIST;
  const page = await withServers(() => list, 'en');
  list = [{ ...LIST[2], role: 'leader', lag: 0, isThis: true }];
  await until('one is left', async () => (await rows(page)).length === 1);
  assert.deepEqual(await rows(page), [['mostrador-3:3000', 'this server · main server · up to date · version 0.2.0']]);
  await close(page);
});
