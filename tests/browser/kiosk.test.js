// Take a ticket, for strangers: any number of services, closed ones, priorities, languages, paper.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Server, hidden, launch, open, shows, text, until, visible } from './support.mjs';

// Other tests check the server's picture; here any picture will do.
const QR = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><path d="M4 4h7v7h-7z"/></svg>';
const PRIORITIES = [
  { name: 'normal', weight: 1 },
  { name: 'over-65', names: { es: 'Mayores de 65 años', en: 'Over 65' }, weight: 3 },
];
const SIZES = [[1366, 768], [1024, 768], [390, 844], [1080, 1920], [768, 1024]];
// A little longer than the page's time-out.
const STALE_MS = 11000;
const STAY_MS = 11000;
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
beforeEach(async () => {
  // A service and a priority can go when nobody waits who has them.
  for (const t of await server.call('GET', 'tickets?state=waiting')) {
    if (t.service !== 'A' || t.priority !== 'normal') await server.call('POST', 'tickets/' + t.id + '/cancel');
  }
  for (const { prefix } of (await server.call('GET', 'services')).slice(1)) await server.call('DELETE', 'services/' + prefix);
  await service('A', { name: 'General', names: {}, open: true, message: null });
  await server.call('PUT', 'settings', { priorities: PRIORITIES.slice(0, 1), printTickets: false, languages: [] });
});

const prefix = (i) => 'S' + String.fromCharCode(65 + i % 26, 65 + Math.floor(i / 26));
const service = (prefix, setup) => server.call('PUT', 'services/' + prefix, setup);
const waiting = async () => (await server.call('GET', 'tickets?state=waiting')).length;
const names = (page) => page.$$eval('#services .service', (all) => all.filter((b) => b.offsetParent).map((b) => b.querySelector('b').textContent));

async function kiosk(options) {
  const page = await open(browser, 'about:blank', options);
  await page.route(/\/qr\.svg/, (route) => route.fulfill({ contentType: 'image/svg+xml', body: QR }));
  await page.goto(server.url + '/new-ticket.html');
  await visible(page, '.service');
  return page;
}

test('each service is a button in the reader\'s language, with how many wait for it', async () => {
  await service('B', { name: 'Caja', names: { en: 'Cash desk' } });
  await server.call('POST', 'tickets', { service: 'B' });
  const page = await kiosk({ lang: 'en' });
  assert.deepEqual(await names(page), ['General', 'Cash desk']);
  await shows(page, '[data-key="B"] small', '1 person is waiting');
  await page.click('#languages [lang="es"]');
  await shows(page, '[data-key="B"] b', 'Caja');
  await page.click('[data-key="B"]');
  await shows(page, '#code', /^B\d+$/);
  await shows(page, '#what', 'Caja');
  await shows(page, '#ahead', '1 persona delante');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a closed service says so, with its message, and cannot be pressed; with all closed the screen says it', async () => {
  await service('B', { name: 'Caja' });
  const page = await kiosk();
  await service('B', { open: false, message: 'Abre a las 15:00' });
  await shows(page, '[data-key="B"] small', 'Cerrado · Abre a las 15:00');
  assert.equal(await page.isDisabled('[data-key="B"]'), true);
  assert.equal(await page.isDisabled('[data-key="A"]'), false);
  await service('A', { open: false });
  await shows(page, '#invite', 'Ahora no se dan turnos');
  assert.equal(await page.isDisabled('[data-key="A"]'), true);
  await service('A', { open: true });
  await shows(page, '#invite', 'Toque para sacar su turno');
  await page.context().close();
});

test('the message of a closed service is in the reader\'s language where it has one, and in the office\'s words where not', async () => {
  await service('B', { name: 'Caja', open: false, message: 'Abre a las 15:00', messages: { en: 'Opens at 3 pm' } });
  const page = await kiosk();
  await shows(page, '[data-key="B"] small', 'Cerrado · Abre a las 15:00');
  await page.click('#languages [lang="en"]');
  await shows(page, '[data-key="B"] small', 'Closed · Opens at 3 pm');
  await page.click('#languages [lang="fr"]');
  await shows(page, '[data-key="B"] small', 'Fermé · Abre a las 15:00');
  await service('B', { open: true, message: null, messages: {} });
  await page.context().close();
});

test('a service that closes under the finger is refused in plain words', async () => {
  await service('B', { name: 'Caja' });
  const page = await kiosk();
  await page.route('**/api/tickets', async (route) => {
    await service('B', { open: false });
    return route.continue();
  });
  await page.click('[data-key="B"]');
  await shows(page, '#error', 'Este servicio acaba de cerrar. Elija otro o pregunte al personal.');
  await page.context().close();
});

test('with priorities the service is asked for first, then the priority, with a way back', async () => {
  await server.call('PUT', 'settings', { priorities: PRIORITIES });
  const page = await kiosk({ lang: 'en' });
  const had = await waiting();
  await page.click('.service');
  await visible(page, '#ask');
  await shows(page, '#question', 'Do you need priority service?');
  assert.deepEqual(await page.$$eval('#priorities b', (all) => all.map((b) => b.textContent)), ['No, ordinary ticket', 'Over 65']);
  await page.click('#back');
  await visible(page, '#services');
  await until('it can be touched again', () => page.isEnabled('.service'));
  await page.click('.service');
  await page.click('#priorities [data-key="over-65"]');
  await visible(page, '#given');
  await shows(page, '#what', 'Over 65');
  const made = (await server.call('GET', 'tickets?state=waiting')).slice(-1)[0];
  assert.equal(made.priority, 'over-65');
  assert.equal(await waiting(), had + 1);
  await page.context().close();
});

test('a double touch on a service chooses no priority', async () => {
  await server.call('PUT', 'settings', { priorities: PRIORITIES });
  const page = await kiosk();
  const had = await waiting();
  const box = await page.locator('.service').boundingBox();
  await page.mouse.dblclick(box.x + box.width / 4, box.y + box.height / 2);
  await visible(page, '#ask');
  await page.waitForTimeout(400);
  assert.equal(await page.isVisible('#ask'), true);
  assert.equal(await waiting(), had);
  await page.context().close();
});

test('a request is repeated with the same key after a lost answer, and another priority is a new request', async () => {
  await server.call('PUT', 'settings', { priorities: PRIORITIES });
  const page = await kiosk();
  const had = await waiting();
  const keys = [];
  let cut = true;
  await page.route('**/api/tickets', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (!cut) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.click('.service');
  await page.click('#priorities [data-key="normal"]');
  await visible(page, '#error');
  await shows(page, '#error', 'No ha llegado la respuesta. Toque otra vez: no recibirá dos turnos.');
  cut = false;
  await page.click('#priorities [data-key="normal"]');
  await visible(page, '#given');
  assert.equal(new Set(keys).size, 1);
  assert.equal(await waiting(), had + 1);
  await page.click('#done');
  await until('it can be touched again', () => page.isEnabled('.service'));
  await page.click('.service');
  await page.click('#priorities [data-key="over-65"]');
  await visible(page, '#given');
  assert.equal(new Set(keys).size, 2);
  await page.context().close();
});

test('whoever leaves in the middle leaves the screen as it was, within half a minute', async () => {
  await server.call('PUT', 'settings', { priorities: PRIORITIES });
  await service('B', { name: 'Caja' });
  const page = await open(browser, server.url + '/new-ticket.html', { clock: true });
  await visible(page, '.service');
  await page.click('#languages [lang="en"]');
  await shows(page, '#invite', 'Touch to take your ticket');
  await page.clock.runFor(29000);
  await shows(page, '#invite', 'Touch to take your ticket');
  await page.clock.runFor(2000);
  await shows(page, '#invite', 'Toque para sacar su turno');
  await page.click('#languages [lang="en"]');
  await page.click('[data-key="B"]');
  await visible(page, '#ask');
  await page.clock.runFor(21000);
  await visible(page, '#services');
  await shows(page, '#invite', 'Toque para sacar su turno');
  await page.context().close();
});

test('after a ticket in a stranger\'s language the usual one is back', async () => {
  const page = await kiosk();
  await page.click('#languages [lang="en"]');
  await shows(page, '.service b', 'Take a ticket');
  await page.click('.service');
  await shows(page, '#given-label', 'Your ticket');
  await page.click('#done');
  await shows(page, '#invite', 'Toque para sacar su turno');
  await page.context().close();
});

test('the languages that are offered are the office\'s, by their own names', async () => {
  await server.call('PUT', 'settings', { languages: ['en', 'es'] });
  const page = await kiosk();
  const offered = () => page.$$eval('#languages button', (all) => all.map((b) => b.textContent));
  assert.deepEqual(await offered(), ['English', 'Español']);
  assert.equal(await page.getAttribute('#languages [lang="es"]', 'aria-current'), 'true');
  await server.call('PUT', 'settings', { languages: ['es'] });
  await hidden(page, '#languages');
  await page.context().close();
});

test('from one service to thirty, at every size, each has a target of 64 px, none is cut, and a kiosk has them all on pages', async () => {
  const WORDS = ['Información general', 'Empadronamiento', 'Registro', 'Licencias y urbanismo', 'Atención a la ciudadanía', 'Extranjería', 'Cita previa'];
  let made = 1;
  const page = await kiosk();
  for (const count of [1, 2, 4, 8, 12, 30]) {
    for (; made < count; made++) await service(prefix(made), { name: WORDS[made % 7] + ' ' + made, ...(made % 5 === 4 ? { open: false, message: 'Mañana a las 9:00' } : {}) });
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await until(count + ' services', async () => (await page.$$('#services .service')).length === count);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const seen = new Set();
      const what = count + ' at ' + width + 'x' + height;
      for (let turn = 0; turn < 12; turn++) {
        const got = await page.evaluate(() => {
          const wrong = [];
          const shown = Array.from(document.querySelectorAll('button')).filter((b) => b.offsetParent && getComputedStyle(b).visibility !== 'hidden');
          for (const b of shown) {
            const box = b.getBoundingClientRect();
            const name = b.textContent;
            if (box.height < 64) wrong.push(name + ' is ' + box.height + ' high');
            if (b.scrollWidth > b.clientWidth + 1 || b.scrollHeight > b.clientHeight + 1) wrong.push(name + ' is cut');
            const { paddingLeft, paddingRight } = getComputedStyle(b);
            const range = document.createRange();
            range.selectNodeContents(b);
            for (const words of b.hasAttribute('data-key') ? range.getClientRects() : []) {
              if (words.left < box.left + parseFloat(paddingLeft) - 1 || words.right > box.right - parseFloat(paddingRight) + 1) wrong.push(name + ' touches the edge');
            }
            if (innerWidth > 600 && (box.bottom > innerHeight + 1 || box.right > innerWidth + 1)) wrong.push(name + ' is off the screen');
            if (innerWidth > 600 && innerHeight > innerWidth && box.top < 0.3 * innerHeight) wrong.push(name + ' is out of reach');
          }
          if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways');
          return {
            wrong,
            keys: shown.map((b) => b.getAttribute('data-key')).filter(Boolean),
            letters: Math.min(...shown.filter((b) => b.querySelector('b')).map((b) => parseFloat(getComputedStyle(b.querySelector('b')).fontSize))),
          };
        });
        assert.deepEqual(got.wrong, [], what);
        assert.ok(got.letters >= 20, what + ': letters of ' + got.letters);
        got.keys.forEach((key) => seen.add(key));
        if (!(await page.isVisible('#after')) || await page.isDisabled('#after')) break;
        await page.click('#after');
      }
      assert.equal(seen.size, count, what);
      while (await page.isVisible('#before') && await page.isEnabled('#before')) await page.click('#before');
    }
  }
  await page.context().close();
});

test('who turned the pages and left, or took a ticket, leaves the first page', async () => {
  for (let i = 1; i < 30; i++) await service(prefix(i), { name: 'Servicio ' + i });
  const page = await open(browser, server.url + '/new-ticket.html', { clock: true });
  await visible(page, '#after');
  await page.click('#after');
  await shows(page, '#page', /^Página 2 de/);
  await page.clock.runFor(31000);
  await shows(page, '#page', /^Página 1 de/);
  await page.context().close();
});

async function printing(options) {
  await server.call('PUT', 'settings', { printTickets: true, name: 'Oficina de prueba' });
  const page = await open(browser, 'about:blank', {
    ...options,
    before: () => {
      window.prints = [];
      window.print = () => window.prints.push(document.getElementById('printed').innerText);
    },
  });
  return page;
}

test('where printing is on, a ticket is printed once, 80 mm wide, on one page as long as it needs to be', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await printing({ theme });
    await page.route(/\/qr\.svg/, (route) => route.fulfill({ contentType: 'image/svg+xml', body: QR }));
    await page.goto(server.url + '/new-ticket.html');
    await page.click('.service');
    await until('it is printed', () => page.evaluate(() => window.prints.length));
    const code = await text(page, '#code');
    const paper = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1');
    const [, width, height] = /MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(paper).map(Number);
    const mm = (points) => points * 25.4 / 72;
    assert.ok(Math.abs(mm(width) - 80) < 0.5, 'width ' + mm(width));
    assert.ok(mm(height) > 60 && mm(height) < 160, 'height ' + mm(height));
    assert.equal(paper.match(/\/Type \/Page\b/g).length, 1, 'pages');
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 302, height: 800 });
    const got = await page.evaluate(() => {
      const seen = Array.from(document.querySelectorAll('body *')).filter((el) => el.getClientRects().length && !el.children.length && getComputedStyle(el).visibility === 'visible');
      const paper = document.getElementById('printed');
      return {
        outside: seen.filter((el) => !paper.contains(el)).map((el) => el.id),
        wide: Math.max(...seen.map((el) => el.getBoundingClientRect().right)),
        paper: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(paper).color,
        text: paper.innerText,
        code: parseFloat(getComputedStyle(document.getElementById('printed-code')).fontSize),
        qr: document.getElementById('printed-qr').getBoundingClientRect().width,
      };
    });
    assert.deepEqual(got.outside, [], 'nothing else is on the paper');
    assert.ok(got.wide <= 302, 'it leaves the paper: ' + got.wide);
    assert.deepEqual([got.paper, got.ink], ['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
    assert.match(got.text, /Oficina de prueba/);
    assert.ok(got.text.includes(code));
    assert.match(got.text, /\d{4}/, 'a date');
    assert.match(got.text, /\d\d:\d\d/, 'a time');
    assert.match(got.text, /delante|siguiente/);
    assert.ok(got.code > 80, 'the code is huge: ' + got.code);
    assert.ok(got.qr > 120, 'the code can be scanned: ' + got.qr);
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => window.prints.length), 1);
    await page.context().close();
  }
});

test('without a picture of the code a ticket is printed all the same, and what a dialog takes is not taken from the 15 s', async () => {
  const page = await printing();
  await page.route(/\/qr\.svg/, (route) => route.abort());
  // Five times as fast as the clock on the wall.
  await page.addInitScript(() => {
    const later = window.setTimeout.bind(window);
    window.setTimeout = (f, ms) => later(f, ms / 5);
  });
  await page.goto(server.url + '/new-ticket.html');
  await page.evaluate(() => {
    window.print = () => {
      window.prints.push(!document.getElementById('printed-follow'));
      // As a dialog does: the page stands still, and the clock on the wall goes on.
      for (const end = Date.now() + 3200; Date.now() < end;);
    };
  });
  await page.click('.service');
  await until('it is printed', () => page.evaluate(() => window.prints.length));
  assert.deepEqual(await page.evaluate(() => window.prints), [true]);
  await page.waitForTimeout(1000);
  assert.equal(await page.isVisible('#given'), true);
  await until('the offer is back', () => page.isVisible('#offer'), 4000);
  await page.context().close();
});

test('nothing is printed where printing is off, and without a picture nothing speaks of a code', async () => {
  const page = await open(browser, 'about:blank', { before: () => { window.prints = 0; window.print = () => { window.prints += 1; }; } });
  await page.route(/\/qr\.svg/, (route) => route.abort());
  await page.goto(server.url + '/new-ticket.html');
  await page.click('.service');
  await visible(page, '#given');
  await page.waitForTimeout(500);
  assert.equal(await page.evaluate(() => window.prints), 0);
  assert.equal(await page.isVisible('#phone'), false);
  await page.context().close();
});

test('the estimate is said roughly, and not at all where there is none', async () => {
  const page = await kiosk({ lang: 'en' });
  for (const [seconds, said] of [[700, 'Wait: about 12 min'], [3700, 'Wait: about 1 h 2 min'], [30, 'Wait: under 2 minutes'], [null, '']]) {
    await page.route('**/api/tickets', async (route) => {
      const answer = await route.fetch();
      return route.fulfill({ response: answer, json: { ...(await answer.json()), estimateSeconds: seconds } });
    });
    await until('it can be touched', () => page.isEnabled('.service'));
    await page.click('.service');
    await visible(page, '#given');
    assert.equal(await text(page, '#estimate'), said);
    assert.equal(await page.isVisible('#estimate'), Boolean(said));
    await page.unroute('**/api/tickets');
    await page.click('#done');
    await visible(page, '#offer');
  }
  await page.context().close();
});

test('while the server hangs the kiosk says within 10 s that no ticket can be taken, and nothing besides; an answer in time is shown', async () => {
  const page = await kiosk({ clock: true });
  const had = await waiting();
  server.process.kill('SIGSTOP');
  try {
    await page.click('.service');
    await page.clock.runFor(STALE_MS);
    assert.equal(await page.isVisible('#away'), true);
    assert.equal(await page.isVisible('#error'), false);
    assert.equal(await page.isVisible('#offer'), false);
  } finally {
    server.process.kill('SIGCONT');
  }
  await visible(page, '#given');
  assert.equal(await waiting(), had + 1);
  await hidden(page, '#away');
  await page.context().close();
});

test('a ticket that comes when its person has left is taken out of the queue, and the next stranger has a number of their own', async () => {
  const page = await kiosk({ clock: true });
  const had = await waiting();
  const cancelled = async () => (await server.call('GET', 'tickets?state=cancelled')).map((ticket) => ticket.code);
  const before = await cancelled();
  server.process.kill('SIGSTOP');
  try {
    await page.click('.service');
    await page.clock.runFor(STALE_MS);
    assert.equal(await page.isVisible('#away'), true);
    await page.clock.runFor(STAY_MS);
    assert.equal(await page.isVisible('#away'), true);
    assert.equal(await page.isVisible('#error'), false);
  } finally {
    server.process.kill('SIGCONT');
  }
  await visible(page, '#offer');
  const ghost = await until('the ticket was made and cancelled', async () => (await cancelled()).filter((code) => before.indexOf(code) < 0)[0]);
  assert.equal(await waiting(), had);
  assert.equal(await page.isVisible('#given'), false);
  await until('it can be touched', () => page.isEnabled('.service'));
  await page.click('.service');
  await visible(page, '#given');
  assert.notEqual(await text(page, '#code'), ghost);
  assert.equal(await waiting(), had + 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a request without an answer belongs to its person for ten seconds; then its ticket is cancelled', async () => {
  const page = await open(browser, server.url + '/new-ticket.html', { clock: true });
  await visible(page, '.service');
  const had = await waiting();
  const keys = new Set();
  let cut = true;
  await page.route('**/api/tickets', async (route) => {
    keys.add(route.request().headers()['idempotency-key']);
    if (!cut) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.click('.service');
  await until('it gave up', async () => {
    await page.clock.runFor(500);
    return page.isVisible('#error');
  });
  assert.equal(await waiting(), had + 1);
  cut = false;
  await until('it is cancelled', async () => {
    await page.clock.runFor(1000);
    return (await waiting()) === had;
  });
  await page.click('.service');
  await visible(page, '#given');
  assert.equal(keys.size, 2);
  await page.context().close();
});

test('beside a ticket its code for the phone is large and says what it is for, and the way on stands below the number from the start', async () => {
  for (const size of SIZES.filter(([width]) => width > 600)) {
    const page = await open(browser, server.url + '/new-ticket.html', { size });
    await visible(page, '.service');
    await page.click('.service');
    await visible(page, '#qr');
    const got = await page.evaluate(() => {
      const box = (id) => document.getElementById(id).getBoundingClientRect();
      const middle = (b) => (b.left + b.right) / 2;
      return {
        apart: Math.abs(middle(box('done')) - middle(box('code'))),
        time: Math.abs(middle(document.querySelector('.time').getBoundingClientRect()) - middle(box('code'))),
        seen: getComputedStyle(document.getElementById('done')).visibility,
        qr: box('qr').width / Math.min(innerWidth, innerHeight),
        estimate: parseFloat(getComputedStyle(document.getElementById('ahead')).fontSize) / innerHeight,
      };
    });
    assert.ok(got.apart < 3 && got.time < 3, size + ': ' + JSON.stringify(got));
    assert.equal(got.seen, 'visible');
    assert.ok(got.qr > 0.3, size + ': ' + got.qr);
    assert.ok(size[0] < size[1] || got.estimate > 0.045, size + ': ' + got.estimate);
    assert.equal(await page.isVisible('#phone p'), true, String(size));
    await page.context().close();
  }
});

test('a ticket is shown for 15 s, and each touch and each key begins them again', async () => {
  const page = await open(browser, server.url + '/new-ticket.html', { clock: true });
  await visible(page, '.service');
  await page.click('.service');
  await visible(page, '#given');
  await page.clock.runFor(14000);
  await page.mouse.click(5, 5);
  await page.clock.runFor(14000);
  await page.keyboard.press('Shift');
  await page.clock.runFor(14000);
  assert.equal(await page.isVisible('#given'), true);
  await page.clock.runFor(1500);
  await visible(page, '#offer');
  await page.context().close();
});

test('on a phone there is a link to the ticket\'s page instead of a code to scan, and the ticket stays until it is left', async () => {
  const page = await open(browser, server.url + '/new-ticket.html?theme=dark', { size: [390, 844], clock: true });
  await visible(page, '.service');
  await page.click('#languages [lang="en"]');
  await page.click('.service');
  await visible(page, '#follow');
  const code = await text(page, '#code');
  await page.clock.runFor(120000);
  assert.equal(await text(page, '#code'), code);
  assert.equal(await page.isVisible('#given'), true);
  assert.equal(await page.isVisible('#phone'), false);
  assert.equal(await page.isVisible('#time'), false);
  const inside = await page.$$eval('#follow, #done', (all) => all.map((el) => el.getBoundingClientRect()).map((b) => b.bottom <= innerHeight && b.height >= 64));
  assert.deepEqual(inside, [true, true]);
  await page.click('#follow');
  await page.waitForSelector('html[lang="en"][data-theme="dark"] [data-kind="waiting"], html[lang="en"][data-theme="dark"] body[data-kind="waiting"]');
  await shows(page, '#code', code);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
