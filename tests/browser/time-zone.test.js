// Times in the office's time zone: the browser's computer is in another one, whose minutes differ, too.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, text, until, visible } from './support.mjs';

const ZONE = 'Asia/Kathmandu';
let server;
let browser;

before(async () => {
  server = await Server.start();
  await server.call('PUT', 'settings', { timeZone: ZONE, printTickets: true });
  browser = await launch();
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

/** Whether `shown` has the hour and minute in the office, now or a minute ago. */
function hasOfficeTime(shown, lang) {
  const clock = new Intl.DateTimeFormat(lang, { hour: 'numeric', minute: '2-digit', timeZone: ZONE });
  // Browsers differ in which kind of space stands before «PM».
  const plain = (words) => words.replace(/\s/g, ' ');
  return [0, 60000].some((ago) => plain(shown).includes(plain(clock.format(Date.now() - ago))));
}

test('the clock of the public screen shows the office\'s time, as the language writes it', async () => {
  for (const lang of ['es', 'en', 'fr']) {
    const page = await open(browser, server.url + '/public.html', {
      lang,
      before: () => {
        window.shownTimes = [];
        new MutationObserver(() => {
          const clock = document.getElementById('clock');
          if (clock && clock.textContent) window.shownTimes.push(clock.textContent);
        }).observe(document, { childList: true, subtree: true, characterData: true });
      },
    });
    const reader = await page.evaluate(() => navigator.language);
    await until('the clock has the time', async () => hasOfficeTime(await text(page, '#clock'), reader));
    const others = (await page.evaluate(() => window.shownTimes)).filter((shown) => !hasOfficeTime(shown, reader));
    assert.deepEqual(others, [], 'not for a moment another zone\'s');
    await page.context().close();
  }
});

test('a ticket on the browser\'s paper has the office\'s time', async () => {
  const page = await open(browser, server.url + '/new-ticket.html', { before: () => { window.print = () => {}; } });
  await until('it offers tickets', () => page.isEnabled('.service'));
  await page.click('.service');
  await until('the paper has the time', async () => hasOfficeTime(await page.textContent('#printed-time'), 'es'));
  await page.context().close();
});

test('the audit log has the office\'s time', async () => {
  const page = await open(browser, server.url + '/settings-trace.html');
  const time = () => page.textContent('#entries td');
  await until('there are entries', () => page.$('#entries td'));
  const shown = await time();
  // Seconds stand between the minute and what may follow.
  const [hour, minute] = new Intl.DateTimeFormat('es', { hour: 'numeric', minute: '2-digit', timeZone: ZONE }).format(Date.now()).split(':');
  const [, shownHour, shownMinute] = /(\d+):(\d+):\d+/.exec(shown);
  const late = (Number(hour) * 60 + Number(minute)) - (Number(shownHour) * 60 + Number(shownMinute));
  assert.ok((late + 1440) % 1440 <= 2, shown + ' is not within two minutes of ' + hour + ':' + minute);
  await page.context().close();
});

test('on a server that is on UTC, the settings offer the browser\'s zone with one click', async () => {
  const fresh = await Server.start({ env: { TZ: 'UTC' } });
  try {
    const page = await open(browser, fresh.url + '/settings.html');
    await visible(page, '#no-zone');
    await until('the button names the zone', async () => /Europe\/Madrid.*\d:\d\d/.test(await text(page, '#use-zone')));
    await page.click('#use-zone');
    await hidden(page, '#no-zone');
    await shows(page, '#zone-set', 'Hecho: la oficina tiene la hora de Europe/Madrid.');
    assert.equal(await page.inputValue('#timeZone'), 'Europe/Madrid');
    assert.equal((await fresh.call('GET', 'settings')).timeZone, 'Europe/Madrid');
    assert.equal(await page.isVisible('#form .undo'), false, 'nothing is left to save');
    await page.reload();
    await until('the form is filled', async () => await page.inputValue('#timeZone') === 'Europe/Madrid');
    assert.equal(await page.isVisible('#no-zone'), false);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  } finally {
    await fresh.stop();
  }
});
