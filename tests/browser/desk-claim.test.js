// Two computers and one desk: the second says so and may take it over, the first shows that at once.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Cable, Server, hidden, launch, open, shows, until, visible } from './support.mjs';

const ACTIONS = ['#next', '#recall', '#finish', '#no-show', '#hold', '#transfer', '#pause', '#queue button'];
let server;
let browser;
let desk = 0;
let opened = [];

const live = (page) => until('the desk is live', () => page.isEnabled('#next'));
const there = async (more = {}, url = server.url) => {
  const page = await open(browser, url + '/desk.html?desk=' + desk, Object.assign({ screen: null }, more));
  opened.push(page);
  return page;
};

async function nothingIsLive(page) {
  for (const id of ACTIONS) assert.equal(await page.isEnabled(id), false, id);
  const before = await server.call('GET', 'health');
  for (const key of ['n', 'f', 'p', 'u']) await page.keyboard.press(key);
  assert.equal((await server.call('GET', 'health')).seq, before.seq, 'a key did something');
}

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.tickets(12);
});
beforeEach(async () => {
  // Each test has a desk of its own, which serves somebody.
  for (const page of opened) await page.context().close();
  opened = [];
  desk += 1;
  await server.act(String(desk), 'next');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('a desk that is open on another screen says so, and nothing is live until it is taken over', async () => {
  const first = await there();
  await live(first);
  const second = await there({ lang: 'en' });
  await shows(second, '#taken-text', /^It is open on another screen/);
  await shows(second, '#take-over', 'Take it over');
  await visible(second, '#queue li');
  await nothingIsLive(second);
  assert.equal(await first.isVisible('#taken'), false);

  // By keyboard: it is the first thing that can be reached but for the links.
  await second.focus('#take-over');
  await second.keyboard.press('Enter');
  await live(second);
  await hidden(second, '#taken');
  await until('the focus is where work goes on', () => second.evaluate(() => document.activeElement.id === 'next'));

  await shows(first, '#taken-text', /^Alguien ha continuado en otra pantalla/);
  await nothingIsLive(first);
  // This screen still shows the steps of the other one.
  await second.click('#finish');
  await shows(first, '#code', 'A nadie');
  await first.click('#take-over');
  await live(first);
  await visible(second, '#taken');
  await shows(second, '#take-over', 'Take it back');
  assert.deepEqual(first.problems.concat(second.problems), []);
});

test('a second window of the same computer is the same screen', async () => {
  const first = await there();
  await live(first);
  const again = await first.context().newPage();
  await again.goto(first.url());
  await live(again);
  assert.equal(await again.isVisible('#taken'), false);
  const other = await there();
  await other.click('#take-over');
  for (const page of [first, again]) await visible(page, '#taken');
  // Both have it back when one takes it back.
  await again.click('#take-over');
  for (const page of [first, again]) await live(page);
});

test('a reload keeps the desk', async () => {
  const first = await there();
  await live(first);
  await first.reload();
  await live(first);
  assert.equal(await first.isVisible('#taken'), false);
});

test('when the other screen has gone, the desk is free', async () => {
  const first = await there();
  await live(first);
  await first.context().close();
  opened = [];
  const free = async () => {
    const page = await there();
    await until('it is decided', async () => (await page.isVisible('#taken')) || page.isEnabled('#next'));
    return page.isEnabled('#next');
  };
  await until('the next screen has the desk', free);
});

test('a choice of another desk leads away', async () => {
  await live(await there());
  const second = await there({ lang: 'en' });
  await second.click('#elsewhere');
  await second.waitForURL(/\/(index\.html)?(\?.*)?$/);
});

test('after the server has restarted the desk is still whose it was', async () => {
  const first = await there();
  await live(first);
  await server.kill();
  await visible(first, '#away');
  await server.restart();
  await live(first);
  const second = await there();
  await visible(second, '#taken');
});

test('whoever was away while the desk was taken over is told on coming back', async () => {
  const cable = await Cable.to(server);
  const first = await there({}, cable.url);
  await live(first);
  await cable.cut();
  await visible(first, '#away');
  const second = await until('the server has noticed', async () => {
    const page = await there();
    await until('it is decided', async () => (await page.isVisible('#taken')) || page.isEnabled('#next'));
    return (await page.isEnabled('#next')) && page;
  });
  await cable.mend();
  await visible(first, '#taken');
  assert.equal(await first.isEnabled('#next'), false);
  assert.equal(await second.isEnabled('#next'), true);
  await first.context().close();
  opened = opened.filter((page) => page !== first);
  await cable.cut();
});

test('a panel that is open closes when the desk is taken over', async () => {
  const first = await there();
  await live(first);
  await first.click('#transfer');
  await visible(first, '#panel');
  const second = await there();
  await second.click('#take-over');
  await visible(first, '#taken');
  await hidden(first, '#panel');
});

test('where WebSockets cannot pass, a desk is held all the same', async () => {
  const first = await there({
    before: () => {
      window.WebSocket = class { constructor() { setTimeout(() => this.onerror && this.onerror(), 0); } close() {} };
    },
  });
  await live(first);
  const second = await there();
  await visible(second, '#taken');
  await second.click('#take-over');
  await visible(first, '#taken');
});

test('looking at a desk that is not there makes none; it is made where that is wanted', async () => {
  const missing = 'desk ' + desk;
  const page = await open(browser, server.url + '/desk.html?desk=' + encodeURIComponent(missing), { lang: 'en', screen: null });
  opened.push(page);
  await shows(page, '#taken-text', '“' + missing + '” does not exist yet.');
  const names = async () => (await server.call('GET', 'desks')).map((one) => one.name);
  assert.ok(!(await names()).includes(missing));
  assert.equal(await page.isEnabled('#next'), false);
  await page.click('#take-over');
  await live(page);
  await hidden(page, '#taken');
  assert.ok((await names()).includes(missing));
  await server.call('DELETE', 'desks/' + encodeURIComponent(missing));
  await visible(page, '#taken');
  assert.equal(await page.isEnabled('#next'), false);
  // A request for the queue may be on its way while the desk is deleted.
  assert.deepEqual(page.problems.filter((problem) => !/^404: .*\/queue/.test(problem)), []);
});

test('a desk that is deleted and made again belongs to whoever has it open', async () => {
  const first = await there();
  await live(first);
  await server.act(String(desk), 'finish');
  await server.call('DELETE', 'desks/' + desk);
  await server.act(String(desk), 'next');
  await live(first);
  assert.equal(await first.isVisible('#taken'), false);
  const second = await there();
  await visible(second, '#taken');
});
