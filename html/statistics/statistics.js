// The statistics page: today live, and any range of days as numbers, pictures and tables.

import { start } from '../settings/settings.js';
import { get } from '../shared/api.js';
import { $, make, show } from '../shared/dom.js';
import { clockSpan, deskTitle, isolated, locale, nameOf, t } from '../shared/i18n.js';
import { bars, fillTable, heatMap } from './charts.js';

// A busy morning has an event a second; the numbers need not change for each.
const RELOAD_MS = 2000;
const DAY_MS = 86400000;
const NOTHING = '–';
// Below a bar, in CSS pixels: a letter, and the least room for a name.
const LETTER = 7;
const ROOM_FOR_TITLE = 90;

let today = null;
let desksOpen = 0;
let range = null;
let names = {};
// Whether an admin has turned on statistics by person.
let isByPerson = false;
let loadedAt = 0;
// Days that the reader chose; null is today.
let chosen = null;
let failure = '';
// The number of the last request for a range.
let asked = 0;

const span = (seconds) => (seconds === null ? NOTHING : clockSpan(seconds));
const of = (summary, field) => span(summary ? summary[field] : null);
const percent = (share) => (share === null ? NOTHING : new Intl.NumberFormat(locale(), { style: 'percent' }).format(share));
const later = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
const written = (day, options) => new Intl.DateTimeFormat(locale(), Object.assign({ timeZone: 'UTC' }, options)).format(new Date(day));

const COLUMNS = [
  ['statistics.given', (f) => f.arrived],
  ['statistics.waiting', (f) => f.waiting],
  ['statistics.serving', (f) => f.serving],
  ['statistics.held', (f) => f.held],
  ['statistics.served', (f) => f.served],
  ['statistics.no-shows', (f) => f.noShows],
  ['statistics.cancelled', (f) => f.left],
  ['statistics.wait', (f) => of(f.wait, 'meanSeconds')],
  ['statistics.median', (f) => of(f.wait, 'medianSeconds')],
  ['statistics.percentile', (f) => of(f.wait, 'p90Seconds')],
  ['statistics.longest', (f) => of(f.wait, 'longestSeconds')],
  ['statistics.handling', (f) => of(f.handling, 'meanSeconds')],
  ['statistics.drop-off', (f) => percent(f.dropOff)],
  ['statistics.level', (f) => percent(f.serviceLevel)],
];

// Numbers of the moment are not compared.
const NOW = ['statistics.waiting', 'statistics.serving', 'statistics.held'];

const TODAY = [
  ['statistics.waiting-now', (f) => f.waiting],
  ['statistics.longest-now', (f) => span(f.longestWaitingSeconds)],
  ['statistics.wait', (f) => of(f.wait, 'meanSeconds')],
  ['statistics.percentile', (f) => of(f.wait, 'p90Seconds')],
  ['statistics.served', (f) => f.served],
  ['statistics.no-shows', (f) => f.noShows],
  ['statistics.desks-open', () => desksOpen],
];

// A tile for each number, with the one of the days before if there is one.
function tiles(list, columns, figures, before) {
  list.textContent = '';
  columns.forEach(([key, value]) => {
    const tile = [make('dt', { text: t(key) }), make('dd', { text: String(value(figures)) })];
    if (before && NOW.indexOf(key) < 0) tile.push(make('dd', { className: 'was', text: t('statistics.was', { value: value(before) }) }));
    list.appendChild(make('div', {}, tile));
  });
}

function drawn(section, picture) {
  const place = section.querySelector('.drawing');
  place.textContent = '';
  // A hidden element has no width.
  section.hidden = false;
  place.appendChild(picture(Math.max(240, place.clientWidth || 600)));
}

// Bars of one or two series with the same labels, and their table.
function barChart(id, key, head, labels, series, seriesNames) {
  const section = $(id);
  const title = section.querySelector('h3').textContent;
  drawn(section, (width) => bars(width, title, labels, series));
  const legend = section.querySelector('.legend');
  legend.hidden = series.length < 2;
  legend.textContent = '';
  seriesNames.forEach((text, n) => legend.appendChild(make('span', { className: 'series-' + n, text })));
  fillTable(section.querySelector('table'), [head, ...seriesNames], labels.map((label, i) => [label, ...series.map((numbers) => numbers[i])]));
  section.querySelector('.table').setAttribute('aria-label', title);
}

// From the first hour with tickets to the last one.
function hoursOf(groups) {
  const all = groups.map((group) => group.hour);
  const first = Math.min(...all);
  return Array.from({ length: Math.max(...all) - first + 1 }, (_, i) => first + i);
}

const isOneDay = () => range.from === range.to;

function renderHours() {
  const both = [range.hours].concat(range.before ? [range.before.hours] : []);
  const hours = hoursOf([].concat(...both));
  const legend = [t('statistics.these-days'), t(isOneDay() ? 'statistics.before' : 'statistics.earlier')].slice(0, both.length);
  const series = (value) => both.map((groups) => hours.map((hour) => {
    const found = groups.filter((group) => group.hour === hour)[0];
    return found ? value(found) : 0;
  }));
  const labels = hours.map(String);
  barChart('by-hour', 'statistics.by-hour', t('statistics.hour'), labels, series((group) => group.arrived), legend);
  const minutes = (group) => (group.wait ? Math.round(group.wait.meanSeconds / 60) : 0);
  barChart('waits-by-hour', 'statistics.waits-by-hour', t('statistics.hour'), labels, series(minutes), legend);
}

function daysBetween(from, to) {
  const days = [];
  for (let day = from; day <= to; day = later(day, 1)) days.push(day);
  return days;
}

function renderDays() {
  $('by-day').hidden = isOneDay();
  if (isOneDay()) return;
  const days = daysBetween(range.from, range.to);
  const labels = days.map((day) => written(day, { day: 'numeric', month: 'numeric' }));
  const arrivals = (groups, of) => {
    const arrived = {};
    groups.forEach((group) => { arrived[group.day] = group.arrived; });
    return of.map((day) => arrived[day] || 0);
  };
  const series = [arrivals(range.days, days)];
  const heads = [t('statistics.given')];
  if (range.before) {
    series.push(arrivals(range.before.days, daysBetween(range.before.from, range.before.to)));
    heads.push(t('statistics.earlier'));
  }
  barChart('by-day', 'statistics.by-day', t('statistics.day'), labels, series, heads);
}

function renderWeek() {
  const section = $('by-weekday');
  section.hidden = isOneDay();
  if (isOneDay()) return;
  const hours = hoursOf(range.week);
  const weekdays = [1, 2, 3, 4, 5, 6, 7];
  // 2026-11-23 is a Monday.
  const rows = weekdays.map((n) => written(later('2026-11-22', n), { weekday: 'short' }));
  const numbers = weekdays.map((weekday) => hours.map((hour) => {
    const found = range.week.filter((group) => group.weekday === weekday && group.hour === hour)[0];
    return found ? found.arrived : 0;
  }));
  const title = section.querySelector('h3').textContent;
  drawn(section, (width) => heatMap(width, title, rows, hours.map(String), numbers));
  const heads = [t('statistics.hour'), ...rows];
  fillTable(section.querySelector('table'), heads, hours.map((hour, i) => [String(hour), ...numbers.map((row) => row[i])]));
  section.querySelector('.table').setAttribute('aria-label', title);
}

const cut = (text, letters) => (text.length > letters ? text.slice(0, letters - 1) + '…' : text);

function renderGroups(id, groups, title, short) {
  const section = $(id);
  const heading = section.querySelector('h3').textContent;
  drawn(section, (width) => {
    const room = width / groups.length;
    const label = (group) => (room < ROOM_FOR_TITLE ? short(group) : cut(title(group), Math.floor(room / LETTER)));
    return bars(width, heading, groups.map(label), [groups.map((group) => group.arrived)]);
  });
  const rows = groups.map((group) => [title(group), ...COLUMNS.map(([, value]) => value(group))]);
  fillTable(section.querySelector('table'), [heading, ...COLUMNS.map(([key]) => t(key))], rows);
}

function render() {
  show('wrong', failure && t(failure));
  if (today) tiles($('tiles'), TODAY, today);
  if (!range) return;
  const isEmpty = range.all.arrived === 0;
  $('none').hidden = !isEmpty;
  $('range').hidden = isEmpty;
  $('csv').href = 'api/tickets.csv?from=' + range.from + '&to=' + range.to;
  if (isEmpty) return;
  // A day that still goes on is not compared with a whole one.
  const before = isOneDay() ? null : range.before;
  const day = (text) => written(text, { day: 'numeric', month: 'long', year: 'numeric' });
  show('compared', before && t('statistics.compared', { from: day(before.from), to: day(before.to) }));
  tiles($('totals'), COLUMNS, range.all, before && before.all);
  renderHours();
  renderDays();
  renderWeek();
  const service = (group) => isolated(group.service) + ' · ' + nameOf({ names: names[group.service], name: group.name || '' });
  renderGroups('by-service', range.services, service, (group) => group.service);
  const desk = (group) => (group.desk === null ? t('statistics.no-desk') : deskTitle(group.desk));
  renderGroups('by-desk', range.desks, desk, (group) => (group.desk === null ? NOTHING : group.desk.slice(0, 12)));
  $('by-person').hidden = !range.people;
  const person = (group) => (group.person === null ? t('statistics.no-person') : isolated(group.person));
  if (range.people) renderGroups('by-person', range.people, person, (group) => (group.person === null ? NOTHING : group.person.slice(0, 12)));
}

const statistics = (from, to, by) => get('api/statistics?from=' + from + '&to=' + to + (by ? '&by=' + by : ''));

// A day that is being typed stays.
function showDay(input, day) {
  if (document.activeElement !== input) input.value = day;
}

// Of as many days before, and the same weekdays: a Monday is not compared with a Sunday.
async function loadBefore(from, to) {
  const count = Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
  const days = Math.ceil(count / 7) * 7;
  const first = later(from, -days);
  const last = later(to, -days);
  const hours = await statistics(first, last, 'hour');
  if (!hours.all.arrived) return null;
  const byDay = from === to ? null : await statistics(first, last, 'day');
  return { from: first, to: last, all: hours.all, hours: hours.groups, days: byDay && byDay.groups };
}

async function loadRange(now) {
  const mine = asked + 1;
  asked = mine;
  const [from, to] = chosen || [now, now];
  // One after the other: of long answers the server makes few at a time.
  const groups = async (by) => (await statistics(from, to, by)).groups;
  const { all, groups: services } = await statistics(from, to, 'service');
  const found = { from, to, all, services, desks: await groups('desk'), hours: await groups('hour') };
  if (from !== to) {
    found.week = await groups('weekday,hour');
    found.days = await groups('day');
  }
  found.before = await loadBefore(from, to);
  if (isByPerson) found.people = await groups('person');
  // Other days were chosen meanwhile.
  if (mine !== asked) return;
  range = found;
  showDay($('from'), from);
  showDay($('to'), to);
}

async function load() {
  const wait = loadedAt + RELOAD_MS - Date.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  loadedAt = Date.now();
  const [now, services, desks, settings] = await Promise.all(['statistics', 'services', 'desks', 'settings'].map((path) => get('api/' + path)));
  isByPerson = settings.statisticsByPerson;
  today = now.all;
  desksOpen = desks.filter((desk) => desk.open).length;
  names = {};
  services.forEach((one) => { names[one.prefix] = one.names; });
  // Days that are over do not change.
  if (!chosen || !range || range.to >= now.today) await loadRange(now.today);
  render();
}

async function choose(days) {
  chosen = days;
  failure = '';
  try {
    const { today: now } = await get('api/statistics');
    if (typeof days === 'number') chosen = days ? [later(now, -days), now] : null;
    await loadRange(now);
  } catch (refusal) {
    failure = 'statistics.failed';
  }
  render();
}

function chooseDates() {
  const [from, to] = [$('from').value, $('to').value];
  if (!from || !to) return;
  if (from > to) {
    failure = 'statistics.wrong-days';
    render();
    return;
  }
  choose([from, to]);
}

$('days').addEventListener('submit', (e) => e.preventDefault());
$('from').addEventListener('change', chooseDates);
$('to').addEventListener('change', chooseDates);
$('only-today').addEventListener('click', () => choose(0));
$('week').addEventListener('click', () => choose(6));
$('month').addEventListener('click', () => choose(29));
$('print').addEventListener('click', () => window.print());
window.addEventListener('resize', render);
document.querySelectorAll('.chart > button').forEach((button) => {
  const table = button.parentNode.querySelector('.table');
  button.addEventListener('click', () => {
    table.hidden = !table.hidden;
    button.setAttribute('aria-expanded', String(!table.hidden));
  });
});

start({
  wants: () => true,
  load,
  translate: render,
  isForStaff: true,
  session({ role }) { $('csv').hidden = role !== 'admin'; },
  copies: [$('csv')],
});
