// REST: one request, its answer or a `Refusal`. A lost answer is asked for again with the same
// Idempotency-Key, so the server does a thing once, however often the network drops the reply.

import { keepChoices } from './i18n.js';

const TIMEOUT_MS = 8000;
const RETRY_AFTER_MS = [400, 1200];

/** `code` is the contract's; `no-connection` is ours, for when no answer came at all. */
export class Refusal extends Error {
  constructor(code, detail, status, wait) {
    super(code);
    this.code = code;
    this.detail = detail || '';
    this.status = status || 0;
    /** After how many seconds it is worth trying again; 0 where the server does not say. */
    this.wait = wait || 0;
  }
}

/** 128 random bits. `crypto.randomUUID` is too young, and missing where there is no HTTPS. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => (b < 16 ? '0' : '') + b.toString(16)).join('');
}

function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timeout')), ms);
    const end = (settle) => (value) => { clearTimeout(timer); settle(value); };
    promise.then(end(resolve), end(reject));
  });
}

let stays = () => false;

/** Whether this page `stays` where a PIN is asked for, since it would lose what is typed in it. */
export function stayWhere(asked) {
  stays = asked;
}

/** To the sign-in, and back here afterwards. */
export function signIn() {
  if (stays()) return;
  const url = new URL('signin.html', document.baseURI);
  url.searchParams.set('then', location.pathname + location.search);
  location.replace(keepChoices(url.href));
}

async function ask(method, path, body, key) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  let answer;
  let content = null;
  try {
    answer = await within(TIMEOUT_MS, fetch(path, {
      method, headers, cache: 'no-store', credentials: 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
    }));
    const text = await within(TIMEOUT_MS, answer.text());
    content = text ? JSON.parse(text) : null;
  } catch (e) {
    throw new Refusal('no-connection');
  }
  if (!answer.ok) {
    const problem = content || {};
    if (problem.code === 'pin-needed') signIn();
    const wait = Number(answer.headers.get('Retry-After')) || 0;
    throw new Refusal(problem.code || 'unknown', problem.detail, answer.status, wait);
  }
  return content;
}

export function get(path) {
  return ask('GET', path);
}

/** PUT says the same thing twice without harm, so it needs no key. */
export function put(path, body) {
  return ask('PUT', path, body);
}

/** DELETE says the same thing twice without harm, too. */
export function remove(path) {
  return ask('DELETE', path);
}

/** POST with a key; where no answer came, or the server was overloaded, again with the same key. */
export async function post(path, body, key) {
  const oneKey = key || freshKey();
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask('POST', path, body, oneKey);
    } catch (refusal) {
      // Who waits for a printer is told at once what is wrong with it.
      const worthwhile = refusal.code === 'no-connection' || (refusal.status === 503 && refusal.code !== 'printer-failing');
      if (!worthwhile || attempt >= RETRY_AFTER_MS.length) throw refusal;
      await new Promise((done) => setTimeout(done, RETRY_AFTER_MS[attempt]));
    }
  }
}
