// Who did what, when, from where: the newest first.

import { get, remove } from '../shared/api.js';
import { deskTitle, explain, locale, t } from '../shared/i18n.js';
import { make } from './parts.js';
import { start } from './settings.js';

const $ = (id) => document.getElementById(id);
const LISTED = 100;
// A busy morning has an event a second; the list need not jump for each.
const LOOK_AGAIN_MS = 2000;
const FORGET_TRIES = 15;

let events = [];
let complete = false;
let looked = 0;

// What the settings are called where they are changed.
const FIELDS = {
  name: 'office.name', language: 'office.language', languages: 'office.languages', timeZone: 'office.zone',
  dayBeginsHour: 'office.hour', keepWaiting: 'office.keep', mostWaiting: 'office.most', priorities: 'next.priorities',
  rule: 'next.rule', mostPriorityInARow: 'next.row', message: 'appearance.message', accent: 'appearance.accent', logo: 'appearance.logo',
  printTickets: 'appearance.print', frameAncestors: 'appearance.frames',
};

function what(one) {
  const values = {
    code: one.code || t('audit.earlier'),
    desk: one.desk ? deskTitle(one.desk) : '',
    service: one.service || '',
    target: one.toDesk ? deskTitle(one.toDesk) : one.service || '',
    about: one.type === 'pin-changed' ? t('audit.role.' + one.about) : one.about || '',
    count: one.count || 0,
  };
  const said = t('audit.kind.' + one.type, values) || one.type;
  if (!one.fields) return said;
  return said + ': ' + one.fields.map((field) => (FIELDS[field] ? t(FIELDS[field]) : field)).join(' · ');
}

// Nobody is named in what the server did by itself, nor in what was forgotten or counted together.
const BY_ITSELF = ['clock-stepped', 'day-started', 'trace-purged'];

function who(one) {
  if (one.token) return t('audit.program', { name: one.token });
  if (one.role) return t('audit.role.' + one.role);
  return BY_ITSELF.indexOf(one.type) >= 0 ? t('audit.itself') : '–';
}

function render() {
  const time = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit' });
  const body = $('events');
  body.textContent = '';
  events.forEach((one) => {
    body.appendChild(make('tr', {}, [
      make('td', { text: time.format(new Date(one.at)) }),
      make('td', { text: what(one), dir: 'auto' }),
      make('td', { text: who(one), dir: 'auto' }),
      make('td', { text: one.address || '', dir: 'ltr' }),
    ]));
  });
  $('none').hidden = events.length > 0 || !looked;
  $('table').hidden = events.length === 0;
  $('more').hidden = complete || events.length === 0;
}

/** What is new goes before what is shown; older pages that were asked for stay. */
async function load() {
  const wait = looked + LOOK_AGAIN_MS - Date.now();
  if (wait > 0) await new Promise((done) => setTimeout(done, wait));
  looked = Date.now();
  const newest = await get('api/trace?limit=' + LISTED);
  const last = newest.length ? newest[newest.length - 1].id : '';
  const at = events.map((one) => one.id).indexOf(last);
  // A gap between both would look like a quiet hour.
  complete = newest.length < LISTED || (at >= 0 && complete);
  events = newest.concat(at >= 0 ? events.slice(at + 1) : []);
  render();
}

$('more').addEventListener('click', async () => {
  try {
    const older = await get('api/trace?limit=' + LISTED + '&before=' + events[events.length - 1].id);
    events = events.concat(older);
    complete = older.length < LISTED;
    render();
    if ($('more').hidden) $('table').focus();
  } catch (refusal) { /* The connection is away, and the page says so. */ }
});

$('forget').addEventListener('click', async () => {
  try {
    await remove('api/trace');
    // It takes a moment, and longer in a large office.
    for (let tries = 0; tries < FORGET_TRIES && !(events[0] && events[0].type === 'trace-purged'); tries++) {
      events = [];
      looked = Date.now();
      await load();
    }
    document.querySelector('details').open = false;
    document.querySelector('summary').focus();
    $('failed').hidden = true;
  } catch (refusal) {
    $('failed').textContent = explain(refusal);
    $('failed').hidden = false;
  }
});

start({ wants: () => true, load, translate: render, copies: [$('copy')] });
