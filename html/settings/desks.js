// The desks page: the desks and the services that each serves, and the word before their numbers.

import { get, put, remove } from '../shared/api.js';
import { $, make } from '../shared/dom.js';
import { LANGUAGES, deskTitle, t } from '../shared/i18n.js';
import { ordered } from '../shared/order.js';
import { apply, byName } from '../shared/state.js';
import { DESK_WORDS } from './desk-words.js';
import { Form } from './form.js';
import { List } from './list.js';
import { names } from './names.js';
import { start } from './settings.js';

let state = null;

const address = (name) => 'api/desks/' + encodeURIComponent(name);

const services = ordered($('services'), () => (state ? state.services : [])
  .map(({ prefix, name }) => ({ value: prefix, label: prefix + ' · ' + name })));

const list = new List({
  key: (item) => item.name,
  title: (item) => (item ? deskTitle(item.name) : t('desks.new')),
  fresh: { name: '', open: true, services: [] },
  fields: { services },
  show(row, item) {
    row.querySelector('.code').textContent = deskTitle(item.name);
    row.querySelector('.name').textContent = item.services.length
      ? t('desks.some', { list: item.services.join(', ') }) : t('desks.all');
    const facts = [t(item.open ? 'desks.is-open' : 'desks.is-closed')];
    if (item.ticket) facts.push(t('desks.serving', { code: item.ticket.code }));
    row.querySelector('.facts').textContent = facts.join(' · ');
  },
  open(item) {
    $('name-field').hidden = Boolean(item);
    $('name').readOnly = Boolean(item);
  },
  check({ name }) {
    const taken = !list.opened && list.items.some((one) => one.name === name);
    return taken ? { name: t('desks.taken') } : {};
  },
  save(changed, values) {
    const body = Object.assign({}, changed);
    delete body.name;
    return put(address(values.name), body);
  },
  remove: (item) => remove(address(item.name)),
  why: (refusal) => (refusal.code === 'desk-in-use' ? t('desks.why') : ''),
});

const words = names($('words'), 'deskWords', 20);
const rules = new Form($('rules'), { fields: { deskWords: words }, save: (changed) => put('api/settings', changed) });

LANGUAGES.forEach((lang) => {
  const field = document.querySelector('[name="deskWords.' + lang + '"]');
  field.placeholder = DESK_WORDS[lang][0];
  field.setAttribute('list', 'words-' + lang);
  $('words').appendChild(make('datalist', { id: 'words-' + lang }, DESK_WORDS[lang].map((value) => make('option', { value }))));
});

start({
  forms: [list.form, rules],
  wants: (type) => type === 'settings-changed',
  async load() {
    rules.take(await get('api/settings'));
  },
  tell(m) {
    state = apply(state, m);
    list.take(state.desks.slice().sort(byName));
    services.render();
  },
  translate() {
    list.render();
  },
});
