// One desk and the people it cannot finish with at once: who did not come, who is put on hold, who
// has to go elsewhere. Two people sit at it, and one of them has no mouse.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Server, alwaysIntercept, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
let server;
let browser;
let mine;
let colleague;

const codes = (page, list) => page.$$eval(list + ' li:not([hidden]) .who', (all) => all.map((el) => el.textContent).join(' '));
const listIs = (page, list, wanted) => until(list + ' is «' + wanted + '»', async () => {
  const got = await codes(page, list);
  if (got !== wanted) throw new Error('«' + got + '»');
  return true;
});
const row = (list, code) => list + ' li:has(.who:text-is("' + code + '"))';
const focused = (page) => page.evaluate(() => {
  const el = document.activeElement;
  return el.id || el.value || el.getAttribute('aria-label');
});
const focusIs = (page, wanted) => until('the focus is on ' + wanted, async () => {
  const got = await focused(page);
  if (got !== wanted) throw new Error(got);
  return true;
});
const ACTIONS = ['#recall', '#finish', '#no-show', '#hold', '#transfer'];

async function next(page, code) {
  await until('«Call next» is live', () => page.isEnabled('#next'));
  await page.click('#next');
  await shows(page, '#code', code);
}

async function transferBy(page, { to, place, which }) {
  await page.click('#transfer');
  await visible(page, '#panel');
  if (to) await page.check('#panel input[value="' + to + '"]');
  if (which) await page.selectOption('#which-' + to, which);
  if (place) await page.check('#panel input[value="' + place + '"]');
  await page.click('#panel-send');
  await hidden(page, '#panel');
}

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.desk('1');
  mine = await open(browser, server.url + '/desk.html?desk=1');
  colleague = await open(browser, server.url + '/desk.html?desk=1', { lang: 'en' });
  await alwaysIntercept(colleague);
  for (const page of [mine, colleague]) {
    await visible(page, '#nobody');
    await page.evaluate(() => { window.planted = true; });
  }
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('a desk that serves nobody offers none of it, and shows no list of nobody', async () => {
  await server.tickets(6);
  await listIs(mine, '#queue', 'A1 A2 A3 A4 A5 A6');
  for (const id of ACTIONS) assert.equal(await mine.isEnabled(id), false, id);
  assert.equal(await mine.isVisible('#aside'), false);
});

test('somebody who did not come leaves the desk, and stands in a folded list of today', async () => {
  await next(mine, 'A1');
  for (const id of ACTIONS) assert.equal(await mine.isEnabled(id), true, id);
  await mine.click('#no-show');
  await shows(mine, '#code', 'A nadie');
  await shows(mine, '#said', 'A1 ausente.');
  await shows(mine, '#missed-fold', /^Ausentes hoy 1$/);
  assert.equal(await mine.isVisible('#missed li'), false);
  assert.equal((await server.call('GET', 'tickets?state=no-show')).length, 1);
});

test('the other person at the desk sees and hears of it at once', async () => {
  await shows(colleague, '#code', 'Nobody');
  await shows(colleague, '#said', 'A1 did not show up.');
  await shows(colleague, '#missed-fold', 'No-shows today 1');
});

test('whoever comes late is put back in the queue, where they were', async () => {
  await mine.click('#missed-fold');
  assert.equal(await mine.getAttribute('#missed-fold', 'aria-expanded'), 'true');
  await mine.click(row('#missed', 'A1') + ' button');
  await shows(mine, '#said', 'A1 vuelve a la fila.');
  await shows(colleague, '#said', 'A1 is back in the queue.');
  await hidden(mine, '#aside');
  await hidden(colleague, '#aside');
  await listIs(mine, '#queue', 'A1 A2 A3 A4 A5 A6');
  await next(mine, 'A1');
});

test('several people are put on hold, longest ago first, and the desk is free for others', async () => {
  await mine.click('#hold');
  await shows(mine, '#said', 'A1 aplazado.');
  await shows(colleague, '#said', 'A1 put on hold.');
  await next(mine, 'A2');
  await mine.click('#hold');
  await shows(mine, '#code', 'A nadie');
  await next(mine, 'A3');
  for (const page of [mine, colleague]) {
    await listIs(page, '#held', 'A1 A2');
    await shows(page, '#held-count', '2');
  }
  assert.match(await text(mine, row('#held', 'A1') + ' .since'), /^llamado hace /);
  await hidden(mine, '#missed-box');
});

test('what another desk put on hold stands after this desk\'s own, with that desk\'s name', async () => {
  await server.desk('2');
  await server.act('2', 'next');
  await server.act('2', 'hold');
  for (const page of [mine, colleague]) await listIs(page, '#held', 'A1 A2 A4');
  assert.match(await text(mine, row('#held', 'A4') + ' .since'), /^Ventanilla 2 · llamado hace /);
  const there = await open(browser, server.url + '/desk.html?desk=2');
  await listIs(there, '#held', 'A4 A1 A2');
  assert.equal(await text(there, '#said'), '');
  await there.context().close();
});

test('resuming one finishes whom the desk serves and calls the other again', async () => {
  await mine.click(row('#held', 'A2') + ' button:text-is("Retomar")');
  await shows(mine, '#code', 'A2');
  await shows(mine, '#fact', 'Llamado 2 veces');
  await shows(colleague, '#code', 'A2');
  await shows(colleague, '#said', 'A2 called.');
  for (const page of [mine, colleague]) await listIs(page, '#held', 'A1 A4');
  assert.deepEqual((await server.call('GET', 'tickets?state=done')).map((x) => x.code), ['A3']);
});

test('somebody put on hold may be returned to the queue instead', async () => {
  await colleague.click(row('#held', 'A4') + ' button:text-is("Return to queue")');
  await shows(colleague, '#said', 'A4 is back in the queue.');
  await listIs(mine, '#held', 'A1');
  await listIs(mine, '#queue', 'A4 A5 A6');
});

test('a transfer is asked for in a panel that Escape closes, and nothing has happened', async () => {
  await mine.click('#transfer');
  await visible(mine, '#panel');
  await shows(mine, '#panel-title', 'Transferir A2');
  await focusIs(mine, 'queue');
  assert.equal(await mine.isVisible('#actions'), false);
  // One service: there is no other.
  assert.equal(await mine.isVisible('#panel [value="service"]'), false);
  assert.equal(await mine.isVisible('#which-desk'), false);
  assert.equal(await mine.isChecked('#panel input[value="arrival"]'), true);
  await mine.keyboard.press('Escape');
  await hidden(mine, '#panel');
  await focusIs(mine, 'transfer');
  assert.equal(await text(mine, '#code'), 'A2');
});

test('a ticket sent to another desk waits there, and that desk calls it next', async () => {
  await transferBy(mine, { to: 'desk', which: '2' });
  await shows(mine, '#said', 'A2 pasa a Ventanilla 2.');
  await shows(mine, '#code', 'A nadie');
  await shows(colleague, '#said', 'A2 transferred.');
  // Tickets that this desk cannot call are not in its list.
  await listIs(mine, '#queue', 'A4 A5 A6');
  const there = await open(browser, server.url + '/desk.html?desk=2');
  await next(there, 'A2');
  await there.click('#finish');
  await shows(there, '#code', 'A nadie');
  await there.context().close();
});

test('a ticket sent back is called next again as it arrived, later when it goes to the end', async () => {
  await next(mine, 'A4');
  await transferBy(mine, {});
  await shows(mine, '#said', 'A4 vuelve a la fila.');
  await next(mine, 'A4');
  await transferBy(mine, { place: 'back' });
  await shows(mine, '#said', 'A4 vuelve a la fila.');
  await next(mine, 'A5');
});

test('a ticket sent back in front is called before those who came earlier', async () => {
  // A6 is chosen out of turn; A4 has come earlier.
  await mine.click(row('#queue', 'A6') + ' button');
  await shows(mine, '#code', 'A6');
  await transferBy(mine, { place: 'front' });
  await next(mine, 'A6');
  await next(mine, 'A4');
});

test('the panel closes by itself when the other person was faster', async () => {
  await server.ticket();
  await mine.click('#transfer');
  await visible(mine, '#panel');
  await colleague.click('#no-show');
  await hidden(mine, '#panel');
  await shows(mine, '#said', 'A4 ausente.');
  await focusIs(mine, 'next');
  await visible(mine, '#actions');
});

test('the other person\'s stale press does nothing and says why', async () => {
  await next(mine, 'A7');
  await shows(colleague, '#code', 'A7');
  await colleague.route('**/api/desks/1/hold', async (route) => {
    await server.act('1', 'recall');
    await server.act('1', 'finish');
    await route.continue();
  });
  await colleague.click('#hold');
  await shows(colleague, '#said', /^Someone else has just made a change here/);
  await colleague.unroute('**/api/desks/1/hold');
  assert.equal((await server.call('GET', 'tickets?state=held')).some((x) => x.code === 'A7'), false);
});

test('with the keyboard alone: no-show, put on hold, resume, return', async () => {
  await server.tickets(3);
  await listIs(colleague, '#queue', 'A8 A9 A10');
  await listIs(colleague, '#held', 'A1');
  const keys = colleague.keyboard;
  await keys.press('n');
  await shows(colleague, '#code', 'A8');
  await keys.press('a');
  await shows(colleague, '#said', 'A8 did not show up.');
  await keys.press('n');
  await shows(colleague, '#code', 'A9');
  await keys.press('h');
  await shows(colleague, '#said', 'A9 put on hold.');
  await listIs(colleague, '#held', 'A1 A9');
  // The arrows go through the queue, and below its last into those put on hold.
  await keys.press('ArrowDown');
  await focusIs(colleague, 'Call A10');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'Resume A1');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'Resume A9');
  await keys.press('Enter');
  await shows(colleague, '#code', 'A9');
  await listIs(colleague, '#held', 'A1');
  await focusIs(colleague, 'next');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'Call A10');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'Resume A1');
  await keys.press('Tab');
  await focusIs(colleague, 'Return to queue: A1');
  await keys.press('Tab');
  await focusIs(colleague, 'missed-fold');
  await keys.press('Enter');
  await keys.press('Tab');
  await focusIs(colleague, 'Return to queue: A8');
  await keys.press('Enter');
  await shows(colleague, '#said', 'A8 is back in the queue.');
  await listIs(colleague, '#queue', 'A8 A10');
});

test('with the keyboard alone: a transfer to another desk, at its end', async () => {
  const keys = colleague.keyboard;
  await keys.press('t');
  await visible(colleague, '#panel');
  await focusIs(colleague, 'queue');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'desk');
  await keys.press('Tab');
  await focusIs(colleague, 'which-desk');
  await keys.press('Tab');
  await focusIs(colleague, 'arrival');
  // Letters belong to the panel while it is open.
  await keys.press('n');
  await keys.press('ArrowDown');
  await keys.press('ArrowDown');
  await focusIs(colleague, 'back');
  const asked = colleague.waitForRequest('**/api/desks/1/transfer');
  await keys.press('Tab');
  await focusIs(colleague, 'panel-send');
  await keys.press('Enter');
  assert.deepEqual((await asked).postDataJSON(), { current: 'A9', position: 'back', desk: '2' });
  await hidden(colleague, '#panel');
  await shows(colleague, '#said', 'A9 goes to Desk 2.');
  await shows(mine, '#said', 'A9 transferido.');
  await focusIs(colleague, 'next');
});

test('a press while the answer to another is still on its way is not lost, a double press does nothing twice', async () => {
  await server.tickets(2);
  let answer;
  await colleague.route('**/api/desks/1/next', async (route) => {
    const real = await route.fetch();
    await new Promise((done) => { answer = done; });
    await route.fulfill({ response: real });
  });
  await colleague.keyboard.press('n');
  await shows(colleague, '#code', 'A8');
  await colleague.keyboard.press('n');
  await colleague.keyboard.press('h');
  // The event may be shown before the answer has come as far as this.
  await until('the answer is held back', () => answer);
  answer();
  await shows(colleague, '#said', 'A8 put on hold.');
  await colleague.unroute('**/api/desks/1/next');
  await listIs(mine, '#queue', 'A10 A11 A12');
  await colleague.click(row('#held', 'A8') + ' button:text-is("Return to queue")');
  await listIs(mine, '#queue', 'A8 A10 A11 A12');
  for (const code of ['A11', 'A12']) {
    await server.act('2', 'call', { ticket: code });
    await server.act('2', 'finish');
  }
});

test('with single keys turned off, they do nothing and are not shown', async () => {
  await next(mine, 'A8');
  await mine.uncheck('#keys');
  assert.equal(await mine.isVisible('#hold kbd'), false);
  for (const key of ['a', 'h', 't', 'f']) await mine.keyboard.press(key);
  assert.equal(await mine.isVisible('#panel'), false);
  await mine.check('#keys');
  assert.equal(await text(mine, '#code'), 'A8');
  assert.equal((await server.call('GET', 'desks')).find((d) => d.name === '1').ticket.code, 'A8');
});

test('where only people for another desk wait, «Call next» says so instead of «nobody»', async () => {
  await next(mine, 'A10');
  await listIs(mine, '#queue', '');
  await mine.click('#next');
  await shows(mine, '#said', 'A10 terminado. Hay personas esperando, pero no para usted.');
});

test('where the office has more services, a transfer may go to one of them', async () => {
  const page = await open(browser, 'about:blank');
  const service = (prefix, name) => ({ prefix, name, waiting: 1 });
  await page.routeWebSocket(/\/ws/, (ws) => {
    const real = ws.connectToServer();
    real.onMessage((text) => {
      const m = JSON.parse(text);
      if (m.payload.services) m.payload.services = [service('A', 'General'), service('B', 'Caja')];
      ws.send(JSON.stringify(m));
    });
  });
  await page.route('**/api/desks/1/transfer', (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"code":"A9"}' }));
  await server.act('1', 'call', { ticket: 'A9' });
  await page.goto(server.url + '/desk.html?desk=1');
  await shows(page, '#fact', /^General/);
  await page.click('#transfer');
  await page.check('#panel input[value="service"]');
  assert.deepEqual(await page.$$eval('#which-service option', (all) => all.map((o) => o.textContent)), ['Caja']);
  const asked = page.waitForRequest('**/api/desks/1/transfer');
  await page.click('#panel-send');
  assert.deepEqual((await asked).postDataJSON(), { current: 'A9', position: 'arrival', service: 'B' });
  await shows(page, '#said', 'A9 pasa a Caja.');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('without the connection none of it is live', async () => {
  await mine.click('#hold');
  await listIs(mine, '#held', 'A1 A9');
  await server.ticket();
  await next(mine, 'A13');
  await mine.click('#transfer');
  await visible(mine, '#panel');
  await server.kill();
  await visible(mine, '#away');
  for (const id of ACTIONS.concat('#next', '#panel-send', '#held button')) assert.equal(await mine.isEnabled(id), false, id);
  await mine.keyboard.press('Escape');
  await hidden(mine, '#panel');
  await server.restart();
  await until('the desk is live', () => mine.isEnabled('#hold'));
  await listIs(mine, '#held', 'A1 A9');
  assert.equal(await mine.isEnabled('#held button'), true);
});

test('no page was reloaded for it', async () => {
  for (const page of [mine, colleague]) {
    assert.equal(await page.evaluate(() => window.planted), true);
    assert.deepEqual(page.problems, []);
  }
});
