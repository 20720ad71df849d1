// The access page: people, shared PINs, API tokens and signing out.

import { get, post, put, remove } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { explain, locale, t } from '../shared/i18n.js';
import { formatDayAndTime } from '../shared/time.js';
import { Form } from './form.js';
import { byPerson, loadPeople, onPeople, people, translatePeople } from './people.js';
import { pinFault } from './pin.js';
import { options, start } from './settings.js';

let tokens = null;
let sure = null;

function pinForm(role) {
  const form = new Form($(role + '-form'), {
    save: ({ pin }) => put('api/pins/' + role, { pin }),
    check: ({ pin }) => pinFault(pin),
    saved() {
      form.open({ pin: '' });
      form.say('settings.saved');
      loadPins().catch(() => {});
    },
  });
  form.open({ pin: '' });
  const part = (name) => $(role + '-' + name);
  const ask = (really) => {
    part('sure').hidden = !really;
    part('remove').hidden = really;
    part(really ? 'keep' : 'remove').focus();
  };
  part('remove').addEventListener('click', () => ask(true));
  part('keep').addEventListener('click', () => ask(false));
  part('really').addEventListener('click', async () => {
    try {
      await remove('api/pins/' + role);
      form.failed('');
      await loadPins();
      part('pin').focus();
    } catch (refusal) {
      ask(false);
      form.failed(explain(refusal));
    }
  });
  return form;
}

/** Shows which shared PINs there are; one can go only while people sign in by name. */
async function loadPins() {
  const roles = (await get('api/pins')).map((one) => one.role);
  ['staff', 'admin'].forEach((role) => {
    const isThere = roles.indexOf(role) >= 0;
    $(role + '-none').hidden = isThere;
    $(role + '-remove').hidden = !isThere || people.items.length === 0;
    $(role + '-sure').hidden = true;
  });
}

const pins = [pinForm('staff'), pinForm('admin')];

const tokenForm = new Form($('token-form'), {
  async save(changed, { name, role }) {
    const made = await post('api/tokens', { name, role });
    $('secret').value = made.token;
    $('made').hidden = false;
    $('copied').textContent = '';
    load().catch(() => {});
  },
  saved() {
    tokenForm.open({ name: '', role: 'staff' });
    $('secret').focus();
    $('secret').select();
  },
});

function tokenRow(token) {
  const row = make('li', {}, [
    make('div', { className: 'about' }, [
      make('span', { className: 'name', dir: 'auto', text: token.name }),
      make('span', { className: 'facts', text: [t(token.role === 'admin' ? 'access.admin' : 'access.staff'),
        token.lastUsedAt ? t('access.used', { time: formatDayAndTime(token.lastUsedAt) }) : t('access.unused')].join(' · ') }),
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

async function loadAll() {
  await Promise.all([load(), loadPeople()]);
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

const forms = pins.concat(tokenForm, people.form, byPerson);

// Without people a shared PIN has to stay.
onPeople(() => loadPins().catch(() => {}));

start({
  forms,
  wants: (type) => type === 'settings-changed',
  load: loadAll,
  session({ open, session, role, local }) {
    $('open').hidden = !open;
    $('far').hidden = !open || local;
    $('add').disabled = open && !local;
    if (open && !local) forms.filter((form) => form !== byPerson).forEach((form) => form.shut());
    $('here').hidden = open || session || role !== 'admin';
    $('leave-part').hidden = !session;
  },
  translate() {
    ['role', 'token-role'].forEach((id) => options($(id), [['staff', t('access.staff')], ['admin', t('access.admin')]]));
    translatePeople();
    if (!tokenForm.base) tokenForm.open({ name: '', role: 'staff' });
    render();
  },
});
