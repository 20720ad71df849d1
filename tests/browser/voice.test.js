// The speech of the public screen, recorded at the browser's `speechSynthesis`.
// Chromium without a screen has no voices of its own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cable, LANGUAGES, Server, launch, open, recorder, shows, textsOf, until, visible } from './support.mjs';

let server;
let browser;
let next = 1;

before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

/** A public screen that speaks so; time in it runs ten times as fast unless told. */
async function listen(how, { url = server.url, lang = 'es', before: also } = {}) {
  const page = await open(browser, 'about:blank', { lang });
  await page.addInitScript(recorder, Object.assign({ voices: ['en-GB', 'es_ES', 'fr-FR'], fast: 10 }, how));
  if (also) await page.addInitScript(also);
  page.problems.length = 0;
  await page.goto(url + '/public.html');
  await until('the state is there', () => page.$eval('#office', (el) => el.textContent === 'Turnero' && document.querySelector('#waiting b')));
  return page;
}

const heard = (page) => page.evaluate(() => window.spoken);

async function hears(page, expected, ms) {
  await until('hears ' + expected.length, async () => {
    const got = await heard(page);
    if (got.length < expected.length) throw new Error(JSON.stringify(got));
    return true;
  }, ms);
  // Whatever else it might say would begin within a second (ten seconds of the page's).
  await new Promise((done) => setTimeout(done, 400));
  assert.deepEqual(await heard(page), expected);
}

const es = (n, desk) => 'es_ES: Turno A ' + n + ', ventanilla ' + desk;
const en = (n, desk) => 'en-GB: Ticket A, ' + n + ', desk ' + desk;
const twice = (...calls) => [].concat(...calls.map((call) => [].concat(call, call)));

/** One ticket, called at a desk; its number. */
async function calls(desk) {
  await server.ticket();
  const ticket = await server.act(desk, 'next');
  next = ticket.number + 1;
  return ticket.number;
}

test('a call is said twice, in the office\'s main language where none are ticked, whatever the browser\'s', async () => {
  for (const [office, reader, say] of [['es', 'es', es], ['es', 'en', es], ['en', 'es', en], ['en', 'is', en]]) {
    await server.call('PUT', 'settings', { language: office });
    const page = await listen({ fast: 5 }, { lang: reader });
    const n = await calls('3');
    await hears(page, twice(say(n, 3)));
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
  await server.call('PUT', 'settings', { language: 'es' });
});

test('the sound\'s way to a television is open long before the first chime, and stays so', async () => {
  const page = await listen({}, {
    before: () => {
      window.tones = [];
      const { start, stop } = OscillatorNode.prototype;
      OscillatorNode.prototype.start = function begin(at) {
        this.note = { hertz: this.frequency.value, at: at || this.context.currentTime, end: Infinity };
        window.tones.push(this.note);
        start.call(this, at);
      };
      OscillatorNode.prototype.stop = function end(at) {
        this.note.end = at;
        stop.call(this, at);
      };
    },
  });
  await page.mouse.click(300, 300);
  await until('the chime is free', () => page.isHidden('#muted'));
  await page.waitForFunction(() => window.tones.length && performance.now() > 1000);
  await calls('3');
  await until('the chime', () => page.evaluate(() => window.tones.length > 2));
  const [first, ...notes] = await page.evaluate(() => window.tones.map((it) => ({ ...it, end: it.end === Infinity ? 'never' : it.end })));
  assert.equal(first.end, 'never');
  assert.ok(first.hertz <= 20, 'nobody hears it');
  assert.ok(notes.every((it) => it.at > first.at && it.hertz > 400), JSON.stringify(notes));
  await page.context().close();
});

test('a call right after a screen has loaded is said, on a computer whose clock is minutes wrong', async () => {
  for (const minutes of [5, -5]) {
    const own = (wrong) => { const now = Date.now; Date.now = () => now() + wrong * 60000; };
    const page = await listen({}, { before: '(' + own + ')(' + minutes + ')' });
    const n = await calls('3');
    await hears(page, twice(es(n, 3)));
    await page.context().close();
  }
});

test('two calls in one instant and a recall are all said, in order, and none cuts off another', async () => {
  const page = await listen({});
  await server.tickets(2);
  const [a, b] = await Promise.all([server.act('3', 'next'), server.act('4', 'next')]);
  await server.act('3', 'recall');
  const [first, second] = [a, b].sort((x, y) => x.number - y.number);
  await hears(page, twice(es(first.number, first.handleAtDesk), es(second.number, second.handleAtDesk), es(a.number, 3)));
  await page.context().close();
});

test('the office\'s languages are spoken one after the other; one without a voice is passed over', async () => {
  await server.call('PUT', 'settings', { languages: ['en', 'es'] });
  // The words of the other language come with the first call, and it waits for them for 2 s of its time.
  const page = await listen({ fast: 2 });
  const onlySpanish = await listen({ voices: ['es-MX', 'de-DE'] });
  const n = await calls('3');
  await hears(page, twice([en(n, 3), es(n, 3)]));
  await hears(onlySpanish, twice('es-MX: Turno A ' + n + ', ventanilla 3'));
  await server.call('PUT', 'settings', { languages: [] });
  await page.context().close();
  await onlySpanish.context().close();
});

test('codes and desks are said so that they are understood', async () => {
  const page = await listen({});
  const say = (code, desk, lang) => page.evaluate(async ([code, desk, lang]) => {
    const { sentence } = await import('./public/voice.js');
    const words = await (await fetch('lang/' + lang + '.json')).json();
    return sentence({ code, desk }, lang, words);
  }, [code, desk, lang]);
  for (const [code, desk, lang, expected] of [
    ['A12', '3', 'es', 'Turno A 12, ventanilla 3'],
    ['A105', '12', 'es', 'Turno A 105, ventanilla 12'],
    ['A007', '03', 'es', 'Turno A 7, ventanilla 3'],
    ['A100', '3B', 'es', 'Turno A 100, ventanilla 3 B'],
    ['A000', '10', 'es', 'Turno A 0, ventanilla 10'],
    ['AB1234', 'Información', 'es', 'Turno A, B 1234, Información'],
    // Alone before a number it would be read as «and».
    ['Y5', 'Ventanilla 3', 'es', 'Turno i griega 5, Ventanilla 3'],
    ['Ñ5', 'Caja 07', 'es', 'Turno Ñ 5, Caja 07'],
    // «A 105» would be read as «a hundred and five».
    ['A105', '3', 'en', 'Ticket A, 105, desk 3'],
    ['A5', '$& {code}', 'es', 'Turno A 5, $& {code}'],
    ['A005', '3', 'fr', 'Ticket A, 5, guichet 3'],
    ['E5', '3', 'pt', 'Senha é, 5, balcão 3'],
    ['AB007', 'Enquiries', 'en', 'Ticket A, B, 7, Enquiries'],
  ]) assert.equal(await say(code, desk, lang), expected);
  const cut = await page.evaluate(async () => {
    const { parts } = await import('./shared/speech.js');
    return parts('Turno A 12, ' + 'palabra '.repeat(30).trim());
  });
  assert.ok(cut.length > 1 && cut.every((part) => part.length <= 90), JSON.stringify(cut));
  assert.equal(cut.join(' '), 'Turno A 12, ' + 'palabra '.repeat(30).trim());
  await page.context().close();
});

test('no sentence holds the word for a desk, which each office may set', () => {
  // With its inflected forms.
  const words = { es: /ventanilla|escritorio/i, en: /\b(?:desk|counter)s?\b/i, pt: /balc(?:ão|ões)/i, fr: /guichet/i, ar: /شب(?:ا|ابي)ك/ };
  for (const lang of LANGUAGES) {
    const texts = textsOf(lang);
    for (const key of Object.keys(texts)) {
      if (key !== 'word.desk' && key !== 'desks.word.choices') assert.doesNotMatch(texts[key].replace(/\{\w+\}/g, ''), words[lang], lang + ' ' + key);
    }
    assert.match(texts['word.desk'], words[lang], lang);
  }
});

test('voices that come late are waited for', async () => {
  const page = await listen({ late: 700, fast: 1 });
  const n = await calls('3');
  await hears(page, twice(es(n, 3)));
  await page.context().close();
});

test('without a voice, or without speech at all, the screen goes on', async () => {
  const german = await listen({ voices: ['de-DE'], fast: 4 });
  const mute = await listen({ voices: null, fast: 4 });
  const n = await calls('3');
  const m = await calls('4');
  await Promise.all([german, mute].map((page) => shows(page, '#code', 'A' + n)));
  for (const page of [german, mute]) {
    await shows(page, '#code', 'A' + m);
    await until('it is calm again', () => page.$eval('#call', (el) => !el.classList.contains('is-announced')));
    assert.deepEqual(await heard(page), []);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

test('where the end of a word is never told, the next call is said all the same', async () => {
  const page = await listen({ ends: false, fast: 1 });
  const n = await calls('3');
  const m = await calls('4');
  // Nothing tells the end, so each takes as long as the slowest voice would.
  await hears(page, [es(n, 3), es(n, 3), es(m, 4)], 40000);
  assert.ok(await page.evaluate(() => window.cancelled) > 1);
  await page.context().close();
});

test('where nothing is ever heard, a call is tried once, and the next begins in time', async () => {
  const page = await listen({ starts: false, fast: 1 });
  const n = await calls('3');
  const m = await calls('4');
  await shows(page, '#code', 'A' + n);
  const since = Date.now();
  await shows(page, '#code', 'A' + m);
  assert.ok(Date.now() - since < 11500, Date.now() - since + ' ms');
  await page.context().close();
});

test('where the browser blocks speech until a touch, the badge says so and the screen goes on', async () => {
  const page = await listen({ error: 'not-allowed' });
  await page.mouse.click(300, 300);
  await until('the chime is free', () => page.isHidden('#muted'));
  const n = await calls('3');
  const m = await calls('4');
  await visible(page, '#muted');
  await shows(page, '#code', 'A' + m);
  assert.notEqual(n, m);
  await page.mouse.click(300, 300);
  await page.context().close();
});

test('a call that is undone ends at once, and one that waits is not said', async () => {
  let tell;
  const page = await open(browser, 'about:blank');
  await page.addInitScript(recorder, { voices: ['es-ES'], fast: 1 });
  await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
  await page.goto(server.url + '/public.html');
  await until('the socket', () => tell);
  const at = new Date().toISOString();
  const old = { seq: 1, code: 'A1', desk: '1', kind: 'call', at };
  const desk = (name, code) => ({ name, open: true, services: [], ticket: code ? { code } : null });
  tell({ type: 'state', seq: 10, payload: { office: { name: 'Turnero', language: 'es' }, waiting: 3, services: [], desks: [desk('1', 'A1')], calls: [old] } });
  await shows(page, '#code', 'A1');
  const called = (seq, code, name) => {
    tell({ type: 'ticket-called', seq, payload: { desk: desk(name, code), ticket: { code }, call: { seq, code, desk: name, kind: 'call', at }, waiting: 1, services: [] } });
    return { seq, code, desk: name, kind: 'call', at };
  };
  const [a, b, c] = [called(11, 'A2', '2'), called(12, 'A3', '3'), called(13, 'A4', '4')];
  await until('the first is said', async () => (await heard(page)).length === 1);
  const undone = (seq, name, code, kept) => tell({ type: 'step-undone', seq, payload: { desk: desk(name, null), tickets: [{ code }], waiting: 2, services: [], calls: kept } });
  undone(14, '3', 'A3', [c, a, old]);
  undone(15, '2', 'A2', [c, old]);
  await shows(page, '#code', 'A4');
  undone(16, '4', 'A4', [old]);
  await shows(page, '#code', 'A1');
  assert.equal(await page.$eval('#call', (el) => el.classList.contains('is-announced')), false);
  await new Promise((done) => setTimeout(done, 2500));
  const said = (await heard(page)).filter((x) => !/A 4,/.test(x));
  assert.deepEqual(said, ['es-ES: Turno A 2, ventanilla 2'], 'b: ' + b.code);
  await page.context().close();
});

// Away, the screen misses three calls; `meanwhile` is what else happens, `by` the message that tells them.
async function missed({ also, meanwhile = async () => {}, by }) {
  const cable = await Cable.to(server);
  await calls('3');
  const page = await listen({}, { url: cable.url, before: also });
  await shows(page, '#code', 'A' + (next - 1));
  await cable.cut();
  const said = [];
  await meanwhile();
  for (const desk of ['3', '4', '5']) said.push(es(await calls(desk), desk));
  const told = [];
  const note = (text) => [].concat(JSON.parse(text)).forEach((m) => told.push(m.type));
  page.on('websocket', (ws) => ws.on('framereceived', (frame) => note(frame.payload)));
  page.on('response', async (answer) => { if (/api\/events/.test(answer.url())) note(await answer.text().catch(() => '[]')); });
  await cable.mend();
  await hears(page, twice(...said), 30000);
  assert.equal(told.indexOf('state') >= 0, by === 'state', told.join(' '));
  await shows(page, '#code', 'A' + (next - 1));
  await page.context().close();
  await cable.cut();
}

test('three missed calls are said in order after a time away', () => missed({ by: 'events' }));

test('three missed calls are said where the server no longer has the events', () => missed({
  by: 'state',
  meanwhile: async () => {
    for (let i = 0; i < 1200; i += 50) await Promise.all(Array.from({ length: 50 }, () => server.ticket()));
  },
}));

test('three missed calls are said where a screen lives by long polling', () => missed({
  by: 'events',
  also: () => {
    window.WebSocket = function Blocked() {
      setTimeout(() => this.onclose && this.onclose({}), 5);
      this.close = () => {};
    };
  },
}));

test('what was called more than two minutes ago is shown after a time away, and not said', async () => {
  let tell;
  let close;
  const page = await open(browser, 'about:blank');
  await page.addInitScript(recorder, { voices: ['es-ES'], fast: 10 });
  const wait = () => until('the socket', () => tell);
  await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); close = () => ws.close(); });
  await page.goto(server.url + '/public.html');
  await wait();
  const call = (seq, code, ago) => ({ seq, code, desk: '1', kind: 'call', at: new Date(Date.now() - ago * 1000).toISOString() });
  const desk = (code) => ({ name: '1', open: true, services: [], ticket: { code } });
  tell({ type: 'state', seq: 1, payload: { office: { name: 'Turnero', language: 'es' }, waiting: 0, services: [], desks: [desk('A1')], calls: [call(1, 'A1', 900)] } });
  await shows(page, '#code', 'A1');
  tell = null;
  close();
  await wait();
  for (const [seq, code, ago] of [[2, 'A2', 300], [3, 'A3', 125]]) {
    tell({ type: 'ticket-called', seq, payload: { desk: desk(code), ticket: { code }, call: call(seq, code, ago), waiting: 0, services: [] } });
  }
  await shows(page, '#code', 'A3');
  assert.equal(await page.$eval('#call', (el) => el.classList.contains('is-announced')), false);
  assert.deepEqual(await heard(page), []);
  await page.context().close();
});

test('five hundred calls leave no elements, listeners or timers behind', async () => {
  let tell;
  const page = await open(browser, 'about:blank');
  await page.addInitScript(recorder, { voices: ['es-ES'] });
  await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
  await page.goto(server.url + '/public.html');
  await until('the socket', () => tell);
  const at = new Date().toISOString();
  const desk = (name, code) => ({ name, open: true, services: [], ticket: { code } });
  const desks = Array.from({ length: 3 }, (_, i) => desk(String(i + 1), 'A0'));
  tell({ type: 'state', seq: 1, payload: { office: { name: 'Turnero', language: 'es' }, waiting: 0, services: [], desks, calls: [] } });
  const devtools = await page.context().newCDPSession(page);
  const counts = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    return { nodes, jsEventListeners, alarms: await page.evaluate(() => window.alarms.size) };
  };
  let seq = 1;
  const call = (n) => {
    for (let i = 0; i < n; i++) {
      seq += 1;
      const name = String(seq % 3 + 1);
      const code = 'A' + seq;
      tell({ type: 'ticket-called', seq, payload: { desk: desk(name, code), ticket: { code }, call: { seq, code, desk: name, kind: 'call', at }, waiting: 1, services: [] } });
    }
  };
  const shown = (code) => until(code + ' is shown, and all is calm', async () => (await page.textContent('#code')) === code
    && page.$eval('#call', (el) => !el.classList.contains('is-announced')), 240000);
  // The first ones fetch the words, which at this pace come late.
  await shows(page, '#office', 'Turnero');
  await visible(page, '#waiting b');
  await page.evaluate(() => { window.fast = 400; });
  // A screen that hears nothing looks for its server, and here it would find another office.
  const ticking = setInterval(() => tell({ type: 'tick', seq, payload: { now: new Date().toISOString() } }), 1000);
  call(20);
  await shown('A21');
  const first = await counts();
  await page.evaluate(() => { window.spoken = []; });
  call(500);
  await shown('A521');
  clearInterval(ticking);
  const last = await counts();
  // Each once, as many wait; again only the last, and the first until they had come.
  const said = await heard(page);
  assert.equal(new Set(said).size, 500);
  assert.ok(said.length > 500 && said.length < 550, String(said.length));
  assert.ok(last.nodes <= first.nodes * 1.1 + 50, JSON.stringify({ first, last }));
  assert.ok(last.jsEventListeners <= first.jsEventListeners + 5, JSON.stringify({ first, last }));
  assert.ok(last.alarms <= first.alarms + 2, JSON.stringify({ first, last }));
  await page.context().close();
});
