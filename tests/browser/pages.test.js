// The files of the pages: the strict Content-Security-Policy has nothing to forbid.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Linter } from 'eslint';
import { Server, pageFiles, readPage } from './support.mjs';

const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

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
