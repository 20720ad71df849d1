// The audit log, newest entries first.

import { get, remove } from '../shared/api.js';
import { $, make, show } from '../shared/dom.js';
import { deskTitle, explain, isolated, t } from '../shared/i18n.js';
import { CLOCK, formatTime } from '../shared/time.js';
import { start } from './settings.js';

const PAGE_SIZE = 100;
// A busy morning has an event a second; the list is not reloaded for each.
const RELOAD_MS = 2000;

let entries = [];
let complete = false;
let loadedAt = 0;

// The texts of the settings where they are changed.
const FIELDS = {
  name: 'office.name', language: 'office.language', languages: 'office.languages', timeZone: 'office.zone',
  dayBeginsHour: 'office.hour', keepWaiting: 'office.keep', mostWaiting: 'office.most', keepDays: 'office.days', priorities: 'next.priorities',
  rule: 'next.rule', mostPriorityInARow: 'next.row', message: 'appearance.message', accent: 'appearance.accent', logo: 'appearance.logo',
  chime: 'sound.chime', voice: 'sound.voice', volume: 'sound.volume', voiceSpeed: 'sound.speed', voices: 'sound.voices', printTickets: 'printing.browser', printers: 'printing.printers', paperWidth: 'printing.width', paperQr: 'printing.qr.print',
  paperText: 'printing.text', paperLogo: 'appearance.logo', publicUrl: 'printing.url', frameAncestors: 'appearance.frames', adminsChooseServices: 'desks.admins', deskWords: 'desks.word', statisticsByPerson: 'people.by',
};
const CHANGES = {
  'settings-changed': FIELDS,
  'person-changed': { name: 'signin.name', role: 'access.role', pin: 'signin.pin' },
  'desk-changed': { created: 'audit.created', opened: 'desks.is-open', closed: 'desks.is-closed', services: 'desks.services' },
  'service-changed': {
    created: 'audit.created', opened: 'services.open', closed: 'services.closed', name: 'services.name', names: 'settings.names',
    first: 'services.first', last: 'services.last', digits: 'services.digits', message: 'services.message', messages: 'services.messages',
  },
};

function describe(entry) {
  const subject = entry.subject || '';
  const desk = entry.desk || (entry.kind.startsWith('desk-') ? subject : '');
  const values = {
    code: subject,
    desk: desk ? deskTitle(desk) : '',
    service: subject,
    target: entry.toDesk ? deskTitle(entry.toDesk) : entry.toService || '',
    about: /^pin-/.test(entry.kind) ? t('audit.role.' + subject) : subject,
    count: entry.count,
  };
  const text = t('audit.kind.' + entry.kind, values) || entry.kind;
  if (!entry.fields) return text;
  const words = CHANGES[entry.kind] || {};
  return text + ': ' + entry.fields.map((field) => (words[field] ? t(words[field]) : field)).join(' · ');
}

function actor(entry) {
  if (entry.token) return t('audit.program', { name: entry.token });
  if (entry.person) return isolated(entry.person) + ' · ' + t('audit.role.' + entry.role);
  if (entry.role) return t('audit.role.' + entry.role);
  // Wrong PINs from many addresses are one entry.
  return entry.kind === 'sign-in-refused' ? '–' : t('audit.itself');
}

function render() {
  const parts = Object.assign({ day: 'numeric', month: 'short', second: '2-digit' }, CLOCK);
  const body = $('entries');
  body.textContent = '';
  entries.forEach((entry) => {
    body.appendChild(make('tr', {}, [
      make('td', { text: formatTime(entry.at, parts) }),
      make('td', { text: describe(entry), dir: 'auto' }),
      make('td', { text: actor(entry), dir: 'auto' }),
      make('td', { text: entry.address || '', dir: 'ltr' }),
    ]));
  });
  $('none').hidden = entries.length > 0 || !loadedAt;
  $('table').hidden = entries.length === 0;
  $('more').hidden = complete || entries.length === 0;
}

/** Puts new entries before those that are shown; older pages that were loaded stay. */
async function load() {
  const wait = loadedAt + RELOAD_MS - Date.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  loadedAt = Date.now();
  const newest = await get('api/audit?limit=' + PAGE_SIZE);
  const last = newest.length ? newest[newest.length - 1].id : '';
  const at = entries.map((entry) => entry.id).indexOf(last);
  // A gap between both would look like a quiet hour.
  complete = newest.length < PAGE_SIZE || (at >= 0 && complete);
  entries = newest.concat(at >= 0 ? entries.slice(at + 1) : []);
  render();
}

$('more').addEventListener('click', async () => {
  $('more').disabled = true;
  show('more-failed', '');
  try {
    const older = await get('api/audit?limit=' + PAGE_SIZE + '&before=' + entries[entries.length - 1].id);
    entries = entries.concat(older);
    complete = older.length < PAGE_SIZE;
    render();
    if ($('more').hidden) $('table').focus();
  } catch (refusal) {
    show('more-failed', explain(refusal));
  }
  $('more').disabled = false;
});

$('erase').addEventListener('click', async () => {
  try {
    await remove('api/audit');
    entries = [];
    loadedAt = 0;
    await load();
    document.querySelector('details').open = false;
    document.querySelector('summary').focus();
    $('failed').hidden = true;
  } catch (refusal) {
    $('failed').textContent = explain(refusal);
    $('failed').hidden = false;
  }
});

start({ wants: () => true, load, translate: render, copies: [$('copy')] });
