// The files themselves: every word exists in every language, and the
// strict Content-Security-Policy has nothing to forbid.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Linter } from 'eslint';
import { ROOT, Server, pageFiles, readPage, script } from './support.mjs';

const { pluralForm } = await script('shared/plurals.js');
const HTML = path.join(ROOT, 'html');
const words = Object.fromEntries(readdirSync(path.join(HTML, 'lang'))
  .map((file) => [file.replace('.json', ''), JSON.parse(readPage('lang/' + file))]));
const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

// A language may have more forms of a number than Spanish.
const isExtraForm = (key) => /\.(?:zero|two|few|many)$/.test(key) && key.replace(/[^.]+$/, 'other') in words.es;

test('the screens, the server and the folder know the same languages', () => {
  const named = all(/const NAMES = \{(.*)\}/.exec(readPage('shared/i18n.js'))[1], /(\w+): '/g);
  const appearance = readFileSync(path.join(ROOT, 'src/presentation/tickets/appearance.rs'), 'utf8');
  const served = all(/LANGUAGES: [^=]*= \[(.*)\]/.exec(appearance)[1], /"(\w+)"/g);
  assert.deepEqual(named, ['es', 'en', 'pt', 'fr', 'ar']);
  assert.deepEqual(served, named);
  assert.deepEqual(Object.keys(words).sort(), named.slice().sort());
});

test('every language has the same keys, sorted, and a text for each', () => {
  const keys = Object.keys(words.es).sort();
  for (const [lang, texts] of Object.entries(words)) {
    const own = Object.keys(texts);
    assert.deepEqual(own, own.slice().sort(), lang);
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

test('each number takes the form that its language has for it', () => {
  for (const lang of Object.keys(words)) {
    // Portuguese as in Europe, where nobody is «0 pessoa».
    const rules = new Intl.PluralRules(lang === 'pt' ? 'pt-PT' : lang);
    for (let n = 0; n <= 1250; n++) assert.equal(pluralForm(lang, n), rules.select(n), lang + ' ' + n);
  }
});

test('no language but Spanish has texts left in Spanish', () => {
  // Names, units and what is spelled the same.
  const same = { en: 1, pt: 40, fr: 2, ar: 0 };
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
    const source = readPage(file);
    all(source, /\btn\('([^']+)'/g).forEach((k) => { used.add(k + '.one'); used.add(k + '.other'); });
    // A key may also be chosen first and given to t() later; keys are the only dotted literals.
    all(source, literal).filter((k) => k in words.es).forEach((k) => used.add(k));
    // `t('error.' + code)`, or `'desk.to.' + kind` for whoever gives it to t(): every key that begins so.
    for (const begins of all(source, new RegExp("'((?:" + groups + ")\\.[a-z.]*)' \\+", 'g')).filter((k) => k.endsWith('.'))) {
      Object.keys(words.es).filter((k) => k.startsWith(begins)).forEach((k) => used.add(k));
    }
    for (const m of source.matchAll(/\bt\('([^']+)'( \+)?/g)) {
      if (m[2]) Object.keys(words.es).filter((k) => k.startsWith(m[1])).forEach((k) => used.add(k));
      else used.add(m[1]);
    }
  }
  // What a row's button is called by a screen reader.
  [...used].map((k) => k + '.this').filter((k) => k in words.es).forEach((k) => used.add(k));
  // A ticket on paper is written by the server.
  all(readFileSync(path.join(HTML, '../src/presentation/printing/paper.rs'), 'utf8'), /"(paper\.[a-z]+)"/g)
    .forEach((k) => used.add(k));
  assert.deepEqual(Object.keys(words.es).filter((k) => !used.has(k)), [], 'unused');
  assert.deepEqual([...used].filter((k) => !(k in words.es)), [], 'missing');
});

test('everything that is stored has words in the trace', () => {
  const record = readFileSync(path.join(ROOT, 'src/storage/record/event.rs'), 'utf8');
  const kinds = all(/enum \w+ \{\n([^]*?)\n\}/.exec(record)[1], /^ {4}([A-Z]\w+)/gm)
    .map((name) => name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase());
  assert.ok(kinds.length > 15 && kinds.includes('ticket-no-show'), String(kinds));
  const notes = all(readFileSync(path.join(ROOT, 'src/storage/audit.rs'), 'utf8'), /=> "([a-z-]+)",/g);
  assert.ok(notes.length > 5 && notes.includes('signed-in'), String(notes));
  kinds.push(...notes);
  kinds.sort();
  assert.deepEqual(Object.keys(words.es).filter((k) => k.startsWith('trace.kind.')).sort(), kinds.map((kind) => 'trace.kind.' + kind).sort());
});

test('each screen asks for the words that it uses, and for no others', () => {
  const isKey = (text) => text in words.es || text + '.one' in words.es
    || (text.endsWith('.') && Object.keys(words.es).some((key) => key.startsWith(text)));
  // What i18n.js looks up for whoever calls it.
  const through = { explain: 'error', deskTitle: 'word', roughSpan: 'span' };
  const reached = (file, found = new Set()) => {
    if (found.has(file)) return found;
    found.add(file);
    all(readPage(file), /from '(\.[\w./-]+\.js)'/g).forEach((next) => reached(path.join(path.dirname(file), next), found));
    return found;
  };
  for (const file of pageFiles('.html')) {
    const source = readPage(file);
    const asked = all(source, /<html[^>]*data-words="([^"]*)"/g).join().split(',');
    const used = new Set(all(source, /data-t(?:-[a-z]+)?="([^".]+)/g));
    for (const script of all(source, /<script type="module" src="([^"]+)"/g).flatMap((s) => [...reached(s)])) {
      if (script === 'shared/i18n.js') continue;
      const code = readPage(script);
      all(code, /'([a-z][a-z.-]*)'/g).filter(isKey).forEach((key) => used.add(key.split('.')[0]));
      for (const [call, group] of Object.entries(through)) if (new RegExp('\\b' + call + '\\(').test(code)) used.add(group);
    }
    assert.deepEqual(asked.slice().sort(), [...used].sort(), file);
  }
});

test('the Spanish of the first HTML is the Spanish of the words', () => {
  for (const file of pageFiles('.html')) {
    for (const m of readPage(file).matchAll(/<[^>]*data-t="([^"]+)"[^>]*>([^<]*)</g)) {
      assert.equal(m[2], words.es[m[1]], file + ' ' + m[1]);
    }
  }
});

test('pages hold no inline script, style or handler, and only relative addresses', () => {
  for (const file of pageFiles('.html')) {
    const source = readPage(file);
    assert.doesNotMatch(source, /<style|\sstyle=|\son[a-z]+=/, file);
    assert.doesNotMatch(source, /<script(?![^>]*\ssrc=)/, file);
    for (const url of all(source, /\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^(?!\/|[a-z]+:)/, file + ' ' + url);
    assert.match(source, /<html lang="es"[ >]/, file);
  }
  for (const file of pageFiles('.js')) {
    assert.doesNotMatch(readPage(file), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
    assert.doesNotMatch(readPage(file), /['"`]\/(api|ws|lang)/, file);
  }
});

// The one that is no module.
const typeOf = (file) => (file === 'shared/theme.js' ? 'script' : 'module');

/** What a program says and does, whatever it calls its own things: two that are the same give the same text. */
function meaning(code, sourceType) {
  const linter = new Linter();
  const wrong = linter.verify(code, [{ languageOptions: { ecmaVersion: 2018, sourceType } }]);
  assert.deepEqual(wrong, []);
  const { ast, scopeManager } = linter.getSourceCode();
  // What each name stands for; a script's outermost are everybody's.
  const stands = new Map();
  scopeManager.scopes.filter((scope) => scope.type !== 'global').forEach((scope) => scope.variables.forEach((variable) => {
    variable.identifiers.concat(variable.references.map((r) => r.identifier)).forEach((name) => stands.set(name, variable));
  }));
  const numbers = new Map();
  const number = (thing) => numbers.set(thing, numbers.get(thing) || numbers.size + 1).get(thing);
  const said = (node) => {
    if (Array.isArray(node)) return node.map(said);
    if (!node || !node.type) return node instanceof RegExp ? String(node) : node;
    if (stands.has(node)) return number(stands.get(node));
    // A class's own names go by their number.
    if (node.type === 'Identifier') return /^_/.test(node.name) ? number(node.name) : node.name;
    // Here one node may be both: what others call it, and what it is called here.
    if (node.type === 'ImportSpecifier') return [node.imported.name, said(node.local)];
    const parts = Object.keys(node).filter((key) => !/^(start|end|loc|range|raw|parent|shorthand|tokens|comments)$/.test(key)).map((key) => [key, said(node[key])]);
    if (node.type === 'ExportNamedDeclaration') {
      assert.deepEqual(node.specifiers, [], 'an export is where it is declared');
      parts.push((node.declaration.declarations || [node.declaration]).map((d) => d.id.name));
    }
    return parts;
  };
  return JSON.stringify(said(ast.body));
}

test('two programs are the same where names alone differ, and each stands for the same', () => {
  const same = (a, b) => meaning(a, 'module') === meaning(b, 'module');
  for (const [a, b] of [
    ['const long = 1; f(long, { long });', 'const a=1;f(a,{long:a})'],
    ['import { long } from "./x.js"; long();', 'import{long as a}from"./x.js";a()'],
    ['function f({ a, b = 2 }) { this._so = a + b; }', 'function c({a:d,b:e=2}){this._0=d+e}'],
  ]) assert.ok(same(a, b), a);
  for (const [a, b] of [
    ['const long = 1; f(long);', 'const f=1;f(f)'],
    ['const long = 1; f(x.long);', 'const a=1;f(x.a)'],
    ['const long = 1; f(long);', 'const a=1;f(long)'],
    ['const one = 1; (two) => one + two;', 'const a=1;(a)=>a+a'],
    ['export const long = 1;', 'export const a=1'],
    ['import { long } from "./x.js";', 'import{a}from"./x.js"'],
    ['f({ long: 1 });', 'f({a:1})'],
    ['f(/a/);', 'f(/b/)'],
    ['this._a = this._b;', 'this._0=this._0'],
  ]) assert.ok(!same(a, b), a);
  assert.notEqual(meaning('var long = 1;', 'script'), meaning('var a=1;', 'script'));
});

test('what is sent of a script is the same program as in the folder', async () => {
  const server = await Server.start();
  try {
    for (const file of pageFiles('.js')) {
      const sent = await (await fetch(server.url + '/' + file)).text();
      assert.ok(meaning(sent, typeOf(file)) === meaning(readPage(file), typeOf(file)), file);
      assert.doesNotMatch(readPage(file), /['"`]_(?!blank['"`])[a-z]|import \{[^}]*\b_/, file + ' lets others use what is its own');
      assert.ok(process.env.TURNERO_HTML || sent.length < 0.8 * readPage(file).length, file + ' is sent with its comments or its long names');
    }
  } finally {
    await server.stop();
  }
});
