// Every page of the settings, opened and unfolded: findings of axe, cut texts, bytes on the wire.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { LANGUAGES, MOST_WIRE_BYTES, SIZES, Server, brokenWords, launch, open, textsOf, until, visible, wireBytes } from './support.mjs';

const PAGES = ['statistics', 'settings', 'settings-look', 'settings-sound', 'settings-printing', 'settings-services', 'settings-desks', 'settings-next',
  'settings-access', 'settings-webhooks', 'settings-trace', 'settings-data'];
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let server;
let browser;

before(async () => {
  browser = await launch();
  server = await Server.start();
  await furnish();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

async function furnish() {
  await server.call('PUT', 'services/B', { name: 'Análisis de sangre', names: { en: 'Blood tests' }, last: 1, digits: 3 });
  await server.call('PUT', 'services/C', { name: 'Recetas', open: false, message: 'Vuelve a las 16:00' });
  for (let i = 0; i < 3; i++) await server.call('POST', 'tickets', { service: 'B' });
  for (const action of ['next', 'finish']) await server.act('3', action);
  await server.call('PUT', 'desks/Caja', { services: ['C', 'B'] });
  await server.desk('3');
  await server.call('POST', 'tokens', { name: 'Agenda', role: 'staff' });
  await server.call('PUT', 'settings', {
    name: 'Centro de Salud Norte', languages: ['es', 'en'], accent: '#7a1f5c', message: 'El viernes cerramos',
    logo: 'data:image/png;base64,' + PICTURE,
    priorities: [{ name: 'normal' }, { name: 'urgente', weight: 5, names: { en: 'Urgent' } }],
  });
}

/** Each page as it opens, and with what it unfolds. */
async function unfolded(page, name) {
  await until('its content', () => page.evaluate(() => {
    const filled = document.querySelector('#rows li, #tokens li, #entries tr, #by-service tbody tr, #priorities li, #types label, #version:not(:empty)');
    const form = document.querySelector('#form .button--main');
    return filled || (form && !form.disabled);
  }));
  if (name === 'settings-services' || name === 'settings-desks') {
    await page.click('#rows li:nth-child(2) .change');
    await visible(page, '#form');
  }
  if (name === 'settings-next') await page.click('#priorities li:nth-child(2) summary');
}

const at = (name, lang) => open(browser, server.url + '/' + name + '.html?lang=' + lang, { lang });

for (const lang of LANGUAGES) {
  test('axe finds nothing on any page, by day and by night, ' + lang, async () => {
    for (const name of PAGES) {
      const page = await at(name, lang);
      const judge = async (what) => {
        for (const theme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme: theme });
          await page.waitForSelector('html[data-theme="' + theme + '"]');
          assert.deepEqual(await findings(page), [], [name, what, theme].join(' '));
        }
      };
      if (/services|desks/.test(name)) {
        await visible(page, '#rows li');
        await judge('as it opens');
      }
      await unfolded(page, name);
      if (name === 'settings') {
        await page.fill('#name', '');
        await page.click('#form .button--main');
        await visible(page, '.wrong');
      }
      await judge('unfolded');
      await page.context().close();
    }
  });
}

test('on a phone no word of a list is broken, and who did what is read without scrolling sideways', async () => {
  for (const lang of LANGUAGES) {
    for (const name of ['settings-services', 'settings-desks', 'settings-trace', 'settings-data']) {
      const page = await at(name, lang);
      await visible(page, '#rows li, #entries tr, #uptime:not(:empty)');
      await page.setViewportSize({ width: 390, height: 844 });
      const wrong = await brokenWords(page, '.code, .name, .facts, .card dt, .card dd');
      const cut = await page.evaluate(() => Array.from(document.querySelectorAll('.table')).filter((el) => el.scrollWidth > el.clientWidth).length);
      assert.equal(cut, 0, lang + ' ' + name + ': the table is cut');
      assert.deepEqual(wrong, [], lang + ' ' + name);
      await page.context().close();
    }
  }
});

test('a file is chosen with a button in the reader\'s language, by the keyboard too', async () => {
  for (const lang of LANGUAGES) {
    for (const name of ['settings-look', 'settings-data']) {
      const page = await at(name, lang);
      await unfolded(page, name);
      assert.equal(await page.textContent('.choose'), textsOf(lang)['settings.file'], lang);
      const browsers = await page.$$eval('input[type="file"]', (all) => all.filter((el) => el.offsetWidth > 1).length);
      assert.equal(browsers, 0, 'the browser\'s own button is not seen');
      await page.focus('#file');
      assert.notEqual(await page.$eval('.choose', (el) => getComputedStyle(el).outlineStyle), 'none', 'the focus is seen');
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('.choose')]);
      assert.equal(chooser.isMultiple(), false);
      await page.context().close();
    }
  }
});

test('on a phone the way back does not touch the office\'s name', async () => {
  await server.call('PUT', 'settings', { name: 'Ayuntamiento de San Sebastián de los Reyes' });
  for (const lang of LANGUAGES) {
    const page = await at('settings', lang);
    await page.setViewportSize({ width: 390, height: 844 });
    await until('the name is there', async () => /Reyes/.test(await page.textContent('#office')));
    const gap = await page.evaluate(() => {
      const [name, home] = ['#office', '.home'].map((which) => document.querySelector(which).getBoundingClientRect());
      return Math.max(home.left - name.right, name.left - home.right);
    });
    assert.ok(gap >= 12, lang + ': ' + gap);
    await page.context().close();
  }
});

test('a server that no other device reaches says so in place of its own address', async () => {
  const page = await at('settings-data', 'es');
  await visible(page, '#no-address');
  assert.equal(await page.textContent('#address'), '–');
  assert.equal(await page.isVisible('#reachable'), false);
  await page.context().close();
});

test('the statistics are read without scrolling sideways, each number with its name', async () => {
  for (const lang of LANGUAGES) {
    const page = await at('statistics', lang);
    for (const section of ['#by-service', '#by-desk']) await page.click(section + ' > button');
    await visible(page, '#by-desk td');
    for (const [width, height] of SIZES.concat([[320, 700], [820, 1180]])) {
      await page.setViewportSize({ width, height });
      const cut = await page.$$eval('.figures, .figures td, .figures tbody th, .tiles div', (all) => all.filter((el) => el.scrollWidth > el.clientWidth + 1).map((el) => el.textContent));
      assert.deepEqual(cut, [], lang + ' ' + width);
    }
    const [heads, names] = await page.evaluate(() => [
      Array.from(document.querySelectorAll('#by-service thead th:not(:first-child)')).map((el) => el.textContent),
      Array.from(document.querySelectorAll('#by-service tbody tr:first-child td')).map((el) => getComputedStyle(el, '::before').content.slice(1, -1)),
    ]);
    assert.deepEqual(names, heads, lang);
    await page.context().close();
  }
});

for (const lang of LANGUAGES) {
  test('nothing is cut, nothing scrolls sideways, and each page loads at most 45 kB, ' + lang, async () => {
    for (const name of PAGES) {
      const page = await at(name, lang);
      await unfolded(page, name);
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        const wide = await page.evaluate(() => {
          const { clientWidth, scrollWidth } = document.documentElement;
          const cut = Array.from(document.querySelectorAll('button, a, h1, h2, h3, label, legend, .what'))
            .filter((el) => el.offsetParent && el.offsetWidth > 1 && el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline');
          return (scrollWidth > clientWidth ? ['the page is ' + scrollWidth + ' wide'] : []).concat(cut.map((el) => el.textContent));
        });
        assert.deepEqual(wide, [], [name, width].join(' '));
      }
      const bytes = await wireBytes(page);
      // Arabic and French texts are the longest in bytes.
      const longest = /ar|fr/.test(lang) && name === 'settings-desks' ? 46000 : MOST_WIRE_BYTES;
      // People, PINs and keys of programs are on one page.
      const most = name === 'settings-access' ? 47000 : longest;
      assert.ok(bytes <= most, [name, bytes].join(' '));
      await page.context().close();
    }
  });
}

test('on a phone each page begins with its content, and the link of the page is in sight', async () => {
  for (const lang of ['es', 'ar']) {
    for (const name of PAGES) {
      const page = await at(name, lang);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.reload();
      await visible(page, '.sections a');
      const { top, left, right } = await page.evaluate(() => {
        const link = document.querySelector('.sections [aria-current]').getBoundingClientRect();
        return { top: document.querySelector('h2').getBoundingClientRect().top, left: link.left, right: link.right };
      });
      assert.ok(top < 200, name + ': its title is at ' + top);
      assert.ok(left >= 0 && right <= 390, name + ': its link is at ' + [left, right]);
      await page.context().close();
    }
  }
});

test('no ring around what has the focus is cut', async () => {
  for (const name of PAGES.concat('desk')) {
    const page = name === 'desk' ? await open(browser, server.url + '/desk.html?desk=3') : await at(name, 'es');
    if (name === 'desk') await visible(page, '#queue li');
    else await unfolded(page, name);
    const cut = await page.evaluate(() => {
      const RING = 6;
      const found = [];
      for (const el of document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex="0"]')) {
        if (el.disabled || !el.offsetParent) continue;
        el.focus();
        if (document.activeElement !== el) continue;
        const at = el.getBoundingClientRect();
        for (let box = el.parentElement; box && box !== document.body; box = box.parentElement) {
          if (getComputedStyle(box).overflowX === 'visible' && getComputedStyle(box).overflowY === 'visible') continue;
          const edge = box.getBoundingClientRect();
          const room = Math.min(at.left - edge.left, edge.right - at.right, at.top - edge.top, edge.bottom - at.bottom);
          // Half a ring is seen; none is not.
          if (room < RING / 2) found.push((el.id || el.className || el.textContent) + ' in ' + (box.id || box.className) + ': ' + room);
        }
      }
      return found;
    });
    assert.deepEqual(cut, [], name);
    await page.context().close();
  }
});
