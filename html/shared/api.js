// REST requests: an answer or a `Refusal`. A POST whose answer is lost is repeated with the same Idempotency-Key, so that
// the server does it once. Where a PIN is asked for, the sign-in page opens.

import { keepChoices } from './i18n.js';
import { pause } from './pause.js';

const TIMEOUT_MS = 8000;
const PAUSES_MS = [400, 1200];

/** `code` is the server's, or `no-connection` if no answer came. `wait`: seconds until a retry; 0 if the server does not say. */
export class Refusal extends Error {
  constructor(code, detail = '', status = 0, wait = 0) {
    super(code);
    Object.assign(this, { code, detail, status, wait });
  }
}

/** 128 random bits. Browsers of 2018 have no `crypto.randomUUID`. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => (b < 16 ? '0' : '') + b.toString(16)).join('');
}

// The first of the answers, or `no-connection` where none comes in time.
const first = (...answers) => Promise.race([
  ...answers,
  pause(TIMEOUT_MS).then(() => { throw new Refusal('no-connection'); }),
]);

let mayLeave = () => true;
let changed = () => {};

/** `ask()` returns whether the page may go to the sign-in; not if typed text would be lost. */
export function beforeSignIn(ask) {
  mayLeave = ask;
}

/** `tell()` is called after each request that changed something: perhaps somebody has signed in in another tab. */
export function afterChange(tell) {
  changed = tell;
}

/** Goes to the sign-in, which comes back to this page. */
export function signIn() {
  if (!mayLeave()) return;
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
    answer = await fetch(path, {
      method, headers, cache: 'no-store', credentials: 'same-origin', body: JSON.stringify(body),
    });
    const text = await answer.text();
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
  if (method !== 'GET') changed();
  return content;
}

export const get = (path) => first(ask('GET', path));

/** PUT, PATCH and DELETE are idempotent, so they need no key. */
export const put = (path, body) => first(ask('PUT', path, body));

export const patch = (path, body) => first(ask('PATCH', path, body));

export const remove = (path) => first(ask('DELETE', path));

/** POST with a key, repeated with it if no answer came or the server was overloaded. A late answer counts, too. */
export async function post(path, body, key = freshKey()) {
  let end;
  const late = new Promise((resolve) => { end = resolve; });
  // A printer's fault is reported at once.
  const isFinal = ({ code, status }) => code !== 'no-connection' && (status !== 503 || code === 'printer-failing');
  for (let n = 0; ; n++) {
    const asked = ask('POST', path, body, key);
    asked.then(end, (refusal) => isFinal(refusal) && end(asked));
    try {
      return await first(asked, late);
    } catch (refusal) {
      if (isFinal(refusal) || n >= PAUSES_MS.length) throw refusal;
    }
    await pause(PAUSES_MS[n]);
  }
}
