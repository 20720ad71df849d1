// Helpers of the tests of the settings' pages.

import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { Server, launch, open, shows, until, visible } from './support.mjs';

/** A fresh office for each test of the file, given to `use` with the browser: what one sets must not help another. */
export function freshOffices(use) {
  let browser;
  let server;
  before(async () => { browser = await launch(); });
  beforeEach(async () => {
    if (server) await server.stop();
    server = await Server.start();
    use(server, browser);
  });
  after(async () => {
    if (browser) await browser.close();
    if (server) await server.stop();
  });
}

/** A page of the settings that has heard from the server. */
export async function openSettings(browser, server, page, options = {}) {
  const opened = await open(browser, server.url + '/' + page + '.html' + (options.query || ''), options);
  await visible(opened, 'h2');
  if (await opened.$('#form')) await ready(opened);
  return opened;
}

/** Its values are there: only then can it be saved. */
export const ready = (page) => until('the values are there', () => page.evaluate(() => {
  const form = document.getElementById('form');
  return form.hidden || !form.querySelector('.button--main').disabled;
}));

export const save = (page) => page.click('#form .button--main');
export const saved = (page) => shows(page, '#form .status', /^(Guardado|Saved)$/);
export const close = async (page) => {
  assert.deepEqual(page.problems, []);
  await page.context().close();
};

/** Checks the error at a control, and that a screen reader gets it. */
export async function wrongAt(page, selector, wanted) {
  await until(selector + ' is wrong', async () => {
    const said = await page.$eval(selector, (control) => {
      const ids = (control.getAttribute('aria-describedby') || '').split(' ');
      const texts = ids.map((id) => document.getElementById(id)).filter((el) => el && !el.hidden && el.className === 'wrong');
      return control.getAttribute('aria-invalid') === 'true' ? texts.map((el) => el.textContent).join(' ') : 'not marked';
    });
    if (!wanted.test(said)) throw new Error(said);
    return true;
  });
}
