// The public screen through a day: it begins, it is empty, it says what is wrong.

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

const desk = (name, code) => ({ name, open: true, services: [], ticket: code ? { code } : null });
const call = (seq, code, name) => ({ seq, code, desk: name, kind: 'call', at: new Date().toISOString() });
const isAnnounced = (page) => page.$eval('#call', (el) => el.classList.contains('is-announced'));

/** A public screen that is told by the test what the server would say; `told` of the office is added. */
async function board({ desks = [], calls = [], told = {}, ...options }) {
  let socket;
  const page = await open(browser, 'about:blank', options);
  await page.routeWebSocket(/\/ws/, (ws) => { socket = ws; });
  page.problems.length = 0;
  await page.goto(server.url + '/public.html');
  await until('the socket', () => socket);
  let seq = 10;
  const tell = (type, payload) => {
    seq += 1;
    socket.send(JSON.stringify({ type, seq, payload: { waiting: 3, services: [{ prefix: 'A', name: 'General', waiting: 3 }], ...payload } }));
    return seq;
  };
  tell('state', { office: { name: 'Oficina', language: 'es', ...told }, desks, calls });
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
  await shows(page, '#waiting', 'Esperan 0');
  assert.equal(await isAnnounced(page), false);
  // Whoever is at a desk stays there.
  assert.deepEqual(await page.$$eval('#others .row .code', (all) => all.map((el) => el.textContent)), ['A3', 'A4']);
  tell('ticket-called', { desk: desk('1', 'A1'), call: call(15, 'A1', '1') });
  await shows(page, '#code', 'A1');
  assert.equal(await isAnnounced(page), true);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
