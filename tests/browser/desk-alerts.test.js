// How a desk tells that somebody has come: the title, a soft sound, a notification of the browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, until, visible } from './support.mjs';

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

/** Runs in the page before its scripts: counts the tones, and keeps the notifications. `blocked` is that sound waits for a touch. */
function recorder({ blocked, allows }) {
  window.tones = 0;
  const param = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
  window.AudioContext = class {
    constructor() {
      this.state = blocked ? 'suspended' : 'running';
      this.currentTime = 0;
    }
    createOscillator() { return { frequency: {}, connect() {}, start() { window.tones += 1; }, stop() {} }; }
    createGain() { return { gain: param, connect() {} }; }
    async resume() { this.state = 'running'; }
  };
  window.notes = [];
  window.Notification = class {
    constructor(title, { body }) { window.notes.push(title + ': ' + body); }
    static async requestPermission() {
      window.Notification.permission = allows;
      return allows;
    }
  };
  window.Notification.permission = 'default';
  document.hasFocus = () => Boolean(window.inSight);
}

/** A desk of its own service, so that nobody else's tickets come to it. */
async function deskOf(prefix, how = {}, lang = 'es') {
  await server.call('PUT', 'services/' + prefix, { name: 'Service ' + prefix });
  await server.call('PUT', 'desks/' + prefix, { services: [prefix] });
  const page = await open(browser, 'about:blank', { lang });
  await page.addInitScript(recorder, Object.assign({ blocked: false, allows: 'granted' }, how));
  await page.goto(server.url + '/desk.html?desk=' + prefix);
  await until('the desk is live', () => page.isEnabled('#pause'));
  let waiting = 0;
  const comes = async () => {
    await server.call('POST', 'tickets', { service: prefix });
    waiting += 1;
    await shows(page, '#count', String(waiting));
  };
  const empty = async () => {
    for (; waiting; waiting -= 1) await server.act(prefix, 'next');
    await server.act(prefix, 'finish');
    await shows(page, '#count', '0');
  };
  const tones = () => page.evaluate(() => window.tones);
  return { page, comes, empty, tones };
}

test('the title says that somebody has come, and a tone is heard only if it is wanted: for the first, or for each', async () => {
  const { page, comes, empty, tones } = await deskOf('B');
  await comes();
  await until('the title says so', async () => /^● \(1\) /.test(await page.title()));
  assert.equal(await tones(), 0);
  await empty();
  await page.selectOption('#sound', 'first');
  for (let n = 0; n < 3; n++) await comes();
  assert.equal(await tones(), 1);
  await empty();
  await page.selectOption('#sound', 'each');
  for (let n = 0; n < 3; n++) await comes();
  assert.equal(await tones(), 4);
  // A ticket that the desk sends back itself does not alert it.
  await page.click('#next');
  await shows(page, '#count', '2');
  await page.click('#transfer');
  await page.click('#panel-send');
  await shows(page, '#count', '3');
  assert.equal(await tones(), 4);
  await page.reload();
  await until('the choice stays', async () => (await page.inputValue('#sound')) === 'each');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('after a reload a desk says that the browser blocks its sound, until it is touched', async () => {
  const { page, comes, tones } = await deskOf('C', { blocked: true }, 'en');
  assert.equal(await page.isVisible('#muted'), false);
  await page.selectOption('#sound', 'first');
  await page.reload();
  await shows(page, '#muted', 'The browser blocks the sound until you touch the screen or press a key.');
  await visible(page, '#muted');
  await page.click('#code');
  await hidden(page, '#muted');
  await comes();
  assert.equal(await tones(), 1);
  await page.context().close();
});

test('a desk that is out of sight notifies, and one in sight does not', async () => {
  const { page, comes, empty } = await deskOf('D');
  const notes = () => page.evaluate(() => window.notes);
  await comes();
  assert.deepEqual(await notes(), []);
  await empty();
  await page.check('#notify');
  await comes();
  await comes();
  assert.deepEqual(await notes(), ['D: Espera 1 persona.']);
  await empty();
  await page.selectOption('#sound', 'each');
  await comes();
  await comes();
  assert.deepEqual(await notes(), ['D: Espera 1 persona.', 'D: Espera 1 persona.', 'D: Esperan 2 personas.']);
  await page.evaluate(() => { window.inSight = true; });
  await comes();
  assert.equal((await notes()).length, 3);
  await page.context().close();
});

test('a browser that refuses notifications is named, and the box is not ticked', async () => {
  const { page } = await deskOf('E', { allows: 'denied' });
  await page.click('#notify');
  await shows(page, '#muted', /^El navegador no permite notificaciones/);
  assert.equal(await page.isChecked('#notify'), false);
  await page.context().close();
});

test('where a page is not secure there is no choice of notifications', async () => {
  const page = await open(browser, server.url + '/desk.html?desk=B', {
    before: () => Object.defineProperty(window, 'isSecureContext', { value: false }),
  });
  await until('the desk is live', () => page.isEnabled('#pause'));
  assert.equal(await page.isVisible('#notify'), false);
  await page.context().close();
});
