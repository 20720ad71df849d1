// Behind a reverse proxy, on another port and under a path: every screen works as it does without one,
// where WebSockets pass and where they do not.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { Server, launch, open, shows, until, visible } from './support.mjs';

const PREFIX = '/turnero/';
const LOGO = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="20"/></svg>');

/**
 * Acts as nginx or Caddy: passes requests under the prefix to the server without it, refuses all others.
 * `host` replaces the name that the browser used; `sockets` whether a
 * WebSocket may pass.
 */
class Proxy {
  static async to(server, { host = null, sockets = true } = {}) {
    const proxy = new Proxy();
    proxy.upgrades = 0;
    proxy.elsewhere = [];
    proxy.ends = new Set();
    const head = (request) => Object.assign({}, request.headers, host ? { host } : {});
    const inside = (url) => (url.startsWith(PREFIX) ? '/' + url.slice(PREFIX.length) : null);
    proxy.http = http.createServer((request, answer) => {
      const path = inside(request.url);
      if (path === null) {
        proxy.elsewhere.push(request.url);
        answer.writeHead(404).end();
        return;
      }
      const far = http.request({ port: server.port, host: '127.0.0.1', method: request.method, path, headers: head(request) }, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      });
      far.on('error', () => answer.writeHead(502).end());
      answer.on('close', () => far.destroy());
      request.pipe(far);
    });
    proxy.http.on('upgrade', (request, near, first) => {
      proxy.upgrades += 1;
      const path = inside(request.url);
      if (!sockets || path === null) {
        near.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      const far = net.connect(server.port, '127.0.0.1', () => {
        const lines = Object.entries(head(request)).map(([name, value]) => name + ': ' + value);
        far.write('GET ' + path + ' HTTP/1.1\r\n' + lines.join('\r\n') + '\r\n\r\n');
        far.write(first);
        far.pipe(near);
        near.pipe(far);
      });
      for (const [a, b] of [[near, far], [far, near]]) {
        proxy.ends.add(a);
        a.on('error', () => b.destroy());
        a.on('close', () => { proxy.ends.delete(a); b.destroy(); });
      }
    });
    await new Promise((done) => proxy.http.listen(0, '127.0.0.1', done));
    proxy.origin = 'http://127.0.0.1:' + proxy.http.address().port;
    proxy.url = proxy.origin + PREFIX;
    opened.push(proxy);
    return proxy;
  }

  async stop() {
    for (const end of this.ends) end.destroy();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }
}

let browser;
const opened = [];

before(async () => { browser = await launch(); });
after(async () => { if (browser) await browser.close(); });
// After a failed test, too: an open connection would keep the run waiting.
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

// Someone takes a ticket and follows it on a phone, a desk is entered from the start page and calls it, the
// public screen and the phone show it, and the phone gives it up.
async function walk(proxy) {
  const start = await open(browser, proxy.url);
  await until('the start page is live', () => start.isEnabled('#enter'));
  await visible(start, '#office img');
  for (const [id, page] of [['take', 'new-ticket.html'], ['public', 'public.html'], ['settings', 'statistics.html']]) {
    assert.equal(await start.$eval('#' + id, (link) => link.href), proxy.url + page);
  }
  const kiosk = await open(browser, proxy.url + 'new-ticket.html');
  const board = await open(browser, proxy.url + 'public.html');
  await kiosk.click('.service');
  await visible(kiosk, '#given');
  await shows(kiosk, '#code', 'A1');
  await visible(kiosk, '#phone');
  const id = /tickets\/(\w+)\/qr\.svg\?base=/.exec(await kiosk.$eval('#qr', (img) => img.src))[1];
  assert.equal(await kiosk.$eval('#qr', (img) => new URL(img.src).searchParams.get('base')), proxy.url);
  const phone = await open(browser, proxy.url + 't/' + id, { size: [390, 844] });
  await shows(phone, '#code', 'A1');
  await visible(phone, '#office img');
  await start.fill('#name', '7');
  await start.click('#enter');
  await start.waitForURL(proxy.url + 'desk.html?desk=7');
  await until('the desk is live', () => start.isEnabled('#next'));
  await start.click('#next');
  await shows(start, '#code', 'A1');
  await shows(board, '#code', 'A1');
  await shows(board, '#desk', /7/);
  await phone.waitForSelector('[data-kind="called"]');
  await start.click('#hold');
  await phone.waitForSelector('[data-kind="held"]');
  await until('it can be given up', () => phone.isEnabled('#give-up'));
  await phone.click('#give-up');
  await phone.click('#yes');
  await phone.waitForSelector('[data-kind="cancelled"]');
  for (const page of [start, kiosk, board, phone]) {
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
  assert.deepEqual(proxy.elsewhere, [], 'nothing was asked for outside of the prefix');
}

async function office(flags) {
  const server = await Server.start({ flags });
  opened.push(server);
  await server.call('PUT', 'settings', { logo: LOGO });
  return server;
}

test('under a path of a reverse proxy every screen works', async () => {
  const server = await office();
  const proxy = await Proxy.to(server);
  await walk(proxy);
  assert.ok(proxy.upgrades >= 3, 'over WebSockets');
});

test('where the proxy lets no WebSocket pass, the screens poll and show the same', async () => {
  const server = await office();
  const proxy = await Proxy.to(server, { sockets: false });
  await walk(proxy);
  assert.ok(proxy.upgrades >= 3, 'a WebSocket was tried first');
});

test('a proxy that calls the server by another name needs --host and --allow-origin, and then everything works', async () => {
  // It does not say that it passes people on: without a known name nobody gets in, not even to look.
  const named = ['--open', '--host', 'turnero.internal'];
  const unnamed = await office(['--open']);
  const unknown = await Proxy.to(unnamed, { host: 'turnero.internal:3000' });
  const refused = await open(browser, unknown.url);
  assert.match(await refused.textContent('body'), /host-not-allowed.*--host turnero\.internal/);
  await refused.context().close();

  const strict = await office(named);
  const stranger = await Proxy.to(strict, { host: 'turnero.internal:3000' });
  const page = await open(browser, stranger.url);
  const answer = await page.evaluate(() => fetch('api/tickets', { method: 'POST' }).then((r) => r.json().then((p) => [r.status, p.code])));
  assert.deepEqual(answer, [403, 'cross-site']);
  await page.context().close();

  // The proxy's port is known only once it listens, and the flag must name it.
  const later = { port: 0 };
  const proxy = await Proxy.to(later, { host: 'turnero.internal:3000' });
  const server = await office(named.concat(['--allow-origin', proxy.origin]));
  later.port = server.port;
  await walk(proxy);
});
