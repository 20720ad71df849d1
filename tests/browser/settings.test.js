// The settings: every page changes what it says, says «saved» or why not at the field, shows at once
// what someone else changes, and never wipes what is being typed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, freshOffices, openSettings, save, saved, wrongAt } from './settings.mjs';
import { alwaysIntercept, hidden, open, shows, until, visible } from './support.mjs';

const PAGES = ['statistics', 'settings', 'settings-look', 'settings-sound', 'settings-printing', 'settings-services', 'settings-desks', 'settings-next',
  'settings-access', 'settings-webhooks', 'settings-trace', 'settings-data'];
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

const settings = () => server.call('GET', 'settings');

const at = (page, options) => openSettings(browser, server, page, options);

test('the start page leads to the settings, and each page of them to all others', async () => {
  const page = await open(browser, server.url + '/?lang=en&theme=dark');
  await page.click('#settings[href*="theme=dark"]');
  for (const name of PAGES) {
    await page.click('.sections a[href*="' + name + '.html"][href*="theme=dark"]');
    await until(name + ' is open', () => page.url().includes('/' + name + '.html'));
    await until('it is the current one', () => page.getAttribute('.sections a[href*="' + name + '.html"]', 'aria-current'));
    assert.match(page.url(), /lang=en&theme=dark/);
    assert.equal(await page.$$eval('[aria-current]', (all) => all.length), 1);
  }
  await page.click('.home');
  await visible(page, '#take');
  await close(page);
});

test('nothing can be typed before the values are there, so that none of it is lost', async () => {
  const page = await open(browser, server.url + '/not-found.html');
  let answer;
  const held = new Promise((go) => { answer = go; });
  await page.route('**/api/settings', async (route) => {
    await held;
    await route.continue();
  });
  for (const [name, field] of [['settings', '#name'], ['settings-look', '#message'], ['settings-sound', '#volume']]) {
    await page.goto(server.url + '/' + name + '.html');
    await visible(page, field);
    assert.equal(await page.isEnabled(field), false, name);
  }
  answer();
  await page.fill('#volume', '37');
  await save(page);
  await saved(page);
  assert.equal((await settings()).volume, 37);
  await page.context().close();
});

test('an admin starts a new day after a warning, and numbers restart', async () => {
  const page = await at('settings');
  await server.tickets(2);
  await hidden(page, '#start-day');
  await page.click('main summary');
  await page.click('#start-day');
  await shows(page, '#day-started', 'Ha empezado un día nuevo.');
  await hidden(page, '#start-day');
  assert.equal((await server.ticket()).code, 'A1');
  await close(page);
});

test('the office is set up, and the other screens show it at once', async () => {
  const page = await at('settings');
  const start = await open(browser, server.url + '/');
  await page.fill('#name', 'Centro de Salud Norte');
  await shows(page, '.status', 'Cambios sin guardar');
  await page.selectOption('#language', 'en');
  await page.check('#languages li:nth-child(2) input');
  await page.check('#languages li:nth-child(2) ~ li:has-text("Français") input');
  await page.fill('#timeZone', 'America/Bogota');
  await shows(page, '#zone-now', /\d\d?:\d\d/);
  await page.selectOption('#dayBeginsHour', '4');
  await page.check('#keepWaiting');
  await page.fill('#mostWaiting', '300');
  await save(page);
  await saved(page);
  await shows(start, '#office', 'Centro de Salud Norte');
  const now = await settings();
  assert.deepEqual([now.name, now.language, now.languages, now.timeZone, now.dayBeginsHour, now.keepWaiting, now.mostWaiting],
    ['Centro de Salud Norte', 'en', ['en', 'fr'], 'America/Bogota', 4, true, 300]);
  // Their order is the order of the calls.
  await page.click('#languages li:has-text("Français") .up');
  await page.fill('#mostWaiting', '');
  await save(page);
  await until('it is saved', async () => (await settings()).languages[0] === 'fr');
  assert.equal((await settings()).mostWaiting, null);
  await page.uncheck('#languages li:has-text("Français") input');
  await page.uncheck('#languages li:has-text("English") input');
  await page.fill('#timeZone', '');
  await save(page);
  await until('it is saved', async () => (await settings()).timeZone === null);
  assert.deepEqual((await settings()).languages, []);
  await close(start);
  await close(page);
});

test('what cannot be taken is said at its field, in the reader\'s language, and nothing is saved', async () => {
  const first = await settings();
  for (const [lang, fill, number, zone] of [['es', /Rellene/, /número entero/, /Elija una/], ['en', /Fill in this field/, /whole number/, /Pick one/]]) {
    const page = await at('settings', { lang });
    await page.fill('#name', '  ');
    await page.fill('#mostWaiting', '0');
    await page.fill('#timeZone', 'Europe/Atlantis');
    await save(page);
    await wrongAt(page, '#name', fill);
    await wrongAt(page, '#mostWaiting', number);
    await wrongAt(page, '#timeZone', zone);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name', 'the first wrong field has the focus');
    await page.click('.undo:visible');
    assert.equal(await page.inputValue('#name'), first.name);
    assert.equal(await page.$('[aria-invalid]'), null);
    await close(page);
  }
  assert.deepEqual(await settings(), first);
});

test('what the server alone refuses is said at the field that it names', async () => {
  const page = await at('settings', { lang: 'en' });
  await alwaysIntercept(page);
  await page.route('**/api/settings', (route) => (route.request().method() === 'PUT' ? route.fulfill({
    status: 422, contentType: 'application/problem+json',
    body: JSON.stringify({ code: 'invalid', detail: 'timeZone: no such place.' }),
  }) : route.continue()));
  await page.fill('#name', 'Clinic');
  await save(page);
  await wrongAt(page, '#timeZone', /^This is not valid\. Correct it and try again\.$/);
  assert.equal(await page.inputValue('#name'), 'Clinic', 'what was typed is still there');
  await page.unroute('**/api/settings');
  await page.route('**/api/settings', (route) => (route.request().method() === 'PUT' ? route.abort() : route.continue()));
  await save(page);
  await shows(page, '.failed', /did not answer/);
  await page.unroute('**/api/settings');
  await save(page);
  await saved(page);
  await hidden(page, '.failed');
  await close(page);
});

test('what another person changes shows at once, and what is being typed stays', async () => {
  const page = await at('settings');
  await page.fill('#name', 'Lo mío');
  await server.call('PUT', 'settings', { dayBeginsHour: 5 });
  await until('the hour follows', async () => (await page.inputValue('#dayBeginsHour')) === '5');
  assert.equal(await page.inputValue('#name'), 'Lo mío');
  await server.call('PUT', 'settings', { name: 'Lo suyo' });
  await shows(page, '.meanwhile', /otra persona puso aquí: Lo suyo/);
  await shows(page, '.status', /Otra persona/);
  assert.equal(await page.inputValue('#name'), 'Lo mío');
  // Only edited fields are sent, so the other's hour stays.
  await save(page);
  await saved(page);
  const now = await settings();
  assert.deepEqual([now.name, now.dayBeginsHour], ['Lo mío', 5]);
  await page.fill('#name', 'Otra vez');
  await server.call('PUT', 'settings', { name: 'De otro' });
  await visible(page, '.meanwhile');
  await page.click('.undo:visible');
  assert.equal(await page.inputValue('#name'), 'De otro', 'discarding takes what the other has set');
  await hidden(page, '.meanwhile');
  await close(page);
});

test('leaving with something unsaved asks first', async () => {
  const page = await at('settings');
  await page.fill('#name', 'Sin guardar');
  const asked = new Promise((done) => page.once('dialog', async (dialog) => {
    done(dialog.type());
    await dialog.accept();
  }));
  await page.click('.sections a[href*="settings-desks.html"]');
  assert.equal(await asked, 'beforeunload');
  await close(page);
});

test('the look: message, colour with its contrast, logo, printing, sites', async () => {
  const page = await at('settings-look', { lang: 'en' });
  await page.fill('#message', 'Closed on Friday');
  await page.fill('#accent', '#808080');
  await shows(page, '#contrast', /5\.3 to 1: not readable from a distance/);
  await page.fill('#frames', 'https://intranet.example/page');
  await save(page);
  await wrongAt(page, '#accent', /darker or lighter/);
  await wrongAt(page, '#frames', /“https:\/\/intranet\.example\/page” is not valid/);
  await page.fill('#accent', '#7a1f5c');
  await shows(page, '#contrast', /✓ Easy to read from a distance/);
  await visible(page, '.sample--dark');
  assert.equal(await page.inputValue('#pick'), '#7a1f5c');
  await page.fill('#frames', 'https://intranet.example\nhttp://10.0.0.1:8080');
  await page.setInputFiles('#file', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await wrongAt(page, '#file', /not a PNG/);
  await page.setInputFiles('#file', { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(PICTURE, 'base64') });
  await visible(page, '#preview');
  await save(page);
  await saved(page);
  let now = await settings();
  assert.deepEqual([now.message, now.accent, now.logo, now.frameAncestors],
    ['Closed on Friday', '#7a1f5c', 'data:image/png;base64,' + PICTURE, ['https://intranet.example', 'http://10.0.0.1:8080']]);
  const kiosk = await open(browser, server.url + '/new-ticket.html');
  await until('the other screens have the colour', () => kiosk.evaluate(() => document.documentElement.style.getPropertyValue('--accent') === '#7a1f5c'));
  await visible(kiosk, '#office img');
  await kiosk.context().close();
  await page.fill('#accent', '');
  await page.fill('#message', '');
  await page.click('#no-logo');
  await page.fill('#frames', '');
  await save(page);
  await until('all of it is gone', async () => (await settings()).logo === null);
  now = await settings();
  assert.deepEqual([now.message, now.accent, now.frameAncestors], [null, null, []]);
  await close(page);
});

test('a picture that is too large for a logo is made smaller here', async () => {
  const page = await at('settings-look');
  const large = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 900;
    canvas.height = 600;
    const pen = canvas.getContext('2d');
    const noise = pen.createImageData(900, 600);
    for (let i = 0; i < noise.data.length; i++) noise.data[i] = i % 4 === 3 ? 255 : (i * 7919) % 251;
    pen.putImageData(noise, 0, 0);
    pen.fillRect(100, 100, 300, 300);
    return canvas.toDataURL('image/png').split(',')[1];
  });
  assert.ok(large.length > 41 * 1024, String(large.length));
  await page.setInputFiles('#file', { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(large, 'base64') });
  await shows(page, '#logo-said', /se ha reducido/);
  await save(page);
  await saved(page);
  const { logo } = await settings();
  assert.ok(logo.length > 1000 && logo.length <= 40 * 1024, String(logo.length));
  await close(page);
});

test('services are added, changed, closed and deleted, with the reasons in the reader\'s words', async () => {
  const page = await at('settings-services');
  await visible(page, '#rows li');
  await page.click('#add');
  await page.fill('#prefix', 'a');
  await page.fill('#name', 'Análisis');
  await save(page);
  await wrongAt(page, '#prefix', /Ya hay un servicio A/);
  await page.fill('#prefix', 'B2');
  await save(page);
  await wrongAt(page, '#prefix', /sin cifras/);
  await page.fill('#prefix', 'b');
  await page.fill('#first', '7');
  await page.fill('#last', '5');
  await page.fill('#digits', '3');
  await shows(page, '#preview-line', /B007/);
  await save(page);
  await wrongAt(page, '#last', /7 o más/);
  await page.fill('#last', '8');
  await shows(page, '#preview', 'B007, B008');
  await page.fill('#target', '1441');
  await save(page);
  await wrongAt(page, '#target', /1440/);
  await page.fill('#target', '20');
  await page.click('#more summary');
  await page.fill('[name="names.en"]', 'Blood tests');
  await save(page);
  await shows(page, '#said', 'Guardado');
  await shows(page, '#rows li:nth-child(2)', /B007 ?Análisis/);
  const made = (await server.call('GET', 'services'))[1];
  assert.deepEqual([made.prefix, made.name, made.names, made.first, made.last, made.digits, made.targetMinutes], ['B', 'Análisis', { en: 'Blood tests' }, 7, 8, 3, 20]);
  const kiosk = await open(browser, server.url + '/new-ticket.html', { lang: 'en' });
  await until('the kiosk offers it', async () => (await kiosk.textContent('main')).includes('Blood tests'));
  // Past the end of its range: a warning, without anybody having asked for it.
  for (let i = 0; i < 3; i++) await server.call('POST', 'tickets', { service: 'B' });
  await shows(page, '#rows li:nth-child(2) .warning', /han superado el 8/);
  await page.click('#rows li:nth-child(2) .change');
  await shows(page, '#which', 'Servicio B');
  await visible(page, '#past');
  await hidden(page, '#prefix-field');
  assert.equal(await page.inputValue('#target'), '20');
  await page.click('#remove');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'keep', 'deleting asks first, and «no» is at hand');
  await page.click('#really');
  await shows(page, '.failed', /Hay personas esperando/);
  await page.uncheck('#open');
  await page.fill('#message', 'Vuelve a las 16:00');
  await page.click('#more-messages summary');
  await page.fill('[name="messages.en"]', 'Back at 4 pm');
  await save(page);
  await shows(page, '#rows li:nth-child(2) .facts', /^Cerrado \(Vuelve a las 16:00\) · 3 personas esperan$/);
  await until('the kiosk says why', async () => (await kiosk.textContent('main')).includes('Closed · Back at 4 pm'));
  await until('its row has the focus', () => page.evaluate(() => document.activeElement.className.includes('change')));
  for (let i = 0; i < 4; i++) await server.act('1', i < 3 ? 'next' : 'finish');
  await server.call('PUT', 'desks/1', { services: ['B'] });
  await page.click('#rows li:nth-child(2) .change');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '.failed', /Ventanilla 1/);
  await server.call('PUT', 'desks/1', { services: [] });
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '#said', 'Se ha eliminado: Servicio B');
  await page.click('#rows li .change');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '.failed', /único servicio/);
  assert.equal((await server.call('GET', 'services')).length, 1);
  await kiosk.context().close();
  await close(page);
});

test('a service that is open here follows what another person does to it', async () => {
  await server.call('PUT', 'services/B', { name: 'Caja' });
  const page = await at('settings-services');
  await page.click('#rows li:nth-child(2) .change');
  await page.fill('#name', 'Caja nueva');
  await server.call('PUT', 'services/B', { first: 50 });
  await until('the number follows', async () => (await page.inputValue('#first')) === '50');
  assert.equal(await page.inputValue('#name'), 'Caja nueva');
  await server.call('PUT', 'services/B', { name: 'Cobros' });
  await shows(page, '.meanwhile', /Cobros/);
  await server.call('DELETE', 'services/B');
  await shows(page, '#said', /Otra persona acaba de eliminar: Servicio B/);
  await visible(page, '#list');
  await close(page);
});

test('only an admin chooses the services of a desk where the office says so', async () => {
  await server.call('PUT', 'services/B', { name: 'Caja' });
  await server.desk('1');
  await server.call('PUT', 'pins/staff', { pin: '735102-b' });
  const page = await at('settings-desks', { lang: 'en' });
  const admin = await open(browser, server.url + '/desk.html?desk=1');
  await visible(admin, '#choose-services');
  await page.check('#adminsChooseServices');
  await page.click('#rules .button--main');
  await shows(page, '#rules .status', 'Saved');
  assert.equal((await settings()).adminsChooseServices, true);
  // Not this machine, where everybody is an admin.
  const staff = await open(browser, 'about:blank');
  await staff.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  await staff.goto(server.url + '/signin.html?then=desk.html?desk=1');
  await staff.fill('#pin', '735102-b');
  await until('it can be sent', () => staff.isEnabled('#enter'));
  await staff.keyboard.press('Enter');
  await staff.waitForURL(/desk\.html/);
  await until('the desk is there', () => staff.evaluate(() => document.getElementById('office').textContent === 'Turnero' && document.getElementById('scope') && document.title.includes('1')));
  await hidden(staff, '#choose-services');
  await staff.keyboard.press('s');
  assert.equal(await staff.$('#services'), null);
  assert.equal(await admin.isVisible('#choose-services'), true);
  await close(page);
  await staff.context().close();
  await admin.context().close();
});

test('a button that moves something up is not there where it can do nothing, and the focus is not lost', async () => {
  await server.call('PUT', 'settings', { priorities: [{ name: 'normal', weight: 1 }, { name: 'urgent', weight: 4 }] });
  const page = await at('settings-next', { lang: 'en' });
  const seen = () => page.$$eval('#priorities .up', (all) => all.filter((el) => el.offsetParent).length);
  assert.equal(await seen(), 1);
  await page.focus('#priorities li:nth-child(2) .up');
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('[name="priorities[0].name"]'), 'urgent');
  assert.equal(await seen(), 1);
  assert.equal(await page.evaluate(() => document.activeElement.name), 'priorities[0].name');
  await page.click('.undo:visible');
  const office = await at('settings', { lang: 'en' });
  await office.check('#languages li:has-text("Español") input');
  assert.equal(await office.isVisible('#languages .up'), false);
  await office.check('#languages li:has-text("Français") input');
  assert.equal(await office.$$eval('#languages .up', (all) => all.filter((el) => el.offsetParent).length), 1);
  await office.context().close();
  await page.context().close();
});

test('times and dates are written as in the reader\'s country, or else as in the language\'s first', async () => {
  const written = async (lang, locale) => {
    const context = await browser.newContext({ locale, timezoneId: 'Europe/Madrid' });
    const page = await context.newPage();
    await page.goto(server.url + '/settings.html?lang=' + lang);
    await until('the hours are there', () => page.$('#dayBeginsHour option:nth-child(16)'));
    await page.waitForSelector('html[lang="' + lang + '"]');
    const text = await page.textContent('#dayBeginsHour option:nth-child(16)');
    await context.close();
    return text.replace(/\s/g, ' ');
  };
  assert.equal(await written('en', 'en-GB'), '15:00');
  assert.equal(await written('en', 'de-DE'), '15:00');
  assert.match(await written('en', 'en-US'), /^3:00 PM$/i);
  assert.equal(await written('es', 'es-ES'), '15:00');
  assert.equal(await written('fr', 'fr-FR'), '15:00');
});

test('desks are added, told whom to serve in which order, closed and deleted', async () => {
  await server.call('PUT', 'services/B', { name: 'Caja' });
  await server.call('PUT', 'services/C', { name: 'Recetas' });
  const page = await at('settings-desks', { lang: 'en' });
  await visible(page, '#empty');
  await page.click('#add');
  await save(page);
  await wrongAt(page, '#name', /Fill in this field/);
  await page.fill('#name', 'Room 2');
  await page.check('#services li:has-text("Recetas") input');
  await page.check('#services li:has-text("Caja") input');
  await page.click('#services li:has-text("Caja") .up');
  await save(page);
  await shows(page, '#rows li', /Room 2 ?Services: B, C ?Open/);
  assert.deepEqual((await server.call('GET', 'desks/Room%202')).services, ['B', 'C']);
  await server.desk('3');
  await shows(page, '#rows li:first-child', /Desk 3 ?All services/);
  await page.click('#add');
  await page.fill('#name', '3');
  await save(page);
  await wrongAt(page, '#name', /already/);
  await page.click('.undo:visible');
  await page.click('#back');
  await server.ticket();
  await server.act('3', 'next');
  await shows(page, '#rows li:first-child .facts', 'Open · Serving A1');
  await page.click('#rows li:first-child .change');
  await page.uncheck('#open');
  await save(page);
  await shows(page, '#rows li:first-child .facts', /^Closed/);
  await page.click('#rows li:first-child .change');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '#form .failed', /being served or waiting/);
  await server.act('3', 'finish');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '#said', 'Deleted: Desk 3');
  assert.deepEqual((await server.call('GET', 'desks')).map((desk) => desk.name), ['Room 2']);
  await close(page);
});

test('priorities and the rule say who is next, with an example', async () => {
  const page = await at('settings-next');
  await page.click('#add');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'priorities[1].name');
  await page.keyboard.type('normal');
  await save(page);
  await wrongAt(page, '[name="priorities[1].name"]', /ya está/);
  await page.fill('[name="priorities[1].name"]', 'urgente');
  await page.fill('[name="priorities[1].weight"]', '0');
  await save(page);
  await wrongAt(page, '[name="priorities[1].weight"]', /número entero, del 1 al 1000/);
  await page.fill('[name="priorities[1].weight"]', '3');
  await shows(page, '#priorities li:nth-child(2) .example', 'Con peso 3, 10 minutos de espera cuentan como 30.');
  await page.click('#priorities li:nth-child(2) summary');
  await page.fill('[name="priorities[1].names.en"]', 'Urgent');
  await page.check('#strict');
  await page.fill('#mostPriorityInARow', '2');
  await save(page);
  await saved(page);
  let now = await settings();
  assert.deepEqual(now.priorities, [{ name: 'normal', weight: 1 }, { name: 'urgente', names: { en: 'Urgent' }, weight: 3 }]);
  assert.deepEqual([now.rule, now.mostPriorityInARow], ['strict', 2]);
  await page.click('#priorities li:nth-child(2) .up');
  assert.equal(await page.inputValue('[name="priorities[0].name"]'), 'urgente');
  await server.call('PUT', 'settings', { rule: 'weighted' });
  await until('the rule follows', () => page.isChecked('#weighted'));
  await save(page);
  await until('it is saved', async () => (await settings()).priorities[0].name === 'urgente');
  await page.click('#priorities li:nth-child(1) .small');
  await save(page);
  await until('it is saved', async () => (await settings()).priorities.length === 1);
  now = await settings();
  assert.deepEqual([now.priorities[0].name, now.rule], ['normal', 'weighted']);
  await close(page);
});

test('a priority that somebody has cannot go, and the screen says who has it', async () => {
  const set = (list) => server.call('PUT', 'settings', { priorities: list });
  await set([{ name: 'normal' }, { name: 'urgente', weight: 5 }]);
  const page = await at('settings-next');
  await page.click('#priorities li:nth-child(2) .small');
  // Someone takes one meanwhile.
  for (let n = 0; n < 2; n++) await server.call('POST', 'tickets', { priority: 'urgente' });
  await save(page);
  await shows(page, '.failed', /^Hay 2 personas esperando o en atención con la prioridad «urgente»/);
  assert.equal((await settings()).priorities.length, 2);
  await page.click('.undo:visible');
  await page.fill('[name="priorities[1].name"]', 'preferente');
  await save(page);
  await shows(page, '.failed', /^Hay 2 personas/);
  await page.fill('[name="priorities[1].name"]', 'urgente');
  await page.click('#priorities li:nth-child(2) summary');
  await page.fill('[name="priorities[1].names.es"]', 'Preferente');
  await save(page);
  await saved(page);
  assert.deepEqual((await settings()).priorities[1], { name: 'urgente', names: { es: 'Preferente' }, weight: 5 });
  for (const ticket of await server.call('GET', 'tickets?state=waiting')) {
    if (ticket.priority === 'urgente') await server.call('POST', 'tickets/' + ticket.id + '/cancel');
  }
  await set([{ name: 'normal' }]);
  await close(page);
});

test('everything can be done with the keyboard alone', async () => {
  const page = await at('settings-services', { lang: 'en' });
  await visible(page, '#rows li');
  const tabTo = async (what, id) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement.id === wanted || document.activeElement.name === wanted, id)) return;
    }
    throw new Error('Tab does not reach ' + what);
  };
  await tabTo('«add»', 'add');
  await page.keyboard.press('Enter');
  await tabTo('the letter', 'prefix');
  await page.keyboard.type('K');
  await tabTo('the name', 'name');
  await page.keyboard.type('Keys');
  await page.keyboard.press('Enter');
  await shows(page, '#rows li:nth-child(2)', /K1 ?Keys/);
  await page.keyboard.press('Tab');
  await tabTo('«add» again', 'add');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await shows(page, '#which', 'Service K');
  await page.keyboard.press('Escape');
  await visible(page, '#list');
  const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  assert.equal(name, 'Edit: Service K', 'back at the row that was opened');
  await close(page);
});

test('without the connection nothing can be saved, and what is typed waits', async () => {
  const page = await at('settings');
  await page.fill('#name', 'Espera');
  await server.kill();
  await until('it cannot be saved', () => page.isDisabled('#form .button--main'));
  await visible(page, '#away');
  await server.restart();
  await until('it can be saved again', () => page.isEnabled('#form .button--main'));
  assert.equal(await page.inputValue('#name'), 'Espera');
  await save(page);
  await saved(page);
  assert.equal((await settings()).name, 'Espera');
  await page.context().close();
});
