// Times and dates in the office's time zone, and as readers of a language write them.

import { locale } from './i18n.js';

let zone;

/** Sets the office's time zone, such as `Europe/Madrid`. A browser that does not know it shows its own time. */
export function setTimeZone(name) {
  if (name === zone) return;
  zone = name;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (e) {
    zone = undefined;
  }
}

/**
 * Writes a time: `at` is a Date, milliseconds or an RFC 3339 text, `options` those of `Intl.DateTimeFormat`, and
 * `language` the page's by default.
 */
export function formatTime(at, options, language) {
  const wanted = language || locale();
  // «en» alone is American to a browser; the browser's own language says which country's it is.
  const own = navigator.language || '';
  const written = own.slice(0, 2) === wanted ? own : wanted;
  return new Intl.DateTimeFormat(written, Object.assign({ timeZone: zone }, options)).format(new Date(at));
}

/** The hour and minute, as the language writes them. */
export const CLOCK = { hour: 'numeric', minute: '2-digit' };

/** A time with its day, as `formatTime` takes it. */
export const formatDayAndTime = (at) => formatTime(at, Object.assign({ day: 'numeric', month: 'short' }, CLOCK));
