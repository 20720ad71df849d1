// A ticket's own page, on the phone of its owner.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Cable, LANGUAGES, ROOT, Server, covered, hidden, launch, open, shows, text, until, visible } from './support.mjs';

const PHONE = [390, 844];
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.desk('3');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

// Counts what the phone does to be noticed. A stub is asked of the page, and a page of tests is never touched.
function watch() {
  window.pulses = 0;
  window.tones = 0;
  navigator.vibrate = () => { window.pulses += 1; return true; };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function counted(...rest) {
    window.tones += 1;
    return start.apply(this, rest);
  };
}

// Sound is blocked until the page asks for it. Chromium takes the scripts of the test for a touch, unless they come late.
function blockSound() {
  const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, 'state').get;
  const { resume } = AudioContext.prototype;
  let isAsked = false;
  AudioContext.prototype.resume = function ask() {
    isAsked = true;
    return resume.call(this);
  };
  Object.defineProperty(AudioContext.prototype, 'state', { get() { return isAsked ? state.call(this) : 'suspended'; } });
}

// One that failed must not be in the way of the next.
beforeEach(async () => {
  for (const t of await server.call('GET', 'tickets?state=waiting,held')) await server.call('POST', 'tickets/' + t.id + '/cancel');
  for (const d of await server.call('GET', 'desks')) if (d.ticket) await server.act(d.name, 'finish');
});

async function phone(ticket, { at = server.url, query = '', ...options } = {}) {
  const page = await open(browser, at + '/t/' + ticket.id + query, { size: PHONE, before: watch, ...options });
  await visible(page, '#main');
  return page;
}

const kindIs = (page, kind) => page.waitForSelector('body[data-kind="' + kind + '"]');
const pulses = (page) => page.evaluate(() => window.pulses);

test('a phone sees its number, who is ahead, and its turn, and is alerted once for a call and once for a recall', async () => {
  await server.tickets(2);
  const ticket = await server.ticket();
  const page = await phone(ticket);
  await shows(page, '#code', ticket.code);
  await shows(page, '#main', '2 personas delante');
  await until('the title', async () => (await page.title()) === '2 delante · ' + ticket.code);
  await server.act('3', 'next');
  await shows(page, '#main', '1 persona delante');
  await server.act('3', 'next');
  await shows(page, '#main', 'No tiene a nadie delante');
  assert.equal(await pulses(page), 0);
  await server.act('3', 'next');
  await kindIs(page, 'called');
  await shows(page, '#main', 'Es su turno');
  await shows(page, '#desk', 'Ventanilla 3');
  await shows(page, '#called', 'Es su turno. Vaya a Ventanilla 3');
  assert.equal(await page.title(), 'Es su turno · ' + ticket.code);
  assert.equal(await pulses(page), 1);
  assert.equal(await page.isVisible('#give-up'), false);
  await server.act('3', 'recall');
  await until('it is alerted again', async () => (await pulses(page)) === 2);
  // Other tickets do not alert it.
  await server.ticket();
  await page.waitForTimeout(300);
  assert.equal(await pulses(page), 2);
  await server.act('3', 'finish');
  await shows(page, '#main', 'Su atención ha terminado');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('put on hold, back in the queue, not come, sent on: each is said in words', async () => {
  const ticket = await server.ticket();
  const page = await phone(ticket, { lang: 'en' });
  await shows(page, '#main', 'You are next');
  // A phone gets its current position, not each step before it, so the test waits for each call.
  const called = async () => {
    await server.act('3', 'next');
    await kindIs(page, 'called');
  };
  await called();
  await server.act('3', 'hold');
  await shows(page, '#main', 'You will be called again in a moment');
  await shows(page, '#more', 'Your place is kept: please stay.');
  await server.call('POST', 'tickets/' + ticket.id + '/return');
  await shows(page, '#main', 'You are next');
  await shows(page, '#more', /^You are back in the queue\./);
  await called();
  await server.act('3', 'no-show');
  await shows(page, '#main', 'You were called but did not come');
  await shows(page, '#more', 'You were called to: Desk 3. Ask there: they can call you again.');
  await server.call('POST', 'tickets/' + ticket.id + '/return');
  await called();
  await server.act('3', 'transfer', {});
  await shows(page, '#main', 'You are next');
  assert.equal(await pulses(page), 3);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('after a touch it is alerted with sound, too', async () => {
  const ticket = await server.ticket();
  const page = await open(browser, 'about:blank', { size: PHONE, before: watch });
  await page.addInitScript(blockSound);
  await page.goto(server.url + '/t/' + ticket.id);
  await page.waitForSelector('#alert:visible');
  await page.click('#alert');
  await page.waitForSelector('#alert-on:visible');
  assert.equal(await page.isVisible('#alert'), false);
  const before = await page.evaluate(() => window.tones);
  await server.act('3', 'next');
  await kindIs(page, 'called');
  await until('the chime', async () => (await page.evaluate(() => window.tones)) >= before + 2);
  await page.context().close();
  await server.act('3', 'finish');
});

test('giving up asks first, is done once, and leaves the queue', async () => {
  const ticket = await server.ticket();
  const behind = await server.ticket();
  const page = await phone(ticket);
  const other = await phone(behind);
  await shows(other, '#main', '1 persona delante');
  await page.click('#give-up');
  await visible(page, '#sure');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'no');
  await page.keyboard.press('Escape');
  await hidden(page, '#sure');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'give-up');
  assert.equal((await server.call('GET', 'tickets/' + ticket.id)).state, 'waiting');
  const keys = [];
  await page.route('**/cancel', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.click('#give-up');
  await page.click('#yes');
  await shows(page, '#main', 'Este turno ya no está en la fila');
  assert.equal(await page.isVisible('#leave'), false);
  assert.equal((await server.call('GET', 'tickets/' + ticket.id)).state, 'cancelled');
  await until('the same key twice', () => keys.length === 2);
  assert.equal(keys[0], keys[1]);
  await shows(other, '#main', 'No tiene a nadie delante');
  for (const p of [page, other]) await p.context().close();
});

test('who is called while giving up is told that it is too late', async () => {
  const ticket = await server.ticket();
  const page = await phone(ticket, { lang: 'en' });
  await page.route('**/cancel', async (route) => {
    await server.act('3', 'next');
    return route.continue();
  });
  await page.click('#give-up');
  await page.click('#yes');
  await kindIs(page, 'called');
  await shows(page, '#error', 'You cannot leave the queue now: your ticket has just changed.');
  await page.context().close();
  await server.act('3', 'finish');
});

test('without the connection it says so and offers nothing that would fail; back, it knows the call that it missed', async () => {
  const ticket = await server.ticket();
  const cable = await Cable.to(server);
  const page = await phone(ticket, { at: cable.url });
  await shows(page, '#main', 'No tiene a nadie delante');
  await cable.cut();
  await shows(page, '#away', /^Sin conexión/);
  assert.equal(await page.isDisabled('#give-up'), true);
  await server.act('3', 'next');
  await cable.mend();
  await kindIs(page, 'called');
  await hidden(page, '#away');
  assert.equal(await pulses(page), 1);
  await page.reload();
  await kindIs(page, 'called');
  await shows(page, '#desk', 'Ventanilla 3');
  await page.context().close();
  await cable.cut();
  await server.act('3', 'finish');
});

test('where WebSockets cannot pass, it asks, and is alerted all the same', async () => {
  await server.tickets(1);
  const ticket = await server.ticket();
  const page = await open(browser, server.url + '/t/' + ticket.id, {
    size: PHONE,
    before: () => {
      window.pulses = 0;
      navigator.vibrate = () => { window.pulses += 1; };
      window.WebSocket = function Blocked() {
        setTimeout(() => this.onclose && this.onclose({}), 5);
        this.close = () => {};
      };
    },
  });
  await shows(page, '#main', '1 persona delante');
  await hidden(page, '#away');
  await server.act('3', 'next');
  await shows(page, '#main', 'No tiene a nadie delante');
  await server.act('3', 'next');
  await kindIs(page, 'called');
  assert.equal(await pulses(page), 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
  await server.act('3', 'finish');
});

test('a ticket that nobody knows is said kindly, and not asked for again and again', async () => {
  const page = await open(browser, server.url + '/t/' + '0'.repeat(32), { size: PHONE, lang: 'en', clock: true });
  await shows(page, '#main', 'This ticket no longer exists');
  assert.equal(await page.isVisible('#leave'), false);
  assert.equal(await page.isVisible('#away'), false);
  const asked = () => page.loaded.filter((r) => r.url().includes('/api/tickets/')).length;
  assert.equal(asked(), 1);
  await page.clock.runFor(30000);
  await page.waitForTimeout(300);
  assert.equal(asked(), 1);
  await page.context().close();
});

test('a ticket that goes while it is followed is said to be gone', async () => {
  const first = await Server.start();
  const ticket = await first.ticket();
  const page = await phone(ticket, { at: first.url });
  await shows(page, '#main', 'No tiene a nadie delante');
  await first.stop();
  await visible(page, '#away');
  const other = await Server.start({ port: first.port });
  await shows(page, '#main', 'Este turno ya no existe');
  await hidden(page, '#away');
  await page.context().close();
  await other.stop();
});

test('a ticket that is called again hours after its end rings, and the page is live again', async () => {
  const ticket = await server.ticket();
  const page = await phone(ticket, { clock: true });
  await server.act('3', 'next');
  await kindIs(page, 'called');
  await server.act('3', 'finish');
  await kindIs(page, 'done');
  const rung = await pulses(page);
  // It gives its connection back, and asks now and then.
  await page.clock.runFor(61000);
  let asked = 0;
  page.on('request', (request) => { asked += request.url().includes('/api/tickets/'); });
  await page.clock.runFor(60000);
  await until('it asks', () => asked > 0);
  assert.ok(asked < 8, asked + ' requests in a minute');
  await server.call('POST', 'desks/3/call', { ticket: ticket.code });
  await page.clock.runFor(16000);
  await kindIs(page, 'called');
  await until('it rings', async () => (await pulses(page)) > rung);
  // Each step shows at once again, without the clock.
  await page.clock.runFor(2000);
  await server.act('3', 'no-show');
  await kindIs(page, 'missed');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a ticket that is over stays as it was when its day has ended', async () => {
  const ticket = await server.ticket();
  const page = await phone(ticket, { clock: true });
  await server.call('POST', 'tickets/' + ticket.id + '/cancel');
  await kindIs(page, 'cancelled');
  await page.clock.runFor(61000);
  await page.route('**/api/tickets/*', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"code":"not-found"}' }));
  await Promise.all([page.waitForResponse('**/api/tickets/*'), page.clock.runFor(16000)]);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  // The page takes the answer a moment after it came.
  await until('it asks no more', async () => {
    asked.length = 0;
    await page.clock.runFor(60000);
    if (asked.length) throw new Error(asked.join());
    return true;
  });
  await kindIs(page, 'cancelled');
  await page.context().close();
});

test('the page is awake while it waits, and may sleep when it is over', async () => {
  const ticket = await server.ticket();
  const page = await open(browser, server.url + '/t/' + ticket.id, {
    size: PHONE,
    before: () => {
      window.locks = 0;
      Object.defineProperty(navigator, 'wakeLock', {
        value: {
          request: async () => {
            window.locks += 1;
            let told = null;
            return { addEventListener: (name, tell) => { told = tell; }, release: async () => { window.locks -= 1; told(); } };
          },
        },
      });
    },
  });
  await until('it is awake', async () => (await page.evaluate(() => window.locks)) === 1);
  await server.call('POST', 'tickets/' + ticket.id + '/cancel');
  await kindIs(page, 'cancelled');
  await until('it may sleep', async () => (await page.evaluate(() => window.locks)) === 0);
  await page.context().close();
});

test('however long the code and the desk\'s name are, nothing is cut on any phone or screen', async () => {
  await server.call('PUT', 'services/ABCD', { name: 'Oficina de atención a la ciudadanía y registro general', first: 1000 });
  await server.call('PUT', 'settings', { name: 'Ayuntamiento de Villarriba de la Sierra' });
  const long = 'Donaudampfschifffahrtsgesellschaft 14';
  const ticket = await server.call('POST', 'tickets', { service: 'ABCD' });
  const page = await phone(ticket);
  for (const step of ['wait', 'call', 'no-show']) {
    if (step === 'call') await server.call('POST', 'desks/' + encodeURIComponent(long) + '/call', { ticket: ticket.code });
    if (step === 'no-show') await server.act(long, 'no-show');
    await kindIs(page, { wait: 'waiting', call: 'called', 'no-show': 'missed' }[step]);
    for (const [width, height] of [[320, 568], [390, 844], [844, 390], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const wrong = await page.evaluate(() => {
        const found = [];
        if (document.documentElement.scrollWidth > innerWidth) found.push('scrolls sideways: ' + document.documentElement.scrollWidth);
        for (const el of document.querySelectorAll('p, h1, button')) {
          if (el.offsetParent && !el.classList.contains('heard') && el.scrollWidth > el.clientWidth + 1) found.push('cut: ' + el.id);
          if (el.tagName === 'BUTTON' && el.offsetParent && el.offsetHeight < 48) found.push('low: ' + el.id);
        }
        return found;
      });
      assert.deepEqual(wrong, [], step + ' at ' + width);
    }
  }
  assert.equal(await text(page, '#more'), 'La llamada venía de: ' + long + '. Pregunte allí: pueden volver a llamar su turno.');
  await page.context().close();
});

test('where to go is as large as fits, a number never apart from its word, and no word broken', async () => {
  for (const name of ['7', '12', 'Consulta 12', 'Oficina de atención a la ciudadanía, pl.', 'Otorrinolaringología']) {
    const ticket = await server.ticket();
    await server.act(name, 'next');
    for (const lang of ['es', 'en']) {
      const page = await phone(ticket, { lang });
      await kindIs(page, 'called');
      for (const size of [PHONE, [320, 568], [1366, 768]]) {
        await page.setViewportSize({ width: size[0], height: size[1] });
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const got = await page.$eval('#desk', (el) => {
          const text = el.firstChild;
          const line = (from, to) => {
            const range = document.createRange();
            range.setStart(text, from);
            range.setEnd(text, to);
            return range.getClientRects().length;
          };
          const words = Array.from(text.data.matchAll(/[^ ]+/g));
          return {
            broken: words.filter((w) => line(w.index, w.index + w[0].length) > 1).map((w) => w[0]),
            over: el.scrollWidth - el.clientWidth,
            letters: parseFloat(getComputedStyle(el).fontSize),
          };
        });
        const what = [name, lang, size].join(' ');
        assert.deepEqual(got.broken, [], what);
        assert.ok(got.over <= 1, what);
        assert.ok(got.letters >= 20, what + ': ' + got.letters);
      }
      await page.context().close();
    }
    await server.act(name, 'finish');
  }
});

test('no word over a number says that it is one\'s turn already, and who is next is of either gender', () => {
  for (const lang of LANGUAGES) {
    const words = JSON.parse(readFileSync(path.join(ROOT, 'html/lang', lang + '.json'), 'utf8'));
    assert.equal(words['ticket.yours'], words['take.yours']);
    assert.equal(words['paper.next'].slice(-8), words['ahead.none'].slice(-8), lang);
    const turn = words['ticket.called'].toLowerCase().split(' ').pop();
    for (const key of ['take.yours', 'ticket.yours', 'ticket.title']) assert.ok(!words[key].replace('Turnero', '').toLowerCase().includes(turn), lang + ' ' + key);
  }
});

test('who wants it hears a soft tone when 3 and when 1 are ahead, after a reload too, and who does not hears none', async () => {
  const alerts = async (page) => [await page.evaluate(() => window.tones), await pulses(page)];
  await server.tickets(5);
  const ticket = await server.ticket();
  const quiet = await phone(ticket);
  const page = await phone(ticket);
  await page.check('#soon');
  await page.reload();
  await shows(page, '#main', '5 personas delante');
  assert.equal(await page.isChecked('#soon'), true);
  await page.mouse.click(5, 5);
  await until('sound is allowed', async () => !(await page.isVisible('#alert')));
  const [tones, felt] = await alerts(page);
  const heard = [];
  for (const left of ['4 personas', '3 personas', '2 personas', '1 persona']) {
    await server.act('3', 'next');
    await shows(page, '#main', left + ' delante');
    const [t, p] = await alerts(page);
    heard.push([t - tones, p - felt]);
  }
  assert.deepEqual(heard, [[0, 0], [1, 1], [1, 1], [2, 2]]);
  await shows(quiet, '#main', '1 persona delante');
  assert.deepEqual(await alerts(quiet), [0, 0]);
  for (const one of [page, quiet]) await one.context().close();
});

test('asked whether to give up, both answers are seen whole on every phone', async () => {
  const ticket = await server.ticket();
  for (const lang of LANGUAGES) {
    for (const size of [[390, 844], [390, 664], [360, 560]]) {
      const page = await phone(ticket, { lang, size });
      await page.click('#give-up');
      await visible(page, '#yes');
      const seen = await page.$$eval('#sure, #no, #yes', (all) => all.map((el) => el.getBoundingClientRect()).map((b) => b.top >= -1 && b.bottom <= innerHeight + 1 && b.left >= 0 && b.right <= innerWidth));
      assert.deepEqual(seen, [true, true, true], lang + ' ' + size);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'no');
      await page.context().close();
    }
  }
});

test('a ticket that nobody knows names the office, in its language where the phone has none of ours', async () => {
  await server.call('PUT', 'settings', { name: 'Oficina de prueba' });
  const page = await open(browser, server.url + '/t/unknown', { size: PHONE });
  await kindIs(page, 'gone');
  await shows(page, '#office', 'Oficina de prueba');
  await page.context().close();
});

test('where the browser cannot keep the screen on, the one line about the page asks for it, and only while it waits', async () => {
  const ticket = await server.ticket();
  const page = await phone(ticket, { before: () => Object.defineProperty(navigator, 'wakeLock', { value: undefined }) });
  await shows(page, '#keep', 'Deje esta página abierta y la pantalla encendida: le avisará cuando le toque.');
  await visible(page, '#keep');
  await server.call('POST', 'tickets/' + ticket.id + '/cancel');
  await hidden(page, '#keep');
  await page.context().close();
  const other = await server.ticket();
  const awake = await phone(other, { before: () => Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => ({ addEventListener() {}, async release() {} }) } }) });
  await shows(awake, '#keep', 'Deje esta página abierta: le avisará cuando le toque.');
  await visible(awake, '#keep');
  await awake.context().close();
});

test('without a connection the page says so, over no other text', async () => {
  const ticket = await server.ticket();
  for (const size of [PHONE, [360, 560]]) {
    const cable = await Cable.to(server);
    const page = await phone(ticket, { at: cable.url, size });
    await shows(page, '#main', 'No tiene a nadie delante');
    await cable.cut();
    await visible(page, '#away');
    assert.deepEqual(await covered(page, '#away'), [], String(size));
    await page.context().close();
  }
});
