// A press of a button counts, also when the layout moves while the button is held down.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, until, visible } from './support.mjs';

let server;
let browser;
let page;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.call('PUT', 'services/B', { name: 'Payments' });
  await server.call('PUT', 'desks/1', { services: ['A'] });
  await server.tickets(3);
  page = await open(browser, server.url + '/desk.html?desk=1', { lang: 'en', size: [1024, 560] });
  await until('the desk is live', () => page.isEnabled('#next'));
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

/** Presses «Call next» at its upper edge while a warning appears above, so that it moves away from the pointer. */
async function pressWhileItMoves() {
  const box = await page.locator('#next').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + 3];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const { id } = await server.call('POST', 'tickets', { service: 'B' });
  await visible(page, '#warning');
  const under = await page.evaluate((at) => Boolean(document.elementFromPoint(at[0], at[1]).closest('button')), [x, y]);
  assert.equal(under, false, 'the button has moved');
  return { x, y, end: () => server.call('POST', 'tickets/' + id + '/cancel') };
}

test('a press counts although the button moves away before it is released', async () => {
  const { end } = await pressWhileItMoves();
  await page.mouse.up();
  await shows(page, '#code', 'A1');
  await end();
  await hidden(page, '#warning');
});

test('who drags the pointer away before releasing it has pressed nothing', async () => {
  const { x, y, end } = await pressWhileItMoves();
  await page.mouse.move(x, y - 60);
  await page.mouse.up();
  // Steps are taken one after the other, so this one would come after another call.
  await page.click('#recall');
  await shows(page, '#said', /^A1 /);
  await shows(page, '#code', 'A1');
  await end();
  assert.deepEqual(page.problems, []);
});
