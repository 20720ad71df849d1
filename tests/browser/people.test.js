// People who sign in by name: their list under «Access», the sign-in, and who is signed in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings } from './axe.mjs';
import { close, freshOffices, openSettings, wrongAt } from './settings.mjs';
import { LANGUAGES, hidden, open, shows, text, until, visible } from './support.mjs';

const ANA = 'ana-4711';
const BEA = 'bea-0815';
const SIZES = [[390, 844], [1366, 768]];

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

const access = (options) => openSettings(browser, server, 'settings-access', options);
const add = (name, role, pin) => server.call('POST', 'people', { name, role, pin });
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** A page on another device. */
async function far(path, options = {}) {
  const page = await open(browser, 'about:blank', options);
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  await page.goto(server.url + path);
  return page;
}

async function signIn(page, name, pin) {
  await visible(page, '#name');
  await page.fill('#name', name);
  await page.fill('#pin', pin);
  await until('it can be sent', () => page.isEnabled('#enter'));
  await page.keyboard.press('Enter');
}

/** What does not fit the page. */
async function misfits(page) {
  await settled(page);
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const cut = Array.from(document.querySelectorAll('button, h2, h3, p, b, label, li span'))
      .filter((el) => el.offsetParent && el.offsetWidth > 1 && el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline');
    return cut.map((el) => el.id || el.textContent).concat(scrollWidth > clientWidth ? ['the page'] : []);
  });
}

test('people are added, changed and removed, and the audit log says so', async () => {
  const page = await access();
  await visible(page, '#empty');
  await hidden(page, '#staff-remove');
  await page.click('#add');
  await page.click('#form .button--main');
  await wrongAt(page, '#name', /Rellene/);
  await wrongAt(page, '#pin', /Rellene/);
  await page.fill('#name', 'Ana Peña');
  await page.fill('#pin', '123456');
  await page.click('#form .button--main');
  await wrongAt(page, '#pin', /demasiado fácil/);
  await page.fill('#pin', ANA);
  await page.click('#form .button--main');
  await shows(page, '#said', 'Guardado');
  await shows(page, '#rows li', /Ana Peña ?Personal/);
  await page.click('#add');
  assert.equal(await page.inputValue('#pin'), '', 'no PIN is left on the screen');
  await page.fill('#name', 'ana peña');
  await page.fill('#pin', BEA);
  await page.click('#form .button--main');
  await wrongAt(page, '#name', /Ya hay otra persona/);
  await page.fill('#name', 'Bea');
  await page.selectOption('#role', 'admin');
  await page.click('#form .button--main');
  await shows(page, '#rows li:nth-child(2)', /Bea ?Administración/);
  // A change without a PIN keeps it.
  await page.click('#rows li:first-child .change');
  await shows(page, '#which', 'Ana Peña');
  await page.fill('#name', 'Ana');
  await page.click('#form .button--main');
  await shows(page, '#rows li:first-child', /^Ana ?Personal/);
  const session = await server.call('POST', 'session', { name: 'Ana', pin: ANA });
  assert.equal(session.name, 'Ana');
  // With people the shared PINs may go, as long as somebody can still sign in.
  await page.click('#staff-remove');
  await page.click('#staff-really');
  await visible(page, '#staff-none');
  await hidden(page, '#staff-remove');
  await page.click('#admin-remove');
  await page.click('#admin-really');
  await visible(page, '#admin-none');
  await page.click('#rows li:nth-child(2) .change');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '#form .failed', /Nadie más podría entrar/);
  await page.click('#back');
  await page.fill('#admin-pin', '48213579');
  await page.click('#admin-form .button--main');
  await hidden(page, '#admin-none');
  await page.click('#rows li:first-child .change');
  await page.click('#remove');
  await page.click('#really');
  await shows(page, '#said', 'Se ha eliminado: Ana');
  await close(page);
  const log = await openSettings(browser, server, 'settings-trace');
  await shows(log, '#entries tr:first-child', /Persona eliminada: Ana ?Administración/);
  await shows(log, '#entries', /Persona modificada: Ana Peña → Ana: Nombre/);
  await shows(log, '#entries', /PIN eliminado: Personal/);
  await shows(log, '#entries', /Ana · Personal/);
  await close(log);
});

test('the sign-in asks for the name once there are people, and the desk shows who is there', async () => {
  const stranger = await far('/signin.html?lang=en');
  await settled(stranger);
  await hidden(stranger, '#who');
  await stranger.context().close();
  await add('Ana', 'staff', ANA);
  await add('Bea', 'staff', BEA);
  await server.desk('3');
  const page = await far('/desk.html?desk=3&lang=en');
  await page.waitForURL(/signin\.html/);
  await shows(page, '#name-what', /Leave empty to sign in with the shared PIN/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
  assert.ok(!(await page.content()).includes('Bea'), 'no list of names');
  await signIn(page, 'Ana', 'not-the-pin');
  await shows(page, '#error', 'Wrong name or PIN. Check them and try again.');
  await signIn(page, 'ana', ANA);
  await page.waitForURL(/desk\.html\?desk=3/);
  await shows(page, '#me-name', 'Ana');
  // The next person at the same tablet.
  await page.click('#leave');
  await page.waitForURL(/signin\.html/);
  await signIn(page, 'Bea', BEA);
  await page.waitForURL(/desk\.html\?desk=3/);
  await shows(page, '#me-name', 'Bea');
  await page.goto(server.url + '/statistics.html?lang=en');
  await shows(page, '.me', /Bea ?Sign out/);
  await page.click('.me button');
  await page.waitForURL(/signin\.html/);
  await page.context().close();
});

test('without a shared PIN the name must be there', async () => {
  await add('Bea', 'admin', BEA);
  for (const role of ['staff', 'admin']) await server.call('DELETE', 'pins/' + role);
  const page = await far('/signin.html?lang=en');
  await visible(page, '#name');
  await hidden(page, '#name-what');
  await page.fill('#pin', BEA);
  await page.keyboard.press('Enter');
  await until('the name has the focus', () => page.evaluate(() => document.activeElement.id === 'name'));
  await page.fill('#name', 'Bea');
  await page.keyboard.press('Enter');
  await page.waitForURL(/index\.html/);
  await page.context().close();
});

test('the statistics have a part for people only once an admin has turned it on', async () => {
  await add('Ana', 'staff', ANA);
  await server.ticket();
  await server.desk('3');
  const desk = await far('/desk.html?desk=3&lang=en');
  await desk.waitForURL(/signin\.html/);
  await signIn(desk, 'Ana', ANA);
  await until('somebody waits', () => desk.isEnabled('#next'));
  await desk.click('#next');
  await shows(desk, '#code', 'A1');
  await desk.context().close();
  const statistics = await openSettings(browser, server, 'statistics', { lang: 'en' });
  await visible(statistics, '#by-desk svg');
  await hidden(statistics, '#by-person');
  const page = await access({ lang: 'en' });
  await until('the setting is there', () => page.isEnabled('#by-person-form .button--main'));
  await page.check('#statisticsByPerson');
  await page.click('#by-person-form .button--main');
  await shows(page, '#by-person-form .status', 'Saved');
  await close(page);
  await visible(statistics, '#by-person svg');
  await statistics.click('#by-person button');
  await shows(statistics, '#by-person tbody tr', /Ana ?1 ?0 ?1/);
  await close(statistics);
});

for (const lang of LANGUAGES) {
  test('in ' + lang + ' people and the sign-in fit a phone and a computer, and axe finds nothing', async () => {
    await add('María del Carmen Fernández-Villaverde de la Torre', 'admin', ANA);
    await add('ليلى', 'staff', BEA);
    for (const size of SIZES) {
      const theme = size[0] < 500 ? 'dark' : 'light';
      const page = await access({ lang, size, theme });
      await visible(page, '#rows li:nth-child(2)');
      await visible(page, '#admin-remove');
      await page.click('#staff-remove');
      assert.deepEqual(await misfits(page), [], lang + size);
      assert.deepEqual(await findings(page), [], lang + size);
      await page.click('#rows li:first-child .change');
      await visible(page, '#form');
      assert.deepEqual(await misfits(page), [], lang + size);
      assert.deepEqual(await findings(page), [], lang + size);
      await close(page);
      const door = await far('/signin.html?lang=' + lang, { lang, size, theme });
      await visible(door, '#name');
      assert.equal(await door.evaluate(() => document.documentElement.dir), lang === 'ar' ? 'rtl' : 'ltr');
      assert.deepEqual(await misfits(door), [], lang + size);
      assert.deepEqual(await findings(door), [], lang + size);
      assert.ok((await text(door, '#name-what')).length > 10);
      await signIn(door, 'María del Carmen Fernández-Villaverde de la Torre', ANA);
      await door.waitForURL(/index\.html/);
      await door.goto(server.url + '/desk.html?desk=3&lang=' + lang);
      await visible(door, '#me');
      assert.deepEqual(await misfits(door), [], lang + size);
      assert.deepEqual(await findings(door), [], lang + size);
      await door.goto(server.url + '/settings-access.html?lang=' + lang);
      await visible(door, '.me');
      assert.deepEqual(await misfits(door), [], lang + size);
      assert.deepEqual(await findings(door), [], lang + size);
      await door.context().close();
    }
  });
}
