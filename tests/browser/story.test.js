// The whole story of an office on four screens that stay open all the time.

import assert from 'node:assert/strict';
import { after, before, test as plain } from 'node:test';
import { Server, hidden, launch, open, shows, story, text, until, visible } from './support.mjs';

const test = story(plain);
let server;
let browser;
let kiosk;
let deskA;
let deskB;
let board;
const screens = () => [kiosk, deskA, deskB, board];

const rows = (page) => page.$$eval('#queue .who', (all) => all.map((el) => el.textContent));
const side = (page) => page.$$eval('#others .row', (all) => all.map((el) => el.textContent.replace(/\s+/g, ' ')));
const queueIs = (page, wanted) => until('the queue is ' + wanted, async () => {
  const got = (await rows(page)).join(' ');
  if (got !== wanted) throw new Error('«' + got + '»');
  return true;
});
const sideHas = (page, wanted) => until('the side has ' + wanted, async () => {
  const got = await side(page);
  if (!got.includes(wanted)) throw new Error(JSON.stringify(got));
  return true;
});

async function takeTicket() {
  await kiosk.click('.service');
  await visible(kiosk, '#code');
  const code = await text(kiosk, '#code');
  await kiosk.click('#done');
  await visible(kiosk, '.service');
  return code;
}

before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

test('a person creates a desk on the start page and is taken to it', async () => {
  deskA = await open(browser, server.url + '/');
  await visible(deskA, '#empty');
  await until('the connection', () => deskA.isEnabled('#enter'));
  await deskA.fill('#name', 'Ventanilla 3');
  await deskA.click('#enter');
  await deskA.waitForURL(/desk\.html\?desk=Ventanilla(%20|\+)3/);
  await shows(deskA, '#desk-name', 'Ventanilla 3');
  await shows(deskA, '#code', 'A nadie');
  assert.deepEqual((await server.call('GET', 'desks')).map((d) => d.name), ['Ventanilla 3']);
});

test('another person enters a desk from the list, and the start page remembers the last one', async () => {
  await server.desk('7');
  deskB = await open(browser, server.url + '/');
  await visible(deskB, '[data-desk="7"] a');
  await deskB.click('[data-desk="7"] a');
  await deskB.waitForURL(/desk\.html\?desk=7/);
  await shows(deskB, '#desk-name', 'Escritorio 7');
  await deskB.goto(server.url + '/');
  await shows(deskB, '#last', 'Seguir en Escritorio 7');
  await deskB.click('#last');
  await shows(deskB, '#desk-name', 'Escritorio 7');
});

test('with nobody waiting every desk says so and offers only what can be done', async () => {
  board = await open(browser, server.url + '/public.html', { size: [1920, 1080] });
  kiosk = await open(browser, server.url + '/new-ticket.html', { size: [1024, 768] });
  // A page that were loaded anew would lose this.
  for (const page of screens()) await page.evaluate(() => { window.planted = 'here since the beginning'; });
  for (const page of [deskA, deskB]) {
    await visible(page, '#nobody');
    for (const id of ['#next', '#recall', '#finish']) assert.equal(await page.isEnabled(id), false, id);
  }
  await visible(board, '#none');
  // Notes each announcement and when it began, for the last step.
  await board.evaluate(() => {
    window.turns = [];
    const note = () => {
      const announced = document.getElementById('call').classList.contains('is-announced');
      const code = announced ? document.getElementById('code').textContent : '';
      const last = window.turns[window.turns.length - 1];
      if (code && (!last || last.code !== code)) window.turns.push({ code, at: performance.now() });
    };
    new MutationObserver(note).observe(document.getElementById('call'), { attributes: true, subtree: true, childList: true });
  });
});

test('«new ticket» on one screen grows the queue on every desk', async () => {
  assert.equal(await takeTicket(), 'A1');
  for (const page of [deskA, deskB]) {
    await queueIs(page, 'A1');
    await shows(page, '#count', '1');
    await hidden(page, '#nobody');
    await until('the title counts', async () => (await page.title()).includes('(1)'));
  }
  assert.equal(await takeTicket(), 'A2');
  assert.equal(await takeTicket(), 'A3');
  for (const page of [deskA, deskB]) await queueIs(page, 'A1 A2 A3');
  await shows(board, '#waiting', 'Esperan 3');
});

test('«attend next» puts the ticket and its desk large on the public screen', async () => {
  await deskA.click('#next');
  await shows(deskA, '#code', 'A1');
  await shows(board, '#code', 'A1');
  await shows(board, '#desk', 'Ventanilla 3');
  for (const page of [deskA, deskB]) await queueIs(page, 'A2 A3');
  await shows(board, '#waiting', 'Esperan 2');
  assert.equal(await board.$eval('#call', (el) => el.classList.contains('is-announced')), true);
});

test('the other desk stands at the side with its ticket while the first call is still announced', async () => {
  await deskB.keyboard.press('n');
  await shows(deskB, '#code', 'A2');
  await sideHas(board, 'A2Ventanilla 7');
  // The large number is the call being announced; the second waits for its turn and then has it.
  assert.equal(await text(board, '#code'), 'A1');
  await shows(board, '#code', 'A2');
  await shows(board, '#desk', 'Ventanilla 7');
  await sideHas(board, 'A1Ventanilla 3');
});

test('«finish» shows that nobody is attended, there and at the side of the public screen', async () => {
  await deskA.click('#finish');
  await shows(deskA, '#code', 'A nadie');
  await hidden(deskA, '#timer');
  await sideHas(board, '–Ventanilla 3');
  await shows(deskA, '#said', 'A1 terminado.');
});

test('«attend next» again calls the next one', async () => {
  await deskA.click('#next');
  await shows(deskA, '#code', 'A3');
  await visible(deskA, '#timer');
  await queueIs(deskA, '');
  await visible(deskB, '#nobody');
  await shows(board, '#code', 'A3');
});

test('a ticket made by REST appears in the same queue on every screen', async () => {
  const made = await server.ticket();
  assert.equal(made.code, 'A4');
  for (const page of [deskA, deskB]) await queueIs(page, 'A4');
  await shows(board, '#waiting', 'Espera 1');
  await shows(kiosk, '#waiting', 'Espera 1 persona');
});

test('a desk calls a chosen ticket from the queue, with the keyboard alone', async () => {
  await server.ticket();
  await queueIs(deskB, 'A4 A5');
  await deskB.keyboard.press('ArrowDown');
  await deskB.keyboard.press('ArrowDown');
  await deskB.keyboard.press('Enter');
  await shows(deskB, '#code', 'A5');
  await queueIs(deskB, 'A4');
});

test('a recall is announced again', async () => {
  // A screen that was just turned on announces nothing old: it is calm.
  const second = await open(browser, server.url + '/public.html', { lang: 'en' });
  await shows(second, '#code', 'A5');
  assert.equal(await text(second, '#call-label'), 'Last ticket called');
  await deskB.click('#recall');
  await shows(second, '#call-label', 'Called again');
  assert.equal(await text(second, '#code'), 'A5');
  await shows(deskB, '#fact', 'Llamado 2 veces');
  await second.context().close();
});

test('two people at the same desk see at once what the other did', async () => {
  const colleague = await open(browser, server.url + '/desk.html?desk=7', { lang: 'en' });
  await shows(colleague, '#code', 'A5');
  await colleague.click('#finish');
  await shows(deskB, '#code', 'A nadie');
  await shows(deskB, '#said', 'A5 terminado.');
  await deskB.click('#next');
  await shows(colleague, '#code', 'A4');
  await shows(colleague, '#said', 'A4 called.');
  assert.deepEqual(colleague.problems, []);
  await colleague.context().close();
});

test('an action that believes what is no longer true does nothing, and says why', async () => {
  await server.tickets(2);
  await queueIs(deskB, 'A6 A7');
  // The desk moves on behind this screen's back: its own request is held until after that.
  await deskB.route('**/api/desks/7/next', async (route) => {
    await server.act('7', 'finish');
    await route.continue();
  });
  await deskB.click('#next');
  await shows(deskB, '#said', /^Otra persona acaba de usar este escritorio/);
  await deskB.unroute('**/api/desks/7/next');
  await shows(deskB, '#code', 'A nadie');
  await queueIs(deskB, 'A6 A7');
});

test('finishing the last one with nobody waiting ends it and says so', async () => {
  await deskB.click('#next');
  await shows(deskB, '#code', 'A6');
  await deskA.click('#next');
  await shows(deskA, '#code', 'A7');
  await queueIs(deskB, '');
  await deskB.click('#next');
  await shows(deskB, '#code', 'A nadie');
  await shows(deskB, '#said', 'A6 terminado. No espera nadie.');
});

test('calls were announced in order, each for at least ten seconds', async () => {
  const turns = await until('the fourth announcement', async () => {
    const all = await board.evaluate(() => window.turns);
    return all.length >= 4 && all;
  }, 25000);
  assert.deepEqual(turns.slice(0, 4).map((x) => x.code), ['A1', 'A2', 'A3', 'A5']);
  for (let i = 1; i < 4; i++) {
    assert.ok(turns[i].at - turns[i - 1].at >= 9900, turns[i - 1].code + ': ' + (turns[i].at - turns[i - 1].at) + ' ms');
  }
});

test('no page was reloaded, nothing failed, and nothing was asked of another host', async () => {
  for (const page of screens()) {
    assert.equal(await page.evaluate(() => window.planted), 'here since the beginning', page.url());
    assert.deepEqual(page.problems, [], page.url());
  }
});
