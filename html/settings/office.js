// The office page: name, languages, time zone, the hour when a day begins, limits, and a button that starts a day now.

import { get, post, put } from '../shared/api.js';
import { $, make } from '../shared/dom.js';
import { LANGUAGES, explain, languageName, locale, t } from '../shared/i18n.js';
import { ordered } from '../shared/order.js';
import { Form } from './form.js';
import { options, start } from './settings.js';


// Time zones of likely offices; any other name of the IANA database can be typed.
const ZONES = 'Africa/Algiers Africa/Cairo Africa/Casablanca Africa/Tunis America/Argentina/Buenos_Aires '
  + 'America/Asuncion America/Bogota America/Caracas America/Chicago America/Costa_Rica America/Denver '
  + 'America/Guatemala America/Guayaquil America/La_Paz America/Lima America/Los_Angeles America/Managua '
  + 'America/Mexico_City America/Montevideo America/New_York America/Panama America/Santiago '
  + 'America/Santo_Domingo America/Sao_Paulo America/Tegucigalpa America/Toronto Asia/Beirut Asia/Dubai '
  + 'Asia/Riyadh Atlantic/Azores Atlantic/Canary Europe/Berlin Europe/Brussels Europe/Lisbon Europe/London '
  + 'Europe/Madrid Europe/Paris Europe/Zurich UTC';

/** The time of day in a zone, or null where the browser knows no such zone. */
function timeIn(zone) {
  try {
    return new Intl.DateTimeFormat(locale(), { hour: 'numeric', minute: '2-digit', timeZone: zone }).format(live.now());
  } catch (e) {
    return null;
  }
}

// The browser's own zone; none where that is UTC too, or the browser does not say.
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const offeredZone = ownZone && !/^(Etc\/|UTC$)/.test(ownZone) ? ownZone : '';
let hasNoZone = false;

/** Offers the browser's zone where the office has none and the server's machine is set to UTC. */
function renderZone() {
  $('no-zone').hidden = !hasNoZone;
  $('use-zone').hidden = !offeredZone;
  $('pick-zone').hidden = Boolean(offeredZone);
  if (offeredZone) $('use-zone').textContent = t('office.zone.use', { zone: offeredZone, time: timeIn(offeredZone) });
}

const languages = ordered($('languages'), () => LANGUAGES.map((value) => ({ value, label: languageName(value), lang: value })));

const hour = $('dayBeginsHour');

const form = new Form($('form'), {
  fields: {
    languages,
    dayBeginsHour: { get: () => Number(hour.value), set: (value) => { hour.value = String(value); } },
  },
  save: (changed) => put('api/settings', changed),
  check: ({ timeZone }) => (timeZone && !timeIn(timeZone) ? { timeZone: t('office.zone.wrong') } : {}),
  typed({ timeZone }) {
    const time = timeZone && timeIn(timeZone);
    $('zone-now').textContent = time ? t('office.zone.now', { time }) : '';
  },
});

const live = start({
  forms: [form],
  wants: (type) => type === 'settings-changed',
  async load() {
    form.take(await get('api/settings'));
    const { timeZoneProblem } = await get('api/health');
    hasNoZone = Boolean(timeZoneProblem);
    renderZone();
  },
  translate() {
    renderZone();
    const time = (n) => new Intl.DateTimeFormat(locale(), { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' }).format(n * 3600000);
    options(hour, Array.from({ length: 24 }, (_, n) => [String(n), time(n)]));
    options($('language'), LANGUAGES.map((code) => [code, languageName(code)]));
    languages.render();
  },
});

$('use-zone').addEventListener('click', async () => {
  $('use-zone').disabled = true;
  try {
    form.take(await put('api/settings', { timeZone: offeredZone }));
    hasNoZone = false;
    renderZone();
    $('zone-set').textContent = t('office.zone.set', { zone: offeredZone });
    $('timeZone').focus();
  } catch (refusal) {
    $('zone-failed').textContent = explain(refusal);
    $('zone-failed').hidden = false;
  }
  $('use-zone').disabled = false;
});

ZONES.split(' ').forEach((value) => $('zones').appendChild(make('option', { value })));

$('start-day').addEventListener('click', async () => {
  const button = $('start-day');
  button.disabled = true;
  $('day-failed').hidden = true;
  $('day-started').textContent = '';
  try {
    await post('api/day');
    $('day-started').textContent = t('office.day.started');
    document.querySelector('details').open = false;
    document.querySelector('summary').focus();
  } catch (refusal) {
    $('day-failed').textContent = explain(refusal);
    $('day-failed').hidden = false;
  }
  button.disabled = false;
});
