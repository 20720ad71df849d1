// The office's own pictures and videos beside the calls: shown one after the other, passed over where they
// are broken, and never in the way of a call.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, until, visible } from './support.mjs';

const FAST = 5;
let folder;
let server;
let browser;

// Recorded by the browser itself: what it can record it can play.
async function recordVideo(page) {
  const bytes = await page.evaluate(() => new Promise((done) => {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const pen = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: 'video/webm' });
    const chunks = [];
    let n = 0;
    const drawing = setInterval(() => { pen.fillStyle = 'hsl(' + n++ * 20 + ',70%,40%)'; pen.fillRect(0, 0, 320, 180); }, 50);
    recorder.ondataavailable = (e) => chunks.push(e.data);
    recorder.onstop = async () => {
      clearInterval(drawing);
      done(Array.from(new Uint8Array(await new Blob(chunks).arrayBuffer())));
    };
    recorder.start();
    setTimeout(() => recorder.stop(), 2000);
  }));
  return Buffer.from(bytes);
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'turnero-media-'));
  browser = await launch();
  const page = await browser.newPage();
  writeFileSync(path.join(folder, '1 plano ñ.png'), await page.screenshot());
  writeFileSync(path.join(folder, '2.jpg'), 'no picture at all');
  writeFileSync(path.join(folder, '3.mp4'), 'no video at all');
  writeFileSync(path.join(folder, '10.webm'), await recordVideo(page));
  await page.close();
  server = await Server.start({ flags: ['--media', folder] });
  await server.tickets(6);
  for (const desk of ['1', '2', '3']) await server.act(desk, 'next');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
  if (folder) rmSync(folder, { recursive: true });
});

/** A public screen whose timers run five times as fast, and that notes what it shows. */
function watch(size) {
  return open(browser, server.url + '/public.html', {
    size,
    before: `
      const later = window.setTimeout.bind(window);
      window.setTimeout = (f, ms) => later(f, (ms || 0) / ${FAST});
      window.shown = [];
      document.addEventListener('DOMContentLoaded', () => {
        const picture = document.getElementById('picture');
        const video = document.getElementById('video');
        const note = (what) => { if (window.shown[window.shown.length - 1] !== what) window.shown.push(what); };
        new MutationObserver(() => { if (!picture.hidden) note('picture ' + decodeURIComponent(picture.getAttribute('src'))); })
          .observe(picture, { attributes: true });
        video.addEventListener('playing', () => note((video.muted ? 'silent ' : 'loud ') + decodeURIComponent(video.getAttribute('src'))));
        video.addEventListener('ended', () => note('ended'));
      });`,
  });
}

test('pictures and videos come one after the other, silent and in full; broken ones are passed over', async () => {
  const page = await watch([1920, 1080]);
  await visible(page, '#media');
  const round = ['picture media/1 plano ñ.png', 'silent media/10.webm', 'ended'];
  await until('two rounds were shown', async () => {
    const shown = await page.evaluate(() => window.shown.slice(0, 6));
    assert.equal(shown.join(), [...round, ...round].slice(0, shown.length).join());
    return shown.length === 6;
  }, 40000);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a call is shown at once, in its full size, while a video plays', async () => {
  const page = await watch([1366, 768]);
  await visible(page, '#video');
  await server.act('2', 'next');
  const since = Date.now();
  await shows(page, '#code', 'A4');
  assert.ok(Date.now() - since < 1000);
  const got = await page.evaluate(() => {
    const box = (id) => document.getElementById(id).getBoundingClientRect();
    const pen = document.createElement('canvas').getContext('2d');
    const style = getComputedStyle(document.getElementById('code'));
    pen.font = style.fontWeight + ' ' + style.fontSize + ' ' + style.fontFamily;
    const capitals = pen.measureText('H').actualBoundingBoxAscent;
    return {
      share: capitals / window.innerHeight,
      announced: document.getElementById('call').classList.contains('is-announced'),
      apart: box('media').left >= box('call').right,
      pane: box('media').height,
    };
  });
  assert.ok(got.share >= 0.28 && got.announced && got.apart && got.pane > 150, JSON.stringify(got));
  await page.context().close();
});

test('where there is no room beside the calls there is no pane', async () => {
  for (const size of [[1024, 768], [390, 844], [1080, 1920]]) {
    const page = await watch(size);
    await shows(page, '#code', /^A/);
    await until('the first was looked at', () => page.evaluate(() => window.shown.length));
    assert.equal(await page.isVisible('#media'), false);
    await page.context().close();
  }
});

test('what is put into the folder or taken out of it is seen without touching the screen', async () => {
  const page = await watch([1920, 1080]);
  await visible(page, '#media');
  for (const name of ['1 plano ñ.png', '10.webm']) rmSync(path.join(folder, name));
  await hidden(page, '#media');
  writeFileSync(path.join(folder, '4.svg'), '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"><rect width="16" height="9"/></svg>');
  await until('the new one is shown', () => page.evaluate(() => window.shown.indexOf('picture media/4.svg') >= 0), 20000);
  await visible(page, '#media');
  await page.context().close();
});
