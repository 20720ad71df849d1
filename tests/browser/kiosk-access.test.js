// The accessible mode of the kiosk: large and low, spoken, and operable by a keypad without sight.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { findings } from './axe.mjs';
import { Server, launch, open, recorder, text, until, visible } from './support.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.call('PUT', 'services/B', { name: 'Caja', names: { en: 'Cash desk' } });
  await server.call('PUT', 'settings', { languages: ['es', 'en'] });
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});
beforeEach(async () => {
  for (const t of await server.call('GET', 'tickets?state=waiting')) await server.call('POST', 'tickets/' + t.id + '/cancel');
});

async function kiosk({ query = '', voices = ['es-ES', 'en-GB'], how, ...options } = {}) {
  const page = await open(browser, 'about:blank', options);
  await page.addInitScript(recorder, { voices, ...how });
  page.problems.length = 0;
  await page.goto(server.url + '/new-ticket.html' + query);
  await until('it can be touched', () => page.isEnabled('.service'));
  return page;
}

const spoken = (page) => page.evaluate(() => window.spoken);
/** Waits until the last thing said begins so, and forgets all that was said. */
async function hears(page, last) {
  const got = await until('hears «' + last + '»', async () => {
    const all = await spoken(page);
    if (!all.length || !all[all.length - 1].startsWith(last)) throw new Error(JSON.stringify(all));
    return all;
  });
  await page.evaluate(() => { window.spoken = []; });
  return got.map((one) => one.replace(/^es-ES: /, ''));
}
const LAST = 'es-ES: Para repetir, pulse 0.';

test('with a keypad and without sight a ticket is taken, heard, repeated and left', async () => {
  await server.ticket();
  const page = await kiosk();
  await page.keyboard.press('Numpad5');
  const choices = ['Toque para sacar su turno', 'Pulse 1: General, Espera 1 persona.', 'Pulse 2: Caja, Ahora no hay nadie esperando.',
    'Pulse 3: Español.', 'Pulse 4: English.', 'Pulse 5: Escuchar otra vez.', 'Para repetir, pulse 0.'];
  const first = await hears(page, LAST);
  assert.deepEqual(first, choices.filter((one) => !one.startsWith('Pulse 5')), 'the key that wakes it chooses nothing');
  await page.keyboard.press('Numpad0');
  assert.deepEqual(await hears(page, LAST), first);
  await page.keyboard.press('Numpad1');
  await visible(page, '#given');
  const ticket = await hears(page, LAST);
  const number = /\d+/.exec(await text(page, '#code'))[0];
  assert.deepEqual(ticket.slice(0, 4), ['Su número: A ' + number, 'General', '1 persona delante', 'Espere en la sala: se llamará su número en voz alta.']);
  assert.equal(ticket[4], 'Pulse 1: Listo.');
  await until('it can be left', () => page.isEnabled('#done'));
  await page.keyboard.press('Numpad1');
  await visible(page, '#offer');
  // The next visitor finds the usual, silent kiosk.
  assert.equal(await page.getAttribute('#access', 'aria-pressed'), 'false');
  await page.waitForTimeout(300);
  assert.deepEqual(await spoken(page), []);
  assert.equal((await server.call('GET', 'tickets?state=waiting')).length, 2);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('plus and minus go from choice to choice, each is spoken, and Enter takes it; the language of the page is the voice\'s', async () => {
  const page = await kiosk();
  await page.keyboard.press('NumpadAdd');
  await hears(page, LAST);
  await page.keyboard.press('NumpadAdd');
  assert.deepEqual(await hears(page, 'es-ES: General'), ['General, Ahora no hay nadie esperando']);
  await page.keyboard.press('NumpadSubtract');
  await hears(page, 'es-ES: English');
  await page.keyboard.press('Enter');
  const english = await hears(page, 'en-GB: To repeat, press 0.');
  assert.ok(english.includes('en-GB: Press 2: Cash desk, Nobody is waiting now.'), english.join());
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await hears(page, 'en-GB: ');
  await page.context().close();
});

test('a touch ends what is being said, and the button says it again', async () => {
  const page = await kiosk({ how: { ends: false } });
  await page.click('#access');
  await until('it speaks', async () => (await spoken(page)).length > 0);
  const before = await page.evaluate(() => window.cancelled);
  await page.mouse.click(5, 5);
  await until('it is quiet', () => page.evaluate((n) => window.cancelled > n && !window.speechSynthesis.speaking, before));
  await page.evaluate(() => { window.spoken = []; });
  await page.click('#repeat');
  await until('it says it again', async () => (await spoken(page))[0] === 'es-ES: Toque para sacar su turno');
  await page.context().close();
});

test('the mode ends with its visitor, also with one who left in the middle; with ?access=1 it stays, and talks to nobody', async () => {
  const page = await kiosk({ clock: true });
  await page.click('#access');
  await page.waitForSelector('html.is-large');
  await page.clock.runFor(89000);
  await page.mouse.click(5, 5);
  await page.clock.runFor(88000);
  assert.equal(await page.getAttribute('#access', 'aria-pressed'), 'true');
  await page.clock.runFor(3000);
  await page.waitForSelector('html:not(.is-large)');
  await page.context().close();
  const always = await kiosk({ query: '?access=1' });
  await always.waitForSelector('html.is-large');
  assert.deepEqual(await spoken(always), []);
  await always.click('.service');
  await visible(always, '#given');
  await hears(always, LAST);
  await until('it can be touched', () => always.isEnabled('#done'));
  await always.click('#done');
  await visible(always, '#offer');
  await always.waitForSelector('html.is-large');
  await always.context().close();
});

test('in the mode a ticket stays for a minute', async () => {
  const page = await kiosk({ query: '?access=1', clock: true, voices: null });
  await page.click('.service');
  await visible(page, '#given');
  await page.clock.runFor(55000);
  assert.equal(await page.isVisible('#given'), true);
  await page.clock.runFor(6000);
  await visible(page, '#offer');
  await page.context().close();
});

test('where the browser has no voice in the language, nothing offers to speak', async () => {
  const page = await kiosk({ voices: ['en-GB'] });
  await page.click('#access');
  await page.waitForSelector('html.is-large');
  assert.equal(await page.isVisible('#repeat'), false);
  await page.click('#languages [lang="en"]');
  await visible(page, '#repeat');
  await page.context().close();
});

// Names of services as offices have them, long ones among them.
const NAMES = ['Padrón municipal y certificados de empadronamiento', 'Atención con cita previa', 'Caja y pagos de tributos',
  'Registro de entrada de documentos', 'Servicios sociales y dependencia', 'Licencias, urbanismo y obras'];

async function isLargerAndLower() {
  for (const size of [[1920, 1080], [1366, 768], [1024, 768], [1080, 1920]]) {
    const page = await kiosk({ size });
    const measure = () => page.evaluate(() => {
      const buttons = Array.from(document.querySelectorAll('#services .service, .foot button')).filter((b) => b.getClientRects().length);
      const boxes = buttons.map((b) => b.getBoundingClientRect());
      return {
        letters: parseFloat(getComputedStyle(document.querySelector('.service b')).fontSize),
        small: parseFloat(getComputedStyle(document.querySelector('.service small')).fontSize),
        top: Math.min(...boxes.map((b) => b.top)) / innerHeight,
        outside: boxes.filter((b) => b.bottom > innerHeight + 1 || b.right > innerWidth + 1 || b.height < 64).length
          + Array.from(document.querySelectorAll('#pages button')).filter((b) => b.getBoundingClientRect().right > innerWidth - 8).length,
        cut: buttons.filter((b) => b.scrollWidth > b.clientWidth + 1 || b.scrollHeight > b.clientHeight + 1).map((b) => b.textContent),
      };
    });
    const usual = await measure();
    await page.click('#access');
    await page.waitForSelector('html.is-large');
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const large = await measure();
    assert.ok(large.letters > 1.05 * usual.letters && large.small > 1.1 * usual.small, size + ': ' + JSON.stringify([usual, large]));
    assert.ok(large.top > 0.3 && large.top > usual.top, size + ': ' + large.top);
    for (const one of [usual, large]) assert.deepEqual([one.outside, one.cut], [0, []], String(size));
    assert.deepEqual(await findings(page), [], String(size));
    await page.click('.service');
    await visible(page, '#given');
    const fits = await page.evaluate(() => ['code', 'done', 'ahead'].every((id) => document.getElementById(id).getBoundingClientRect().bottom <= innerHeight));
    assert.equal(fits, true, String(size));
    await page.context().close();
  }
}

test('the mode is larger and lower at every size of a kiosk, nothing is cut, and axe finds nothing', isLargerAndLower);

test('so it is with six services of long names', async () => {
  for (const [i, name] of NAMES.entries()) await server.call('PUT', 'services/' + 'ABCDEF'[i], { name });
  await isLargerAndLower();
});
