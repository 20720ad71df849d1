// What is drawn on the public screen: capitals high enough to be read from afar, nothing cut, nothing
// scrolled sideways. Heights follow EN 301 549 (12.2 mm of capital height for each metre).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LONG, SIZES, Server, WORD, launch, open, shows, until, visible } from './support.mjs';

const MESSAGE = 'Lunes 7 de diciembre cerrado por fiesta local. Para renovar el carné, traiga una fotografía reciente y el resguardo. '
  + 'Las citas de la tarde se atienden en la segunda planta, junto al ascensor de la calle.';
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

// A state as the server would send it, since an office with A1234 at twenty desks takes a day to make.
function office(seq, { code, desk, others, names, message }) {
  const at = '2026-01-01T09:00:00.000Z';
  const ticket = (c) => ({ number: 1, code: c, service: 'A', priority: 'normal', state: 'serving', done: false, createdAt: at, handleAt: at, calls: 1 });
  const desks = [{ name: desk, open: true, services: [], ticket: ticket(code) }];
  for (let i = 0; i < others; i++) desks.push({ name: names(i), open: true, services: [], ticket: ticket(code.slice(0, -1) + (i % 10)) });
  return {
    type: 'state', seq,
    payload: { office: { name: 'Turnero', language: 'es', message }, waiting: 12, services: [{ prefix: 'A', name: 'General', waiting: 12 }], desks, calls: [{ seq, code, desk, kind: 'call', at }] },
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
    // A line's box is higher than its letters.
    capital(el);
    const letters = pen.measureText(Array.from(el.childNodes).filter((it) => !it.hidden).map((it) => it.textContent).join(''));
    const top = a.top + letters.fontBoundingBoxAscent - letters.actualBoundingBoxAscent;
    const bottom = a.bottom - letters.fontBoundingBoxDescent + letters.actualBoundingBoxDescent;
    if (a.left < box.left - 1 || a.right > box.right + 1) wrong.push(what + ' leaves its box sideways: ' + [a.left, a.right, box.left, box.right].map(Math.round));
    if (top < box.top - 1 || bottom > box.bottom + 1) wrong.push(what + ' leaves its box in height: ' + [top, bottom, box.top, box.bottom].map(Math.round));
    return { top, bottom };
  };
  const $ = (id) => document.getElementById(id);
  const call = $('call').getBoundingClientRect();
  const label = inside('label', $('call-label'), call);
  const code = inside('code', $('code'), call);
  const desk = inside('desk', $('desk'), call);
  if (label.bottom > code.top + 1) wrong.push('the label touches the code');
  if (code.bottom > desk.top) wrong.push('the code touches the desk');
  const rows = Array.from(document.querySelectorAll('.row'));
  const side = $('others-box').getBoundingClientRect();
  const broken = [];
  rows.forEach((row, i) => {
    const box = row.getBoundingClientRect();
    if (row.querySelector('.is-broken')) broken.push(row.textContent);
    const codeInk = inside('row ' + i + ' code', row.querySelector('.code'), box);
    const nameInk = inside('row ' + i + ' name', row.querySelector('.name'), box);
    if (box.bottom > H + 1) wrong.push('row ' + i + ' is below the screen');
    const a = ink(row.querySelector('.code'));
    const name = ink(row.querySelector('.name'));
    const beside = a.right <= name.left + 1 || name.right <= a.left + 1;
    if (!beside && codeInk.bottom > nameInk.top) wrong.push('row ' + i + ': the code runs into the name');
  });
  if (rows.length && side.left < call.right - 1 && side.right > call.left + 1 && side.top < call.bottom - 1) wrong.push('the side lies on the call');
  if (document.documentElement.scrollWidth > W) wrong.push('scrolls sideways');
  if (document.documentElement.scrollHeight > H) wrong.push('scrolls down');
  const call0 = $('call');
  const board = $('board').getBoundingClientRect();
  if (call.bottom > board.bottom + 1) wrong.push('the call leaves the board');
  const badge = $('muted');
  if (!badge.hidden && badge.getBoundingClientRect().top < $('desk').getBoundingClientRect().bottom - 0.02 * H) wrong.push('the badge lies on the desk');
  if (!$('message').hidden) {
    const box = $('message').getBoundingClientRect();
    inside('message', $('message-text'), box);
    if (box.top < board.bottom - 1 || box.bottom > H) wrong.push('the message is not below the board');
  }
  const media = $('media').getBoundingClientRect();
  if (media.height) {
    if (media.right > W || media.left < 0) wrong.push('the pictures leave the screen');
    if (media.left < call.right && media.right > call.left) wrong.push('the pictures lie on the call');
    if (rows.length && media.bottom > rows[0].getBoundingClientRect().top + 1) wrong.push('the pictures lie on the others');
  }
  // Whether the desk's name would still fit if it were an eighth larger.
  const name = $('desk');
  const size = name.style.fontSize;
  name.style.fontSize = parseFloat(size) * 1.15 + 'px';
  const air = 0.075 * H;
  const tall = document.documentElement.classList.contains('is-tall');
  const least = rows.length ? rows[0].offsetHeight : 0;
  const grows = name.scrollWidth <= name.clientWidth + 1
    && (tall ? $('others-box').clientHeight >= least + 0.035 * H && call0.getBoundingClientRect().bottom <= board.bottom
      : call0.scrollHeight <= call0.clientHeight && $('call-label').getBoundingClientRect().top - call0.getBoundingClientRect().top > air / 2);
  name.style.fontSize = size;
  for (const el of Array.from(document.querySelectorAll('.top > *')).filter((e) => !e.hidden)) {
    if (el.scrollWidth > el.clientWidth + 1) wrong.push('cut: ' + el.id);
  }
  return {
    code: capital($('code')) / H,
    desk: capital($('desk')) / H,
    rows: rows.map((r) => capital(r.querySelector('.code')) / H),
    names: rows.map((r) => capital(r.querySelector('.name')) / H),
    head: Array.from(document.querySelectorAll('.head')).map((el) => capital(el) / H),
    // What of the column of rows is left empty below them.
    empty: rows.length ? (side.bottom - $('others').getBoundingClientRect().bottom) / side.height : 0,
    words: rows.map((r) => r.querySelector('.word:not([hidden])')).filter(Boolean).map((w) => capital(w) / H),
    tall,
    broken,
    isBroken: $('desk').classList.contains('is-broken'),
    // How wide the code is in the card, and how much narrower than it is by itself.
    fills: ink($('code')).width / call.width,
    narrowed: ink($('code')).width / $('code').offsetWidth,
    narrowedDesk: $('desk').getBoundingClientRect().width / $('desk').offsetWidth,
    narrowedNames: rows.map((r) => r.querySelector('.name').getBoundingClientRect().width / r.querySelector('.name').offsetWidth),
    media: media.height / H,
    grows,
    turns: $('turns').hidden ? 1 : $('turns').children.length || Number($('turns').textContent.split('/')[1]),
    wrong,
  };
}

const KINDS = {
  'numbers': { desk: '3', names: (i) => String(i + 10) },
  'a word and a number': { desk: 'Ventanilla 3', names: (i) => 'Ventanilla ' + (i + 10) },
  'very long names': { desk: LONG, names: (i) => String.fromCharCode(65 + i) + LONG.slice(1) },
  'very long names that differ in a number': { desk: 'Oficina de atención a la ciudadanía 1', names: (i) => 'Oficina de atención a la ciudadanía ' + (i + 2) },
  'one very long word': { desk: WORD, names: (i) => WORD + i },
};

const PORTRAIT = [1080, 1920];

/** A public screen that shows what the test tells it. */
async function board({ size, lang, pictures = [] }) {
  let tell;
  const page = await open(browser, 'about:blank', { size, lang });
  await page.routeWebSocket(/\/ws/, (ws) => { tell = (m) => ws.send(JSON.stringify(m)); });
  await page.route('**/api/media', (route) => route.fulfill({ json: pictures.map((url) => ({ name: url, type: 'image/svg+xml', url })) }));
  page.problems.length = 0;
  await page.goto(server.url + '/public.html');
  await until('the socket', () => tell);
  // What is called on these boards was called long ago, and is not announced.
  tell({ type: 'tick', seq: 10, payload: { now: new Date().toISOString() } });
  if (pictures.length) await until('the pictures', () => page.$eval('#picture', (el) => !el.hidden));
  let seq = 10;
  const draw = async (about) => {
    const known = office(seq += 1, about);
    // The name of the office says which state is drawn.
    known.payload.office.name = 'Office ' + seq;
    tell(known);
    await shows(page, '#office', known.payload.office.name);
    assert.equal(await page.textContent('#code'), about.code);
    return page.evaluate(measure);
  };
  return { page, draw };
}

function judge(got, { code, desk, others, names }, what) {
  assert.deepEqual(got.wrong, [], what);
  if (got.code < 0.3) {
    // Too many characters for an upright screen: as large as its width allows.
    assert.ok(code.length > (got.tall ? 4 : 6) && got.fills > 0.9 && got.narrowed < (got.tall ? 0.32 : 0.69), what + ': code ' + JSON.stringify(got));
    assert.ok(got.code >= 0.13, what + ': code ' + got.code);
  }
  // Letters as thin as a bar code's are not read from afar, however high.
  for (const share of [got.narrowed, got.narrowedDesk, ...got.narrowedNames]) assert.ok(share >= 0.3, what + ': narrowed ' + share);
  if (desk !== WORD) assert.equal(got.isBroken, false, what + ': the desk\'s name is broken');
  if (/^(\S{1,16} )?\d$/.test(desk)) assert.ok(got.desk >= 0.12, what + ': desk ' + got.desk);
  // A name that needs more room than there is has all of it; upright, as long as others have theirs.
  else assert.ok(got.desk >= 0.12 || (got.desk >= (desk === WORD ? 0.025 : 0.03) && (got.tall || !got.grows)), what + ': long desk ' + JSON.stringify(got));
  assert.ok(got.rows.length <= 8, what);
  assert.ok(got.rows.length > 0 || others === 0, what + ': no rows');
  for (const share of got.rows) assert.ok(share >= 0.07, what + ': row ' + share);
  // Names too, unless a single word is longer than its row, or, upright, than a badge or a long message leaves.
  const isLong = names(0).length > 24;
  for (const share of got.names) assert.ok(share >= (names(0).indexOf(WORD) === 0 || (isLong && got.tall) ? 0.025 : 0.07), what + ': name in a row ' + share + ' ' + JSON.stringify(got));
  for (const share of got.head) assert.ok(share >= 0.03, what + ': above the rows ' + share);
  for (const share of got.words) assert.ok(share >= 0.0175, what + ': word in a row ' + share);
  if (names(0).indexOf(WORD) < 0) assert.deepEqual(got.broken, [], what);
  // Whoever does not fit now has a turn.
  assert.ok(got.turns * 8 >= others && (got.turns > 1 || got.rows.length === others), what + ': ' + got.turns);
}

for (const size of [...SIZES, PORTRAIT]) {
  test('capitals are high enough and nothing is cut on the public screen at ' + size.join('×'), async () => {
    const { page, draw } = await board({ size });
    for (const [kind, { desk, names }] of Object.entries(KINDS)) {
      for (const others of [0, 3, 7, 19]) {
        for (const code of ['A1', 'A12', 'A123', 'AB1234', 'ABC1234']) {
          const about = { code, desk, others, names };
          const got = await draw(about);
          judge(got, about, [kind, others + 1 + ' desks', code].join(', '));
          if (size[0] > size[1] && code.length < 7) assert.ok(got.code >= 0.3, [kind, others, code, got.code].join());
        }
      }
    }
    await page.context().close();
  });

  test('the same holds with a long message and pictures at ' + size.join('×'), async () => {
    const { page, draw } = await board({ size, pictures: ['shared/favicon.svg'] });
    // The badge about blocked sound has its place beside them.
    await visible(page, '#muted');
    let places = 0;
    for (const [kind, { desk, names }] of Object.entries(KINDS)) {
      for (const others of [0, 3, 7, 19]) {
        for (const code of ['A12', 'A105', 'AB1234']) {
          const about = { code, desk, others, names, message: MESSAGE };
          const what = [kind, others + 1 + ' desks', code].join(', ');
          const got = await draw(about);
          judge(got, about, what);
          assert.equal(await page.isVisible('#message'), true, what);
          if (got.media) {
            places += 1;
            assert.ok(got.media >= 0.2, what + ': pictures ' + got.media);
          }
          if (size[0] > 1.5 * size[1] && code === 'A12') assert.ok(got.media, what + ': no pictures');
        }
      }
    }
    if (size[0] < 1.5 * size[1]) assert.equal(places, 0);
    await page.context().close();
  });
}

test('Arabic letters, which go far below their line, stay in their places too', async () => {
  const names = ['مكتب التسجيل المدني', 'الشؤون الإدارية والمالية', 'قسم الإحصاء والتوثيق', 'الأرشيف'];
  for (const size of [...SIZES, PORTRAIT]) {
    const { page, draw } = await board({ size, lang: 'ar' });
    for (const desk of names) {
      for (const code of ['A12', 'A105']) {
        for (const others of [0, 3]) {
          const got = await draw({ code, desk, others, names: (i) => names.filter((name) => name !== desk)[i] });
          assert.deepEqual(got.wrong, [], [size, desk, code, others].join(' '));
          assert.ok(got.code >= 0.3 && got.desk >= (size[0] < size[1] ? 0.04 : 0.1), [size, desk, code, others, got.code, got.desk].join(' '));
        }
      }
    }
    await page.context().close();
  }
});

test('on a 16:9 screen a desk\'s name of two words has its 12 % too', async () => {
  for (const size of [[1920, 1080], [1366, 768]]) {
    const { page, draw } = await board({ size });
    const got = await draw({ code: 'A12', desk: 'Información general', others: 7, names: (i) => String(i + 1) });
    assert.deepEqual(got.wrong, []);
    assert.ok(got.desk >= 0.12, size + ': ' + got.desk);
    await page.context().close();
  }
});

// Eight and twenty desks as offices name them, the turns in which they come at most, and where it is under 12 % the
// least height of a desk's name. The numbers are decided, not measured: few turns where the screen is wide; where it is
// upright, or 4:3 with a code of four characters, what the large call leaves. Upright a desk's name may be under 12 % where the others' names need two lines too.
const MIXED = ['Caja', 'Información general', 'Registro', 'Padrón', 'Consulta de enfermería', 'Urbanismo', 'Multas', 'Sala de espera C', 'Atención al ciudadano',
  'Tesorería', 'Obras', 'Mesa 4', 'Consulta 12', 'Rayos X', 'Extracciones', 'Recaudación', 'Archivo', 'Ventanilla 3', 'Cita previa'];
const OFFICES = {
  'consulting rooms with a number': { desk: 'Consulta de enfermería 1', names: (i) => 'Consulta de enfermería ' + (i + 2) },
  'waiting rooms with a letter': { desk: 'Sala de espera A', names: (i) => 'Sala de espera ' + String.fromCharCode(66 + i) },
  'names of all kinds': { desk: 'Ventanilla 3', names: (i) => MIXED[i] },
  'two kinds of rooms': { desk: 'Consulta de enfermería 1', names: (i) => (i % 2 ? 'Sala de espera ' : 'Consulta de enfermería ') + (i + 2) },
  'names of forty letters': { desk: LONG, names: (i) => String.fromCharCode(65 + i) + LONG.slice(1) },
};
const WIDE = { 7: [1, 1, 2, 2, 3], 19: [3, 3, 4, 4, 7] };
const DECIDED = [
  { size: [1920, 1080], codes: ['A12', 'A105'], ...WIDE },
  { size: [1366, 768], codes: ['A12', 'A105'], ...WIDE },
  { size: [1024, 768], codes: ['A12'], 7: [1, 1, 2, 2, 4], 19: [3, 3, 4, 6, 10] },
  { size: [1024, 768], codes: ['A105'], 7: [2, 2, 3, 3, 4], 19: [5, 5, 7, 8, 10] },
  { size: PORTRAIT, codes: ['A12', 'A105'], 7: [7, 7, 5, 7, 7], 19: [19, 19, 14, 19, 19], least: [0.12, 0.12, 0.12, 0.09, 0.06] },
  { size: [390, 844], codes: ['A12', 'A105'], 7: [7, 7, 5, 7, 7], 19: [19, 19, 14, 19, 19], least: [0.115, 0.12, 0.12, 0.06, 0.04] },
];

for (const { size, codes, ...decided } of DECIDED) {
  test('eight and twenty desks with names in words come in no more turns than decided, and legible, at ' + size.join('×') + ' with ' + codes.join(' and '), async () => {
    const { page, draw } = await board({ size });
    // Without the badge about blocked sound.
    await page.mouse.click(5, 5);
    for (const others of [7, 19]) {
      for (const [i, [kind, office]] of Object.entries(OFFICES).entries()) {
        for (const code of codes) {
          const about = { ...office, code, others };
          const what = [kind, others + 1 + ' desks', code].join(', ');
          const got = await draw(about);
          judge(got, about, what);
          assert.ok(got.turns <= decided[others][i], what + ': ' + got.turns + ' turns');
          for (const share of got.names) assert.ok(share >= 0.07, what + ': ' + share);
          assert.ok(got.desk >= (decided.least ? decided.least[i] : 0.12), what + ': desk ' + got.desk);
          assert.ok(got.empty < (size[0] > size[1] ? 0.3 : 0.42), what + ': empty ' + got.empty);
        }
      }
    }
    // Three are always seen at once where the screen is wide.
    if (size[0] > 1.5 * size[1]) for (const office of Object.values(OFFICES)) assert.equal((await draw({ ...office, code: 'A105', others: 3 })).turns, 1);
    await page.context().close();
  });
}

test('at 4:3 and 5:4 the side\'s numbers and names keep their 7 % beside up to twenty desks, in Spanish and English, and no word is broken', async () => {
  const named = (i) => ['Caja', 'Sala', 'Consulta 12', 'Mesa 4', 'Padrón', 'Multas', 'Pagos'][i % 7];
  for (const size of [[1280, 1024], [1024, 768], [800, 600], [1366, 768]]) {
    for (const lang of ['es', 'en']) {
      const { page, draw } = await board({ size, lang });
      for (const others of [2, 5, 8, 19]) {
        for (const [code, names] of [['A3', (i) => String(i + 1)], ['A12', (i) => 'Ventanilla ' + (i + 1)], ['A12', named], ['A105', (i) => String(i + 1)]]) {
          const what = [size, lang, others + 1 + ' desks', code, names(0)].join(' ');
          const got = await draw({ code, desk: '3', others, names });
          assert.deepEqual(got.wrong, [], what);
          assert.deepEqual(got.broken, [], what);
          for (const share of [...got.rows, ...got.names]) assert.ok(share >= 0.07, what + ': ' + share);
          const most = got.tall ? 4 : names === named ? 4.7 : 8;
          assert.ok(got.turns <= Math.ceil(others / most), what + ': ' + got.turns + ' turns');
          if (names === named) continue;
          const head = await page.$$eval('.head', (all) => all.map((el) => el.textContent));
          const inline = await page.$$eval('.row .word:not([hidden])', (all) => all.length);
          assert.ok(head.length ? !inline : inline === got.rows.length, what + ': the word before the number is said');
          const lines = await page.$$eval('.row .name', (all) => all.map((el) => el.getClientRects().length));
          assert.ok(lines.every((n) => n === 1), what);
        }
      }
      await page.context().close();
    }
  }
});
