// The statistics page: today's counts and times by service and by desk.

import { start } from '../settings/settings.js';
import { get } from '../shared/api.js';
import { $, make } from '../shared/dom.js';
import { clockSpan, deskTitle, isolated, nameOf, t } from '../shared/i18n.js';

// A busy morning has an event a second; the figures need not change for each.
const RELOAD_MS = 2000;

let figures = null;
let names = {};
let loadedAt = 0;

const span = (seconds) => (seconds === null ? '–' : clockSpan(seconds));

function row(title, cells) {
  return make('tr', {}, [make('th', { scope: 'row', text: title, dir: 'auto' })].concat(cells.map((text) => make('td', { text: String(text) }))));
}

const ofService = (title, f) => row(title, [f.given, f.waiting, f.attended, f.noShows, f.cancelled, span(f.meanWaitSeconds), span(f.longestWaitSeconds), span(f.meanTurnSeconds)]);

// Where the columns have no room beside each other, each figure says what it is.
function fill(body, rows) {
  const heads = body.parentNode.querySelectorAll('thead th');
  body.textContent = '';
  rows.forEach((one) => {
    Array.from(body.appendChild(one).children).forEach((cell, i) => cell.setAttribute('data-head', heads[i].textContent));
  });
}

function render() {
  if (!figures) return;
  const { services, desks } = figures;
  const title = ({ prefix, name }) => isolated(prefix) + ' · ' + nameOf({ names: names[prefix], name: name || '' });
  const all = services.length > 1 ? [ofService(t('statistics.all'), figures)] : [];
  fill($('services'), services.map((one) => ofService(title(one), one)).concat(all));
  fill($('desks'), desks.map((one) => row(deskTitle(one.name), [one.attended, one.noShows, span(one.meanTurnSeconds)])));
  $('none').hidden = services.length > 0;
  $('by-service').hidden = !services.length;
  $('by-desk').hidden = !desks.length;
}

async function load() {
  const wait = loadedAt + RELOAD_MS - Date.now();
  if (wait > 0) await new Promise((done) => setTimeout(done, wait));
  loadedAt = Date.now();
  const [now, services] = await Promise.all([get('api/figures'), get('api/services')]);
  figures = now;
  names = {};
  services.forEach((one) => { names[one.prefix] = one.names; });
  render();
}

start({ wants: () => true, load, translate: render, isForStaff: true });
