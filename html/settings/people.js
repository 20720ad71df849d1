// The people who sign in by name: their list, the form of one of them, and whether statistics name them.

import { get, post, put, remove } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { Form } from './form.js';
import { List } from './list.js';
import { SHORTEST_PIN, pinFault } from './pin.js';

let loaded = () => {};

/** `tell()` is called whenever the list has been loaded. */
export function onPeople(tell) {
  loaded = tell;
}

const same = (one, other) => one.toLowerCase() === other.toLowerCase();

export const people = new List({
  key: (person) => person.id,
  title: (person) => (person ? person.name : t('people.add')),
  fresh: { name: '', pin: '', role: 'staff' },
  show(row, { name, role }) {
    row.querySelector('.code').hidden = true;
    row.querySelector('.name').textContent = name;
    row.querySelector('.facts').textContent = t('access.' + role);
  },
  open: openForm,
  check({ name, pin }) {
    const isTaken = people.items.some((one) => one !== people.opened && same(one.name, name));
    return Object.assign(isTaken ? { name: t('people.taken') } : {}, pinFault(pin));
  },
  async save(changed, values, person) {
    await (person ? put('api/people/' + person.id, changed) : post('api/people', values));
    loadPeople().catch(() => {});
  },
  async remove(person) {
    await remove('api/people/' + person.id);
    loadPeople().catch(() => {});
  },
});

function openForm(person) {
  $('pin').required = !person;
  $('pin-what').textContent = person ? t('people.pin.keep') : t('people.pin.new', { least: SHORTEST_PIN });
}

export const byPerson = new Form($('by-person-form'), {
  save: (changed) => put('api/settings', changed),
});

/** The form of a person in the reader's language. */
export function translatePeople() {
  openForm(people.opened);
  people.render();
}

export async function loadPeople() {
  const [list, settings] = await Promise.all([get('api/people'), get('api/settings')]);
  // Nobody is told a PIN; a form begins without one.
  people.take(list.map((person) => Object.assign({ pin: '' }, person)));
  byPerson.take(settings);
  loaded();
}
