// The files themselves: old browsers can read them, every word exists in every language, and the
// strict Content-Security-Policy has nothing to forbid.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'acorn';
import { ROOT } from './support.mjs';

const HTML = path.join(ROOT, 'html');
const files = (ending) => readdirSync(HTML).filter((f) => f.endsWith(ending));
const read = (file) => readFileSync(path.join(HTML, file), 'utf8');
const words = Object.fromEntries(readdirSync(path.join(HTML, 'lang'))
  .map((file) => [file.replace('.json', ''), JSON.parse(read('lang/' + file))]));
const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

// Younger than 2018, or not everywhere by then. What a page tests for before use is not here.
const YOUNG_APIS = /\b(replaceChildren|structuredClone|randomUUID|globalThis|queueMicrotask|matchAll|replaceAll|allSettled|flatMap|fromEntries|trimStart|trimEnd|ResizeObserver|IntersectionObserver|AbortController|RelativeTimeFormat|ListFormat|requestIdleCallback|startViewTransition|showModal|inert)\b|\.(flat|at|findLast|toSorted|toReversed|toggleAttribute|hasOwn)\(/;

test('there are words in Spanish and English, at least', () => {
  for (const lang of ['es', 'en']) assert.ok(words[lang], lang);
});

test('every language has the same keys, and a text for each', () => {
  const keys = Object.keys(words.es).sort();
  for (const [lang, texts] of Object.entries(words)) {
    assert.deepEqual(Object.keys(texts).sort(), keys, lang);
    for (const key of keys) assert.ok(texts[key].trim(), lang + ' ' + key);
  }
});

test('every language fills in the same values', () => {
  const values = (text) => all(text, /\{(\w+)\}/g).sort();
  for (const [lang, texts] of Object.entries(words)) {
    for (const key of Object.keys(texts)) {
      // «1 person» may say its number as a word.
      if (key.endsWith('.one')) continue;
      assert.deepEqual(values(texts[key]), values(words.es[key]), lang + ' ' + key);
    }
  }
});

test('no key is missing and none is unused', () => {
  const used = new Set();
  for (const file of files('.html')) all(read(file), /data-t(?:-label)?="([^"]+)"/g).forEach((k) => used.add(k));
  for (const file of files('.js')) {
    const source = read(file);
    all(source, /\btn\('([^']+)'/g).forEach((k) => { used.add(k + '.one'); used.add(k + '.other'); });
    // A key may also be chosen first and given to t() later; keys are the only dotted literals.
    all(source, /'((?:away|desk|public|start|take|span|error)(?:\.[a-z.-]+)?)'/g)
      .filter((k) => k in words.es).forEach((k) => used.add(k));
    all(source, /\bt\('([^']+)'/g).filter((k) => k !== 'error.').forEach((k) => used.add(k));
  }
  // Refusals are looked up by the contract's code.
  Object.keys(words.es).filter((k) => k.startsWith('error.')).forEach((k) => used.add(k));
  assert.deepEqual(Object.keys(words.es).filter((k) => !used.has(k)), [], 'unused');
  assert.deepEqual([...used].filter((k) => !(k in words.es)), [], 'missing');
});

test('the Spanish of the first HTML is the Spanish of the words', () => {
  for (const file of files('.html')) {
    for (const m of read(file).matchAll(/<[^>]*data-t="([^"]+)"[^>]*>([^<]*)</g)) {
      assert.equal(m[2], words.es[m[1]], file + ' ' + m[1]);
    }
  }
});

test('every script is ES2018', () => {
  for (const file of files('.js')) {
    assert.doesNotThrow(() => parse(read(file), { ecmaVersion: 2018, sourceType: 'module' }), file);
  }
});

test('no script uses what a browser of 2018 lacks', () => {
  for (const file of files('.js')) {
    const found = YOUNG_APIS.exec(read(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''));
    assert.equal(found && found[0], null, file);
  }
});

test('no style uses what a browser of 2018 lacks without a fallback before it', () => {
  for (const file of files('.css')) {
    const source = read(file).replace(/\/\*[\s\S]*?\*\//g, '');
    for (const young of [/:is\(/, /:where\(/, /:has\(/, /\binset\s*:/, /aspect-ratio\s*:/, /(^|[;{\s])gap\s*:/, /color-mix\(/, /@layer/, /@container/]) {
      assert.doesNotMatch(source, young, file);
    }
    // clamp(), min(), max() and dvh need the same property just before them.
    for (const line of source.matchAll(/([a-z-]+)\s*:[^;{}]*(?:\b(?:clamp|min|max)\(|\d[ds]vh)[^;{}]*;/g)) {
      const before = source.slice(0, line.index).trimEnd();
      assert.match(before, new RegExp('[;{\\s]' + line[1] + '\\s*:[^;{}]*;$'), file + ': ' + line[0]);
    }
  }
});

test('pages hold no inline script, style or handler, and only relative addresses', () => {
  for (const file of files('.html')) {
    const source = read(file);
    assert.doesNotMatch(source, /<style|\sstyle=|\son[a-z]+=/, file);
    assert.doesNotMatch(source, /<script(?![^>]*\ssrc=)/, file);
    for (const url of all(source, /\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^(?!\/|[a-z]+:)/, file + ' ' + url);
    assert.match(source, /<html lang="es">/, file);
  }
  for (const file of files('.js')) {
    assert.doesNotMatch(read(file), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
    assert.doesNotMatch(read(file), /['"`]\/(api|ws|lang)/, file);
  }
});
