// The access page: PINs, API tokens and signing out.

import { get, post, put, remove } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { explain, locale, t } from '../shared/i18n.js';
import { CLOCK, formatTime } from '../shared/time.js';
import { Form } from './form.js';
import { options, start } from './settings.js';

// As the server has it (pin.rs).
const SHORTEST_PIN = 6;

let tokens = null;
let sure = null;

// Words that anybody tries (pin.rs), with or without digits after them.
const WORDS = /^(passw|passwor[dt]|contrase[ñn]a|clave|senha|motdepasse|qwerty|azerty|letmein|welcome|secreto?|turnero|admin)\d*$/i;

/** Whether people would guess the PIN first: two digits, a repeated part, a sequence, or such a word. */
function isEasy(pin) {
  const isRow = (text) => [1, -1].some((by) => text.split('').every((c, i) => !i || c.charCodeAt(0) - text.charCodeAt(i - 1) === by));
  const low = pin.toLowerCase();
  return /^(\d)\1*(?:(\d)(?:\1|\2)*)?$/.test(low) || /^(.+)\1+$/.test(low) || isRow(low)
    || (/^(?:(.)\1)+$/.test(low) && isRow(low.replace(/(.)\1/g, '$1'))) || WORDS.test(low);
}

function pinForm(role) {
  const form = new Form($(role + '-form'), {
    save: ({ pin }) => put('api/pins/' + role, { pin }),
    check({ pin }) {
      if (pin && pin.length < SHORTEST_PIN) return { pin: t('access.pin.short', { least: SHORTEST_PIN }) };
      return pin && isEasy(pin) ? { pin: t('access.pin.easy') } : {};
    },
    saved() {
      form.open({ pin: '' });
      form.say('settings.saved');
    },
  });
  form.open({ pin: '' });
  return form;
}

const pins = [pinForm('staff'), pinForm('admin')];

const maker = new Form($('token-form'), {
  async save(changed, { name, role }) {
    const made = await post('api/tokens', { name, role });
    $('secret').value = made.token;
    $('made').hidden = false;
    $('copied').textContent = '';
    load().catch(() => {});
  },
  saved() {
    maker.open({ name: '', role: 'staff' });
    $('secret').focus();
    $('secret').select();
  },
});

const when = (time) => formatTime(time, Object.assign({ day: 'numeric', month: 'short' }, CLOCK));

function tokenRow(token) {
  const row = make('li', {}, [
    make('div', { className: 'about' }, [
      make('span', { className: 'name', dir: 'auto', text: token.name }),
      make('span', { className: 'facts', text: [t(token.role === 'admin' ? 'access.admin' : 'access.staff'),
        token.lastUsedAt ? t('access.used', { time: when(token.lastUsedAt) }) : t('access.unused')].join(' · ') }),
    ]),
  ]);
  const asked = sure === token.id;
  const button = (key, className, act) => {
    const made = make('button', { type: 'button', className: 'button small ' + className, text: t(key) });
    made.setAttribute('aria-label', t(key) + ': ' + token.name);
    made.addEventListener('click', act);
    row.appendChild(made);
    return made;
  };
  if (asked) {
    button('settings.sure.no', 'change', () => ask(null, token.id));
    button('access.revoke.yes', 'change risky really', () => revoke(token));
  } else {
    button('access.revoke', 'change', () => ask(token.id, token.id));
  }
  row.setAttribute('data-token', token.id);
  return row;
}

function ask(id, at) {
  sure = id;
  render();
  const row = document.querySelector('[data-token="' + at + '"]');
  if (row) row.querySelector('button').focus();
}

async function revoke(token) {
  $('tokens-failed').hidden = true;
  try {
    await remove('api/tokens/' + encodeURIComponent(token.id));
  } catch (refusal) {
    if (refusal.code !== 'not-found') {
      $('tokens-failed').textContent = explain(refusal);
      $('tokens-failed').hidden = false;
      return;
    }
  }
  sure = null;
  tokens = tokens.filter((one) => one.id !== token.id);
  render();
  $('tokens-said').textContent = t('access.revoked', { name: token.name });
  $('tokens').parentNode.querySelector('h3').focus();
}

function render() {
  if (!tokens) return;
  $('none').hidden = tokens.length > 0;
  // Another language or another question makes a new row.
  reconcile($('tokens'), tokens, { key: (token) => [locale(), sure === token.id, JSON.stringify(token)].join(), create: tokenRow });
}

async function load() {
  tokens = await get('api/tokens');
  render();
}

$('copy').addEventListener('click', () => {
  // `navigator.clipboard` is there only over HTTPS; this works everywhere.
  $('secret').focus();
  $('secret').select();
  let copied = false;
  try { copied = document.execCommand('copy'); } catch (e) { /* Then by hand. */ }
  $('copied').textContent = t(copied ? 'access.copied' : 'access.copy.by-hand');
});

$('leave').addEventListener('click', async () => {
  try {
    await remove('api/session');
    location.href = $('home').href;
  } catch (refusal) {
    $('leave-failed').textContent = explain(refusal);
    $('leave-failed').hidden = false;
  }
});

start({
  forms: pins.concat(maker),
  wants: () => false,
  load,
  session({ open, session, role, local }) {
    $('open').hidden = !open;
    $('far').hidden = !open || local;
    if (open && !local) pins.concat(maker).forEach((form) => form.shut());
    $('here').hidden = open || session || role !== 'admin';
    $('leave-part').hidden = !session;
  },
  translate() {
    options($('role'), [['staff', t('access.staff')], ['admin', t('access.admin')]]);
    if (!maker.base) maker.open({ name: '', role: 'staff' });
    render();
  },
});
