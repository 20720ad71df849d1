// Someone by the code on their ticket, at a desk: called or cancelled, whether the list shows them or not.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Server, finds, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
let server;
let browser;
let page;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.tickets(13);
  await server.desk('1');
  page = await open(browser, server.url + '/desk.html?desk=1', { lang: 'en' });
  await until('the desk is live', () => page.isEnabled('#next'));
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const stateOf = async (code) => (await server.call('GET', 'tickets')).find((ticket) => ticket.code === code).state;
const focused = () => page.evaluate(() => document.activeElement.id);

test('who is not among the first ten is called by the code, with the keyboard alone', async () => {
  await visible(page, '#queue li');
  assert.equal((await page.$$('#queue li')).length, 10);
  await page.keyboard.press('c');
  await visible(page, '#found');
  assert.equal(await focused(), 'found-code');
  assert.equal(await page.isVisible('#actions'), false);
  // Letters are of the code now, and not of the desk.
  await page.keyboard.type('n a-012');
  assert.equal(await text(page, '#code'), 'Nobody');
  await page.keyboard.press('Enter');
  await shows(page, '#said', 'That no longer exists.');
  assert.equal(await page.isVisible('#found'), true, 'what was typed can be put right');
  await page.fill('#found-code', 'a-012');
  await page.keyboard.press('Enter');
  await shows(page, '#code', 'A12');
  await shows(page, '#said', 'A12 called.');
  await hidden(page, '#found');
  await visible(page, '#undo');
  assert.equal(await focused(), 'find');
});

test('one in the list is cancelled, and that is undone', async () => {
  await page.focus('#queue li:nth-child(3) button');
  await page.keyboard.press('c');
  await visible(page, '#found');
  assert.equal(await page.inputValue('#found-code'), 'A3');
  await page.click('#found-cancel');
  await shows(page, '#said', 'A3 cancelled.');
  await hidden(page, '#found');
  assert.equal(await stateOf('A3'), 'cancelled');
  await page.getByRole('button', { name: 'Undo (A3 cancelled.) U' }).waitFor();
  await page.keyboard.press('u');
  await shows(page, '#said', 'Undone: A3 cancelled.');
  assert.equal(await stateOf('A3'), 'waiting');
  await shows(page, '#code', 'A12');
  await shows(page, '#queue li:nth-child(3) .who', 'A3');
});

test('one that was put on hold is cancelled as well, and who is served cannot be', async () => {
  await page.keyboard.press('h');
  await visible(page, '#held li');
  await page.keyboard.press('n');
  await shows(page, '#code', 'A1');
  await finds(page);
  // Pressed before the panel has looked the ticket up, after which the button is gone.
  await page.evaluate(() => {
    const code = document.getElementById('found-code');
    code.value = 'A1';
    code.dispatchEvent(new Event('input'));
    document.getElementById('found-cancel').click();
  });
  await shows(page, '#said', /^That ticket has already changed/);
  await page.fill('#found-code', 'A99');
  await page.click('#found-cancel');
  await shows(page, '#said', 'That no longer exists.');
  await page.fill('#found-code', 'A12');
  await page.click('#found-cancel');
  await shows(page, '#said', 'A12 cancelled.');
  await hidden(page, '#held-box');
  await page.click('#undo');
  await visible(page, '#held li');
  assert.equal(await stateOf('A12'), 'held');
});

test('it says where any ticket of today stands, and offers what can be done with it', async () => {
  await server.act('1', 'finish');
  await server.act('1', 'call', { ticket: 'A5' });
  await server.act('1', 'no-show');
  await server.act('1', 'call', { ticket: 'A6' });
  await finds(page);
  const says = async (code, where, sends, drops) => {
    await page.fill('#found-code', code);
    await shows(page, '#found-where', where);
    assert.deepEqual([await page.isEnabled('#found-send'), await page.isVisible('#found-cancel')], [sends, drops], code);
  };
  await says('a-002', 'A2 has been waiting for under 1 min.', true, true);
  await says('A1', 'A1 is finished: Desk 1, under 1 min ago.', true, false);
  await shows(page, '#found-send', 'Recall');
  await says('A5', 'A5 did not show up. Last called: Desk 1, under 1 min ago.', true, false);
  await says('A6', 'A6 is being served: Desk 1, for under 1 min.', false, false);
  await shows(page, '#found-send', 'Call');
  await says('A12', 'A12 is on hold. Last called: Desk 1, under 1 min ago.', true, true);
  await says('A99', 'There is no ticket A99 today.', false, true);
});

test('somebody who was served or did not come is called again, once that was read, and that is undone', async () => {
  // Typed and sent at once: where it stands is said first.
  await page.fill('#found-code', 'A1');
  await page.keyboard.press('Enter');
  await shows(page, '#found-where', /^A1 is finished/);
  assert.equal(await stateOf('A1'), 'done');
  await page.keyboard.press('Enter');
  await shows(page, '#code', 'A1');
  await hidden(page, '#found');
  await shows(page, '#fact', 'Called 2 times');
  await page.click('#undo');
  await shows(page, '#code', 'A6');
  assert.equal(await stateOf('A1'), 'done');
  await finds(page);
  await page.fill('#found-code', 'A5');
  await shows(page, '#found-where', /^A5 did not show up/);
  await page.click('#found-send');
  await shows(page, '#code', 'A5');
  await hidden(page, '#found');
});

test('the panel is closed by Escape, speaks the language of the moment, and goes with the desk', async () => {
  await finds(page);
  await shows(page, '#found-title', 'Find a ticket');
  await page.keyboard.press('Escape');
  await hidden(page, '#found');
  assert.equal(await focused(), 'find');
  assert.equal(await page.isVisible('#actions'), true);
  await finds(page);
  const screen = 'abcdef0123456789abcdef0123456789';
  await server.call('POST', 'desks/1/claim', { screen, takeOver: true });
  await visible(page, '#taken');
  await hidden(page, '#found');
});
