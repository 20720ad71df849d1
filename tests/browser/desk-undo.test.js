// A finger that slipped: the last step of a desk is undone.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Server, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
let server;
let browser;
let page;
let colleague;

const queueIs = (wanted) => until('the queue is ' + wanted, async () => {
  const got = await page.$$eval('#queue li .who', (all) => all.map((el) => el.textContent).join(' '));
  if (got !== wanted) throw new Error('«' + got + '»');
  return true;
});

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.tickets(4);
  for (const name of ['1', '2']) await server.desk(name);
  page = await open(browser, server.url + '/desk.html?desk=1', { lang: 'en', clock: true });
  colleague = await open(browser, server.url + '/desk.html?desk=1');
  for (const screen of [page, colleague]) await until('the desk is live', () => screen.isEnabled('#next'));
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('before anything was done there is nothing to undo', async () => {
  await queueIs('A1 A2 A3 A4');
  assert.equal(await page.isVisible('#undo'), false);
  await page.keyboard.press('u');
  assert.equal(await text(page, '#said'), '');
});

test('a call is undone by the key, and said', async () => {
  await page.keyboard.press('n');
  await shows(page, '#code', 'A1');
  await visible(page, '#undo');
  await page.getByRole('button', { name: 'Undo (A1 called.) U' }).waitFor();
  await page.keyboard.press('u');
  await shows(page, '#code', 'Nobody');
  await shows(page, '#said', 'Undone: A1 called.');
  await hidden(page, '#undo');
  await queueIs('A1 A2 A3 A4');
  // The other person sees it, and was not offered an undo of another's step.
  await shows(colleague, '#said', 'Deshecho: A1');
  assert.equal(await colleague.isVisible('#undo'), false);
});

const STEPS = {
  next: { does: () => page.click('#next'), then: 'A2', says: 'A2 called.' },
  finish: { does: () => page.click('#finish'), then: 'Nobody', says: 'A1 finished.' },
  'no-show': { does: () => page.click('#no-show'), then: 'Nobody', says: 'A1 did not show up.' },
  hold: { does: () => page.click('#hold'), then: 'Nobody', says: 'A1 put on hold.' },
  'a chosen call': { does: () => page.click('#queue li:nth-child(3) button'), then: 'A4', says: 'A4 called.' },
  transfer: {
    does: async () => {
      await page.click('#transfer');
      await page.check('#panel input[value="desk"]');
      await page.click('#panel-send');
    },
    then: 'Nobody',
    says: 'A1 goes to Desk 2.',
  },
};

test('each step is undone whole', async () => {
  await page.click('#next');
  await shows(page, '#code', 'A1');
  for (const { does, then, says } of Object.values(STEPS)) {
    await does();
    await shows(page, '#code', then);
    // The event may be there before the answer, which says what can be undone.
    await shows(page, '#said', says);
    await page.click('#undo');
    await shows(page, '#code', 'A1');
    await shows(page, '#said', 'Undone: ' + says);
    await queueIs('A2 A3 A4');
    await hidden(page, '#aside');
  }
});

test('a recall cannot be undone', async () => {
  await page.click('#recall');
  await shows(page, '#said', 'A1 recalled.');
  assert.equal(await page.isVisible('#undo'), false);
});

test('the offer shows how long it stands, without flashing, and ends by itself', async () => {
  // From here on it is as late as this test says, however slow the machine is.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1000));
  await page.click('#hold');
  await visible(page, '#undo');
  const bar = await page.$eval('#undo i', (el) => {
    const style = getComputedStyle(el);
    return [style.animationName, style.animationDuration, style.animationIterationCount];
  });
  assert.deepEqual(bar, ['left', '14.5s', '1']);
  await page.clock.fastForward(14000);
  assert.equal(await page.isVisible('#undo'), true);
  await page.clock.fastForward(1000);
  await hidden(page, '#undo');
  await page.clock.resume();
  await page.keyboard.press('u');
  await shows(page, '#code', 'Nobody');
  assert.deepEqual((await server.call('GET', 'tickets?state=held')).map((x) => x.code), ['A1']);
});

test('a return to the queue is undone too', async () => {
  await page.click('#held li button:last-of-type');
  await queueIs('A1 A2 A3 A4');
  await visible(page, '#undo');
  await page.click('#undo');
  await queueIs('A2 A3 A4');
  await shows(page, '#held li .who', 'A1');
});

test('where the last one was finished because nobody waits, that is undone too', async () => {
  for (const code of ['A2', 'A3', 'A4']) {
    await page.click('#next');
    await shows(page, '#code', code);
  }
  await page.click('#next');
  await shows(page, '#said', 'A4 finished. Nobody is waiting.');
  await page.click('#undo');
  await shows(page, '#code', 'A4');
});

test('what another person did since ends the offer', async () => {
  await page.click('#hold');
  await visible(page, '#undo');
  await server.tickets(1);
  await until('the colleague can go on', () => colleague.isEnabled('#next'));
  await colleague.click('#next');
  await shows(page, '#code', 'A5');
  await hidden(page, '#undo');
  await visible(colleague, '#undo');
});

test('too late, the server\'s word is passed on', async () => {
  await page.click('#finish');
  await visible(page, '#undo');
  await page.route('**/undo', (route) => route.fulfill({
    status: 409, contentType: 'application/problem+json', body: '{"code":"nothing-to-undo","detail":"x"}',
  }));
  await page.click('#undo');
  await shows(page, '#said', 'That can no longer be undone.');
  await hidden(page, '#undo');
  assert.deepEqual(page.problems, []);
});

test('after a reload the offer stands for as long as it did, where nothing has happened since', async () => {
  const other = await Server.start();
  await other.tickets(3);
  for (const name of ['1', '2']) await other.desk(name);
  const desk = await open(browser, other.url + '/desk.html?desk=1', { lang: 'en' });
  const live = () => until('the desk is live', () => desk.isEnabled('#pause'));
  await live();
  await desk.click('#next');
  await visible(desk, '#undo');
  // The event may come after the answer.
  await shows(desk, '#code', 'A1');
  const end = Date.now() + 14500;
  await desk.reload();
  await desk.getByRole('button', { name: 'Undo (A1 called.) U' }).waitFor();
  const gone = await desk.$eval('#undo i', (el) => parseFloat(getComputedStyle(el).animationDelay));
  assert.ok(gone < -0.05 && gone > -14, 'the bar goes on where it was: ' + gone);
  await desk.click('#undo');
  await shows(desk, '#said', 'Undone: A1 called.');
  await shows(desk, '#code', 'Nobody');
  assert.ok(Date.now() < end, 'this machine was fast enough for the test');
  // Taken back once, it is offered no more.
  await desk.reload();
  await live();
  await hidden(desk, '#undo');
  // An undo might reverse another step now.
  await desk.click('#next');
  await visible(desk, '#undo');
  await desk.goto('about:blank');
  await other.act('1', 'finish');
  await desk.goto(other.url + '/desk.html?desk=1');
  await live();
  assert.equal(await desk.isVisible('#undo'), false);
  // Nor is it at another desk.
  await desk.click('#next');
  await visible(desk, '#undo');
  await desk.goto(other.url + '/desk.html?desk=2');
  await live();
  assert.equal(await desk.isVisible('#undo'), false);
  assert.deepEqual(desk.problems, []);
  await desk.context().close();
  await other.stop();
});
