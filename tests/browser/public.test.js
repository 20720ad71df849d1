// The public screen through a day: its start, the empty office, and problems.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { LANGUAGES, Server, hidden, launch, open, shows, until, visible } from './support.mjs';

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

const desk = (name, code) => ({ name, open: true, services: [], ticket: code ? { code } : null });
const call = (seq, code, name) => ({ seq, code, desk: name, kind: 'call', at: new Date().toISOString() });
const isAnnounced = (page) => page.$eval('#call', (el) => el.classList.contains('is-announced'));

/** A public screen with messages from the test in place of the server's; `told` is added to the office. */
async function board({ desks = [], calls = [], told = {}, query = '', state = {}, ...options }) {
  let socket;
  const page = await open(browser, 'about:blank', options);
  // One connection only: after a loss there is none.
  await page.routeWebSocket(/\/ws/, (ws) => { if (socket) ws.close(); else socket = ws; });
  await page.route(/api\/events/, (route) => route.abort());
  page.problems.length = 0;
  await page.goto(server.url + '/public.html' + query);
  await until('the socket', () => socket);
  let seq = 10;
  const tell = (type, payload, same) => {
    seq = same || seq + 1;
    socket.send(JSON.stringify({ type, seq, payload: { waiting: 3, services: [{ prefix: 'A', name: 'General', waiting: 3 }], ...payload } }));
    return seq;
  };
  tell('state', { office: { name: 'Oficina', language: 'es', ...told }, desks, calls, ...state });
  await shows(page, '#office', 'Oficina');
  return { page, tell };
}

test('a day that begins clears a public screen that stands open, and what it still had to announce', async () => {
  const { page, tell } = await board({ desks: [desk('1', 'A1'), desk('2', 'A2')], calls: [call(2, 'A2', '2'), call(1, 'A1', '1')] });
  await shows(page, '#code', 'A2');
  tell('ticket-called', { desk: desk('1', 'A3'), call: call(12, 'A3', '1') });
  tell('ticket-called', { desk: desk('2', 'A4'), call: call(13, 'A4', '2') });
  await shows(page, '#code', 'A3');
  // As a contract test has it from the real server, which reads the real clock.
  tell('day-started', { calls: [], waiting: 0 });
  await visible(page, '#none');
  await hidden(page, '#code');
  await shows(page, '#waiting', '0 en espera');
  assert.equal(await isAnnounced(page), false);
  // Tickets at a desk stay there.
  assert.deepEqual(await page.$$eval('#others .row .code', (all) => all.map((el) => el.textContent)), ['A3', 'A4']);
  tell('ticket-called', { desk: desk('1', 'A1'), call: call(15, 'A1', '1') });
  await shows(page, '#code', 'A1');
  assert.equal(await isAnnounced(page), true);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

// The height of an element's capitals as a share of the screen's.
const capitals = (page, selector) => page.$eval(selector, (el) => {
  const pen = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle(el);
  pen.font = style.fontWeight + ' ' + style.fontSize + ' ' + style.fontFamily;
  return pen.measureText('H').actualBoundingBoxAscent / innerHeight;
});
const box = (page, selector) => page.$eval(selector, (el) => { const b = el.getBoundingClientRect(); return { top: b.top, right: b.right, bottom: b.bottom, left: b.left }; });
const apart = (a, b) => a.bottom <= b.top + 1 || b.bottom <= a.top + 1 || a.right <= b.left + 1 || b.right <= a.left + 1;
const FORMATS = [[1920, 1080], [1366, 768], [1024, 768], [390, 844], [1080, 1920]];

test('before the first call the screen says whose it is, what to do, how many wait and the time, large, and nothing lies on anything', async () => {
  for (const size of FORMATS) {
    for (const lang of LANGUAGES) {
      const { page } = await board({ size, lang, told: { message: 'El viernes cerramos por fiesta local.' } });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const what = size + ' ' + lang;
      await visible(page, '#muted');
      assert.match(await page.textContent('#clock'), /^\d{1,2}:\d\d/);
      assert.equal(await page.textContent('#waiting b'), '3');
      const unit = size[0] > size[1] ? 1 : size[0] / size[1];
      for (const [selector, least] of [['#call-label', 0.07], ['#none', 0.043], ['#office', 0.024], ['#clock', 0.024]]) {
        const got = await capitals(page, selector);
        assert.ok(got >= least * unit, what + ' ' + selector + ': ' + got);
      }
      const parts = ['#office', '#waiting', '#clock', '#call-label', '#none', '#muted', '#message'];
      const boxes = await Promise.all(parts.map((selector) => box(page, selector)));
      boxes.forEach((a, i) => boxes.slice(0, i).forEach((b, j) => assert.ok(apart(a, b), what + ': ' + parts[i] + ' lies on ' + parts[j])));
      boxes.forEach((b, i) => assert.ok(b.top >= 0 && b.bottom <= size[1] && b.left >= 0 && b.right <= size[0], what + ': ' + parts[i] + ' leaves the screen'));
      await page.context().close();
    }
  }
});

const row = (page, name) => page.$$eval('.row', (all, wanted) => all.filter((el) => el.querySelector('.name').lastChild.data === wanted)
  .map((el) => el.querySelector('.code').textContent + (el.classList.contains('is-past') ? ' dimmed' : ''))[0], name);

test('a desk that has finished keeps its last ticket, dimmed and still at 7:1, for two minutes', async () => {
  for (const type of ['ticket-finished', 'ticket-no-show', 'ticket-held']) {
    const { page, tell } = await board({ clock: true, desks: [desk('1', 'A1'), desk('2', 'A2'), desk('3', 'A3')], calls: [call(3, 'A3', '3'), call(2, 'A2', '2'), call(1, 'A1', '1')] });
    await until('the rows', async () => (await row(page, '1')) === 'A1');
    const seq = tell(type, { desk: desk('1', null), ticket: { code: 'A1', service: 'A', doneAt: null } });
    await until('it is dimmed', async () => (await row(page, '1')) === 'A1 dimmed');
    const look = (selector) => page.$eval(selector, (el) => { const s = getComputedStyle(el); return s.color + ' ' + s.fontWeight; });
    assert.notEqual(await look('.is-past .code'), await look('.row:not(.is-past) .code'));
    assert.deepEqual(await findings(page, 'color-contrast-enhanced'), []);
    const passes = async (seconds) => {
      for (let i = 0; i < seconds; i += 5) {
        tell('tick', { now: new Date(await page.evaluate(() => Date.now())).toISOString() }, seq);
        await page.clock.runFor(5000);
      }
    };
    await passes(110);
    assert.equal(await row(page, '1'), 'A1 dimmed');
    await passes(15);
    await until('it is gone', async () => (await row(page, '1')) === '–');
    await page.context().close();
  }
});

test('a ticket that goes back to the queue, and one that was undone, are not kept at the desk', async () => {
  const { page, tell } = await board({ desks: [desk('1', 'A1'), desk('2', 'A2'), desk('3', 'A3')], calls: [call(3, 'A3', '3'), call(2, 'A2', '2')] });
  await until('the rows', async () => (await row(page, '2')) === 'A2');
  tell('ticket-transferred', { desk: desk('1', null), ticket: { code: 'A1', service: 'A' } });
  await until('nobody is there', async () => (await row(page, '1')) === '–');
  tell('step-undone', { desk: desk('2', null), tickets: [{ code: 'A2' }], calls: [call(3, 'A3', '3')] });
  await until('nobody is there', async () => (await row(page, '2')) === '–');
  tell('ticket-finished', { desk: desk('1', null), ticket: { code: 'A1', service: 'A', doneAt: new Date().toISOString() } });
  await until('it is dimmed', async () => (await row(page, '1')) === 'A1 dimmed');
  tell('ticket-called', { desk: desk('1', 'A4'), ticket: { code: 'A4', service: 'A' }, call: call(30, 'A4', '1') });
  await shows(page, '#code', 'A4');
  await page.context().close();
});

test('a screen that has just been switched on dims the tickets of the last two minutes', async () => {
  const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  const calls = [call(5, 'A5', '5'), { ...call(4, 'A4', '4'), at: ago(60) }, { ...call(3, 'A3', '3'), at: ago(600) }];
  const { page } = await board({ desks: [desk('3', null), desk('4', null), desk('5', 'A5')], calls });
  await until('the rows', async () => (await row(page, '4')) === 'A4 dimmed');
  assert.equal(await row(page, '3'), '–');
  await page.context().close();
});

const services = [{ prefix: 'A', name: 'Padrón', waiting: 3 }, { prefix: 'B', name: 'Multas', waiting: 5 }, { prefix: 'C', name: 'Caja', waiting: 7 }];
const at = (name, code, of) => ({ name, open: true, services: of, ticket: code ? { code, service: code[0], handleAtDesk: name, handleAt: new Date().toISOString() } : null });
const rooms = {
  desks: [at('1', 'A1', ['A']), at('2', 'B2', ['B']), at('3', 'B3', ['A', 'B']), at('4', null, ['C']), at('5', null, [])],
  calls: [{ ...call(9, 'B3', '3'), service: 'B' }, { ...call(8, 'B2', '2'), service: 'B' }, { ...call(7, 'A1', '1'), service: 'A' }],
  state: { services, waiting: 15 },
};
const seen = (page) => page.$$eval('.row', (all) => all.map((el) => el.querySelector('.name').lastChild.data + ': ' + el.querySelector('.code').textContent));

test('a room\'s screen shows and announces only its services or its desks', async () => {
  for (const [query, code, rows, waiting, announced] of [
    ['', 'B3', ['1: A1', '2: B2', '4: –', '5: –'], 15, ['A4', 'B5']],
    ['?services=A', 'A1', ['3: –', '5: –'], 3, ['A4']],
    ['?services=B,%20C', 'B3', ['2: B2', '4: –', '5: –'], 12, ['B5']],
    ['?desks=1,4', 'A1', ['4: –'], 10, []],
    ['?desks=2', 'B2', [], 5, ['B5']],
    ['?services=A&desks=2,5', '', ['2: –', '5: –'].slice(1), 3, []],
  ]) {
    const { page, tell } = await board({ ...rooms, query, clock: true });
    await until(query + ': the rows', async () => {
      assert.deepEqual(await seen(page), rows);
      return true;
    });
    assert.equal(await page.textContent('#code'), code, query);
    assert.equal(await page.textContent('#waiting b'), String(waiting), query);
    assert.equal(await isAnnounced(page), false);
    const said = [];
    for (const [seq, called, name] of [[20, 'A4', '3'], [21, 'B5', '2']]) {
      tell('ticket-called', { services, waiting: 15, desk: at(name, called, ['A', 'B']), ticket: { code: called, service: called[0] }, call: { ...call(seq, called, name), service: called[0] } });
    }
    for (const next of announced) {
      await shows(page, '#code', next);
      assert.equal(await isAnnounced(page), true, query);
      said.push(next);
      // The next one's turn comes when this one's seconds are over.
      await page.clock.runFor(11000);
    }
    await until(query + ': it is calm', async () => !(await isAnnounced(page)));
    assert.deepEqual(said, announced, query);
    await page.context().close();
  }
});

test('a room\'s screen whose address names a service that does not exist says so', async () => {
  const { page } = await board({ ...rooms, query: '?services=A,X' });
  await visible(page, '#message');
  await shows(page, '#message', 'En la dirección de esta pantalla hay servicios que no existen: X. Existen: A, B, C.');
  await page.context().close();
});

test('a lost connection is told across the room, and the badge about blocked sound is as clear as before', async () => {
  for (const lang of LANGUAGES) {
    const { page } = await board({ lang, clock: true, desks: [desk('1', 'A1'), desk('2', 'A2')], calls: [call(2, 'A2', '2'), call(1, 'A1', '1')] });
    await shows(page, '#code', 'A2');
    // No more messages come.
    await page.clock.runFor(11000);
    await visible(page, '#stale');
    // As clearly as can be while it is still to be read, which axe.test.js looks at.
    const grey = (selector) => page.$eval(selector, (el) => getComputedStyle(el).color);
    assert.deepEqual([await grey('#code'), await grey('#desk'), await grey('.row .code'), await grey('.row .name')], Array(4).fill('rgb(102, 112, 107)'));
    for (const size of FORMATS) {
      await page.setViewportSize({ width: size[0], height: size[1] });
      // The browser's own event comes with the next frame, and time stands still here.
      await page.evaluate(() => window.dispatchEvent(new Event('resize')));
      const what = size + ' ' + lang;
      const unit = size[0] > size[1] ? 1 : size[0] / size[1];
      await until(what + ': it is large', async () => {
        const got = await capitals(page, '#stale');
        if (got < 0.042 * unit) throw new Error(String(got));
        return true;
      });
      const [banner, card, badge] = [await box(page, '#stale'), await box(page, '#call'), await box(page, '#muted')];
      assert.ok(banner.left >= 0 && banner.right <= size[0] && banner.top >= 0, what);
      assert.ok(apart(banner, card) && apart(banner, badge), what);
      // It takes the place of the top line: it lies over no text.
      for (const text of ['#waiting', '#clock']) assert.equal(await page.isVisible(text), false, what + ' ' + text);
      const name = await box(page, '#office');
      assert.ok(name.right - name.left <= 1 && name.bottom - name.top <= 1, what);
      for (const el of ['#muted', '#call', '#board']) assert.equal(await page.$eval(el, (it) => getComputedStyle(it).opacity), '1', el);
    }
    await page.context().close();
  }
});
