// HTTPS with a certificate of the office's own authority, in a Chromium that trusts it as a device of the office does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { BINARY, Server, launch, launchTrusting, open, shows, until, visible } from './support.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'turnero-https-'));
const tls = (name) => path.join(folder, 'tls', name);
let server;
let secure;
let stranger;
let trusting;

before(async () => {
  execFileSync(BINARY, ['tls', 'self-signed', '--data', path.join(folder, 'office.db')]);
  server = await Server.start({ flags: ['--tls-listen', '127.0.0.1:0', '--tls-cert', tls('server.crt'), '--tls-key', tls('server.key')] });
  ({ secureAddress: secure } = await server.call('GET', 'address?base=' + encodeURIComponent(server.url)));
  trusting = await launchTrusting(tls('ca.crt'), folder);
  stranger = await launch({ env: { HOME: path.join(folder, 'nobody') } });
});

after(async () => {
  for (const one of [trusting, stranger]) if (one) await one.close();
  if (server) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a ticket that is taken over HTTPS is on a public screen over HTTPS, which may stay awake', async () => {
  const kiosk = await open(trusting, secure + 'new-ticket.html');
  const board = await open(trusting, secure + 'public.html');
  await kiosk.click('.service');
  await visible(kiosk, '#given');
  await shows(kiosk, '#code', 'A1');
  await server.call('POST', 'desks/7/next');
  await shows(board, '#code', 'A1');
  await shows(board, '#desk', /7/);
  for (const page of [kiosk, board]) {
    await page.context().grantPermissions(['screen-wake-lock']);
    const may = await page.evaluate(async () => {
      const lock = await navigator.wakeLock.request('screen');
      return [isSecureContext, lock.type, location.protocol];
    });
    assert.deepEqual(may, [true, 'screen', 'https:']);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

test('who types http:// on that port gets the page over HTTPS', async () => {
  const page = await open(trusting, secure.replace('https:', 'http:') + 'public.html');
  assert.equal(page.url(), secure + 'public.html');
  await page.context().close();
});

test('a device that does not trust the authority shows no page, and the settings say how it does', async () => {
  await assert.rejects(open(stranger, secure), /ERR_CERT_AUTHORITY_INVALID/);
  const page = await open(stranger, server.url + '/settings-data.html');
  await visible(page, '#trust');
  await shows(page, '#secure', secure);
  for (const system of ['Android', 'iPad', 'Windows']) await shows(page, '#trust', new RegExp(system));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#authority')]);
  const got = new X509Certificate(readFileSync(await download.path()));
  assert.equal(got.fingerprint256, new X509Certificate(readFileSync(tls('ca.crt'))).fingerprint256);
  assert.ok(got.ca);
  await page.context().close();
});

test('the settings say that devices refuse the certificate', async () => {
  const page = await open(stranger, server.url + '/settings-data.html');
  await visible(page, '#trust');
  assert.equal(await page.isVisible('#certificate'), false);
  // The authority of another office.
  const other = mkdtempSync(path.join(tmpdir(), 'turnero-https-'));
  execFileSync(BINARY, ['tls', 'self-signed', '--data', path.join(other, 'office.db')]);
  const own = readFileSync(tls('ca.crt'));
  copyFileSync(path.join(other, 'tls', 'ca.crt'), tls('ca.crt'));
  rmSync(other, { recursive: true });
  await until('the server has noticed', async () => {
    // New connections look at the files.
    await open(trusting, secure).then((screen) => screen.context().close(), () => {});
    return (await server.call('GET', 'health')).certificateProblem;
  });
  await page.reload();
  await shows(page, '#certificate', /certificado/);
  await visible(page, '#certificate');
  writeFileSync(tls('ca.crt'), own);
  await page.context().close();
});

test('without HTTPS the settings say nothing of it', async () => {
  const plain = await Server.start();
  const page = await open(stranger, plain.url + '/settings-data.html');
  await until('the address is there', () => page.$eval('#version', (el) => el.textContent));
  assert.equal(await page.isVisible('#https'), false);
  await page.context().close();
  await plain.stop();
});
