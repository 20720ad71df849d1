// The services page: letter, names, numbers, open or closed.

import { get, put, remove } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { deskTitle, t, tn } from '../shared/i18n.js';
import { apply } from '../shared/state.js';
import { List } from './list.js';
import { names } from './names.js';
import { start } from './settings.js';

const MOST_DIGITS = 6;
// Numbers can pass their range without an event, so the page loads again, at most once in this time.
const RELOAD_MS = 3000;

let state = null;
let reloadTimer = 0;

const code = (prefix, number, digits) => {
  const text = String(number);
  return prefix + '0'.repeat(Math.max(0, Math.min(MOST_DIGITS, digits) - text.length)) + text;
};

const isPrefix = (text) => /^[^\s\d!-/:-@[-`{-~]{1,4}$/.test(text);

const inLanguages = names($('names'), 'names', 80);
const messagesInLanguages = names($('messages'), 'messages', 80);

const list = new List({
  key: (item) => item.prefix.toUpperCase(),
  title: (item) => (item ? t('services.this', { prefix: item.prefix }) : t('services.new')),
  fresh: { prefix: '', name: '', names: {}, first: 1, last: null, digits: 1, targetMinutes: null, open: true, message: null, messages: {} },
  fields: { names: inLanguages, messages: messagesInLanguages },
  show(row, item) {
    // The numbers are sent only after sign-in.
    row.querySelector('.code').textContent = item.digits ? code(item.prefix, item.first, item.digits) : item.prefix;
    row.querySelector('.name').textContent = item.name;
    const told = state && state.services.filter((one) => one.prefix === item.prefix)[0];
    const facts = [tn('services.waiting', told ? told.waiting : item.waiting)];
    if (!item.open) facts.unshift(t('services.closed') + (item.message ? ' (' + item.message + ')' : ''));
    row.querySelector('.facts').textContent = facts.join(' · ');
    row.querySelector('.warning').textContent = item.pastRange ? t('services.past', { last: item.last }) : '';
  },
  open(item) {
    $('prefix-field').hidden = Boolean(item);
    $('prefix').required = !item;
    $('prefix').readOnly = Boolean(item);
    $('more').open = Boolean(item && Object.keys(item.names).length);
    $('more-messages').open = Boolean(item && Object.keys(item.messages).length);
  },
  check({ prefix, first, last }) {
    const wrong = {};
    if (!list.opened && prefix && !isPrefix(prefix)) wrong.prefix = t('services.prefix.wrong');
    if (!list.opened && list.items.some((one) => one.prefix === prefix.toUpperCase())) {
      wrong.prefix = t('services.prefix.taken', { prefix: prefix.toUpperCase() });
    }
    if (last !== null && first !== null && last < first) wrong.last = t('services.last.wrong', { first });
    return wrong;
  },
  typed({ prefix, first, last, digits, open }) {
    const letters = prefix.toUpperCase();
    const shown = letters && first !== null && digits !== null;
    const ends = last !== null && last < first + 3;
    $('preview').textContent = shown ? [first, first + 1, first + 2].filter((n) => n === first || last === null || n <= last)
      .map((n) => code(letters, n, digits)).join(', ') + (ends ? '' : '…') : '';
    $('preview-line').hidden = !shown;
    $('message-field').hidden = open;
    const past = list && list.opened && list.opened.pastRange;
    $('past').hidden = !past;
    if (past) $('past').textContent = t('services.past', { last: list.opened.last });
  },
  save(changed, values) {
    const body = Object.assign({}, changed);
    delete body.prefix;
    return put('api/services/' + encodeURIComponent(values.prefix), body);
  },
  remove: (item) => remove('api/services/' + encodeURIComponent(item.prefix)),
  why(refusal, item) {
    if (refusal.code !== 'service-in-use') return '';
    const desk = state && state.desks.filter((one) => one.services.indexOf(item.prefix) >= 0)[0];
    if (list.items.length < 2) return t('services.why.only');
    return desk ? t('services.why.desk', { desk: deskTitle(desk.name) }) : t('services.why.people');
  },
});

// The answer omits usual values.
const whole = (item) => Object.assign({ names: {}, targetMinutes: null, message: null, messages: {}, open: true }, item);

const load = async () => list.take((await get('api/services')).map(whole));

start({
  forms: [list.form],
  wants: (type) => type === 'services-changed',
  load,
  tell(m) {
    state = apply(state, m);
    list.render();
    if (m.type !== 'ticket-created' || reloadTimer) return;
    reloadTimer = setTimeout(() => { reloadTimer = 0; load().catch(() => {}); }, RELOAD_MS);
  },
  translate: () => list.render(),
});
