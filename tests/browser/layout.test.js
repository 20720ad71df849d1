// The layout of the public screen: capitals high enough to be read from afar, nothing cut, nothing on something else,
// and every letter as its typeface draws it. Heights follow EN 301 549 (12.2 mm of capital height for each metre).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FIRST_SIGHT, LANGUAGES, LONG, SIZES, Server, WORD, fullOffice, launch, open, pageFiles, readPage, shows, until, visible } from './support.mjs';

const MESSAGE = 'Lunes 7 de diciembre cerrado por fiesta local. Para renovar el carné, traiga una fotografía reciente y el resguardo. '
  + 'Las citas de la tarde se atienden en la segunda planta, junto al ascensor de la calle.';
const WIDE = [[1920, 1080], [1366, 768]];
const UPRIGHT = [[1080, 1920], [390, 844]];
const ALL = [...WIDE, [1280, 800], [1024, 768], [1280, 1024], ...UPRIGHT];
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

const MIXED = ['Información general', 'Registro', 'Padrón', 'Consulta de enfermería 1', 'Urbanismo', 'Multas', 'Sala de espera C', 'Caja 1', 'Atención al ciudadano', 'Tesorería', 'Mesa 4'];
const KINDS = {
  'numbers': { desk: '3', names: (i) => String(i + 10) },
  'short names': { desk: 'Caja 1', names: (i) => 'Caja ' + (i + 2) },
  'names of twelve characters': { desk: 'Ventanilla 1', names: (i) => 'Consulta ' + (i + 100) },
  'names of all kinds': { desk: 'Extracciones', names: (i) => MIXED[i % MIXED.length] + (i < MIXED.length ? '' : ' B') },
  'names of forty characters': { desk: LONG, names: (i) => String.fromCharCode(65 + i) + LONG.slice(1) },
  'one very long word': { desk: WORD, names: (i) => WORD + i },
};

// A state as the server would send it, since an office with A1234 at twenty desks takes a day to make.
function office(seq, { code, desk, others, names, message }) {
  const at = '2026-01-01T09:00:00.000Z';
  const ticket = (c) => ({ number: 1, code: c, service: 'A', priority: 'normal', state: 'serving', done: false, createdAt: at, handleAt: at, calls: 1 });
  const desks = [{ name: desk, open: true, services: [], ticket: ticket(code) }];
  for (let i = 0; i < others; i++) desks.push({ name: names(i), open: true, services: [], ticket: ticket(code.slice(0, -1) + (i % 10)) });
  return {
    type: 'state', seq,
    payload: { office: { name: 'Office ' + seq, language: 'es', message }, waiting: 12, services: [{ prefix: 'A', name: 'General', waiting: 12 }], desks, calls: [{ seq, code, desk, kind: 'call', at }] },
  };
}

// Runs in the page: shares of the screen's height, and elements that leave their places or lie on others.
function measure() {
  const [W, H] = [document.documentElement.clientWidth, window.innerHeight];
  const pen = document.createElement('canvas').getContext('2d');
  const wrong = [];
  const all = (selector) => Array.from(document.querySelectorAll(selector)).filter((el) => el.offsetParent);
  const capital = (el) => {
    const s = getComputedStyle(el);
    // Browsers measure in whole pixels.
    pen.font = s.fontWeight + ' ' + parseFloat(s.fontSize) * 10 + 'px ' + s.fontFamily;
    return pen.measureText('H').actualBoundingBoxAscent / 10;
  };
  // The box of the letters: a line's box is higher than its letters.
  const ink = (el) => {
    const range = document.createRange();
    range.selectNodeContents(el);
    const box = range.getBoundingClientRect();
    const first = range.getClientRects()[0];
    const air = (first.height - capital(el)) / 2;
    const bottom = el.classList.contains('is-long') ? Math.min(box.bottom, el.getBoundingClientRect().bottom) : box.bottom;
    return { left: box.left, right: Math.min(box.right, el.closest('.head') ? el.getBoundingClientRect().right - parseFloat(getComputedStyle(el).paddingRight) : Infinity), top: box.top + air * 0.9, bottom: bottom - air * 0.9 };
  };
  const called = (el) => el.id || el.className || el.tagName;
  const texts = all('#office, #waiting, #clock, #stale, #call-label, #code, #desk, #none, #muted span, .head span, .row .code, .row .name, #message, #page-number').filter((el) => el.textContent);
  const boxes = texts.map(ink);
  texts.forEach((el, i) => {
    const a = boxes[i];
    const around = el.closest('.call, .row, .foot, .top, .others').getBoundingClientRect();
    if (a.left < Math.max(0, around.left) - 2 || a.right > Math.min(W, around.right) + 2) wrong.push(called(el) + ' leaves its box sideways: ' + [a.left, a.right, around.left, around.right].map(Math.round));
    if (a.top < Math.max(0, around.top) - 1 || a.bottom > Math.min(H, around.bottom) + 1) wrong.push(called(el) + ' leaves its box in height: ' + [a.top, a.bottom, around.top, around.bottom].map(Math.round));
    boxes.slice(0, i).forEach((b, j) => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) wrong.push(called(el) + ' lies on ' + called(texts[j]) + ' by ' + Math.round(high));
    });
  });
  const parts = all('#call, #media, #others-box, #message, #muted, .top').map((el) => [called(el), el.getBoundingClientRect()]);
  parts.forEach(([name, a], i) => parts.slice(0, i).forEach(([other, b]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) wrong.push(name + ' lies on ' + other);
  }));
  if (document.documentElement.scrollWidth > W || document.documentElement.scrollHeight > H) wrong.push('scrolls');
  const list = document.getElementById('others').getBoundingClientRect();
  const rows = all('.row').map((row) => {
    const name = row.querySelector('.name');
    if (row.getBoundingClientRect().bottom > list.bottom + 1) wrong.push('cut below: ' + name.textContent);
    if (name.scrollWidth > name.clientWidth + 1) wrong.push('cut sideways: ' + name.textContent);
    if (name.textContent.length <= 24 && name.scrollHeight > name.clientHeight + capital(name) / 2) wrong.push('cut: ' + name.textContent);
    const style = getComputedStyle(name);
    return {
      code: capital(row.querySelector('.code')) / H,
      name: capital(name) / H,
      isNumber: name.classList.contains('is-number'),
      text: name.textContent,
      lines: Math.round(parseFloat(style.height) / parseFloat(style.lineHeight)),
    };
  });
  const code = document.getElementById('code');
  const box = ink(code);
  return {
    wrong, rows,
    code: capital(code) / H,
    fills: (box.right - box.left) / document.getElementById('call').clientWidth,
    desk: capital(document.getElementById('desk')) / H,
    deskSize: getComputedStyle(document.getElementById('desk')).fontSize,
    card: JSON.stringify(document.getElementById('call').getBoundingClientRect()),
    media: (all('#media')[0] || { offsetHeight: 0 }).offsetHeight / H,
    pages: document.getElementById('page-number').hidden ? 1 : Number(document.getElementById('page-number').textContent.split('/')[1]),
    isBroken: document.getElementById('desk').classList.contains('is-broken'),
  };
}

/** A public screen that shows what the test tells it. */
async function board({ size, lang, pictures = [], touched = true }) {
  const page = await open(browser, 'about:blank', { size, lang });
  let tell;
  await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
  await page.route('**/api/media', (route) => route.fulfill({ json: pictures.map((url) => ({ name: url, type: 'image/svg+xml', url })) }));
  page.problems.length = 0;
  await page.goto(server.url + '/public.html');
  await until('the socket', () => tell);
  // The calls on these boards are old, and are not announced.
  tell({ type: 'tick', seq: 10, payload: { now: new Date().toISOString() } });
  // Without the badge about blocked sound.
  if (touched) await page.mouse.click(5, 5);
  else await visible(page, '#muted');
  if (pictures.length) await until('the pictures', () => page.$eval('#picture', (el) => !el.hidden));
  let seq = 10;
  const draw = async (about) => {
    const known = office(seq += 1, about);
    tell(known);
    // The name of the office says which state is drawn.
    await shows(page, '#office', known.payload.office.name);
    assert.equal(await page.textContent('#code'), about.code);
    return page.evaluate(measure);
  };
  return { page, draw };
}

for (const size of ALL) {
  const [isWide, isUpright] = [WIDE.includes(size), UPRIGHT.includes(size)];
  // Upright, the sizes are shares of the width.
  const unit = isUpright ? size[0] / size[1] : 1;
  test('capitals are high enough, and nothing is cut or lies on anything, at ' + size.join('×'), async () => {
    for (const about of [{}, { message: MESSAGE, pictures: ['shared/favicon.svg'], touched: false }]) {
      const { page, draw } = await board({ size, ...about });
      for (const [kind, { desk, names }] of Object.entries(KINDS)) {
        for (const others of [0, 3, 8, 11]) {
          for (const code of ['A1', 'A12', 'A105', 'AB1234', 'ABC1234']) {
            const got = await draw({ code, desk, others, names, message: about.message });
            const what = [kind, others + 1 + ' desks', code, about.message ? 'message' : ''].join(', ') + ' ' + JSON.stringify(got);
            assert.deepEqual(got.wrong, [], what);
            // Longer codes, and all of them upright, are as wide as the card.
            if (code.length <= 4 && !isUpright) assert.ok(got.code >= (size[0] > size[1] * 1.3 ? 0.28 : 0.26), what);
            else if (code.length > 4) assert.ok(got.fills > 0.93 || got.code >= 0.28 * unit, what);
            if (desk.length <= 12) assert.ok(got.desk >= (isWide ? 0.1 : about.message ? 0.05 : 0.08) * unit, what);
            assert.ok(got.desk >= 0.0495 * unit || (got.isBroken && !isWide), what);
            // For the rows of a page, with any desk names.
            assert.ok(others === 0 || got.rows.length > 0, what);
            for (const row of got.rows) {
              assert.ok(row.code >= 0.06 * unit, what);
              if (row.isNumber) assert.ok(row.name >= 0.06 * unit, what);
              // A word that is longer than its column makes all names smaller.
              else if (code.length <= 4 && isWide && desk !== WORD) assert.ok(row.name >= 0.045, what);
              else assert.ok(row.name >= 0.032 * unit, what);
              if (row.text.length > 24 || (isWide && code.length <= 4)) assert.ok(row.lines <= 2, what);
            }
            const looks = new Set(got.rows.map((row) => [row.code, row.isNumber, row.name].join()));
            assert.ok(looks.size <= 2, 'rows of one size: ' + what);
            if (about.pictures) assert.equal(got.media > 0.2, isWide, what);
          }
        }
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
  });
}

test('eight other desks are seen without turning pages at 1920×1080, more by turns, each in its turn', async () => {
  const { page, draw } = await board({ size: [1920, 1080] });
  for (const kind of ['numbers', 'short names', 'names of twelve characters', 'names of all kinds']) {
    // Two lines take more of the height: three of eight names at most have two.
    for (const code of kind === 'names of twelve characters' ? ['A12'] : ['A12', 'A105']) {
      const got = await draw({ ...KINDS[kind], code, others: 8 });
      assert.equal(got.pages, 1, kind + ' ' + code);
      assert.equal(got.rows.length, 8, kind + ' ' + code);
    }
  }
  await page.context().close();
  const turning = await open(browser, 'about:blank', { size: [1920, 1080], clock: true });
  let tell;
  await turning.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
  await turning.goto(server.url + '/public.html');
  await until('the socket', () => tell);
  const state = office(11, { ...KINDS.numbers, code: 'A12', others: 19 });
  tell(state);
  const seen = new Set();
  const pages = new Set();
  for (let i = 0; i < 3; i++) {
    await visible(turning, '#page-number');
    pages.add(await turning.textContent('#page-number'));
    for (const name of await turning.$$eval('.row:not([hidden]) .name', (els) => els.map((el) => el.lastChild.data))) seen.add(name);
    tell({ type: 'tick', seq: 11, payload: { now: new Date().toISOString() } });
    await turning.clock.runFor(8000);
  }
  assert.deepEqual([...pages], ['1 / 3', '2 / 3', '3 / 3']);
  assert.equal(seen.size, 19);
  await turning.context().close();
});

test('nothing jumps between calls: the card, the code and the rows keep their sizes', async () => {
  for (const size of [...WIDE, [1024, 768]]) {
    const { page, draw } = await board({ size });
    const looks = new Set();
    for (const desk of ['3', '12', '4']) {
      for (const code of ['A9', 'A10', 'A99']) {
        const got = await draw({ code, desk, others: 6, names: (i) => String(i + 20) });
        looks.add(JSON.stringify([got.card, got.code, got.deskSize, got.rows.map((row) => [row.code, row.name])]));
      }
    }
    assert.equal(looks.size, 1, [...looks].join('\n'));
    await page.context().close();
  }
});

test('Arabic letters, which go far below their line, stay in their places too', async () => {
  const names = ['مكتب التسجيل المدني', 'الشؤون الإدارية والمالية', 'قسم الإحصاء والتوثيق', 'الأرشيف'];
  for (const size of ALL) {
    const { page, draw } = await board({ size, lang: 'ar' });
    for (const desk of names) {
      for (const code of ['A12', 'A105']) {
        for (const others of [0, 3]) {
          const got = await draw({ code, desk, others, names: (i) => names.filter((name) => name !== desk)[i] });
          assert.deepEqual(got.wrong, [], [size, desk, code, others].join(' '));
        }
      }
    }
    await page.context().close();
  }
});

// Runs in the page: finds letters that are narrower or wider than in their typeface.
function distorted() {
  return Array.from(document.body.querySelectorAll('*')).filter((el) => el.textContent.trim() && !el.closest('svg')).filter((el) => {
    const style = getComputedStyle(el);
    const { a, b, c, d } = new DOMMatrix(style.transform === 'none' ? '' : style.transform);
    const isPlain = Math.abs(a - d) < 0.001 && Math.abs(b + c) < 0.001;
    const zoom = style.zoom === undefined || style.zoom === '' || Number(style.zoom) === 1 || style.zoom === 'normal';
    return !isPlain || !zoom || style.fontStretch !== '100%' || (style.scale && style.scale !== 'none');
  }).map((el) => el.id || el.className || el.tagName);
}

test('no letter of the public screen is squeezed or stretched, whatever the names, at any size', async () => {
  for (const size of ALL) {
    for (const lang of ['es', 'ar']) {
      const { page, draw } = await board({ size, lang });
      for (const { desk, names } of Object.values(KINDS)) {
        for (const code of ['A12', 'ABC1234']) {
          await draw({ code, desk, others: 11, names });
          assert.deepEqual(await page.evaluate(distorted), [], [size, lang, desk, code].join(' '));
        }
      }
      await page.context().close();
    }
  }
});

test('no letter of any other screen is squeezed or stretched', async () => {
  const full = await fullOffice();
  const ticket = await full.ticket();
  for (const [name, screen] of Object.entries(FIRST_SIGHT)) {
    const page = await open(browser, full.url + screen.path.replace('/t/ID', '/t/' + ticket.id), {});
    await screen.ready(page);
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      assert.deepEqual(await page.evaluate(distorted), [], name + ' ' + width);
    }
    await page.context().close();
  }
  await full.stop();
  for (const file of [...pageFiles('.js'), ...pageFiles('.css')]) assert.doesNotMatch(readPage(file), /font-?stretch|textLength|skew/i, file);
});

test('the scripts that lay out the public screen have fewer than 250 lines together', () => {
  const lines = ['public/layout.js', 'public/rows.js', 'shared/fit.js'].map((file) => readPage(file).trimEnd().split('\n').length);
  assert.ok(lines.reduce((sum, n) => sum + n) < 250, String(lines));
});

test('the first thing on the idle public screen is not said twice, nor anything else, in any language', async () => {
  for (const lang of LANGUAGES) {
    const page = await open(browser, server.url + '/public.html', { lang });
    await visible(page, '#none');
    const said = await page.evaluate(() => Array.from(document.body.querySelectorAll('*'))
      .filter((el) => el.offsetParent && !el.children.length && el.textContent.trim()).map((el) => el.textContent.trim()));
    assert.ok(said.length >= 5, said.join());
    assert.deepEqual(said, [...new Set(said)]);
    await page.context().close();
  }
});
