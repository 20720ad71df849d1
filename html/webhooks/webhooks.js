// The page of webhooks: the programs that are sent events, their state and their last deliveries.

import { get, patch, post, remove } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { explain, locale, roughSpan, t } from '../shared/i18n.js';
import { formatDayAndTime } from '../shared/time.js';
import { Form } from '../settings/form.js';
import { start } from '../settings/settings.js';

const POLL_MS = 3000;
const AHEAD = 3;

const TYPES = ['ticket-created', 'ticket-called', 'ticket-recalled', 'ticket-finished', 'ticket-no-show', 'ticket-held', 'ticket-returned',
  'ticket-transferred', 'ticket-cancelled', 'ticket-approaching', 'step-undone', 'desk-changed', 'services-changed', 'settings-changed',
  'day-started', 'office-imported'];

let webhooks = null;
// The webhook that is to be deleted once somebody confirms it, and one that is being tested.
let sure = null;
let tested = null;
let unfolded = null;
// The webhook that the form is of; null for a new one.
let edited = null;

const reasonOf = ({ reason, status }) => t('webhooks.reason.' + reason, { status });

function ticks() {
  return Array.from($('types').querySelectorAll('input'));
}

const form = new Form($('webhook-form'), {
  fields: {
    types: {
      get: () => ticks().filter((one) => one.checked).map((one) => one.value),
      set: (types) => ticks().forEach((one) => { one.checked = (types || []).indexOf(one.value) >= 0; }),
    },
  },
  check: ({ types }) => (types.length ? {} : { types: t('webhooks.types.none') }),
  async save(changed, values) {
    try {
      if (edited) await patch('api/webhooks/' + encodeURIComponent(edited.id), changed);
      else showSecret(await post('api/webhooks', values));
    } catch (refusal) {
      if (/^url: /.test(refusal.detail)) refusal.text = t('webhooks.url.wrong');
      throw refusal;
    }
    load().catch(() => {});
  },
  saved() {
    const id = edited && edited.id;
    edit(null);
    if (id) {
      form.say('settings.saved');
      focusIn(id, 'settings.change');
      return;
    }
    $('secret').focus();
    $('secret').select();
  },
});

/** Opens the form of a webhook; of a new one without any. */
function edit(webhook) {
  edited = webhook;
  form.open(webhook || { url: '', types: [], approachingAhead: AHEAD });
  form.say('');
  $('leave-edit').hidden = !webhook;
  name();
}

function name() {
  $('which').textContent = edited ? t('webhooks.edit', { name: edited.url }) : t('webhooks.new');
  $('make').textContent = t(edited ? 'settings.save' : 'webhooks.make');
}

function showSecret({ secret }) {
  $('secret').value = secret;
  $('made').hidden = false;
  $('copied').textContent = '';
}

function stateOf(webhook) {
  if (!webhook.on) return [t('webhooks.off' + (webhook.offReason ? '.' + webhook.offReason : ''))];
  const parts = [t('webhooks.on')];
  if (webhook.nextAttemptAt) {
    if (webhook.eventsBehind) parts.push(t('webhooks.behind', { span: roughSpan(webhook.behindSeconds), n: webhook.eventsBehind }));
    parts.push(t('webhooks.next-attempt', { time: formatDayAndTime(webhook.nextAttemptAt) }));
  }
  if (webhook.oldSecretsUntil && new Date(webhook.oldSecretsUntil) > new Date()) {
    parts.push(t('webhooks.old-secret', { time: formatDayAndTime(webhook.oldSecretsUntil) }));
  }
  return parts;
}

function deliveryRow(delivery) {
  return make('li', {}, [
    make('time', { text: formatDayAndTime(delivery.at) }),
    make('span'),
    make('span', { text: t('webhooks.type.' + delivery.type) }),
    make('span', { className: delivery.delivered ? '' : 'warning', text: delivery.delivered ? t('webhooks.delivered') : reasonOf(delivery) }),
  ]);
}

function row(webhook) {
  const failed = webhook.offReason || webhook.nextAttemptAt;
  const about = [
    make('span', { className: 'name', dir: 'ltr', text: webhook.url }),
    make('span', { className: failed ? 'warning' : 'facts', text: stateOf(webhook).join(' · ') }),
    make('span', { className: 'facts', text: webhook.types.map((type) => t('webhooks.type.' + type)).join(' · ') }),
  ];
  if (failed && webhook.lastFailure) {
    const { at } = webhook.lastFailure;
    about.push(make('span', { className: 'facts', text: t('webhooks.last-failure', { time: formatDayAndTime(at), reason: reasonOf(webhook.lastFailure) }) }));
  }
  const buttons = make('div', { className: 'buttons' });
  const button = (key, act, className = '') => {
    const made = make('button', { type: 'button', className: 'button small ' + className, text: t(key) });
    made.setAttribute('aria-label', t(key) + ': ' + webhook.url);
    made.setAttribute('data-act', key);
    made.addEventListener('click', act);
    buttons.appendChild(made);
  };
  if (sure === webhook.id) {
    button('settings.sure.no', () => ask(null, webhook.id));
    button('webhooks.delete.yes', () => act(webhook, deleteIt), 'risky really');
  } else {
    button('webhooks.test', () => act(webhook, test));
    button(webhook.on ? 'webhooks.switch-off' : 'webhooks.switch-on', () => act(webhook, toggle));
    button('settings.change', () => {
      edit(webhook);
      $('which').focus();
    });
    button('webhooks.new-secret', () => act(webhook, rotate));
    button('webhooks.delete', () => ask(webhook.id, webhook.id));
  }
  const list = webhook.deliveries.length
    ? make('ul', {}, webhook.deliveries.map(deliveryRow))
    : make('p', { className: 'facts', text: t('webhooks.deliveries.none') });
  const details = make('details', { open: unfolded === webhook.id }, [make('summary', { text: t('webhooks.deliveries') }), list]);
  details.addEventListener('toggle', () => {
    if (details.open) unfolded = webhook.id;
    else if (unfolded === webhook.id) unfolded = null;
  });
  return make('li', { 'data-webhook': webhook.id }, [make('div', { className: 'about' }, about), buttons, details]);
}

function ask(id, at) {
  sure = id;
  render();
  focusIn(at);
}

/** Focuses a button of a webhook's row: the one that was pressed, or else the first. */
function focusIn(id, key) {
  const found = document.querySelector('[data-webhook="' + id + '"]');
  const button = found && (found.querySelector('[data-act="' + key + '"]') || found.querySelector('button'));
  if (button) button.focus();
}

async function act(webhook, how) {
  const pressed = document.activeElement && document.activeElement.getAttribute('data-act');
  $('list-failed').hidden = true;
  $('said').textContent = '';
  try {
    await how(webhook, 'api/webhooks/' + encodeURIComponent(webhook.id));
  } catch (refusal) {
    $('list-failed').textContent = explain(refusal);
    $('list-failed').hidden = false;
  }
  await load().catch(() => {});
  if (sure === null && webhooks.some((one) => one.id === webhook.id) && document.activeElement === document.body) focusIn(webhook.id, pressed);
}

async function test(webhook, path) {
  if (tested) return;
  tested = webhook.id;
  $('said').textContent = t('webhooks.testing');
  try {
    const told = await post(path + '/test');
    $('said').textContent = told.delivered ? t('webhooks.tested') : t('webhooks.test-failed', { reason: reasonOf(told) });
  } catch (refusal) {
    $('said').textContent = '';
    throw refusal;
  } finally {
    tested = null;
  }
}

async function toggle(webhook, path) {
  await patch(path, { on: !webhook.on });
}

async function rotate(webhook, path) {
  showSecret(await post(path + '/secret'));
  $('secret').focus();
  $('secret').select();
}

async function deleteIt(webhook, path) {
  await remove(path);
  sure = null;
  if (edited && edited.id === webhook.id) edit(null);
  $('said').textContent = t('webhooks.deleted', { name: webhook.url });
  $('list-title').focus();
}

function render() {
  if (!webhooks) return;
  $('none').hidden = webhooks.length > 0;
  // A change makes a new row; the button that has the focus keeps it.
  const focused = document.activeElement;
  const at = focused && focused.closest('[data-webhook]');
  const key = focused && focused.getAttribute('data-act');
  reconcile($('webhooks'), webhooks, { key: (one) => [locale(), sure === one.id, JSON.stringify(one)].join(), create: row });
  if (at && !document.contains(focused)) focusIn(at.getAttribute('data-webhook'), key);
}

async function load() {
  webhooks = await get('api/webhooks');
  render();
}

$('leave-edit').addEventListener('click', () => {
  const { id } = edited;
  edit(null);
  focusIn(id, 'settings.change');
});

$('copy').addEventListener('click', () => {
  // `navigator.clipboard` is there only over HTTPS; this works everywhere.
  $('secret').focus();
  $('secret').select();
  let copied = false;
  try { copied = document.execCommand('copy'); } catch (e) { /* Then by hand. */ }
  $('copied').textContent = t(copied ? 'access.copied' : 'access.copy.by-hand');
});

start({
  forms: [form],
  wants: () => false,
  load,
  translate() {
    const before = form.base ? form.fields.types.get() : [];
    reconcile($('types'), TYPES, {
      key: (type) => locale() + type,
      create: (type) => make('label', {}, [make('input', { type: 'checkbox', value: type, checked: before.indexOf(type) >= 0 }),
        make('span', { text: t('webhooks.type.' + type) })]),
    });
    if (form.base) name(); else edit(null);
    render();
  },
});

setInterval(() => { if (!document.hidden && webhooks) load().catch(() => {}); }, POLL_MS);
