// The office's colour and logo: with every accent that the server accepts, all text with it or on it
// can be read, in both themes; and the next load begins in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { ROOT, SIZES, Server, launch, morning, open, script, until, visible } from './support.mjs';

const { PROPERTIES, contrast, coloursOf } = await script('shared/appearance.js');
const tokens = readFileSync(path.join(ROOT, 'html/shared/tokens.css'), 'utf8');
const [light, dark] = tokens.split(':root[data-theme="dark"]').map((block) =>
  Object.fromEntries([...block.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]])));

// The server accepts 7:1 with black or with white.
const isTaken = (colour) => Math.max(contrast(colour, '#ffffff'), contrast(colour, '#000000')) >= 7;

function colours() {
  const found = [];
  for (let r = 0; r <= 255; r += 17) {
    for (let g = 0; g <= 255; g += 17) {
      for (let b = 0; b <= 255; b += 17) found.push('#' + [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join(''));
    }
  }
  return found.filter(isTaken);
}

test('contrast is measured as WCAG measures it', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#777777'), 1);
  assert.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.01);
});

test('every accent that the server takes gives colours that can be read, in both themes', () => {
  const all = colours();
  assert.ok(all.length > 1500, String(all.length));
  for (const accent of all) {
    const look = coloursOf(accent);
    for (const [theme, base] of [['light', light], ['dark', dark]]) {
      const c = look[theme];
      assert.deepEqual(Object.keys(c).sort(), PROPERTIES.slice().sort());
      const least = (a, b, ratio) => assert.ok(contrast(a, b) >= ratio, accent + ' ' + theme + ': ' + a + ' on ' + b + ' is ' + contrast(a, b));
      for (const ground of [base['--page'], base['--surface'], base['--sunken'], c['--accent-tint']]) {
        least(c['--accent-ink'], ground, 7);
        least(base['--ink'], ground, 7);
        least(base['--ink-soft'], ground, 4.5);
      }
      for (const ground of [base['--page'], base['--surface']]) least(c['--accent-edge'], ground, 3);
      least(c['--on-accent'], c['--accent'], 7);
      least(c['--on-accent-soft'], c['--accent'], 7);
      least(c['--on-accent'], c['--accent-strong'], 7);
    }
    assert.equal(look.light['--accent'], accent, 'by day the office\'s colour is untouched');
  }
});

test('our own colours meet the same contrasts, and appearance.js knows the same pages', () => {
  for (const base of [light, dark]) {
    for (const ground of ['--page', '--surface', '--sunken', '--accent-tint']) {
      assert.ok(contrast(base['--accent-ink'], base[ground]) >= (ground === '--accent-tint' ? 4.5 : 7), ground);
      assert.ok(contrast(base['--ink'], base[ground]) >= 7, ground);
    }
    assert.ok(contrast(base['--on-accent'], base['--accent']) >= 7);
    assert.ok(contrast(base['--on-accent-soft'], base['--accent']) >= 7);
  }
  const source = readFileSync(path.join(ROOT, 'html/shared/appearance.js'), 'utf8');
  for (const [theme, base] of [['light', light], ['dark', dark]]) {
    const line = new RegExp(theme + ': \\{ page: \'(.*)\', surface: \'(.*)\', sunken: \'(.*)\', ink: \'(.*)\', soft: \'(.*)\' \\}').exec(source);
    assert.deepEqual(line.slice(1), ['--page', '--surface', '--sunken', '--ink', '--ink-soft'].map((name) => base[name]), theme);
  }
});

let server;
let ticket;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await morning(server);
  ticket = await server.ticket();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const svg = (width, height) => 'data:image/svg+xml,' + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="' + width + '" height="' + height + '"><rect width="100%" height="100%" fill="#7a1f5c"/></svg>');

const SCREENS = { start: '/', 'new-ticket': '/new-ticket.html', public: '/public.html', desk: '/desk.html?desk=3', get ticket() { return '/t/' + ticket.id; } };
const property = (page, name) => page.evaluate((n) => document.documentElement.style.getPropertyValue(n), name);

for (const accent of ['#7a1f5c', '#ffd400', '#ffffff', '#000000']) {
  test('every screen takes the office\'s ' + accent + ' at once, and axe finds nothing in it', async () => {
    await server.call('PUT', 'settings', { accent });
    for (const [name, where] of Object.entries(SCREENS)) {
      const page = await open(browser, server.url + where);
      const only = name === 'public' ? 'color-contrast-enhanced' : 'color-contrast';
      for (const theme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: theme });
        await until(name + ' in ' + accent, async () => (await property(page, '--accent')) === coloursOf(accent)[theme]['--accent']);
        assert.deepEqual(await findings(page, only), [], name + ' ' + theme);
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
  });
}

test('the next load begins in the office\'s colour, and a colour that is removed is gone', async () => {
  await server.call('PUT', 'settings', { accent: '#7a1f5c' });
  const page = await open(browser, server.url + '/public.html');
  await until('its colour', async () => (await property(page, '--accent')) === '#7a1f5c');
  // No script but theme.js, so nobody can have heard of the office yet.
  await page.route(/\.js$/, (route) => (route.request().url().endsWith('/theme.js') ? route.continue() : route.abort()));
  await page.reload();
  assert.equal(await property(page, '--accent'), '#7a1f5c');
  await page.unroute(/\.js$/);
  await page.reload();
  await page.emulateMedia({ colorScheme: 'dark' });
  await until('the dark one', async () => (await property(page, '--accent')) === coloursOf('#7a1f5c').dark['--accent']);
  await server.call('PUT', 'settings', { accent: null });
  await until('no colour of its own', async () => (await property(page, '--accent')) === '');
  await page.reload();
  assert.equal(await property(page, '--accent'), '');
  await page.context().close();
});

for (const [kind, width, height] of [['a word', 400, 100], ['a sign', 100, 100], ['upright', 50, 400]]) {
  test('a logo that is ' + kind + ' is shown on every screen and moves nothing out of its place', async () => {
    await server.call('PUT', 'settings', { logo: svg(width, height), name: 'Ayuntamiento' });
    for (const [name, where] of Object.entries(SCREENS)) {
      const page = await open(browser, server.url + where);
      await until('the name', () => page.evaluate(() => document.getElementById('office').textContent === 'Ayuntamiento'));
      await visible(page, '#office img');
      for (const [w, h] of SIZES) {
        await page.setViewportSize({ width: w, height: h });
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const isWord = width > 2 * height;
        const seen = await page.$eval('#office', (el) => {
          const img = el.querySelector('img');
          const box = img.getBoundingClientRect();
          const top = document.querySelector('.top').getBoundingClientRect();
          return { there: Boolean(el.offsetParent), alt: img.alt, height: box.height, inside: box.top >= top.top && box.bottom <= top.bottom + 1 && box.right <= window.innerWidth, name: el.querySelector('span').offsetParent !== null, over: document.documentElement.scrollWidth - document.documentElement.clientWidth };
        });
        // A desk on a phone has no room for the office.
        assert.ok(seen.there || (name === 'desk' && w < 800), name + ' ' + w);
        if (!seen.there) continue;
        assert.deepEqual([seen.alt, seen.name, seen.inside], [isWord ? 'Ayuntamiento' : '', !isWord, true], name + ' ' + w);
        assert.ok(seen.height >= 12 && seen.height <= 0.1 * h && seen.over <= 0, name + ' ' + w + JSON.stringify(seen));
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
    await server.call('PUT', 'settings', { logo: null, name: 'Turnero' });
  });
}
