// «Copia de seguridad y versión»: backups on the server.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, hidden, launch, open, shows, text, until, visible } from './support.mjs';

let browser;

before(async () => { browser = await launch(); });
after(async () => { if (browser) await browser.close(); });

const count = (page) => page.locator('#list > li').count();

test('a press makes a backup on the server, which can be downloaded', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnero-backups-'));
  const server = await Server.start({ flags: ['--backup-dir', folder] });
  try {
    const page = await open(browser, server.url + '/settings-data.html');
    await visible(page, '#now');
    await until('the day has its backup', async () => {
      await page.reload();
      await visible(page, '#now');
      return await count(page) === 1;
    });
    await page.click('#now');
    await shows(page, '#progress', 'Copia hecha.');
    assert.equal(await count(page), 2);
    await hidden(page, '#backup-failed');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#list a')]);
    assert.match(download.suggestedFilename(), /^turnero-[0-9-]+\.db$/);
    const saved = await download.path();
    assert.equal(statSync(saved).size, statSync(path.join(folder, download.suggestedFilename())).size);
    await page.context().close();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('without a folder the page says how to turn backups on', async () => {
  const server = await Server.start();
  try {
    const page = await open(browser, server.url + '/settings-data.html');
    await visible(page, '#without');
    await hidden(page, '#now');
    assert.match(await text(page, '#without'), /--backup-dir/);
    await page.context().close();
  } finally {
    await server.stop();
  }
});
