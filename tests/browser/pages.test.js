// The files of the pages: the strict Content-Security-Policy has nothing to forbid.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, launch, open, pageFiles, readPage } from './support.mjs';

const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

test('pages hold no inline script, style or handler, and only relative addresses', () => {
  for (const file of pageFiles('.html')) {
    const source = readPage(file);
    assert.doesNotMatch(source, /<style|\sstyle=|\son[a-z]+=/, file);
    assert.doesNotMatch(source, /<script(?![^>]*\ssrc=)/, file);
    for (const url of all(source, /\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^(?!\/|[a-z]+:)/, file + ' ' + url);
    // The reference is for programmers, in English only.
    assert.match(source, file === 'api.html' ? /<html lang="en">/ : /<html lang="es"[ >]/, file);
  }
  for (const file of pageFiles('.js')) {
    assert.doesNotMatch(readPage(file), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
    assert.doesNotMatch(readPage(file), /['"`]\/(api|ws|lang)/, file);
  }
});

// Chromium's bubble would cover the page, and its menu leads out of a kiosk.
test('no browser offers to translate the kiosk and the public screen', () => {
  for (const file of ['new-ticket.html', 'public.html']) assert.match(readPage(file), /<meta name="google" content="notranslate">/, file);
});

test('no button can be pressed before the script is there that it needs', async () => {
  const server = await Server.start();
  const browser = await launch();
  try {
    const page = await open(browser, server.url + '/not-found.html');
    await page.route('**/*.js', (route) => route.abort());
    for (const file of pageFiles('.html')) {
      await page.goto(server.url + '/' + file);
      const ready = await page.evaluate(() => {
        document.querySelectorAll('details').forEach((el) => { el.open = true; });
        const shown = (el) => el.getClientRects().length && getComputedStyle(el).visibility !== 'hidden';
        return Array.from(document.querySelectorAll('button:enabled')).filter(shown).map((el) => el.id || el.textContent);
      });
      assert.deepEqual(ready, [], file);
    }
    // With the script they can be.
    await page.unroute('**/*.js');
    for (const [file, button] of [['settings', '#start-day'], ['settings-sound', '#test'], ['settings-trace', '#erase'], ['statistics', '#print'], ['new-ticket', '#access']]) {
      await page.goto(server.url + '/' + file + '.html');
      await page.waitForSelector(button + ':enabled', { state: 'attached' });
    }
  } finally {
    await browser.close();
    await server.stop();
  }
});
