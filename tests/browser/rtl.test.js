// Right to left: every screen in Arabic, at every size. Nothing is cut, nothing touches or lies on
// another, nothing keeps to the left, and codes are still read from the left. The same is measured in
// Spanish, so that the measurement can be trusted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, Server, launch, later, morning, noShows, open, services, severalServices, shows, stays, take, taken, transfers, until, visible } from './support.mjs';

let server;
let ticket;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await morning(server);
  await later(server);
  await severalServices(server);
  // Turned round it would be another desk: «B 3».
  await server.act('3 B', 'next');
  ticket = await server.ticket();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

// Runs in the page.
function measure() {
  const wrong = [];
  const root = document.documentElement;
  const isSeen = (el) => {
    // One pixel wide is what only a screen reader has.
    if (!el.offsetParent || el.offsetWidth <= 1 || el.closest('.heard')) return false;
    const s = getComputedStyle(el);
    return s.visibility === 'visible' && s.opacity !== '0';
  };
  const called = (el) => el.id || el.className.baseVal || el.className || el.tagName;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim() && isSeen(node.parentElement) && !node.parentElement.closest('option, select')) texts.push(node);
  }
  const rect = (node, from, to) => {
    const range = document.createRange();
    if (from === undefined) range.selectNodeContents(node);
    else { range.setStart(node, from); range.setEnd(node, to); }
    return range.getBoundingClientRect();
  };

  // 1. The page fits, and every text has its place.
  if (root.scrollWidth > root.clientWidth) wrong.push('scrolls sideways by ' + (root.scrollWidth - root.clientWidth));
  for (const el of new Set(texts.map((n) => n.parentElement))) {
    const inline = getComputedStyle(el).display === 'inline';
    if (!inline && el.id !== 'code' && el.scrollWidth > el.clientWidth + 1) wrong.push('cut: ' + called(el));
    const box = rect(el);
    // A table and the list of settings pages may scroll by themselves.
    if (!el.closest('.table, .sections') && (box.left < -1 || box.right > root.clientWidth + 1)) wrong.push('leaves the page: ' + called(el));
  }

  // 2. Who stands beside another in a row does not touch it.
  const filled = (el) => {
    const s = getComputedStyle(el);
    return /^(svg|img|input|select|button|kbd)$/i.test(el.tagName) || s.borderLeftStyle !== 'none' && parseFloat(s.borderLeftWidth) > 0 || s.backgroundColor !== 'rgba(0, 0, 0, 0)';
  };
  // A line's box is higher than its letters, which stand in its middle.
  const letters = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const air = Math.max(0, range.getClientRects()[0].height - 0.74 * parseFloat(getComputedStyle(node.parentElement).fontSize)) / 2;
    return { left: box.left, right: box.right, top: box.top + air, bottom: box.bottom - air };
  };
  const ink = (el) => {
    if (filled(el)) return el.getBoundingClientRect();
    const own = [];
    for (const node of texts) if (el.contains(node)) own.push(letters(node));
    for (const inner of el.querySelectorAll('*')) if (isSeen(inner) && filled(inner)) own.push(inner.getBoundingClientRect());
    if (!own.length) return null;
    const all = { left: Math.min(...own.map((b) => b.left)), right: Math.max(...own.map((b) => b.right)), top: Math.min(...own.map((b) => b.top)), bottom: Math.max(...own.map((b) => b.bottom)) };
    // Content that has scrolled away is not visible.
    const clip = getComputedStyle(el).overflowY === 'visible' ? all : el.getBoundingClientRect();
    return { left: all.left, right: all.right, top: Math.max(all.top, clip.top), bottom: Math.min(all.bottom, clip.bottom) };
  };
  let rows = 0;
  for (const box of document.body.querySelectorAll('*')) {
    if (!/flex|grid/.test(getComputedStyle(box).display) || !isSeen(box)) continue;
    const items = Array.from(box.children).filter((el) => el.offsetParent || el instanceof SVGElement).filter((el) => !/absolute|fixed/.test(getComputedStyle(el).position));
    const inks = items.map(ink);
    for (let i = 0; i < items.length; i++) {
      for (let j = i + 1; j < items.length; j++) {
        const [a, b] = [inks[i], inks[j]];
        if (!a || !b) continue;
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const low = 0.5 * Math.min(a.bottom - a.top, b.bottom - b.top);
        if (high > low) {
          rows += 1;
          if (wide > -3) wrong.push(called(items[i]) + ' and ' + called(items[j]) + ' of ' + called(box) + ' are ' + Math.round(-wide) + ' px apart');
        } else if (wide > 1 && high > Math.max(6, 0.4 * Math.min(a.bottom - a.top, b.bottom - b.top))) {
          wrong.push(called(items[i]) + ' lies on ' + called(items[j]));
        }
      }
    }
  }

  // 3. Texts begin where the language begins, also names in another script.
  const far = root.dir === 'rtl' ? 'left' : 'right';
  for (const node of texts) {
    let el = node.parentElement;
    while (getComputedStyle(el).display === 'inline') el = el.parentElement;
    const s = getComputedStyle(el);
    const side = s.textAlign === 'start' ? (s.direction === 'rtl' ? 'right' : 'left') : s.textAlign;
    const hasRoom = el.clientWidth - rect(el).width > 8;
    if (side === far && hasRoom && el.id !== 'clock' && !el.querySelector('#clock') && !/^(code|output)$/i.test(el.tagName)) wrong.push('keeps to the ' + far + ': ' + called(el) + ' ' + node.data);
  }

  // 4. Codes and desks read from the left: A12, 3 B.
  let codes = 0;
  for (const node of texts) {
    for (const found of node.data.matchAll(/[A-Z]\d+|\d+ [A-Z]/g)) {
      codes += 1;
      const first = rect(node, found.index, found.index + 1);
      const last = rect(node, found.index + found[0].length - 1, found.index + found[0].length);
      // If a line breaks between the two, their order cannot be seen.
      if (first.left >= last.left && last.top - first.top < first.height / 2) wrong.push('turned round: ' + found[0] + ' in ' + node.data);
    }
  }
  return { wrong: Array.from(new Set(wrong)), rows, codes, texts: texts.length, dir: root.dir };
}

const SCREENS = {
  start: { path: '/', ready: (page) => visible(page, '#desks a'), codes: 5 },
  'new-ticket': { path: '/new-ticket.html', ready: (page) => visible(page, '.service'), codes: 0 },
  'a ticket just given': {
    path: '/new-ticket.html',
    before: stays,
    ready: async (page) => {
      await take(page);
      await page.waitForSelector('#done:enabled');
    },
    codes: 1,
  },
  'the page of a ticket': { get path() { return '/t/' + ticket.id; }, ready: (page) => page.waitForSelector('[data-kind="waiting"]'), codes: 1 },
  public: { path: '/public.html', ready: (page) => shows(page, '#code', /^[AB]/), codes: 2 },
  desk: { path: '/desk.html?desk=3%20B', ready: (page) => visible(page, '#queue li'), codes: 8 },
  'desk with people put on hold and no-shows': { path: '/desk.html?desk=3', ready: noShows, codes: 8 },
  'desk that transfers': { path: '/desk.html?desk=3', ready: transfers, codes: 8 },
  'desk that chooses its services': { path: '/desk.html?desk=3', ready: services, codes: 8 },
  'desk that another screen has taken over': { path: '/desk.html?desk=3', ready: taken, codes: 1 },
  signin: { path: '/signin.html', ready: (page) => visible(page, '#pin'), codes: 0 },
};
// A page of settings is whole when it has heard from the server.
for (const part of ['', '-services', '-desks', '-next', '-look', '-sound', '-printing', '-access', '-data', '-trace']) {
  SCREENS['settings' + part] = { path: '/settings' + part + '.html', ready: async (page) => {
    await until('its content', () => page.evaluate(() => document.querySelector('#rows li, #tokens li, #entries tr, #priorities li, #version:not(:empty), #form .button--main:enabled, #staff-pin')));
  }, codes: 0 };
}

for (const [name, screen] of Object.entries(SCREENS)) {
  for (const [lang, dir] of [['ar', 'rtl'], ['es', 'ltr']]) {
    test(name + ' is whole ' + (dir === 'rtl' ? 'from right to left' : 'from left to right'), async () => {
      const where = server.url + screen.path + (screen.path.includes('?') ? '&' : '?') + 'lang=' + lang;
      const page = await open(browser, where, { size: SIZES[0], before: screen.before });
      await screen.ready(page);
      await page.waitForSelector('html[lang="' + lang + '"]');
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const got = await page.evaluate(measure);
        assert.equal(got.dir, dir);
        assert.deepEqual(got.wrong, [], width + '×' + height);
        assert.ok(got.codes >= screen.codes && got.texts >= 4, 'measured something: ' + JSON.stringify(got));
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}
