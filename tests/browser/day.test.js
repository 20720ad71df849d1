// A whole day of an office, in Spanish and in English: everything that people do, on screens that stay
// open from the first person to the last, through a power cut, and the numbers agree everywhere.

import assert from 'node:assert/strict';
import { after, before, suite, test as plain } from 'node:test';
import { Server, alwaysIntercept, hidden, launch, open, recorder, shows, story, text, textsOf, until, visible } from './support.mjs';

const FAST = 10;
const HOLD_MS = 10000 / FAST;
const FINAL = ['done', 'no-show', 'cancelled'];
const DAYS = {
  es: {
    office: 'Ayuntamiento de Villarriba', service: 'Padrón', third: 'Caja', older: 'Persona mayor',
    voice: 'es-ES', call: (letters, number, desk) => 'Turno ' + letters + ' ' + number + ', ' + desk, numbered: 'ventanilla ',
  },
  en: {
    office: 'Riverside Town Hall', service: 'Records', third: 'Cash desk', older: 'Older person',
    voice: 'en-GB', call: (letters, number, desk) => 'Ticket ' + letters + ', ' + number + ', ' + desk, numbered: 'desk ',
  },
};

for (const lang of Object.keys(DAYS)) suite('a day in ' + lang, () => theDay(lang, DAYS[lang]));

function theDay(lang, day) {
  const test = story(plain);
  const words = textsOf(lang);
  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (all, name) => values[name]);
  const ahead = (n) => (n ? say(n === 1 ? 'ahead.one' : 'ahead.other', { n }) : say('ahead.none'));
  let server;
  let browser;
  let board;
  let kiosks;
  let desks;
  let phone;
  let id;
  let order;
  let second;
  const deskNames = ['1', '2', day.third];

  const page = (where, options) => open(browser, server.url + where, { lang, ...options });
  const onBoard = (name) => (/^\d+$/.test(name) ? say('word.desk') + ' ' + name : name);
  const serves = (n, code) => shows(desks[n], '#code', code || say('desk.nobody'));
  const said = (n, key, code) => shows(desks[n], '#said', say('desk.said.' + key, { code }));
  const callsSoFar = async () => (await server.call('GET', 'events?since=0'))
    .filter((m) => /^ticket-(called|recalled)$/.test(m.type)).map((m) => m.payload.call);
  // Each is said twice as long as few wait: this slow machine must not make them many.
  const CALLS_WAITING = 4;
  const saidNearlyAll = async () => {
    const calls = (await callsSoFar()).length;
    await until('few calls wait to be said', async () => (await board.evaluate(() => window.spoken.length)) >= 2 * (calls - CALLS_WAITING), 30000);
  };
  const press = async (n, id) => {
    if (id === 'next' || id === 'recall') await saidNearlyAll();
    await until('desk ' + n + ' can ' + id, () => desks[n].isEnabled('#' + id));
    await desks[n].click('#' + id);
  };
  const next = async (n, code) => {
    await press(n, 'next');
    await serves(n, code);
    await said(n, 'called', code);
  };

  /** Every screen says that so many wait, and who is served; `direct` of them wait for the third desk alone, in no service's list. */
  async function agree(waiting, direct = 0) {
    assert.equal((await server.call('GET', 'health')).waiting, waiting);
    for (const [n, desk] of desks.entries()) {
      const here = n === 2 ? waiting : waiting - direct;
      await shows(desk, '#count', String(here));
      const { ticket } = await server.call('GET', 'desks/' + encodeURIComponent(deskNames[n]));
      await serves(n, ticket && ticket.code);
      await until('the title of desk ' + n, async () => /\((\d+)\)|$/.exec(await desk.title())[1] === (here ? String(here) : undefined));
    }
    await shows(board, '#waiting', waiting === 1 ? words['public.waiting.one'].replace('#', '1') : words['public.waiting.other'].replace('#', waiting));
    for (const kiosk of kiosks) {
      await until('the kiosk says ' + waiting, async () => {
        const counts = await kiosk.$$eval('#services small', (all) => all.map((el) => Number((/\d+/.exec(el.textContent) || [0])[0])));
        if (counts.reduce((a, b) => a + b, 0) !== waiting - direct) throw new Error(JSON.stringify(counts));
        return true;
      });
    }
    if (phone) {
      const own = await server.call('GET', 'tickets/' + id);
      if (own.state === 'waiting') await shows(phone, '#main', ahead(own.ahead));
    }
    const all = await server.call('GET', 'desks');
    await until('the public screen shows who is at which desk', async () => {
      // A desk that has finished keeps its last ticket, dimmed, for two minutes.
      const rows = await board.$$eval('#others .row', (found) => found.map((el) => {
        const [code, desk] = Array.from(el.children).map((part) => part.textContent.replace(/\s+/g, ' '));
        return (el.classList.contains('is-past') ? '–' : code) + desk;
      }));
      const [code, desk] = [await text(board, '#code'), await text(board, '#desk')];
      for (const { name, ticket } of all) {
        const row = (ticket ? ticket.code : '–') + onBoard(name);
        if (desk === onBoard(name) && (!ticket || ticket.code === code)) continue;
        if (!rows.includes(row)) throw new Error(row + ' is not beside ' + code + ', ' + desk + ': ' + JSON.stringify(rows));
      }
      return true;
    });
  }

  /** Takes a ticket at a kiosk; gives its code and the address that a phone finds in its QR code. */
  async function take(kiosk, service, priority = 'normal') {
    await kiosk.click('#services [data-key="' + service + '"]');
    await kiosk.click('#priorities [data-key="' + priority + '"]:enabled');
    await visible(kiosk, '#phone');
    const code = await text(kiosk, '#code');
    const id = /tickets\/(\w+)\/qr\.svg/.exec(await kiosk.getAttribute('#qr', 'src'))[1];
    await kiosk.click('#done');
    await visible(kiosk, '#services');
    return { code, id };
  }

  async function transfer(n, kind, value) {
    await press(n, 'transfer');
    await desks[n].check('#panel input[value="' + kind + '"]');
    await desks[n].selectOption('#which-' + kind, value);
    await desks[n].click('#panel-send');
    await serves(n, '');
  }

  before(async () => {
    server = await Server.start();
    // Calls are said in the office's language, where it has not chosen several.
    await server.call('PUT', 'settings', { language: lang });
    browser = await launch();
  });
  after(async () => {
    if (browser) await browser.close();
    if (server) await server.stop();
  });

  test('the office is set up on the settings screens: its name, a second service, a priority', async () => {
    const settings = await page('/');
    const save = '#form .button--main';
    const go = async (name) => {
      await settings.click('.sections a[href*="' + name + '.html"]');
      await settings.waitForURL('**/' + name + '.html*');
    };
    await settings.click('#settings');
    // The statistics come first.
    await settings.waitForURL('**/statistics.html*');
    await go('settings');
    await until('the values are there', () => settings.isEnabled(save));
    await settings.fill('#name', day.office);
    await settings.click(save);
    await shows(settings, '.status', say('settings.saved'));
    await go('settings-services');
    await visible(settings, '#rows li');
    await settings.click('#add');
    await settings.fill('#prefix', 'B');
    await settings.fill('#name', day.service);
    await settings.click(save);
    await shows(settings, '#rows li:nth-child(2)', new RegExp('^B1 ?' + day.service));
    await go('settings-next');
    await until('the values are there', () => settings.isEnabled(save));
    await settings.click('#add');
    await settings.fill('[name="priorities[1].name"]', day.older);
    await settings.fill('[name="priorities[1].weight"]', '3');
    await settings.check('#strict');
    await settings.click(save);
    await shows(settings, '.status', say('settings.saved'));
    assert.deepEqual(settings.problems, []);
    await settings.context().close();
    assert.equal((await server.call('GET', 'settings')).name, day.office);
  });

  test('three people make their desks on the start page, and find them there again', async () => {
    desks = [];
    for (const name of deskNames) {
      const desk = await page('/');
      await alwaysIntercept(desk);
      await shows(desk, '#office', day.office);
      await until('the connection', () => desk.isEnabled('#enter'));
      await desk.fill('#name', name);
      await desk.click('#enter');
      await desk.waitForURL(/desk\.html\?desk=/);
      desks.push(desk);
    }
    const titles = ['1', '2'].map((name) => onBoard(name)).concat(day.third);
    for (const [n, title] of titles.entries()) await shows(desks[n], '#desk-name', title);
    // By what it remembers, and by the list.
    await desks[0].goto(server.url + '/');
    await shows(desks[0], '#last', say('start.again', { desk: titles[0] }));
    await desks[0].click('#last');
    await desks[1].goto(server.url + '/');
    await desks[1].click('#desks a[href*="desk=2"]');
    for (const [n, title] of titles.entries()) await shows(desks[n], '#desk-name', title);
  });

  test('with nobody waiting all screens say so, and offer only what can be done', async () => {
    board = await open(browser, 'about:blank', { lang });
    await board.addInitScript(recorder, { voices: ['en-GB', 'es-ES'], fast: FAST });
    await board.addInitScript(() => {
      window.turns = [];
      document.addEventListener('DOMContentLoaded', () => {
        const note = () => {
          const announced = document.getElementById('call').classList.contains('is-announced');
          const code = announced ? document.getElementById('code').textContent : '';
          const last = window.turns[window.turns.length - 1];
          if (code && (!last || last.code !== code)) window.turns.push({ code, at: performance.now() });
        };
        new MutationObserver(note).observe(document.getElementById('call'), { attributes: true, subtree: true, childList: true });
      });
    });
    await board.goto(server.url + '/public.html');
    kiosks = await Promise.all([0, 1].map(() => page('/new-ticket.html', { size: [1024, 768] })));
    // A page that were loaded anew would lose this.
    for (const screen of [...desks, ...kiosks, board]) await screen.evaluate(() => { window.planted = 'here since the beginning'; });
    await agree(0);
    await visible(board, '#none');
    for (const desk of desks) {
      await visible(desk, '#nobody');
      for (const id of ['#next', '#recall', '#finish']) assert.equal(await desk.isEnabled(id), false, id);
    }
  });

  test('both kiosks give tickets at once, and who has priority stands first', async () => {
    const both = await Promise.all([take(kiosks[0], 'A'), take(kiosks[1], 'B')]);
    assert.deepEqual(both.map((x) => x.code), ['A1', 'B1']);
    await agree(2);
    const [plainOne, older] = await Promise.all([take(kiosks[0], 'A'), take(kiosks[1], 'B', day.older)]);
    assert.deepEqual([plainOne.code, older.code], ['A2', 'B2']);
    const last = await take(kiosks[0], 'A');
    assert.equal(last.code, 'A3');
    await agree(5);
    order = (await server.call('GET', 'desks/1/queue')).map((x) => x.code);
    assert.deepEqual([order[0], order.slice(1, 3).sort(), order.slice(3)], ['B2', ['A1', 'B1'], ['A2', 'A3']]);
    for (const desk of desks) await until('the list', async () => (await desk.$$eval('#queue .who', (all) => all.map((el) => el.textContent))).join() === order.join());
    id = last.id;
    phone = await page('/t/' + id, { size: [390, 844] });
    await shows(phone, '#code', 'A3');
    // Those of its own list.
    await shows(phone, '#main', ahead(2));
  });

  test('two are called, one again; one does not come, and comes back', async () => {
    await next(0, 'B2');
    await shows(board, '#code', 'B2');
    await shows(board, '#desk', onBoard('1'));
    // A screen that was just turned on announces nothing old.
    const other = await page('/public.html');
    await shows(other, '#code', 'B2');
    await shows(other, '#call-label', say('public.last'));
    await press(0, 'recall');
    await said(0, 'recalled', 'B2');
    await shows(other, '#call-label', say('public.recalled'));
    await other.context().close();
    await next(1, order[1]);
    await agree(3);
    await press(0, 'no-show');
    await said(0, 'no-show', 'B2');
    await agree(3);
    await desks[2].click('#missed-fold');
    await desks[2].click('#missed li button');
    await said(2, 'returned', 'B2');
    await agree(4);
    await next(2, 'B2');
    await press(2, 'finish');
    await said(2, 'finished', 'B2');
    await agree(3);
  });

  test('one is put on hold for another and resumed, sent to the other service and to another desk', async () => {
    await press(1, 'hold');
    await said(1, 'held', order[1]);
    // The answer may come before the event, after which the focus moves.
    await serves(1, '');
    // The keyboard alone: from the list, and by letters.
    await until('the list', () => desks[1].isEnabled('#queue button'));
    await desks[1].keyboard.press('ArrowDown');
    await desks[1].keyboard.press('Enter');
    await serves(1, order[2]);
    await said(1, 'called', order[2]);
    await desks[1].keyboard.press('f');
    await said(1, 'finished', order[2]);
    await agree(2);
    await desks[1].click('#held li button');
    await serves(1, order[1]);
    await said(1, 'called', order[1]);
    await transfer(1, 'service', order[1] === 'A1' ? 'B' : 'A');
    await agree(3);
    await next(0, order[1]);
    await transfer(0, 'desk', day.third);
    await agree(3, 1);
    await until('it stands first at the other desk', async () => (await desks[2].textContent('#queue .who')) === order[1]);
    await next(2, order[1]);
    await agree(2);
  });

  test('a mistaken press is undone', async () => {
    await press(2, 'no-show');
    await said(2, 'no-show', order[1]);
    await serves(2, '');
    await desks[2].click('#undo');
    await serves(2, order[1]);
    await shows(desks[2], '#said', say('desk.said.undone', { what: say('desk.said.no-show', { code: order[1] }) }));
    await agree(2);
    await press(2, 'finish');
    await serves(2, '');
  });

  test('two calls in the same instant, and the phone knows that one is its own', async () => {
    await Promise.all([press(0, 'next'), press(1, 'next')]);
    const codes = () => Promise.all([0, 1].map((n) => text(desks[n], '#code')));
    await until('both are called', async () => (await codes()).sort().join() === 'A2,A3');
    second = (await codes()).indexOf('A3');
    await said(second, 'called', 'A3');
    await shows(phone, '#main', say('ticket.called'));
    await shows(phone, '#desk', onBoard(deskNames[second]));
    await agree(0);
  });

  test('the power fails: everything is still there, and no page has to be touched', async () => {
    const { code } = await server.ticket();
    assert.equal(code, 'A4');
    await press(second, 'hold');
    await said(second, 'held', 'A3');
    await shows(phone, '#main', say('ticket.held'));
    await agree(1);
    const before = await server.call('GET', 'tickets');
    await server.kill();
    for (const desk of desks) await until('the desk is dead', async () => !(await desk.isEnabled('#pause')));
    await server.restart();
    assert.deepEqual(await server.call('GET', 'tickets'), before);
    for (const desk of desks) await until('the desk is live', () => desk.isEnabled('#pause'));
    for (const screen of [...kiosks, phone]) await hidden(screen, '#away');
    await agree(1);
    await shows(phone, '#main', say('ticket.held'));
    await desks[second].click('#held li button');
    await serves(second, 'A3');
    await shows(phone, '#main', say('ticket.called'));
    await press(second, 'finish');
    await serves(second, '');
    await shows(phone, '#main', say('ticket.done'));
  });

  test('who gives up on the phone is gone from every screen', async () => {
    const given = await take(kiosks[1], 'B');
    await agree(2);
    const other = await page('/t/' + given.id, { size: [390, 844] });
    await shows(other, '#code', given.code);
    await other.click('#give-up');
    await other.click('#yes');
    await shows(other, '#main', say('ticket.cancelled'));
    await agree(1);
    assert.deepEqual(other.problems, []);
    await other.context().close();
  });

  test('two people at the same desk see at once what the other did', async () => {
    const colleague = await page('/desk.html?desk=' + encodeURIComponent(day.third));
    await until('the desk is live', () => colleague.isEnabled('#next'));
    await colleague.click('#next');
    await serves(2, 'A4');
    await said(2, 'called', 'A4');
    await press(2, 'finish');
    await shows(colleague, '#said', say('desk.said.finished', { code: 'A4' }));
    await shows(colleague, '#code', say('desk.nobody'));
    assert.deepEqual(colleague.problems, []);
    await colleague.context().close();
  });

  test('an action that believes what is no longer true does nothing, and says why', async () => {
    await take(kiosks[0], 'A');
    await next(2, 'A5');
    await server.call('POST', 'tickets', { service: 'A' });
    await agree(1);
    // The desk moves on behind this screen's back: its own request is held until after that.
    await desks[2].route('**/next', async (route) => {
      await server.act(day.third, 'finish');
      await route.continue();
    });
    await press(2, 'next');
    await shows(desks[2], '#said', say('error.desk-moved-on'));
    await desks[2].unroute('**/next');
    await agree(1);
    await next(2, 'A6');
  });

  test('finishing the last one with nobody waiting ends it and says so', async () => {
    await press(2, 'next');
    await serves(2, '');
    await shows(desks[2], '#said', say('desk.said.finished', { code: 'A6' }) + ' ' + say('error.queue-empty'));
    // The ticket called together with the phone's is still at its desk.
    await press(1 - second, 'finish');
    for (const n of [0, 1, 2]) await serves(n, '');
    await agree(0);
    const states = (await server.call('GET', 'tickets')).map((x) => [x.code, x.state]);
    assert.equal(states.length, 9);
    for (const [code, state] of states) assert.ok(FINAL.includes(state), code + ' is ' + state);
  });

  test('the public screen has said every call, twice and in order, one after the other', async () => {
    const calls = await callsSoFar();
    assert.ok(calls.length >= 12, String(calls.length));
    const expected = calls.flatMap(({ code, desk }) => {
      const [, letters, number] = /^([A-Z]+)(\d+)$/.exec(code);
      const sentence = day.voice + ': ' + day.call(letters, number, (/^\d+$/.test(desk) ? day.numbered : '') + desk);
      return [sentence, sentence];
    });
    await until('everything is said', async () => (await board.evaluate(() => window.spoken.length)) >= expected.length, 30000);
    await until('the last announcement ends', () => board.$eval('#call', (el) => !el.classList.contains('is-announced')));
    assert.deepEqual(await board.evaluate(() => window.spoken), expected);
    const turns = await board.evaluate(() => window.turns);
    const seen = calls.map((c) => c.code).filter((code, i, all) => code !== all[i - 1]);
    assert.deepEqual(turns.map((x) => x.code), seen);
    // Each is seen as late as this machine is; announcements.test.js holds the queue to its ten seconds exactly.
    for (let i = 1; i < turns.length; i++) {
      assert.ok(turns[i].at - turns[i - 1].at >= 0.9 * HOLD_MS, turns[i - 1].code + ': ' + (turns[i].at - turns[i - 1].at) + ' ms');
    }
  });

  test('no page was reloaded, nothing failed, and nothing was asked of another host', async () => {
    for (const screen of [...desks, ...kiosks, board]) {
      assert.equal(await screen.evaluate(() => window.planted), 'here since the beginning', screen.url());
      assert.deepEqual(screen.problems, [], screen.url());
    }
    assert.deepEqual(phone.problems, []);
  });
}
