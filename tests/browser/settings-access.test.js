// The settings' PINs and keys of programs, who did what, and the copy of the office.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { close, freshOffices, openSettings, wrongAt } from './settings.mjs';
import { Server, hidden, open, shows, until, visible } from './support.mjs';

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

const at = (page, options) => openSettings(browser, server, page, options);

test('PINs are changed, and programs get keys that are shown once and can be deleted', async () => {
  const page = await at('settings-access');
  await until('it is live', () => page.isEnabled('#staff-form .button--main'));
  await visible(page, '#here');
  await hidden(page, '#open');
  await page.fill('#staff-pin', '123');
  await page.click('#staff-form .button--main');
  await wrongAt(page, '#staff-pin', /6 cifras/);
  await page.fill('#staff-pin', '87654321');
  await page.click('#staff-form .button--main');
  await wrongAt(page, '#staff-pin', /demasiado fácil/);
  await page.fill('#staff-pin', '48213579');
  await page.click('#staff-form .button--main');
  await shows(page, '#staff-form .status', 'Guardado');
  assert.equal(await page.inputValue('#staff-pin'), '', 'it is not left on the screen');
  const signedIn = await fetch(server.url + '/api/session', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ pin: '48213579' }),
  });
  assert.deepEqual([signedIn.status, (await signedIn.json()).session], [200, true]);

  await page.click('#token-form .button--main');
  await wrongAt(page, '#token-name', /Rellene/);
  await page.fill('#token-name', 'Agenda');
  await page.selectOption('#token-role', 'admin');
  await page.click('#token-form .button--main');
  await visible(page, '#made');
  const secret = await page.inputValue('#secret');
  const asked = await fetch(server.url + '/api/tokens', { headers: { Authorization: 'Bearer ' + secret } });
  assert.equal(asked.status, 200);
  await shows(page, '#tokens li', /Agenda ?Administración · /);
  await page.click('#copy');
  await shows(page, '#copied', /./);
  await page.reload();
  await shows(page, '#tokens li', /Agenda ?Administración · usada por última vez/);
  assert.equal(await page.inputValue('#secret'), '');
  await page.click('#tokens .change');
  await page.click('#tokens .really');
  await shows(page, '#tokens-said', 'Clave revocada: Agenda');
  await visible(page, '#none');
  const again = await fetch(server.url + '/api/tokens', { headers: { Authorization: 'Bearer ' + secret } });
  assert.equal(again.status, 401);
  await close(page);
});

test('a server without PINs says so, and who is signed in can leave', async () => {
  const openServer = await Server.start({ flags: ['--open'] });
  const page = await open(browser, openServer.url + '/settings-access.html', { lang: 'en' });
  await shows(page, '#open', /This server runs without PINs/);
  await visible(page, '#open');
  await hidden(page, '#here');
  await hidden(page, '#far');
  await page.context().close();
  const far = await open(browser, 'about:blank', { lang: 'en' });
  await far.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  await far.goto(openServer.url + '/settings-access.html?lang=en');
  await shows(far, '#far', /only be set on the server computer/);
  await visible(far, '#far');
  for (const control of ['#staff-pin', '#admin-pin', '#token-name', '#token-form .button--main']) {
    assert.equal(await far.isDisabled(control), true, control);
  }
  await far.context().close();
  await openServer.stop();
  await server.call('PUT', 'pins/staff', { pin: '48213579' });
  const staff = await at('settings-access', { lang: 'en' });
  await staff.evaluate(() => fetch('api/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"pin":"48213579"}' }));
  await staff.reload();
  await visible(staff, '#leave');
  await staff.click('#leave');
  await visible(staff, '#take');
  await staff.context().close();
});

test('staff may look, and are told what changing takes', async () => {
  const page = await open(browser, 'about:blank', { lang: 'en' });
  await page.route('**/api/session', (route) => route.fulfill({ contentType: 'application/json', body: '{"role":"staff","open":false,"session":true}' }));
  page.problems.length = 0;
  await page.goto(server.url + '/settings-desks.html?theme=dark');
  await shows(page, '#admin', /you need the administrator PIN/);
  await page.click('#admin a');
  await until('the sign-in, and the way back', () => /signin\.html\?then=settings-desks\.html%3Ftheme%3Ddark/.test(page.url()));
  await close(page);
});

test('who has not signed in is asked for it, and staff that want a copy are, too', async () => {
  await server.call('PUT', 'pins/staff', { pin: '735102-b' });
  const page = await open(browser, 'about:blank', { lang: 'en' });
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  for (const name of ['settings-services', 'settings-data']) {
    await page.goto(server.url + '/' + name + '.html?lang=en');
    await until('the sign-in', () => new URL(page.url()).pathname === '/signin.html');
  }
  await page.fill('#pin', '735102-b');
  await until('it can be sent', () => page.isEnabled('#enter'));
  await page.click('#enter');
  await until('back', () => new URL(page.url()).pathname === '/settings-data.html');
  await visible(page, '#admin');
  await page.click('#copy');
  await until('the sign-in, and the way back', () => /signin\.html\?then=settings-data\.html/.test(page.url()));
  await page.context().close();
});

test('who did what is listed, the newest first, and goes on by itself', async () => {
  await server.ticket();
  await server.act('3', 'next');
  const page = await at('settings-trace', { lang: 'en' });
  await shows(page, '#entries tr:first-child', /A1 called: Desk 3 ?Administrator ?127\.0\.0\.1/);
  await shows(page, '#entries tr:nth-last-child(3)', /Ticket A1 taken/);
  // Before it, the first start made both PINs.
  await shows(page, '#entries tr:last-child', /New PIN: Staff ?Administrator ?127/);
  await server.act('3', 'finish');
  await shows(page, '#entries tr:first-child', /A1 finished: Desk 3/);
  await hidden(page, '#more');
  await server.tickets(120);
  await shows(page, '#entries tr:first-child', /Ticket A121 taken/);
  // Entries that arrived while the page was open stay; a new page shows the latest hundred.
  await page.reload();
  await page.click('#more');
  await shows(page, '#entries tr:last-child', /New PIN: Staff/);
  await hidden(page, '#more');
  await server.call('PUT', 'settings', { name: 'Clinic', mostWaiting: 500 });
  await shows(page, '#entries tr:first-child', /Settings changed: Maximum number of people waiting · Office name/);
  await server.desk('4');
  await server.act('3', 'next');
  await server.act('3', 'transfer', { desk: '4' });
  await shows(page, '#entries tr:first-child', /A2 transferred from Desk 3 to Desk 4/);
  const changed = async (where, body, text) => {
    await server.call('PUT', where, body);
    await shows(page, '#entries tr:first-child', text);
  };
  await changed('services/B', { name: 'Caja' }, /Service changed: B: created/);
  await changed('services/B', { first: 100 }, /Service changed: B: First number/);
  await changed('desks/4', { open: false, services: ['B'] }, /Changed: Desk 4: Closed · Services served here/);
  await changed('desks/4', { open: true }, /Changed: Desk 4: Open/);
  await server.act('3', 'recall').catch(() => {});
  await server.act('3', 'undo');
  await shows(page, '#entries tr:first-child', /Last step undone \(A2\): Desk 3/);
  await server.call('PUT', 'pins/staff', { pin: '735102-b' });
  await server.call('POST', 'tokens', { name: 'kiosk', role: 'staff' });
  await server.ticket();
  await shows(page, '#entries tr:nth-child(2)', /Key created: kiosk ?Administrator ?127/);
  await shows(page, '#entries tr:nth-child(3)', /New PIN: Staff ?Administrator/);
  const [copy] = await Promise.all([page.waitForEvent('download'), page.click('#copy')]);
  assert.equal(JSON.parse(readFileSync(await copy.path(), 'utf8')).audit[1].subject, 'kiosk');
  await page.click('main summary');
  await page.click('#erase');
  await shows(page, '#entries tr:only-child', /Audit log erased ?Administrator ?127/);
  await page.reload();
  await shows(page, '#entries tr:only-child', /Audit log erased ?Administrator ?127/);
  await hidden(page, '#erase');
  await close(page);
});

async function tablesOf(page, sections) {
  for (const section of sections) {
    await visible(page, section + ' svg');
    await hidden(page, section + ' table');
    await page.click(section + ' > button');
    await visible(page, section + ' table');
  }
}

test('the statistics of the day are there for staff, and go on by themselves', async () => {
  await server.tickets(2);
  const page = await at('statistics', { lang: 'en' });
  await tablesOf(page, ['#by-service', '#by-desk']);
  const row = (name, numbers) => new RegExp('^' + [name, ...numbers].join(' ?'));
  // Arrived, waiting, now serving, on hold, served, no-shows, left.
  await shows(page, '#by-service tbody tr:first-child', row('A · General', [2, 2, 0, 0, 0, 0, 0, '–']));
  await shows(page, '#by-desk tbody tr:first-child', row('Not called', [2, 2]));
  await server.act('3', 'next');
  await server.act('3', 'recall');
  await server.act('3', 'finish');
  await shows(page, '#by-service tbody tr:first-child', row('A · General', [2, 1, 0, 0, 1, 0, 0, '0:0\\d']));
  await shows(page, '#by-desk tbody tr:nth-child(2)', row('Desk 3', [1, 0, 0, 0, 1, 0, 0]));
  await server.call('PUT', 'services/B', { name: 'Caja', names: { en: 'Till' } });
  await server.call('POST', 'tickets', { service: 'B' });
  await shows(page, '#by-service tbody tr:nth-child(2)', row('B · Till', [1, 1, 0]));
  await shows(page, '#by-service .drawing', /B · Till/);
  await shows(page, '#totals', /^Arrived ?3/);
  await close(page);
});

test('each picture of the statistics has its table, and other days have their own', async () => {
  await server.tickets(2);
  const page = await at('statistics', { lang: 'en' });
  await tablesOf(page, ['#by-hour', '#waits-by-hour', '#by-service', '#by-desk']);
  const count = (part) => page.evaluate((selector) => document.querySelectorAll(selector).length, part);
  for (const section of ['#by-hour', '#by-service', '#by-desk']) {
    assert.ok(await count(section + ' rect.series-0') > 0, section);
    assert.equal(await count(section + ' tbody tr'), await count(section + ' rect.series-0'), section);
  }
  await hidden(page, '#by-weekday');
  await page.click('#week');
  await tablesOf(page, ['#by-day', '#by-weekday']);
  assert.equal(await count('#by-day tbody tr'), 7);
  assert.ok(await count('#by-weekday text') > 8);
  assert.deepEqual(await page.$$eval('.drawing', (all) => all.filter((el) => !el.parentNode.querySelector('button + .table table'))), [], 'a picture without a table');
  await page.fill('#from', '2020-01-01');
  await page.fill('#to', '2020-01-31');
  await visible(page, '#none');
  await hidden(page, '#range');
  await page.fill('#from', '2020-02-01');
  await shows(page, '#wrong', 'The first day is after the last one.');
  await close(page);
});

test('some days are compared with the same weekdays before them, and a report on paper has all tables of numbers', async () => {
  await server.tickets(3);
  const page = await at('statistics', { lang: 'en' });
  await visible(page, '#by-hour svg');
  await page.click('#month');
  await visible(page, '#by-day svg');
  // A month ago there was no office.
  await hidden(page, '#compared');
  const answer = (from, arrived) => ({ from, all: Object.assign({}, now.all, { arrived, noShows: 4, dropOff: 0.25 }), groups: [] });
  const now = await server.call('GET', 'statistics?by=hour');
  const before = new Date(Date.now() - 64 * 86400000).toISOString().slice(0, 10);
  await page.route('**/api/statistics?from=' + before + '*', (route) => {
    const groups = /by=day/.test(route.request().url()) ? [{ day: before, arrived: 16 }] : [{ hour: 9, arrived: 16, wait: null }];
    return route.fulfill({ json: Object.assign(answer(before, 16), { groups }) });
  });
  await page.click('#month');
  await shows(page, '#compared', /^Before: .* to .*\.$/);
  await shows(page, '#totals div:first-child .was', 'Before: 16');
  await shows(page, '#totals div:nth-last-child(2) .was', 'Before: 25%');
  assert.deepEqual(await page.$$eval('#totals div:not(:first-child):nth-child(-n+4) .was', (all) => all.length), 0, 'what is so now is not compared');
  await shows(page, '#by-day .legend', /Arrived ?Before/);
  await shows(page, '#by-day tbody tr:first-child', /16$/);
  await page.emulateMedia({ media: 'print' });
  await visible(page, '#by-service table');
  await visible(page, '#by-desk table');
  await hidden(page, '#by-service > button');
  await hidden(page, '#days .ranges');
  await hidden(page, 'details');
  await close(page);
});

test('the old address of the statistics leads to the new one, in the same language', async () => {
  const page = await at('figures', { lang: 'en', query: '?lang=en' });
  assert.match(page.url(), /\/statistics\.html\?lang=en/);
  await close(page);
});

test('a copy can be taken, and the version and the address of this server are there', async () => {
  const page = await at('settings-data', { lang: 'en' });
  const { version } = await server.call('GET', 'health');
  await shows(page, '#version', version);
  await server.call('PUT', 'settings', { name: 'Clinic' });
  const [copy] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')]);
  assert.match(copy.suggestedFilename(), /^turnero-[0-9-]{10}\.json$/);
  assert.match(readFileSync(await copy.path(), 'utf8'), /Clinic/);
  await close(page);
});
