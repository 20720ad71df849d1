// The calling order page: priorities, the calling rule, and the limit of priority calls in a row.

import { get, put } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { t, tn } from '../shared/i18n.js';
import { moveUp, renderUp, upButton } from '../shared/order.js';
import { Form } from './form.js';
import { names } from './names.js';
import { start } from './settings.js';

const MOST = 8;

let rows = [];

function field(key, control) {
  const label = make('label', {}, [make('span', { 'data-t': key, text: t(key) }), control]);
  return make('div', { className: 'field' }, [label]);
}

function row() {
  const name = make('input', { required: true, maxLength: 60, autocomplete: 'off', dir: 'auto' });
  const weight = make('input', { type: 'number', required: true, min: 1, max: 1000, inputMode: 'numeric' });
  const box = make('div');
  const made = {
    name,
    weight,
    names: names(box, 'names', 60),
    example: make('p', { className: 'what example' }),
    up: upButton(() => {
      if (!moveUp(rows, made)) return;
      show();
      form.typed();
    }, () => name),
    remove: make('button', { type: 'button', className: 'button small', text: '✕' }),
  };
  const short = field('next.weight', weight);
  short.classList.add('field--short');
  const summary = make('summary', { 'data-t': 'settings.names', text: t('settings.names') });
  made.el = make('li', {}, [make('div', { className: 'pair' }, [field('next.name', name), short, made.up, made.remove]),
    made.example, make('details', {}, [summary, box])]);
  made.remove.addEventListener('click', () => {
    const i = rows.indexOf(made);
    rows.splice(i, 1);
    show();
    form.typed();
    rows[Math.min(i, rows.length - 1)].name.focus();
  });
  return made;
}

/** Their order, and what depends on it. */
function show() {
  rows.forEach((one, i) => {
    const prefix = 'priorities[' + i + '].';
    one.name.name = prefix + 'name';
    one.weight.name = prefix + 'weight';
    for (const input of Array.from(one.el.querySelectorAll('details input'))) input.name = prefix + 'names.' + input.lang;
    const weight = Number(one.weight.value);
    const said = i === 0 ? t('next.first') + ' ' : '';
    one.example.textContent = said + (weight > 1 ? t('next.example', { weight, minutes: 10 * weight }) : '');
    const label = one.name.value.trim() || t('next.new');
    renderUp(one.up, label, i, true);
    one.remove.setAttribute('aria-label', t('next.remove', { name: label }));
    one.remove.title = one.remove.getAttribute('aria-label');
    one.remove.hidden = rows.length < 2;
  });
  reconcile($('priorities'), rows, { key: (one) => one, create: (one) => one.el });
  $('add').disabled = rows.length >= MOST;
}

const priorities = {
  get: () => rows.map((one) => {
    const given = one.names.get();
    const weight = one.weight.value === '' ? null : Number(one.weight.value);
    const name = one.name.value.trim();
    return Object.keys(given).length ? { name, names: given, weight } : { name, weight };
  }),
  set(list) {
    rows = (list || []).map((one, i) => {
      const made = rows[i] || row();
      made.name.value = one.name;
      made.weight.value = one.weight;
      made.names.set(one.names);
      return made;
    });
    show();
  },
};

/** Counts the tickets of priorities that are no longer in the list. */
async function inUse(list) {
  const left = list.map((one) => one.name);
  const open = await get('api/tickets?state=waiting,serving,held,no-show&limit=100000');
  const lost = open.filter((one) => left.indexOf(one.priority) < 0);
  if (!lost.length) return t('next.used.now');
  const name = lost[0].priority;
  return tn('next.used', lost.filter((one) => one.priority === name).length, { name });
}

async function save(changed) {
  try {
    return await put('api/settings', changed);
  } catch (refusal) {
    if (refusal.code === 'priority-in-use') refusal.text = await inUse(changed.priorities);
    throw refusal;
  }
}

const form = new Form($('form'), {
  fields: { priorities },
  save,
  check(values) {
    const wrong = {};
    values.priorities.forEach((one, i, all) => {
      if (one.name && all.slice(0, i).some((other) => other.name === one.name)) {
        wrong['priorities[' + i + '].name'] = t('next.twice');
      }
    });
    return wrong;
  },
  typed: show,
});

$('add').addEventListener('click', () => {
  const made = row();
  made.weight.value = 2;
  rows.push(made);
  show();
  form.typed();
  made.name.focus();
});

start({
  forms: [form],
  wants: (type) => type === 'settings-changed',
  async load() {
    form.take(await get('api/settings'));
  },
  translate: show,
});
