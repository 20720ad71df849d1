// Texts in the reader's language: of `?lang=`, else the browser's first available one, else the office's, else
// Spanish. The HTML is in Spanish while they load.

import { LIST } from '../lang/languages.js';
import { pluralForm } from './plurals.js';

export const LANGUAGES = LIST.map((one) => one.code);
const RETRY_MS = 2000;

const known = {};
const listeners = [];
let words = {};
let deskWords = {};
let current = 'es';
let requested = 'es';

const listed = (code) => LIST.filter((one) => one.code === code)[0] || {};

function firstMatch(list) {
  for (const tag of list) {
    const short = String(tag).toLowerCase().slice(0, 2);
    if (LANGUAGES.indexOf(short) >= 0) return short;
  }
  return null;
}

const asked = firstMatch([new URLSearchParams(location.search).get('lang') || '']);
const own = asked || firstMatch(navigator.languages || [navigator.language || '']);

async function fetchTexts(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path + ' ' + answer.status);
  return answer.json();
}

/** The texts of a language by their keys; on a page with `data-texts`, those of these folders too. */
export async function wordsOf(lang) {
  if (!known[lang]) {
    const own = document.documentElement.getAttribute('data-texts');
    const folders = (own ? own.split(' ').map((folder) => folder + '/') : []).concat('');
    const found = await Promise.all(folders.map((at) => fetchTexts(at + 'lang/' + lang + '.json')));
    known[lang] = Object.assign({}, ...found);
  }
  return known[lang];
}

// Text between backticks is code, which reads from left to right in every language.
function write(el, text) {
  el.textContent = '';
  text.split('`').forEach((part, i) => {
    if (i % 2 === 0) {
      el.appendChild(document.createTextNode(part));
      return;
    }
    const code = el.appendChild(document.createElement('code'));
    code.dir = 'ltr';
    code.textContent = part;
  });
}

function translatePage() {
  document.documentElement.lang = current;
  document.documentElement.dir = isFromRightToLeft() ? 'rtl' : 'ltr';
  for (const el of document.querySelectorAll('[data-t]')) write(el, t(el.getAttribute('data-t')));
  for (const el of document.querySelectorAll('[data-t-label]')) {
    el.setAttribute('aria-label', t(el.getAttribute('data-t-label')));
  }
  listeners.forEach((tell) => tell(current));
}

/** Shows the page in `lang` once its words are here, however often the fetch fails. */
export async function setLanguage(lang) {
  requested = lang;
  try {
    const found = await wordsOf(lang);
    if (requested !== lang) return;
    words = found;
    current = lang;
    translatePage();
  } catch (e) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    if (requested === lang) await setLanguage(lang);
  }
}

/** The office's language counts only if neither the address nor the browser names an available one. */
export function officeLanguage(lang) {
  if (!own && lang !== requested && LANGUAGES.indexOf(lang) >= 0) setLanguage(lang);
}

export function onLanguage(tell) {
  listeners.push(tell);
}

export function language() {
  return current;
}

/** The locale of times and numbers: the reader's country, if the browser names it; in Latin digits, like tickets. */
export function locale() {
  const own = (navigator.languages || []).filter((tag) => /^[a-z]{2}-[a-z]{2}$/i.test(tag) && tag.toLowerCase().indexOf(current) === 0)[0];
  return own ? own + '-u-nu-latn' : listed(current).locale || current;
}

export function languageName(code) {
  return listed(code).name || code;
}

function isFromRightToLeft() {
  return listed(current).direction === 'rtl';
}

/** From right to left a desk «3 B» would be turned round to «B 3»: a name keeps its own direction. */
export function isolated(value) {
  return isFromRightToLeft() ? '\u2068' + value + '\u2069' : String(value);
}

/** Sets the office's words for a desk, by language. */
export function setDeskWords(found = {}) {
  if (JSON.stringify(found) === JSON.stringify(deskWords)) return;
  deskWords = found;
  translatePage();
}

/** The word for a desk in `lang`, whose texts are `own`. */
export const deskWord = (lang, own) => deskWords[lang] || own['word.desk'];

/** The text of `key`, with `{name}` replaced by `values.name`. */
export function t(key, values) {
  const text = key === 'word.desk' ? deskWord(current, words) : words[key];
  if (text === undefined) return '';
  return text.replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? isolated(values[name]) : all));
}

/** The text for `n` things, in the form that the language has for that number. */
export function tn(key, n, values) {
  const form = key + '.' + pluralForm(listed(current).plurals, n);
  return t(form in words ? form : key + '.other', Object.assign({ n }, values));
}

/** The text of a server's error in the reader's language. */
export function explain(refusal) {
  return t('error.' + refusal.code) || t('error.unknown');
}

/** The name of a service or a priority in the reader's language. */
export function nameOf(thing) {
  return isolated((thing.names && thing.names[current]) || thing.name);
}

/** The message of a closed service in the reader's language; empty if there is none. */
export function messageOf(service) {
  return isolated((service.messages && service.messages[current]) || service.message || '');
}

/** A desk's name for people: before a number stands the office's word. */
export function deskTitle(name) {
  return isNumbered(name) ? t('word.desk') + ' ' + isolated(name) : isolated(name);
}

export function isNumbered(name) {
  return /^[0-9]{1,4}[A-Za-z]?$/.test(name);
}

/** `3:07`, or `1:02:45` past the hour. */
export function clockSpan(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => (n < 10 ? '0' + n : String(n));
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? minutes + ':' + two(s % 60)
    : Math.floor(minutes / 60) + ':' + two(minutes % 60) + ':' + two(s % 60);
}

/** `12 min` or `1 h 5 min`, for what nobody needs to the second. */
export function roughSpan(seconds) {
  const minutes = Math.max(0, Math.floor(seconds / 60));
  if (minutes < 1) return t('span.now');
  if (minutes < 60) return t('span.minutes', { n: minutes });
  return t('span.hours', { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** The same address with this page's `lang` and `theme`. */
export function keepChoices(href) {
  const here = new URLSearchParams(location.search);
  const url = new URL(href, document.baseURI);
  ['lang', 'theme'].forEach((name) => {
    if (here.get(name) && !url.searchParams.get(name)) url.searchParams.set(name, here.get(name));
  });
  return url.href;
}

export const ready = setLanguage(own || 'es');
