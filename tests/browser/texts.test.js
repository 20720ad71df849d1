// The texts: the same keys in every language, each written by the rules of its language, and words for
// everything that the server can answer.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { LANGUAGES, ROOT, TEXT_FOLDERS, pageFiles, readPage, script, textsOf } from './support.mjs';

const { pluralForm } = await script('shared/plurals.js');
const { LIST } = await script('lang/languages.js');
const words = Object.fromEntries(LANGUAGES.map((lang) => [lang, textsOf(lang)]));
const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);
const source = (file) => readFileSync(path.join(ROOT, 'src', file), 'utf8');
const everyText = (check) => LANGUAGES.forEach((lang) => Object.entries(words[lang]).forEach(([key, text]) => check(text, lang + ' ' + key)));
// The texts of numbers: `key.one`, `key.other` and so on.
const counted = Object.keys(words.es).filter((key) => key.endsWith('.one')).map((key) => key.replace(/\.one$/, ''));

// A language may have more forms of a number than Spanish.
const isExtraForm = (key) => /\.(?:zero|two|few|many)$/.test(key) && key.replace(/[^.]+$/, 'other') in words.es;

test('each language of the list has a file of texts in each folder, and each file is in the list', () => {
  for (const folder of TEXT_FOLDERS) {
    const files = readdirSync(path.join(ROOT, 'html', folder)).filter((file) => file.endsWith('.json'));
    assert.deepEqual(files, LANGUAGES.map((lang) => lang + '.json').sort(), folder);
  }
});

test('each text is in one folder: the settings, the sign-in and the statistics have those that no other screen uses', () => {
  const keys = TEXT_FOLDERS.map((folder) => Object.keys(JSON.parse(readPage(folder + '/es.json'))));
  assert.equal(new Set([].concat(...keys)).size, keys.reduce((sum, own) => sum + own.length, 0));
  const unused = (own, mayUse) => {
    const others = pageFiles('.js').concat(pageFiles('.html')).filter((file) => !mayUse.test(file)).map(readPage).join('\n');
    assert.deepEqual(own.filter((key) => others.includes("'" + key + "'") || others.includes('"' + key + '"')), []);
  };
  unused(keys[1], /^(settings-data|settings\/(backups|restore|servers))/);
  unused(keys[2], /^(settings-access|settings\/(audit-log|people|pin)\.)/);
  unused(keys[3], /^(settings|statistics|webhooks)/);
  unused(keys[4], /^signin/);
  unused(keys[5], /^statistics/);
  unused(keys[6], /webhooks/);
  for (const file of pageFiles('.html')) {
    const [, folders = ''] = / data-texts="([^"]+)"/.exec(readPage(file)) || [];
    const expected = /^statistics/.test(file) ? 'settings statistics' : /webhooks/.test(file) ? 'settings webhooks' : /^settings-(access|trace)/.test(file) ? 'settings people' : file === 'settings-data.html' ? 'settings data' : /^settings/.test(file) ? 'settings' : file === 'signin.html' ? 'signin' : '';
    assert.equal(folders, expected, file);
  }
});

test('every language has the same keys, sorted, and a text for each', () => {
  const keys = Object.keys(words.es).sort();
  for (const [lang, texts] of Object.entries(words)) {
    const own = Object.keys(texts).sort();
    for (const folder of TEXT_FOLDERS) {
      const written = Object.keys(JSON.parse(readPage(folder + '/' + lang + '.json')));
      assert.deepEqual(written, written.slice().sort(), folder + ' ' + lang);
    }
    assert.deepEqual(own.filter((key) => !isExtraForm(key)), keys, lang);
    for (const key of own) assert.ok(texts[key].trim(), lang + ' ' + key);
  }
});

test('every language fills in the same values', () => {
  const values = (text) => all(text, /(\{\w+\}|#)/g).sort();
  for (const [lang, texts] of Object.entries(words)) {
    for (const key of Object.keys(texts)) {
      const wanted = values(words.es[isExtraForm(key) ? key.replace(/[^.]+$/, 'other') : key]);
      // «1 person» and «both» may say their number as a word.
      const withoutNumber = (list) => (/\.(?:zero|one|two)$/.test(key) ? list.filter((v) => v !== '{n}') : list);
      assert.deepEqual(withoutNumber(values(texts[key])), withoutNumber(wanted), lang + ' ' + key);
    }
  }
});

test('what a button is called by a screen reader holds what stands on it', () => {
  const calls = Object.keys(words.es).filter((key) => key.endsWith('.this') && key.replace('.this', '') in words.es);
  assert.ok(calls.length >= 4);
  for (const [lang, texts] of Object.entries(words)) {
    for (const key of calls) assert.ok(texts[key].startsWith(texts[key.replace('.this', '')]), lang + ': ' + texts[key]);
  }
});

test('the words for a desk that the settings suggest begin with the language\'s own', async () => {
  const { DESK_WORDS } = await script('settings/desk-words.js');
  assert.deepEqual(Object.keys(DESK_WORDS).sort(), LANGUAGES.slice().sort());
  for (const lang of LANGUAGES) assert.equal(DESK_WORDS[lang][0], textsOf(lang)['word.desk'], lang);
});

test('each number takes the form that its language has for it', () => {
  for (const { code, plurals } of LIST) {
    // Portuguese as in Europe, where nobody is «0 pessoa».
    const rules = new Intl.PluralRules(code === 'pt' ? 'pt-PT' : code);
    for (let n = 0; n <= 1250; n++) assert.equal(pluralForm(plurals, n), rules.select(n), code + ' ' + n);
  }
});

test('every form that a number can take in a language has its text', () => {
  assert.ok(counted.length > 5, String(counted));
  for (const { code, plurals } of LIST) {
    // Of nobody the screens speak in a text of its own, except services.waiting.
    const forms = new Set(Array.from({ length: 1250 }, (_, i) => pluralForm(plurals, i + 1)));
    // A text that is the same for one and for more is the same for all.
    const inflected = counted.filter((key) => words[code][key + '.one'] !== words[code][key + '.other']);
    for (const key of inflected) forms.forEach((form) => assert.ok(key + '.' + form in words[code], code + ' ' + key + '.' + form));
    const none = 'services.waiting.' + pluralForm(plurals, 0);
    assert.match(words[code][none], none.endsWith('.zero') ? /^\D+$/ : /\{n\}/, code);
  }
});

test('every code of the server\'s errors has its words, and the server no others', () => {
  const sent = new Set(all(source('presentation/http/error_code.rs'), /\b[45]\d\d,\s*"([a-z-]+)"/g));
  assert.ok(sent.size > 30 && sent.has('queue-full') && sent.has('bad-json') && sent.has('wrong-pin'), [...sent].join());
  // Codes that the pages make themselves.
  const own = ['no-connection', 'unknown'];
  assert.deepEqual(all(Object.keys(words.es).join('\n'), /^error\.(.+)$/gm), [...sent, ...own].sort());
});

test('no error of the server is shown in the server\'s own English', () => {
  for (const file of pageFiles('.js')) assert.doesNotMatch(readPage(file), /textContent = [^;]*\.detail/, file);
  assert.ok(!JSON.stringify(words).includes('{detail}'));
});

test('texts hold no straight quotes, no three dots and no spaces that nobody sees', () => {
  everyText((text, at) => {
    assert.doesNotMatch(text, /['"]|\.\.\.|\s\s|^\s|\s$|\s…/, at);
    assert.doesNotMatch(text, /[\u200e\u200f\u2066-\u2069]/, at + ': i18n.js isolates values');
    assert.equal(text.split('`').length % 2, 1, at);
  });
});

test('French has a space that does not break before its tall signs, inside its quotes and before units', () => {
  for (const [key, text] of Object.entries(words.fr)) {
    // Not in an address or a pattern of time.
    const prose = text.replace(/https?:\/\/\S*|%H:%M/g, '');
    assert.doesNotMatch(prose, /[^\u00a0][;:!?»]|«[^\u00a0]| [;:!?»]|[\d}] (?:h|ko|min|s)\b/, key);
  }
});

test('no language but Spanish has texts left in Spanish', () => {
  // Names, units and words with the same spelling.
  const same = { en: 3, pt: 55, fr: 3, ar: 0 };
  for (const [lang, most] of Object.entries(same)) {
    const left = Object.keys(words.es).filter((key) => /[a-z]{4}/i.test(words.es[key]) && words[lang][key] === words.es[key]);
    assert.ok(left.length <= most, lang + ': ' + left);
  }
});

test('no key is missing and none is unused', () => {
  const groups = [...new Set(Object.keys(words.es).map((key) => key.split('.')[0]))].join('|');
  const literal = new RegExp("'((?:" + groups + ")(?:\\.[a-z.-]+)?)'", 'g');
  const used = new Set();
  for (const file of pageFiles('.html')) all(readPage(file), /data-t(?:-[a-z]+)?="([^"]+)"/g).forEach((k) => used.add(k));
  for (const file of pageFiles('.js')) {
    const code = readPage(file);
    all(code, /\btn\('([^']+)'/g).forEach((k) => { used.add(k + '.one'); used.add(k + '.other'); });
    // A key may also be chosen first and given to t() later; keys are the only dotted literals.
    all(code, literal).filter((k) => k in words.es).forEach((k) => used.add(k));
    // `t('error.' + code)`, or `'desk.to.' + kind` that is passed to t(): every key with that beginning.
    for (const begins of all(code, new RegExp("'((?:" + groups + ")\\.[a-z.]*)' \\+", 'g')).filter((k) => k.endsWith('.'))) {
      Object.keys(words.es).filter((k) => k.startsWith(begins)).forEach((k) => used.add(k));
    }
    for (const m of code.matchAll(/\bt\('([^']+)'( \+)?/g)) {
      if (m[2]) Object.keys(words.es).filter((k) => k.startsWith(m[1])).forEach((k) => used.add(k));
      else used.add(m[1]);
    }
  }
  // The name of a row's button for a screen reader.
  [...used].map((k) => k + '.this').filter((k) => k in words.es).forEach((k) => used.add(k));
  // A ticket on paper is written by the server.
  all(source('presentation/printing/printed_ticket.rs'), /"(paper\.[a-z]+)"/g)
    .forEach((k) => used.add(k));
  assert.deepEqual(Object.keys(words.es).filter((k) => !used.has(k)), [], 'unused');
  assert.deepEqual([...used].filter((k) => !(k in words.es)), [], 'missing');
});

test('every kind of audit entry has words', () => {
  const kinds = all(source('storage/audit.rs'), /\(Self::\w+, "([a-z-]+)"\)/g).sort();
  assert.ok(kinds.includes('ticket-no-show') && kinds.includes('signed-in'), String(kinds));
  assert.deepEqual(Object.keys(words.es).filter((k) => k.startsWith('audit.kind.')).sort(), kinds.map((kind) => 'audit.kind.' + kind));
});

test('the Spanish of the first HTML is the Spanish of the words', () => {
  for (const file of pageFiles('.html')) {
    // Code inside a text stands between backticks in the words.
    const page = readPage(file).replace(/<code dir="ltr">([^<]+)<\/code>/g, '`$1`');
    for (const m of page.matchAll(/<[^>]*data-t="([^"]+)"[^>]*>([^<]*)</g)) assert.equal(m[2], words.es[m[1]], file + ' ' + m[1]);
    for (const m of page.matchAll(/data-t-label="([^"]+)"[^>]* aria-label="([^"]*)"/g)) assert.equal(m[2], words.es[m[1]], file + ' ' + m[1]);
  }
});
