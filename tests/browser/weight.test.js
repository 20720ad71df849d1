// Little to load: what a screen needs, all from its own host; and nothing of it scrolls sideways or is cut.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FIRST_SIGHT, LANGUAGES, MOST_WIRE_BYTES, SIZES, fullOffice, launch, noShows, open, transfers, wireBytes } from './support.mjs';

let server;
let browser;
let ticket;

before(async () => {
  server = await fullOffice();
  browser = await launch();
  ticket = await server.ticket();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

const SCREENS = {
  'desk with people put on hold and no-shows': { path: '/desk.html?desk=3', ready: noShows },
  'desk that transfers': { path: '/desk.html?desk=3', ready: transfers },
  ...FIRST_SIGHT,
};

// A desk misses the aim of 45 kB with its panels, which it loads at once.
const MOST_OF_DESK = 51500;
// The kiosk misses it in Arabic by its accessible mode.
const MOST_OF_KIOSK = 45500;

for (const [name, screen] of Object.entries(SCREENS)) {
  const most = name.startsWith('desk') ? MOST_OF_DESK : name === 'new-ticket' ? MOST_OF_KIOSK : MOST_WIRE_BYTES;
  test(name + ' loads at most ' + most / 1000 + ' kB, all from its own host, and does not scroll sideways', async () => {
    for (const lang of LANGUAGES) {
      const page = await open(browser, server.url + screen.path.replace('/t/ID', '/t/' + ticket.id), { lang });
      await screen.ready(page);
      const bytes = await wireBytes(page);
      assert.ok(bytes <= most, lang + ': ' + bytes + ' bytes');
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        // Two frames: one to hear of it, one to draw it.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, lang + ' ' + width + ': ' + over + ' px too wide');
        const cut = await page.evaluate(() => Array.from(document.querySelectorAll('button, a, h1, h2, h3, p, b, label, legend, li span'))
          .filter((el) => el.offsetParent && el.offsetWidth > 1 && !el.classList.contains('heard') && el.id !== 'code-box' && el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline')
          .map((el) => el.id || el.className || el.textContent));
        assert.deepEqual(cut, [], lang + ' ' + width);
      }
      assert.deepEqual(page.problems, []);
      await page.context().close();
    }
  });
}
