// Desks, the kiosk and the start page at each size: buttons are large enough, no word is broken, nothing
// overlaps; and without scripts the page says so.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LANGUAGES, LONG, SIZES, Server, brokenWords, fullOffice, launch, open, shows, take, until, visible } from './support.mjs';

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

test('«Call next» stays the largest button of a desk, and on a computer all that can be done is seen without scrolling', async () => {
  const page = await open(browser, server.url + '/desk.html?desk=3');
  await visible(page, '#held li');
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    const areas = await page.$$eval('button', (all) => all.filter((b) => b.offsetParent)
      .map((b) => [b.id, b.offsetWidth * b.offsetHeight, b.getBoundingClientRect().bottom]));
    const [first, second] = areas.sort((a, b) => b[1] - a[1]);
    assert.equal(first[0], 'next', String(width));
    assert.ok(first[1] > 1.3 * second[1], width + ': ' + first + ' ' + second);
    // The list's own controls are beside the list.
    const ofLists = width < 1000 ? ['missed-fold', 'find'] : ['missed-fold'];
    for (const [id, , bottom] of areas.filter((x) => x[0] && ofLists.indexOf(x[0]) < 0)) assert.ok(bottom <= height, width + ': ' + id + ' ' + bottom);
    if (width < 1000) continue;
    const held = await page.$eval('#held li', (el) => el.getBoundingClientRect().bottom);
    assert.ok(held <= height, width + ': the first put on hold ends at ' + held);
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
    await take(page);
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

test('neither a desk\'s name nor the office\'s is broken in a word at the top of a desk', async () => {
  const other = await Server.start();
  await other.call('PUT', 'settings', { name: 'Ayuntamiento de La Rosaleda' });
  await other.call('PUT', 'services/B', { name: 'Caja' });
  for (const name of ['3', LONG]) {
    const page = await open(browser, other.url + '/desk.html?desk=' + encodeURIComponent(name));
    await shows(page, '#office', 'Ayuntamiento de La Rosaleda');
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      assert.deepEqual(await brokenWords(page, '#desk-name, #office'), [], name + ' ' + width);
    }
    await page.context().close();
  }
  await other.stop();
});

test('no word of the start page\'s desks is broken, in any language', async () => {
  const other = await Server.start();
  for (const name of ['1', '12', 'Caja 1', 'Consulta de enfermería']) await other.desk(name);
  for (const lang of LANGUAGES) {
    const page = await open(browser, other.url + '/', { lang });
    await visible(page, '#desks a');
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      assert.deepEqual(await brokenWords(page, '#desks b, #desks small'), [], lang + ' ' + width);
    }
    await page.context().close();
  }
  await other.stop();
});

test('a panel of a desk covers nothing of the ticket that it serves', async () => {
  const other = await Server.start();
  await other.call('PUT', 'services/A', { name: 'Padrón municipal y certificados de empadronamiento' });
  for (const prefix of 'BCDEF') await other.call('PUT', 'services/' + prefix, { name: 'Registro de entrada de documentos ' + prefix });
  await other.tickets(2);
  await other.act('3', 'next');
  const page = await open(browser, other.url + '/desk.html?desk=3');
  await until('the desk is live', () => page.isEnabled('#transfer'));
  const inSight = () => page.$$eval('.panel-end button', (all) => all.filter((b) => {
    const at = b.getBoundingClientRect();
    const panel = b.closest('.panel').getBoundingClientRect();
    return b.offsetParent && at.bottom > Math.min(panel.bottom, innerHeight) + 1;
  }).map((b) => b.textContent));
  await page.click('#choose-services');
  await page.check('#services-some');
  for (const [width, height] of SIZES.filter((size) => size[0] > 1000)) {
    await page.setViewportSize({ width, height });
    assert.deepEqual(await inSight(), [], width + '×' + height + ': the services\' buttons');
    assert.ok(await page.evaluate(() => document.getElementById('code').getBoundingClientRect().bottom <= document.querySelector('.panel:not([hidden])').getBoundingClientRect().top + 1), 'the number is seen');
  }
  await page.keyboard.press('Escape');
  await page.click('#transfer');
  for (const [width, height] of [...SIZES, [1024, 700]]) {
    await page.setViewportSize({ width, height });
    const lies = await page.evaluate(() => {
      const panel = document.getElementById('panel').getBoundingClientRect();
      const card = document.getElementById('serving').getBoundingClientRect();
      return ['code', 'fact', 'timer'].filter((id) => {
        const box = document.getElementById(id).getBoundingClientRect();
        return box.bottom > panel.top + 1 || box.top < card.top;
      });
    });
    assert.deepEqual(lies, [], width + '×' + height);
  }
  await page.context().close();
  await other.stop();
});

test('the office\'s name does not touch the languages on the start page', async () => {
  const other = await Server.start();
  await other.call('PUT', 'settings', { name: 'Ayuntamiento de La Rosaleda' });
  for (const lang of ['es', 'ar']) {
    const page = await open(browser, other.url + '/', { lang });
    await shows(page, '#office', 'Ayuntamiento de La Rosaleda');
    for (const [width, height] of [...SIZES, [1100, 768], [900, 700]]) {
      await page.setViewportSize({ width, height });
      const gap = await page.evaluate(() => {
        const ink = (el) => {
          const range = document.createRange();
          range.selectNodeContents(el);
          return range.getBoundingClientRect();
        };
        const [name, first] = [document.getElementById('office'), document.querySelector('.languages a')].map(ink);
        return name.bottom <= first.top ? 99 : Math.max(first.left - name.right, name.left - first.right);
      });
      assert.ok(gap >= 15, lang + ' ' + width + ': ' + gap);
    }
    await page.context().close();
  }
  await other.stop();
});

test('who has no scripts, or a browser without modules, is told so on each screen, and nobody else is', async () => {
  const old = () => { delete HTMLScriptElement.prototype.noModule; };
  const without = await browser.newContext({ javaScriptEnabled: false });
  const unable = await browser.newContext();
  await unable.addInitScript(old);
  const able = await browser.newContext();
  for (const path of ['/', '/new-ticket.html', '/public.html', '/desk.html?desk=3', '/t/' + ticket.id, '/signin.html', '/settings.html', '/settings-trace.html']) {
    for (const [context, told] of [[without, true], [unable, true], [able, false]]) {
      const page = await context.newPage();
      await page.goto(server.url + path);
      assert.equal(await page.isVisible('.old'), told, path);
      if (told) assert.match(await page.innerText('.old'), /JavaScript.*\. This screen needs JavaScript/, path);
      await page.close();
    }
  }
  for (const context of [without, unable, able]) await context.close();
});
