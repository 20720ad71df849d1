// Details of a ticket for a receptionist, and the set-up of a desk on its own screen:
// closed for a while, for some services in its own order.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Cable, Server, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
const NOTE = 'Viene en silla de ruedas, con su hija y con los papeles del año pasado';
let server;
let browser;
let page;
let tell;

const desk = () => server.call('GET', 'desks/3');
const rows = () => page.$$eval('#queue li', (all) => all.map((li) => li.querySelector('.who').textContent + ': '
  + Array.from(li.querySelectorAll('.rest span')).filter((el) => !el.hidden).map((el) => el.textContent).join(' · ')));

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.call('PUT', 'settings', {
    priorities: [{ name: 'normal', weight: 1 }, { name: 'mayor', names: { en: 'Older person', es: 'Mayor' }, weight: 100 }],
    rule: 'strict',
  });
  await server.desk('3');
  page = await open(browser, 'about:blank');
  // The real socket, with what a printer would have said beside it.
  await page.routeWebSocket(/\/ws/, (ws) => {
    const real = ws.connectToServer();
    real.onMessage((m) => ws.send(m));
    ws.onMessage((m) => real.send(m));
    tell = (m) => ws.send(JSON.stringify(m));
  });
  await page.goto(server.url + '/desk.html?desk=3');
  await until('the desk is live', () => page.isEnabled('#pause'));
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('those who wait stand in the order in which this desk calls them, with what is known of them', async () => {
  await server.ticket();
  await server.call('POST', 'tickets', { note: 'Padrón' });
  await server.call('POST', 'tickets', { priority: 'mayor', note: NOTE });
  await until('the one with priority stands first', async () => (await rows())[0].startsWith('A3'));
  assert.deepEqual(await rows(), [
    'A3: menos de 1 min · Mayor · Viene en silla de ruedas, con su hija y…',
    'A1: menos de 1 min',
    'A2: menos de 1 min · Padrón',
  ]);
  await page.click('#next');
  await shows(page, '#code', 'A3');
  await shows(page, '#fact', 'Mayor');
  await shows(page, '#note', NOTE);
  await page.reload();
  await shows(page, '#note', NOTE);
  await page.click('#finish');
  await hidden(page, '#note');
  await visible(page, '#undo');
});

test('with one service there is no choice of services', async () => {
  assert.equal(await page.isVisible('#choose-services'), false);
  await page.keyboard.press('s');
  assert.equal(await page.isVisible('#services'), false);
});

test('a desk is closed for a while and opened again, by its key too', async () => {
  await page.click('#pause');
  await shows(page, '#code', 'Cerrado');
  // It would not take this back.
  await hidden(page, '#undo');
  await shows(page, '#fact', /^Cerrado\. Se abre solo al llamar a alguien\. Esperan 2 personas\.$/);
  await shows(page, '#pause-text', 'Abrir');
  assert.equal((await desk()).open, false);
  await page.keyboard.press('p');
  await shows(page, '#code', 'A nadie');
  await shows(page, '#said', 'Ahora está abierto.');
  assert.equal((await desk()).open, true);
});

test('closed while it serves somebody, a desk says so, also after a reload, and that the next call opens it', async () => {
  await page.click('#next');
  await shows(page, '#code', 'A1');
  await page.click('#pause');
  const saysSo = async () => {
    await shows(page, '#shut', 'Cerrado');
    await visible(page, '#shut');
    await shows(page, '#code', 'A1');
    await shows(page, '#next-text', 'Abrir y llamar al siguiente');
    await shows(page, '#pause-text', 'Abrir');
  };
  await saysSo();
  await page.reload();
  await saysSo();
  await until('the desk is live', () => page.isEnabled('#transfer'));
  await page.click('#transfer');
  await visible(page, '#panel');
  await page.click('#panel-send');
  await shows(page, '#code', 'Cerrado');
  await visible(page, '#shut');
  await server.call('PUT', 'desks/3', { open: true });
  await hidden(page, '#shut');
  await shows(page, '#next-text', 'Llamar al siguiente');
});

test('what another person sets up is shown at once', async () => {
  await server.call('PUT', 'desks/3', { open: false });
  await shows(page, '#code', 'Cerrado');
  await page.click('#next');
  await shows(page, '#code', 'A1');
  await shows(page, '#pause-text', 'Cerrar por ahora');
  await page.click('#finish');
  await server.call('PUT', 'services/B', { name: 'Citas', names: { en: 'Appointments' } });
  await server.call('PUT', 'desks/3', { services: ['B'] });
  await shows(page, '#scope', 'Aquí se atiende: Citas');
  await shows(page, '#fact', 'Hay personas esperando, pero no para usted.');
  await until('nobody of them is in its list', async () => (await rows()).length === 0);
});

test('with the keyboard alone: both services, the second first', async () => {
  const keys = page.keyboard;
  const focusIs = (wanted) => until('the focus is on ' + wanted, async () => {
    const got = await page.evaluate(() => { const el = document.activeElement; return el.id || el.getAttribute('aria-label') || el.parentNode.textContent; });
    if (got !== wanted) throw new Error(got);
    return true;
  });
  await keys.press('s');
  await visible(page, '#services');
  await focusIs('services-some');
  await keys.press('Tab');
  await focusIs('1B · Citas');
  await keys.press('Tab');
  await focusIs('A · General');
  await keys.press('Space');
  await focusIs('2A · General');
  await keys.press('Tab');
  await focusIs('Subir A · General');
  await keys.press('Enter');
  // The first row has no button to move it up.
  await focusIs('1A · General');
  // Letters belong to the panel while it is open.
  await keys.press('n');
  for (let i = 0; i < 3; i++) await keys.press('Tab');
  await keys.press('Enter');
  await hidden(page, '#services');
  await shows(page, '#said', 'Servicios guardados.');
  await shows(page, '#scope', 'Aquí se atiende: General · Citas');
  assert.deepEqual((await desk()).services, ['A', 'B']);
  await focusIs('choose-services');
});

test('no service at all cannot be chosen, and Escape leaves everything as it was', async () => {
  await page.click('#choose-services');
  await page.uncheck('#order li:nth-child(1) input');
  // It went to the end of those that are not chosen.
  await page.uncheck('#order li:nth-child(1) input');
  assert.equal(await page.isEnabled('#services-send'), false);
  await page.check('#services-all');
  assert.equal(await page.isVisible('#order'), false);
  assert.equal(await page.isEnabled('#services-send'), true);
  await page.keyboard.press('Escape');
  await hidden(page, '#services');
  assert.deepEqual((await desk()).services, ['A', 'B']);
  await page.click('#choose-services');
  await page.check('#services-all');
  await page.click('#services-send');
  await until('the desk serves all', async () => (await desk()).services.length === 0);
  await hidden(page, '#scope');
});

test('each row says its service where there are several', async () => {
  await server.call('POST', 'tickets', { service: 'B' });
  await until('the row', async () => (await rows()).includes('B1: menos de 1 min · Citas'));
});

test('a printer that jams and numbers that run out are shown quietly, for as long as they last', async () => {
  assert.equal(await page.isVisible('#warning'), false);
  const seq = (await server.call('GET', 'health')).seq;
  tell({ type: 'printer', seq, payload: { name: 'main', state: 'failing', detail: 'no paper' } });
  await shows(page, '#warning', /^La impresora no imprime los turnos/);
  await server.call('PUT', 'services/A', { last: 3 });
  await server.ticket();
  await shows(page, '#warning', /^La impresora .* Los números del servicio A han superado el 3: /);
  tell({ type: 'printer', seq, payload: { name: 'main', state: 'ok' } });
  await shows(page, '#warning', /^Los números del servicio A han superado el 3: /);
  await server.call('PUT', 'services/A', { last: 99 });
  await hidden(page, '#warning');
  assert.deepEqual(page.problems, []);
});

test('who waits where nobody serves is told to every desk', async () => {
  const other = await Server.start();
  for (const name of ['1', '2']) await other.desk(name);
  await other.call('PUT', 'services/B', { name: 'Caja' });
  await other.call('PUT', 'desks/1', { services: ['A'] });
  await other.call('PUT', 'desks/2', { services: ['A'] });
  const page = await open(browser, other.url + '/desk.html?desk=1', { lang: 'en' });
  await until('the desk is live', () => page.isEnabled('#choose-services'));
  assert.equal(await page.isVisible('#warning'), false);
  await other.call('POST', 'tickets', { service: 'B' });
  await shows(page, '#warning', 'Nobody is serving Caja right now (waiting: 1).');
  await other.ticket();
  await other.act('2', 'next');
  await other.act('2', 'transfer', { desk: '2' });
  await other.call('PUT', 'desks/2', { open: false });
  await shows(page, '#warning', 'Nobody is serving Caja right now (waiting: 1). Nobody is serving Desk 2 right now (waiting: 1).');
  await other.call('PUT', 'desks/2', { open: true, services: ['A', 'B'] });
  await hidden(page, '#warning');
  assert.deepEqual(page.problems, []);
  await page.context().close();
  await other.stop();
});

test('a desk counts those whom it may call: of its services, and sent to it alone', async () => {
  const other = await Server.start();
  await other.call('PUT', 'services/B', { name: 'Caja' });
  await other.call('PUT', 'desks/1', { services: ['B'] });
  await other.tickets(3);
  const page = await open(browser, other.url + '/desk.html?desk=1', { lang: 'en' });
  const counts = async (n, fact) => {
    await shows(page, '#count', String(n));
    await shows(page, '#fact', fact);
    await until('the title says it', async () => (/\(\d+\)/.exec(await page.title()) || [''])[0] === (n ? '(' + n + ')' : ''));
    await until('the list has as many', async () => (await page.$$('#queue li')).length === n);
    if (n) await hidden(page, '#nobody');
    else await shows(page, '#nobody', fact);
  };
  await counts(0, 'People are waiting, but not for you.');
  await other.call('POST', 'tickets', { service: 'B' });
  await counts(1, '1 person is waiting.');
  await other.act('2', 'call', { ticket: 'A2' });
  await other.act('2', 'transfer', { desk: '1' });
  await counts(2, '2 people are waiting.');
  await other.act('2', 'call', { ticket: 'B1' });
  await counts(1, '1 person is waiting.');
  assert.deepEqual(page.problems, []);
  await page.context().close();
  await other.stop();
});

test('without the connection no panel sends anything, and what is chosen in it stays', async () => {
  const other = await Server.start();
  for (const name of ['1', '2', '5']) await other.desk(name);
  await other.call('PUT', 'services/B', { name: 'Caja' });
  await other.tickets(2);
  const cable = await Cable.to(other);
  const page = await open(browser, cable.url + '/desk.html?desk=1');
  await until('the desk is live', () => page.isEnabled('#next'));
  const away = async (id) => {
    await cable.cut();
    await until(id + ' is dead', () => page.isDisabled('#' + id));
    await page.keyboard.press('Enter');
    assert.equal(await page.isVisible('#' + id), true);
    await cable.mend();
    await until(id + ' is live', () => page.isEnabled('#' + id));
  };
  await page.click('#choose-services');
  await page.check('#services-some');
  await page.check('#order li:nth-child(2) input');
  await away('services-send');
  await page.click('#services-send');
  await hidden(page, '#services');
  assert.deepEqual((await other.call('GET', 'desks/1')).services, ['B']);
  await page.click('#find');
  await page.fill('#found-code', 'A1');
  await away('found-send');
  assert.equal(await page.isEnabled('#found-cancel'), true);
  await page.click('#found-send');
  await shows(page, '#code', 'A1');
  // A desk that closes while it is chosen is not changed for another.
  await page.click('#transfer');
  await page.check('#panel input[value="desk"]');
  await page.selectOption('#which-desk', '5');
  await other.call('PUT', 'desks/5', { open: false });
  await until('it is gone', async () => (await page.$$('#which-desk option')).length === 1);
  assert.equal(await page.inputValue('#which-desk'), '');
  await page.click('#panel-send');
  assert.equal(await page.isVisible('#panel'), true, 'nobody was sent anywhere');
  await page.selectOption('#which-desk', '2');
  await page.click('#panel-send');
  await shows(page, '#code', 'A nadie');
  assert.equal((await other.call('GET', 'desks/2')).waiting, 1);
  await page.context().close();
  await cable.cut();
  await other.stop();
});
