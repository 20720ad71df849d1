// A reader whose browser has none of our languages sees each screen in the office's main one.

import { test } from 'node:test';
import { FIRST_SIGHT, fullOffice, launch, open } from './support.mjs';

test('a browser in a sixth language shows each screen in the office\'s main language', async () => {
  const server = await fullOffice();
  const browser = await launch();
  try {
    await server.call('PUT', 'settings', { language: 'fr' });
    const ticket = await server.ticket();
    const paths = [...new Set(Object.values(FIRST_SIGHT).map((screen) => screen.path)), '/statistics.html', '/settings.html', '/settings-services.html'];
    for (const path of paths) {
      const page = await open(browser, server.url + path.replace('/t/ID', '/t/' + ticket.id), { lang: 'is' });
      await page.waitForSelector('html[lang="fr"]');
      await page.context().close();
    }
  } finally {
    await browser.close();
    await server.stop();
  }
});
