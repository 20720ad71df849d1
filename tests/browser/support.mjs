// Helpers of every test here: the real binary on a free port with a file of its own, the system's
// Chromium, and waiting with a deadline. Nothing here leaves the loopback.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { after } from 'node:test';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, '../..');
export const BINARY = path.resolve(HERE, process.env.TURNERO_BIN || '../../target/release/turnero');
const HTML = path.join(ROOT, 'html');
/** The paths under html/ of all files with this ending. */
export const pageFiles = (ending) => readdirSync(HTML, { recursive: true }).filter((file) => file.endsWith(ending)).sort();
/** The text of a file under html/. */
export const readPage = (file) => readFileSync(path.join(HTML, file), 'utf8');
/** A script of the pages that imports nothing, as a module. */
export const script = (file) => import('data:text/javascript,' + encodeURIComponent(readPage(file)));

const START_MS = 10000;
export const DEADLINE_MS = 15000;
const SCREEN = '0123456789abcdef0123456789abcdef';

// A test that failed halfway leaves its server behind, and a file of tests waits for it for ever.
const running = new Set();
if (process.env.NODE_TEST_CONTEXT) after(() => running.forEach((server) => server.process.kill('SIGKILL')));

export class Server {
  /**
   * Starts the binary; `port` 0 is a free one; `flags` are more of them, `env` more of its environment. The built-in pages, unless
   * TURNERO_HTML names a folder.
   */
  static async start({ data, port = 0, flags = [], env = {} } = {}) {
    const server = new Server();
    server.flags = flags;
    server.env = Object.assign({}, process.env, env);
    server.folder = data ? null : mkdtempSync(path.join(tmpdir(), 'turnero-browser-'));
    server.data = data || path.join(server.folder, 'test.db');
    await server.run(port);
    return server;
  }

  run(port) {
    const args = ['--listen', '127.0.0.1:' + port, '--data', this.data, ...this.flags];
    if (process.env.TURNERO_HTML) args.push('--html', process.env.TURNERO_HTML);
    this.process = spawn(BINARY, args, { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(this);
    this.gone = new Promise((resolve) => this.process.once('exit', () => {
      running.delete(this);
      resolve();
    }));
    return new Promise((resolve, reject) => {
      let log = '';
      const late = setTimeout(() => reject(new Error('no address within the deadline:\n' + log)), START_MS);
      this.process.stderr.on('data', (chunk) => {
        log += chunk;
        const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
        if (!found) return;
        clearTimeout(late);
        this.port = Number(found[1]);
        this.url = 'http://127.0.0.1:' + this.port;
        resolve();
      });
      this.process.once('error', reject);
      this.process.once('exit', (code) => reject(new Error('the server ended with ' + code + ':\n' + log)));
    });
  }

  /** As a power cut would: no goodbye. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.gone;
  }

  /** Again on the same port and file. */
  restart() {
    return this.run(this.port);
  }

  async stop() {
    await this.kill();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  async call(method, where, body) {
    const answer = await fetch(this.url + '/api/' + where, {
      method,
      // One that was kept open may be closed by the server in the moment in which it is used again.
      headers: Object.assign({ Connection: 'close' }, body === undefined ? {} : { 'Content-Type': 'application/json' }),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const content = text ? JSON.parse(text) : null;
    if (!answer.ok) throw Object.assign(new Error(method + ' ' + where + ': ' + answer.status + ' ' + text), { content });
    return content;
  }

  ticket(printer) {
    return this.call('POST', 'tickets', printer ? { printer } : undefined);
  }

  async tickets(n) {
    const made = [];
    for (let i = 0; i < n; i++) made.push(await this.ticket());
    return made;
  }

  desk(name) {
    return this.call('PUT', 'desks/' + encodeURIComponent(name), {});
  }

  act(name, action, body) {
    return this.call('POST', 'desks/' + encodeURIComponent(name) + '/' + action, body);
  }
}

/** A cable between one screen and the server, which a test can cut while the server goes on. */
export class Cable {
  static async to(server) {
    const cable = new Cable();
    cable.ends = new Set();
    cable.socket = net.createServer((near) => {
      const far = net.connect(server.port, '127.0.0.1');
      for (const [a, b] of [[near, far], [far, near]]) {
        cable.ends.add(a);
        a.pipe(b);
        a.on('error', () => b.destroy());
        a.on('close', () => { cable.ends.delete(a); b.destroy(); });
      }
    });
    await cable.mend();
    return cable;
  }

  async mend() {
    await new Promise((done) => this.socket.listen(this.port || 0, '127.0.0.1', done));
    this.port = this.socket.address().port;
    this.url = 'http://127.0.0.1:' + this.port;
  }

  async cut() {
    const closed = new Promise((done) => this.socket.close(done));
    for (const end of this.ends) end.destroy();
    await closed;
  }
}

/**
 * A ticket printer on the network. It answers `DLE EOT 2` and `4` at once, and `GS r 1` after it has printed what came
 * before.
 */
export class Printer {
  static async start() {
    const printer = new Printer();
    printer.hasPaper = true;
    printer.isPaperLow = false;
    printer.papers = [];
    const REALTIME = '\x10\x04\x02\x10\x04\x04';
    const STATUS = '\x1dr\x01';
    printer.socket = net.createServer({ allowHalfOpen: true }, (caller) => {
      let got = '';
      caller.setEncoding('latin1');
      caller.on('data', (text) => {
        got += text;
        if (got.startsWith(REALTIME)) {
          got = got.slice(REALTIME.length);
          const paper = printer.isPaperLow ? 0x1e : 0x12;
          caller.write(Buffer.from(printer.hasPaper ? [0x12, paper] : [0x32, 0x72]));
        }
        if (!got.endsWith(STATUS)) return;
        const paper = got.slice(0, -STATUS.length);
        if (paper) printer.papers.push(paper);
        got = '';
        caller.write(Buffer.from([0]));
      });
      caller.on('end', () => caller.end());
      caller.on('error', () => caller.destroy());
    });
    await new Promise((done) => printer.socket.listen(0, '127.0.0.1', done));
    printer.socket.unref();
    printer.address = '127.0.0.1:' + printer.socket.address().port;
    printer.flags = ['--printer', printer.address];
    return printer;
  }

  /** The codes on the tickets that it has printed: four times as wide and high, and bold. */
  codes() {
    return this.papers.map((paper) => /\x1d!\x33\x1bE\x01([^\n]+)/.exec(paper)[1]);
  }
}

// Features that Chromium switches off. The first two are its own pages that each window loads for the address bar;
// they take as long as a screen of ours. The others are from Playwright's list, which this one replaces.
const FEATURES_OFF = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'AvoidUnnecessaryBeforeUnloadCheckSync', 'BoundaryEventDispatchTracksNodeRemoval',
  'DestroyProfileOnBrowserClose', 'GlobalMediaControls', 'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'OptimizationHints', 'PaintHolding',
  'RenderDocument', 'ThirdPartyStoragePartitioning', 'Translate'];

export async function launch({ env = {} } = {}) {
  // The headless shell is Chromium without a desktop, and takes half the time.
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser']
    .find((file) => file && existsSync(file));
  if (!executablePath) throw new Error('no Chromium: set CHROMIUM to its path');
  return chromium.launch({
    executablePath,
    headless: true,
    env: Object.assign({}, process.env, env),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-features=' + FEATURES_OFF.join()],
  });
}

/** A Chromium that trusts the authority in a file, as docs/operating.md says it for Linux. `home` is a folder for what it keeps. */
export function launchTrusting(authority, home) {
  const database = path.join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  execFileSync('certutil', ['-d', 'sql:' + database, '-N', '--empty-password']);
  execFileSync('certutil', ['-d', 'sql:' + database, '-A', '-n', 'turnero', '-t', 'C,,', '-i', authority]);
  return launch({ env: { HOME: home } });
}

/**
 * Keeps the interception of requests on, for pages whose tests change what they intercept: Chromium can pass over or lose
 * a request while interception is switched on or off.
 */
export const alwaysIntercept = (page) => page.route('**/nothing', (route) => route.continue());

/**
 * A page in a context of its own, like a screen of its own. `problems` gathers script errors,
 * failed requests and requests to other hosts; `loaded` the bytes of what it loaded. To a desk all
 * pages are one computer, so that two people may work at it; with `screen: null` each is one of its own.
 * With `clock` its time can be run ahead of the real one (`page.clock.runFor`).
 */
export async function open(browser, url, { lang = 'es', theme = 'light', size = [1366, 768], before, clock, screen = SCREEN } = {}) {
  const context = await browser.newContext({
    viewport: { width: size[0], height: size[1] },
    locale: localeOf(lang),
    colorScheme: theme,
    timezoneId: 'Europe/Madrid',
  });
  context.setDefaultTimeout(DEADLINE_MS);
  const page = await context.newPage();
  page.problems = [];
  page.loaded = [];
  page.on('pageerror', (e) => page.problems.push('error: ' + e.message));
  page.on('console', (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) page.problems.push('csp: ' + m.text());
  });
  page.on('response', (r) => {
    if (r.status() === 404) page.problems.push('404: ' + r.url());
    page.loaded.push(r);
  });
  page.on('request', (r) => {
    if (!/^(127\.0\.0\.1|)$/.test(new URL(r.url()).hostname)) page.problems.push('elsewhere: ' + r.url());
  });
  if (clock) await page.clock.install();
  if (before) await page.addInitScript(before);
  if (screen) await page.addInitScript((id) => { if (location.host) localStorage.setItem('turnero.screen', id); }, screen);
  await page.goto(url);
  return page;
}

/** Waits until `check` gives something true; the last failure is the message. */
export async function until(what, check, ms = DEADLINE_MS) {
  const end = Date.now() + ms;
  let last = '';
  for (;;) {
    try {
      const got = await check();
      if (got) return got;
      last = String(got);
    } catch (e) {
      last = e.message;
    }
    if (Date.now() > end) throw new Error('not within ' + ms + ' ms: ' + what + ' (' + last + ')');
    await new Promise((done) => setTimeout(done, 40));
  }
}

/** The text that `selector` shows, spaces evened. */
export async function text(page, selector) {
  const found = await page.textContent(selector);
  return found.replace(/\s+/g, ' ').trim();
}

export function shows(page, selector, wanted) {
  return until(selector + ' shows «' + wanted + '»', async () => {
    const got = await text(page, selector);
    const right = wanted instanceof RegExp ? wanted.test(got) : got === wanted;
    if (!right) throw new Error('«' + got + '»');
    return true;
  });
}

export const visible = (page, selector) => until(selector + ' is visible', () => page.isVisible(selector));
export const hidden = (page, selector) => until(selector + ' is hidden', async () => !(await page.isVisible(selector)));

/** The texts of a page that the element at `selector` lies over, or that lie over it. */
export function covered(page, selector) {
  return page.evaluate((banner) => {
    const el = document.querySelector(banner);
    const box = el.getBoundingClientRect();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      if (el.contains(node) || !node.textContent.trim() || getComputedStyle(parent).visibility === 'hidden' || parent.closest('.heard')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const lies = Array.from(range.getClientRects()).some((r) => r.width && r.left < box.right && r.right > box.left && r.top < box.bottom - 1 && r.bottom > box.top + 1);
      if (lies) found.push(node.textContent.trim());
    }
    return found;
  }, selector);
}

/** The words in the elements at `selector` that are broken over two lines. */
export function brokenWords(page, selector) {
  return page.evaluate((which) => Array.from(document.querySelectorAll(which)).filter((el) => el.offsetParent).flatMap((el) => {
    const text = document.createTreeWalker(el, NodeFilter.SHOW_TEXT).nextNode();
    return Array.from(text ? text.data.matchAll(/[^ ]+/g) : []).filter((word) => {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      return new Set(Array.from(range.getClientRects()).map((box) => Math.round(box.top))).size > 1;
    }).map((word) => word[0]);
  }), selector);
}

/** A believable morning: desks, people served, people waiting. */
export async function morning(server) {
  for (const name of ['1', '2', '3', '4']) await server.desk(name);
  await server.tickets(14);
  for (const name of ['1', '2', '4', '1', '2', '3']) await server.act(name, 'next');
}

/** The morning goes on: people put on hold at two desks, people who did not come, a full line. */
export async function later(server) {
  await server.tickets(8);
  for (const action of ['hold', 'next', 'no-show', 'next', 'hold', 'next', 'no-show', 'next']) await server.act('3', action);
  for (const action of ['hold', 'next']) await server.act('2', action);
}

/** A second service, numbers past their end, a note and a priority: what a desk's rows can have. */
export async function severalServices(server) {
  await server.call('PUT', 'settings', { priorities: [{ name: 'normal', weight: 1 }, { name: 'Movilidad reducida', weight: 4 }] });
  await server.call('PUT', 'services/A', { last: 20 });
  await server.call('PUT', 'services/B', { name: 'Atención con cita previa' });
  await server.call('PUT', 'desks/3', { services: ['A', 'B'] });
  await server.call('POST', 'tickets', { service: 'B', priority: 'Movilidad reducida', note: 'Viene con su hija y en silla de ruedas' });
}

/** The longest name of a desk, and a name that cannot wrap. */
export const LONG = 'Oficina de atención a la ciudadanía, pl.';
export const WORD = 'Donaudampfschifffahrtsgesellschaft';

/** An office with all that its screens can have to show; a desk has the most where there is a printer. */
export async function fullOffice() {
  const server = await Server.start({ flags: (await Printer.start()).flags });
  await morning(server);
  await later(server);
  await severalServices(server);
  await server.act(WORD, 'next');
  await server.act(WORD, 'hold');
  return server;
}

/** Takes a ticket at a kiosk, an ordinary one where it asks for the priority. */
export async function take(page) {
  await page.click('.service');
  // A second touch right after the first must hit nothing.
  if (await page.isVisible('#ask')) await page.click('#priorities button:enabled');
  await visible(page, '#given');
}

/** For a page of a kiosk, before its scripts: what it gives stays in sight, where it would return after 8 s. */
export function stays() {
  const later = window.setTimeout.bind(window);
  window.setTimeout = (f, ms) => (ms >= 7000 ? 0 : later(f, ms));
}

/** A desk's screen with the list of those who did not come unfolded. */
export async function noShows(page) {
  await visible(page, '#held li');
  await page.click('#missed-fold');
  await visible(page, '#missed li');
}

/** A desk's screen that asks where to transfer, with the list of other desks. */
export async function transfers(page) {
  await until('the desk is live', () => page.isEnabled('#transfer'));
  await page.click('#transfer');
  await page.check('#panel input[value="desk"]');
  await visible(page, '#which-desk');
}

/** The languages of the screens. */
export const LANGUAGES = (await script('lang/languages.js')).LIST.map((one) => one.code);
/** The folders of texts: of all screens, and of the settings alone. */
export const TEXT_FOLDERS = ['lang', 'data/lang', 'people/lang', 'settings/lang', 'signin/lang', 'statistics/lang', 'webhooks/lang'];
/** All texts of a language by their keys. */
export const textsOf = (lang) => Object.assign({}, ...TEXT_FOLDERS.map((folder) => JSON.parse(readPage(folder + '/' + lang + '.json'))));
// The country of a reader's browser, where it is not the most likely one.
const COUNTRIES = { en: 'GB', pt: 'PT' };
const localeOf = (lang) => lang + '-' + (COUNTRIES[lang] || new Intl.Locale(lang).maximize().region);

/** Makes the page show that another screen has the desk open. */
export async function taken(page) {
  const { origin, search } = new URL(page.url());
  const desk = new URLSearchParams(search).get('desk');
  const screen = 'abcdef0123456789abcdef0123456789';
  await page.evaluate(([base, name, id]) => new Promise((done) => {
    window.other = new WebSocket(base.replace('http', 'ws') + '/ws?desk=' + encodeURIComponent(name) + '&screen=' + id, 'turnero.v1');
    window.other.onmessage = done;
  }), [origin, desk, screen]);
  const answer = await fetch(origin + '/api/desks/' + encodeURIComponent(desk) + '/claim', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ screen, takeOver: true }),
  });
  assert.equal(answer.status, 200);
  await visible(page, '#taken');
}

/** A desk's screen that asks for its services, after a step that can be undone. */
export async function services(page) {
  await until('the desk is live', () => page.isEnabled('#next'));
  await page.click('#next');
  await visible(page, '#undo');
  await visible(page, '#queue li');
  await page.click('#choose-services');
  await page.check('#services-some');
  await visible(page, '#order li');
  // One comes for the one that is called: each page finds as many as the one before it.
  await fetch(new URL(page.url()).origin + '/api/tickets', { method: 'POST' });
}

/** A desk's screen that asks for a code. */
export async function finds(page) {
  await until('the desk is live', () => page.isEnabled('#find'));
  await page.click('#find');
  await visible(page, '#found-code');
}

export const SIZES = [[1920, 1080], [1366, 768], [1024, 768], [390, 844]];

/**
 * A voice that records what it is asked to say, since Chromium without a screen has none of its own.
 * Runs in the page before its scripts. `how.voices`: languages; `how.late`: after so many ms;
 * `how.ends`: false where the end is never told; `how.starts`: false where nothing ever begins;
 * `how.error`: what each utterance fails with; `how.fast`: time runs so many times as fast.
 */
export function recorder(how) {
  window.fast = how.fast || 1;
  window.spoken = [];
  window.cancelled = 0;
  window.alarms = new Set();
  const [later, never] = [window.setTimeout.bind(window), window.clearTimeout.bind(window)];
  window.setTimeout = (f, ms) => {
    const id = later(() => { window.alarms.delete(id); f(); }, (ms || 0) / window.fast);
    window.alarms.add(id);
    return id;
  };
  window.clearTimeout = (id) => { window.alarms.delete(id); never(id); };
  window.SpeechSynthesisUtterance = function Utterance(text) { this.text = text; };
  let voices = how.late ? [] : how.voices;
  const synthesis = {
    speaking: false,
    pending: false,
    paused: false,
    onvoiceschanged: null,
    getVoices: () => voices.map((lang) => ({ lang, name: lang, localService: true, default: false })),
    speak(utterance) {
      // A real one queues; nothing here should make it.
      if (synthesis.speaking) window.spoken.push('while another speaks:');
      if (how.error) {
        later(() => utterance.onerror && utterance.onerror({ error: how.error }), 5);
        return;
      }
      if (how.starts === false) return;
      window.spoken.push(utterance.lang + ': ' + utterance.text);
      synthesis.speaking = true;
      synthesis.now = utterance;
      if (utterance.onstart) utterance.onstart({});
      if (how.ends === false) return;
      later(() => {
        if (synthesis.now !== utterance) return;
        synthesis.speaking = false;
        if (utterance.onend) utterance.onend({});
      }, Math.min(30, 300 / window.fast));
    },
    cancel() {
      window.cancelled += 1;
      synthesis.speaking = false;
      synthesis.now = null;
    },
    resume() {},
  };
  if (how.late) {
    later(() => {
      voices = how.voices;
      if (synthesis.onvoiceschanged) synthesis.onvoiceschanged({});
    }, how.late);
  }
  Object.defineProperty(window, 'speechSynthesis', { value: how.voices ? synthesis : undefined });
}

/** Steps of one story: after one has failed, the rest say so at once instead of failing one by one. */
export function story(test) {
  let broken = '';
  return (name, ...rest) => {
    const run = rest.pop();
    return test(name, rest[0] || {}, async (t) => {
      assert.equal(broken, '', 'the story had already broken at this step');
      broken = name;
      await run(t);
      broken = '';
    });
  };
}

/** Screens, and what tells that what they are for is on them; ID in an address stands for a ticket's. */
export const FIRST_SIGHT = {
  signin: { path: '/signin.html', ready: (page) => visible(page, '#pin') },
  start: { path: '/', ready: (page) => visible(page, '#desks a') },
  'new-ticket': { path: '/new-ticket.html', ready: (page) => visible(page, '.service') },
  public: { path: '/public.html', ready: (page) => shows(page, '#code', /^[AB]/) },
  'a ticket\'s own page': { path: '/t/ID', ready: (page) => page.waitForSelector('[data-kind="waiting"]') },
  desk: { path: '/desk.html?desk=3', ready: (page) => visible(page, '#queue li') },
  'desk that chooses its services': { path: '/desk.html?desk=3', ready: services },
  'desk that looks for a ticket': { path: '/desk.html?desk=3', ready: finds },
  'desk that another screen has taken over': { path: '/desk.html?desk=3', ready: taken },
};

/** The limit for a screen with everything it loads, in bytes on the wire. */
export const MOST_WIRE_BYTES = 45000;

/** The size of everything that a page has loaded but data, as it was sent: compressed, without the heads of the answers. */
export async function wireBytes(page) {
  const files = page.loaded.filter((r) => !/\/api\/|\/ws/.test(r.url()));
  const sizes = await Promise.all(files.map((r) => r.request().sizes()));
  const bytes = sizes.reduce((sum, size) => sum + size.responseBodySize, 0);
  assert.ok(files.length > 5 && bytes > 5000, 'measured something');
  return bytes;
}
