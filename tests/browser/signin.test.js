// From another device a screen for staff asks for a PIN, and goes on where it was; the screens for
// everyone never do.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { Server, hidden, launch, open, shows, text, until, visible } from './support.mjs';

const STAFF = '735102-b';
const ADMIN = '84517-ab';
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.call('PUT', 'pins/staff', { pin: STAFF });
  await server.call('PUT', 'pins/admin', { pin: ADMIN });
  await server.desk('3');
});
after(async () => {
  if (browser) await browser.close();
  if (server) await server.stop();
});

/** A screen on another device: its requests are passed on, so this machine's trust does not reach it. */
async function far(path, options = {}) {
  const page = await open(browser, 'about:blank', options);
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  await page.goto(server.url + path);
  return page;
}

async function signIn(page, pin) {
  await visible(page, '#pin');
  await page.fill('#pin', pin);
  // Before the script is there nothing is sent: the browser alone would put the PIN into the address.
  await until('it can be sent', () => page.isEnabled('#enter'));
  await page.keyboard.press('Enter');
}

test('the desk that was typed before the first sign-in of a device is the desk after it', async () => {
  const page = await far('/?lang=en');
  await until('the page is live', () => page.isEnabled('#enter'));
  await page.fill('#name', 'Caja');
  await page.click('#enter');
  await page.waitForURL(/signin\.html/);
  // After going back the name is still there, and the page does not ask again.
  await page.click('#back');
  await until('the name is there', async () => (await page.inputValue('#name')) === 'Caja');
  await until('the page is live', () => page.isEnabled('#enter'));
  await page.click('#enter');
  await signIn(page, STAFF);
  await page.waitForURL(/desk\.html\?desk=Caja/);
  await until('the desk is live', () => page.isEnabled('#pause'));
  await page.goto(server.url + '/?lang=en');
  await until('the page is live', () => page.isEnabled('#enter'));
  assert.equal(await page.inputValue('#name'), '');
  await page.context().close();
});

test('without its script the page sends no PIN', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, extraHTTPHeaders: { 'X-Forwarded-For': '192.0.2.7' } });
  const page = await context.newPage();
  await page.goto(server.url + '/signin.html');
  await page.fill('#pin', STAFF);
  await page.keyboard.press('Enter');
  await page.reload();
  assert.equal(page.url(), server.url + '/signin.html');
  await context.close();
});

test('a desk asks for the PIN, says when it is wrong, and goes on where it was', async () => {
  await server.ticket();
  const page = await far('/desk.html?desk=3&lang=en');
  await page.waitForURL(/signin\.html/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'pin');
  await shows(page, '.title', 'Sign in');
  await signIn(page, 'not-the-pin');
  await shows(page, '#error', 'Wrong PIN. Check it and try again.');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'pin');
  await signIn(page, STAFF);
  await page.waitForURL(/desk\.html\?desk=3&lang=en$/);
  await page.click('#next');
  await until('someone is served', async () => (await server.call('GET', 'desks/3')).ticket);
  assert.equal(await page.evaluate(() => document.cookie), '', 'scripts cannot read the cookie');
  assert.deepEqual(page.problems, []);

  // Back at the start the session can be ended, and then the desk asks again.
  await page.goto(server.url + '/');
  await visible(page, '#leave');
  await page.click('#leave');
  await hidden(page, '#leave');
  await page.goto(server.url + '/desk.html?desk=3');
  await page.waitForURL(/signin\.html/);
  await page.context().close();
});

test('a session that ends at work asks for the PIN at once', async () => {
  const page = await far('/desk.html?desk=3');
  await signIn(page, STAFF);
  await until('it works here', () => page.isEnabled('#find'));
  // Nothing is under way that would be refused.
  await page.waitForLoadState('networkidle');
  await server.call('PUT', 'pins/staff', { pin: STAFF + '2' });
  // The server ends the connection, and what comes back is nobody's.
  await page.waitForURL(/signin\.html/);
  await signIn(page, STAFF + '2');
  await page.waitForURL(/desk\.html\?desk=3/);
  await server.call('PUT', 'pins/staff', { pin: STAFF });
  await page.context().close();
});

test('what is typed in the settings is still there after a session that ended', async () => {
  const page = await far('/settings-look.html?lang=en');
  await signIn(page, ADMIN);
  await page.waitForURL(/\/settings-look\.html/);
  await until('it is live', () => page.isEnabled('#form .button--main'));
  await page.fill('#message', 'Closed on Monday');
  await server.call('PUT', 'pins/admin', { pin: ADMIN + '2' });
  await visible(page, '#admin');
  assert.match(page.url(), /\/settings-look\.html/, 'it stays');
  await until('it is live again', () => page.isEnabled('#form .button--main'));
  await page.click('#form .button--main');
  await shows(page, '#form .failed', 'You need to sign in with a PIN.');
  const opens = page.context().waitForEvent('page');
  await page.click('#admin a');
  const other = await opens;
  await other.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
  await other.reload();
  await signIn(other, ADMIN + '2');
  await other.waitForURL(/\/settings-look\.html/);
  // Two windows side by side: this one hears nothing until somebody does something in it.
  await page.evaluate(() => {
    window.deaf = (e) => e.stopImmediatePropagation();
    window.addEventListener('focus', window.deaf, true);
  });
  await other.close();
  assert.equal(await page.inputValue('#message'), 'Closed on Monday');
  assert.equal(await page.isVisible('#admin'), true);
  await page.click('#form .button--main');
  await shows(page, '#form .status', 'Saved');
  await hidden(page, '#admin');
  assert.equal((await server.call('GET', 'settings')).message, 'Closed on Monday');

  // When the window with the page comes to the front, it checks by itself.
  await page.evaluate(() => {
    window.removeEventListener('focus', window.deaf, true);
    document.getElementById('admin').hidden = false;
    window.dispatchEvent(new Event('focus'));
  });
  await hidden(page, '#admin');
  await server.call('PUT', 'pins/admin', { pin: ADMIN });
  await page.context().close();
});

test('after the PIN nothing leads to another site', async () => {
  const elsewhere = ['https://evil.example/', '//evil.example/x', 'javascript:alert(1)', 'http:evil.example', '\\\\evil.example'];
  for (const then of elsewhere) {
    const page = await far('/signin.html?then=' + encodeURIComponent(then));
    await signIn(page, STAFF);
    await page.waitForURL((url) => !url.pathname.endsWith('signin.html'));
    assert.equal(new URL(page.url()).host, new URL(server.url).host, then);
    assert.deepEqual(page.problems.filter((p) => !p.startsWith('404')), [], then);
    await page.context().close();
  }
});

test('after the PIN nothing that is asked of the server is asked', async () => {
  const { code } = await server.ticket();
  for (const then of ['/api/ticket/draw/3', 'api/ticket/draw/x.html', '/%61pi/ticket/draw/3', '/api/../api/ticket/draw/3', '/ws', '/media/a.html', 'lang/en.json']) {
    const page = await far('/signin.html?then=' + encodeURIComponent(then));
    await signIn(page, STAFF);
    await page.waitForURL((url) => !url.pathname.endsWith('signin.html'));
    assert.equal(new URL(page.url()).pathname, '/index.html', then);
    await page.context().close();
  }
  const waiting = await server.call('GET', 'tickets?state=waiting');
  assert.ok(waiting.some((ticket) => ticket.code === code), 'nobody was called');
  for (const then of ['/', '/desk.html?desk=3', 'settings-data.html', '/t/00000000000000000000000000000000']) {
    const page = await far('/signin.html?then=' + encodeURIComponent(then));
    await signIn(page, STAFF);
    await page.waitForURL(new URL(then, server.url + '/').href + (then.includes('?') ? '' : '*'));
    await page.context().close();
  }
});

test('the screens for everyone ask for nothing', async () => {
  for (const path of ['/', '/public.html', '/new-ticket.html']) {
    const page = await far(path);
    await until('it is online', async () => (await text(page, '#office')) !== '');
    await page.waitForTimeout(600);
    assert.ok(!page.url().includes('signin'), path);
    assert.equal(await page.isVisible('#leave'), false, path);
    assert.deepEqual(page.problems, [], path);
    await page.context().close();
  }
  const kiosk = await far('/new-ticket.html');
  await visible(kiosk, '.service');
  await kiosk.click('.service');
  await shows(kiosk, '#code', /^A\d+$/);
  await kiosk.context().close();
});

test('the PIN can be shown, and axe finds nothing', async () => {
  for (const [lang, theme] of [['es', 'light'], ['en', 'dark']]) {
    const page = await far('/signin.html', { lang, theme });
    await page.fill('#pin', '1234');
    assert.equal(await page.getAttribute('#pin', 'type'), 'password');
    await page.check('#show');
    assert.equal(await page.getAttribute('#pin', 'type'), 'text');
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

// The last one, since it leaves everyone waiting.
test('too many wrong PINs mean waiting, and the page says for how long', async () => {
  const page = await far('/signin.html?lang=en');
  await until('it is to wait', async () => {
    await signIn(page, 'wrong-' + Math.random());
    await until('there is an answer', async () => (await text(page, '#error')) !== '');
    return /^Too many attempts\. You can try again in \d+ s\.$/.test(await text(page, '#error'));
  });
  assert.equal(await page.isDisabled('#enter'), true);
  await shows(page, '#error', 'You can try again now.');
  assert.equal(await page.isDisabled('#enter'), false);
  await page.context().close();
});
