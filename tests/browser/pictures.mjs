// Pictures of the running program. Without an argument: the README's set, each screen in English and
// Spanish, into pictures/. With a folder: every size and theme, for looking at.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { HERE, SIZES, Server, launch, later, morning, noShows, open, shows, transfers, visible } from './support.mjs';

const folder = process.argv[2];
const out = folder || path.join(HERE, 'pictures');
mkdirSync(out, { recursive: true });

let ticket;
const SCREENS = {
  start: { path: '/', ready: (page) => visible(page, '#desks a') },
  'new-ticket': { path: '/new-ticket.html', ready: (page) => visible(page, '.service') },
  public: { path: '/public.html', ready: (page) => shows(page, '#code', /^A/) },
  ticket: { get path() { return '/t/' + ticket.id; }, size: [390, 844], ready: (page) => page.waitForSelector('[data-kind="waiting"]') },
  desk: { path: '/desk.html?desk=3', ready: (page) => visible(page, '#held li') },
  statistics: { path: '/statistics.html', ready: aMonth },
  signin: { path: '/signin.html', ready: (page) => visible(page, '#pin') },
  settings: { path: '/settings-services.html', ready: (page) => visible(page, '#rows li') },
};

// The settings' own office: several services would change what the others show.
async function clinic(server) {
  await server.call('PUT', 'services/B', { name: 'Blood tests', names: { es: 'Análisis' }, first: 1, last: 4, digits: 3 });
  await server.call('PUT', 'services/R', { name: 'Prescriptions', open: false, message: 'Back at 16:00' });
  for (const service of ['A', 'A', 'B', 'B', 'B', 'B', 'B']) await server.call('POST', 'tickets', { service });
}

// Some days beside those before them, from the numbers on.
async function aMonth(page) {
  await visible(page, '#by-service svg');
  await page.click('#month');
  await visible(page, '#by-day svg');
  await page.evaluate(() => document.getElementById('compared').scrollIntoView());
}

// An office of some weeks, whose tickets are written straight into its history.
async function busyOffice() {
  const server = await Server.start();
  for (const [prefix, name] of [['A', 'Enquiries'], ['B', 'Blood tests'], ['C', 'Appointments']]) await server.call('PUT', 'services/' + prefix, { name });
  for (const name of ['1', '2', '3', '4', '5']) await server.desk(name);
  // An import leaves room before the numbers of its events.
  await server.call('POST', 'import', await server.call('GET', 'export'));
  await server.kill();
  execFileSync('python3', [path.join(HERE, 'history.py'), server.data, '70']);
  await server.run(0);
  return server;
}

const server = await Server.start();
const third = await busyOffice();
const second = await Server.start();
const browser = await launch();
try {
  await morning(server);
  await later(server);
  await clinic(second);
  ticket = await server.ticket();
  const sizes = folder ? SIZES : [[1366, 768]];
  const themes = folder ? ['light', 'dark'] : ['light'];
  for (const size of sizes) {
    for (const theme of themes) {
      for (const lang of ['en', 'es']) {
        for (const [name, screen] of Object.entries(SCREENS)) {
          const page = await open(browser, ({ settings: second, statistics: third }[name] || server).url + screen.path, { lang, theme, size: folder ? size : screen.size || size });
          await screen.ready(page);
          // The badge about blocked sound is Chromium's business in a test, not the office's.
          if (name === 'public') await page.mouse.click(5, 5);
          const suffix = folder ? '-' + size.join('x') + '-' + theme : '';
          await page.waitForTimeout(300);
          await page.screenshot({ path: path.join(out, name + '-' + lang + suffix + '.png') });
          if (folder && name === 'new-ticket' && lang === 'es') {
            await page.click('.service');
            await visible(page, '#code');
            await page.screenshot({ path: path.join(out, 'given-' + lang + suffix + '.png') });
          }
          if (folder && name === 'desk') {
            await noShows(page);
            await page.screenshot({ path: path.join(out, 'missed-' + lang + suffix + '.png'), fullPage: true });
            await transfers(page);
            await page.screenshot({ path: path.join(out, 'transfer-' + lang + suffix + '.png'), fullPage: true });
          }
          if (page.problems.length) console.error(name, page.problems);
          await page.context().close();
        }
      }
    }
  }
} finally {
  await browser.close();
  await server.stop();
  await second.stop();
  await third.stop();
}
