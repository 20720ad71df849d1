// Who did what, when, from where: the newest first.

import { get } from './api.js';
import { deskTitle, locale, t } from './i18n.js';
import { make } from './settings-parts.js';
import { start } from './settings.js';

const $ = (id) => document.getElementById(id);
const LISTED = 100;
// A busy morning has an event a second; the list need not jump for each.
const LOOK_AGAIN_MS = 2000;

let events = [];
let complete = false;
let looked = 0;

function what(one) {
  const values = {
    code: one.code || t('trace.forgotten'),
    desk: one.desk ? deskTitle(one.desk) : '',
    service: one.service || '',
  };
  return t('trace.kind.' + one.type, values) || one.type;
}

function who(one) {
  if (one.token) return t('trace.program', { name: one.token });
  return one.role ? t('trace.role.' + one.role) : t('trace.itself');
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
  const last = newest.length ? newest[newest.length - 1].seq : 0;
  const older = events.filter((one) => one.seq < last);
  // A gap between both would look like a quiet hour.
  const meets = events.some((one) => one.seq === last);
  complete = newest.length < LISTED || (meets && complete);
  events = newest.concat(meets ? older : []);
  render();
}

$('more').addEventListener('click', async () => {
  try {
    const older = await get('api/trace?limit=' + LISTED + '&before=' + events[events.length - 1].seq);
    events = events.concat(older);
    complete = older.length < LISTED;
    render();
    if ($('more').hidden) $('table').focus();
  } catch (refusal) { /* The connection is away, and the page says so. */ }
});

start({ wants: () => true, load, translate: render });
