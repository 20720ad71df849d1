// What is drawn: capitals high enough to be read from afar, nothing cut, nothing scrolled sideways,
// and little to load. Heights follow EN 301 549 (12.2 mm of capital height for each metre).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, Server, launch, later, morning, noShows, open, shows, transfers, until, visible } from './support.mjs';

const LONG = 'Oficina de atención a la ciudadanía y registro general de documentos';
const WORD = 'Donaudampfschifffahrtsgesellschaft';
const LIMIT_BYTES = 60 * 1024;
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await morning(server);
  await later(server);
  await server.act(WORD, 'next');
  await server.act(WORD, 'hold');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

// A state as the server would send it, since an office with A1234 at twenty desks takes a day to make.
function office(seq, { code, desk, others, names }) {
  const at = '2026-01-01T09:00:00.000Z';
  const ticket = (c) => ({ number: 1, code: c, service: 'A', priority: 'normal', state: 'serving', done: false, createdAt: at, handleAt: at, calls: 1 });
  const desks = [{ name: desk, open: true, services: [], ticket: ticket(code) }];
  for (let i = 0; i < others; i++) desks.push({ name: names(i), open: true, services: [], ticket: ticket(code.slice(0, -1) + (i % 10)) });
  return {
    type: 'state', seq,
    payload: { office: { name: 'Turnero', language: 'es' }, waiting: 12, services: [{ prefix: 'A', name: 'General', waiting: 12 }], desks, calls: [{ seq: 1, code, desk, kind: 'call', at }] },
  };
}

// Runs in the page: shares of the screen's height, and whatever leaves its place.
function measure() {
  const H = window.innerHeight;
  const W = document.documentElement.clientWidth;
  const wrong = [];
  const pen = document.createElement('canvas').getContext('2d');
  const capital = (el) => {
    const s = getComputedStyle(el);
    pen.font = s.fontWeight + ' ' + s.fontSize + ' ' + s.fontFamily;
    return pen.measureText('H').actualBoundingBoxAscent;
  };
  const ink = (el) => {
    const range = document.createRange();
    range.selectNodeContents(el);
    return range.getBoundingClientRect();
  };
  const inside = (what, el, box) => {
    const a = ink(el);
    // A line's box is higher than its letters; the letters stand in its middle.
    const half = el.children.length === 0 && a.height < 2 * capital(el) ? capital(el) / 2 : a.height / 2;
    const middle = (a.top + a.bottom) / 2;
    if (a.left < box.left - 1 || a.right > box.right + 1) wrong.push(what + ' leaves its box sideways: ' + [a.left, a.right, box.left, box.right].map(Math.round));
    if (middle - half < box.top - 1 || middle + half > box.bottom + 1) wrong.push(what + ' leaves its box in height: ' + [middle - half, middle + half, box.top, box.bottom].map(Math.round));
    return { top: middle - half, bottom: middle + half };
  };
  const $ = (id) => document.getElementById(id);
  const call = $('call').getBoundingClientRect();
  const label = inside('label', $('call-label'), call);
  const code = inside('code', $('code'), call);
  const desk = inside('desk', $('desk'), call);
  if (label.bottom > code.top + 1) wrong.push('the label touches the code');
  if (code.bottom > desk.top + 0.02 * H) wrong.push('the code touches the desk');
  const rows = Array.from(document.querySelectorAll('.row'));
  const side = $('others-box').getBoundingClientRect();
  rows.forEach((row, i) => {
    const box = row.getBoundingClientRect();
    const codeInk = inside('row ' + i + ' code', row.querySelector('.code'), box);
    const nameInk = inside('row ' + i + ' name', row.querySelector('.name'), box);
    if (box.bottom > H + 1) wrong.push('row ' + i + ' is below the screen');
    const a = ink(row.querySelector('.code'));
    const beside = a.right <= ink(row.querySelector('.name')).left + 1;
    if (!beside && codeInk.bottom > nameInk.top) wrong.push('row ' + i + ': the code runs into the name');
  });
  if (rows.length && side.left < call.right - 1 && side.top < call.bottom - 1) wrong.push('the side lies on the call');
  if (document.documentElement.scrollWidth > W) wrong.push('scrolls sideways');
  if (document.documentElement.scrollHeight > H) wrong.push('scrolls down');
  for (const el of Array.from(document.querySelectorAll('.top > *')).filter((e) => !e.hidden)) {
    if (el.scrollWidth > el.clientWidth + 1) wrong.push('cut: ' + el.id);
  }
  return {
    code: capital($('code')) / H,
    desk: capital($('desk')) / H,
    rows: rows.map((r) => capital(r.querySelector('.code')) / H),
    names: rows.map((r) => capital(r.querySelector('.name')) / H),
    turns: $('turns').hidden ? 1 : $('turns').children.length || Number($('turns').textContent.split('/')[1]),
    wrong,
  };
}

const KINDS = {
  'numbers': { desk: '3', names: (i) => String(i + 10) },
  'a word and a number': { desk: 'Ventanilla 3', names: (i) => 'Ventanilla ' + (i + 10) },
  'very long names': { desk: LONG, names: (i) => LONG + ' ' + i },
  'one very long word': { desk: WORD, names: (i) => WORD + i },
};

for (const size of SIZES) {
  test('capitals are high enough and nothing is cut on the public screen at ' + size.join('×'), async () => {
    let tell;
    let seq = 10;
    const page = await open(browser, 'about:blank', { size });
    await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
    page.problems.length = 0;
    await page.goto(server.url + '/public.html');
    await until('the socket', () => tell);
    for (const [kind, { desk, names }] of Object.entries(KINDS)) {
      for (const others of [0, 3, 7, 19]) {
        for (const code of ['A1', 'A12', 'A123', 'AB1234']) {
          const what = [kind, others + 1 + ' desks', code].join(', ');
          const known = office(seq += 1, { code, desk, others, names });
          // The name of the office says which state is drawn.
          known.payload.office.name = 'Office ' + seq;
          tell(known);
          await shows(page, '#office', known.payload.office.name);
          const got = await page.evaluate(measure);
          assert.deepEqual(got.wrong, [], what);
          // An upright phone is as narrow as three letters of that height: a longer code shrinks there.
          const least = size[0] > size[1] || code.length <= 3 ? 0.3 : 0.12;
          assert.ok(got.code >= least, what + ': code ' + got.code);
          if (/\d$/.test(desk)) assert.ok(got.desk >= 0.12, what + ': desk ' + got.desk);
          else assert.ok(got.desk >= 0.025, what + ': long desk ' + got.desk);
          assert.ok(got.rows.length <= 8, what);
          assert.ok(got.rows.length > 0 || others === 0, what + ': no rows');
          for (const share of got.rows) assert.ok(share >= 0.07, what + ': row ' + share);
          for (const share of got.names) assert.ok(share >= 0.012, what + ': name in a row ' + share);
          // Whoever does not fit now has a turn.
          assert.ok(got.turns * 8 >= others && (got.turns > 1 || got.rows.length === others), what + ': ' + got.turns);
        }
      }
    }
    await page.context().close();
  });
}

test('on a 16:9 screen a desk\'s name of two words has its 12 % too', async () => {
  for (const size of [[1920, 1080], [1366, 768]]) {
    let tell;
    const page = await open(browser, 'about:blank', { size });
    await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
    await page.goto(server.url + '/public.html');
    await until('the socket', () => tell);
    tell(office(20, { code: 'A12', desk: 'Información general', others: 7, names: (i) => String(i + 1) }));
    await shows(page, '#desk', 'Información general');
    const got = await page.evaluate(measure);
    assert.deepEqual(got.wrong, []);
    assert.ok(got.desk >= 0.12, size + ': ' + got.desk);
    await page.context().close();
  }
});

const SCREENS = {
  start: { path: '/', ready: (page) => visible(page, '#desks a') },
  'new-ticket': { path: '/new-ticket.html', ready: (page) => visible(page, '.service') },
  public: { path: '/public.html', ready: (page) => shows(page, '#code', /^A/) },
  desk: { path: '/desk.html?desk=3', ready: (page) => visible(page, '#queue li') },
  'desk with people put aside and no-shows': { path: '/desk.html?desk=3', ready: noShows },
  'desk that transfers': { path: '/desk.html?desk=3', ready: transfers },
};

for (const [name, screen] of Object.entries(SCREENS)) {
  test(name + ' loads at most 60 kB, all from its own host, and does not scroll sideways', async () => {
    for (const lang of ['es', 'en']) {
      const page = await open(browser, server.url + screen.path, { lang });
      await screen.ready(page);
      const bodies = await Promise.all(page.loaded.filter((r) => !r.url().includes('/api/')).map((r) => r.body()));
      const bytes = bodies.reduce((sum, b) => sum + b.length, 0);
      assert.ok(bodies.length > 5 && bytes > 5000, 'measured something');
      assert.ok(bytes <= LIMIT_BYTES, bytes + ' bytes');
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        // Two frames: one to hear of it, one to draw it.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, lang + ' ' + width + ': ' + over + ' px too wide');
        const cut = await page.evaluate(() => Array.from(document.querySelectorAll('button, a, h1, h2, h3, p, b, label, legend, li span'))
          .filter((el) => el.offsetParent && !el.classList.contains('heard') && el.id !== 'code-box' && el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline')
          .map((el) => el.id || el.className || el.textContent));
        assert.deepEqual(cut, [], lang + ' ' + width);
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
  });
}

test('«attend next» stays the largest button of a desk, and on a computer all that can be done is seen without scrolling', async () => {
  const page = await open(browser, server.url + '/desk.html?desk=3');
  await visible(page, '#held li');
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    const areas = await page.$$eval('button', (all) => all.filter((b) => b.offsetParent)
      .map((b) => [b.id, b.offsetWidth * b.offsetHeight, b.getBoundingClientRect().bottom]));
    const [first, second] = areas.sort((a, b) => b[1] - a[1]);
    assert.equal(first[0], 'next', String(width));
    assert.ok(first[1] > 1.3 * second[1], width + ': ' + first + ' ' + second);
    for (const [id, , bottom] of areas.filter((x) => x[0] && x[0] !== 'missed-fold')) assert.ok(bottom <= height, width + ': ' + id + ' ' + bottom);
    if (width < 1000) continue;
    const held = await page.$eval('#held li', (el) => el.getBoundingClientRect().bottom);
    assert.ok(held <= height, width + ': the first put aside ends at ' + held);
  }
  await page.context().close();
});

test('buttons of the kiosk are at least 64 px high, and everything to press elsewhere 24 px', async () => {
  const heights = (page, selector) => page.$$eval(selector, (all) => all.filter((b) => b.offsetParent).map((b) => b.offsetHeight));
  const kiosk = await open(browser, server.url + '/new-ticket.html');
  await visible(kiosk, '.service');
  const desk = await open(browser, server.url + '/desk.html?desk=3');
  await visible(desk, '#queue li');
  for (const [width, height] of SIZES) {
    for (const [page, selector, least] of [[kiosk, 'button', 64], [desk, 'button, a, label', 24]]) {
      await page.setViewportSize({ width, height });
      const found = await heights(page, selector);
      assert.ok(found.length >= 2);
      for (const box of found) assert.ok(box >= least, width + ': ' + box);
    }
  }
  await kiosk.context().close();
  await desk.context().close();
});

test('a ticket just given is shown as large as fits, on every size, and is not cut', async () => {
  for (const size of SIZES) {
    const page = await open(browser, server.url + '/new-ticket.html', { size });
    await page.click('.service');
    await visible(page, '#given');
    const got = await page.evaluate(() => {
      const code = document.getElementById('code');
      const range = document.createRange();
      range.selectNodeContents(code);
      const box = document.getElementById('given').getBoundingClientRect();
      const text = range.getBoundingClientRect();
      return {
        inside: text.left >= box.left && text.right <= box.right && text.top >= box.top && box.bottom <= window.innerHeight + 1,
        share: Math.max(text.width / box.width, text.height / box.height),
      };
    });
    assert.equal(got.inside, true, String(size));
    assert.ok(got.share > 0.4, size + ': ' + got.share);
    await page.context().close();
  }
});
