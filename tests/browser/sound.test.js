// Settings «Sound and voice»: what they change on the public screen, and the test of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, freshOffices, openSettings, save, saved } from './settings.mjs';
import { open, recorder, shows, until, visible } from './support.mjs';

let server;
let browser;

freshOffices((office, chromium) => {
  server = office;
  browser = chromium;
});

/** A page whose browser has these voices, and that notes the notes of its chimes. */
async function listening(path, voices, fast = 10) {
  const page = await open(browser, 'about:blank');
  await page.addInitScript(recorder, { voices, fast });
  await page.addInitScript(() => {
    window.rung = 0;
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function begin(at) {
      if (this.frequency.value > 400) window.rung += 1;
      start.call(this, at);
    };
  });
  page.problems.length = 0;
  await page.goto(server.url + path);
  return page;
}

const publicScreen = async () => {
  const page = await listening('/public.html', ['es-MX', 'es-ES']);
  await visible(page, '#waiting b');
  await page.mouse.click(300, 300);
  await until('sound is free', () => page.isHidden('#muted'));
  return page;
};
const heard = (page) => page.evaluate(() => ({ spoken: window.spoken, rung: window.rung }));
const how = (page) => page.evaluate(() => {
  const { voice, volume, rate } = window.speechSynthesis.now;
  return [voice.name, volume, Math.round(rate * 100)];
});
const call = async () => {
  await server.ticket();
  await server.act('3', 'next');
};
const calm = (page) => until('it is calm', async () => (await page.textContent('#code')) && page.$eval('#call', (el) => !el.classList.contains('is-announced')));

test('volume, speed and voice are set on one page, and the public screen speaks so at the next call', async () => {
  const screen = await publicScreen();
  const page = await listening('/settings-sound.html', ['es-MX', 'es-ES']);
  await until('the values are there', () => page.isEnabled('#form .button--main'));
  assert.equal(await page.inputValue('#volume'), '100');
  await page.fill('#volume', '40');
  await page.fill('#voiceSpeed', '150');
  await page.selectOption('#voice-es', 'es-ES');
  await save(page);
  await saved(page);
  const { volume, voiceSpeed, voices } = await server.call('GET', 'settings');
  assert.deepEqual({ volume, voiceSpeed, voices }, { volume: 40, voiceSpeed: 150, voices: { es: 'es-ES' } });
  await call();
  await until('it is said', async () => (await heard(screen)).spoken.length === 2);
  assert.deepEqual(await how(screen), ['es-ES', 0.4, 135]);
  await close(page);
  await screen.context().close();
});

test('without the voice there is the chime, and without the chime the voice', async () => {
  for (const [about, spoken, rung] of [[{ voice: false }, 0, 4], [{ voice: true, chime: false }, 2, 0]]) {
    await server.call('PUT', 'settings', about);
    const screen = await publicScreen();
    await call();
    await screen.waitForSelector('.is-announced');
    await calm(screen);
    const got = await heard(screen);
    assert.deepEqual([got.spoken.length, got.rung], [spoken, rung], JSON.stringify(about));
    await screen.context().close();
  }
});

test('the test button sounds as what is typed, before it is saved', async () => {
  const page = await listening('/settings-sound.html', ['es-MX', 'es-ES']);
  await until('the values are there', () => page.isEnabled('#form .button--main'));
  await page.fill('#volume', '30');
  await page.selectOption('#voice-es', 'es-MX');
  await page.click('#test');
  await until('it is said', async () => (await heard(page)).spoken.length === 1);
  assert.deepEqual(await heard(page), { spoken: ['es-MX: Turno A 12, ventanilla 3'], rung: 2 });
  assert.deepEqual(await how(page), ['es-MX', 0.3, 90]);
  assert.equal((await server.call('GET', 'settings')).volume, 100);
  await page.context().close();
});

test('where the browser has no voice in a language of the office, the page says so in a plain sentence', async () => {
  await server.call('PUT', 'settings', { languages: ['es', 'ar'] });
  const page = await listening('/settings-sound.html', ['es-ES']);
  await shows(page, '.voice:nth-child(2) .now', 'Este navegador no tiene ninguna voz para este idioma (العربية): aquí solo suena el aviso.');
  assert.equal(await page.textContent('.voice:nth-child(1) .now'), '');
  const mute = await listening('/settings-sound.html', null);
  await shows(mute, '.voice:nth-child(1) .now', /no tiene ninguna voz/);
  await mute.click('#test');
  await shows(mute, '#tested', /no tiene ninguna adecuada/);
  await page.context().close();
  await mute.context().close();
});

test('a volume over 100 is refused at its field', async () => {
  const page = await openSettings(browser, server, 'settings-sound');
  await page.fill('#volume', '120');
  await save(page);
  await shows(page, '#volume ~ .wrong', /0.*100/);
  await close(page);
});
