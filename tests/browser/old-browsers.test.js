// Browsers of 2018: every script and every style is held against what they know, by tools that know what
// they know (caniuse, MDN's compatibility data, ECMAScript's editions), and by a list for the rest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import DoIUse from 'doiuse';
import { Linter } from 'eslint';
import compat from 'eslint-plugin-compat';
import esx from 'eslint-plugin-es-x';
import postcss from 'postcss';
import { pageFiles, readPage } from './support.mjs';

const BROWSERS = ['chrome 64', 'firefox 60', 'safari 11.1'];

// Features that a style may still use, each with its effect in a browser without it.
const STYLES_DO_WITHOUT = {
  'css-focus-visible': 'it drops the rule that takes outlines away, and shows them always',
  'css-line-clamp': 'a name over two lines ends without an ellipsis',
  'css-math-functions': 'minmax() of a grid is taken for one; the real ones need a fallback, see below',
  'css-media-interaction': 'the keys are shown on a touch screen too',
  'css-overscroll-behavior': 'a swipe may lead to the page before, or pull the page down',
  'css-paged-media': 'the paper has the size that the printer is set to',
  'css-snappoints': 'a field that has the focus may lie under the bar with «save» until one scrolls',
  'css-touch-action': 'a double touch may enlarge the page',
  pointer: 'the same property as touch-action',
  'prefers-reduced-motion': 'it has no such wish',
  'text-size-adjust': 'the prefixed one stands beside it',
};
// Scripts ask for these before they use them.
const SCRIPTS_ASK_FOR = ['AudioContext'];

// The DOM's own that the tools do not see, since they are called on things whose type nobody knows.
const YOUNG_APIS = /\b(replaceChildren|structuredClone|randomUUID|globalThis|queueMicrotask|matchAll|replaceAll|allSettled|flatMap|fromEntries|trimStart|trimEnd|ResizeObserver|IntersectionObserver|AbortController|RelativeTimeFormat|ListFormat|requestIdleCallback|startViewTransition|showModal|inert)\b|\.(flat|at|findLast|toSorted|toReversed|toggleAttribute|hasOwn)\(/;

// Of styles, what the tool does not know.
const YOUNG_STYLES = [/:is\(/, /:where\(/, /\binset\s*:/, /(^|[;{\s])aspect-ratio\s*:/, /(^|[;{\s])gap\s*:/, /color-mix\(/, /@layer/, /(?:margin|padding|border|inset)-(?:inline|block)/];

const linter = new Linter();

/** Findings of the tools in a script: syntax, classes and methods of ECMAScript and the browser. */
function lint(source, file) {
  const rules = Object.assign({}, esx.configs['flat/restrict-to-es2018'].rules, esx.configs['flat/restrict-to-es2018-intl-api'].rules, {
    'compat/compat': 'error',
    // A call's time is named `at`; the list has the method.
    'es-x/no-array-prototype-at': 'off',
    'es-x/no-string-prototype-at': 'off',
    // The parts of the API's description have a `description`; symbols have one, too.
    'es-x/no-symbol-prototype-description': 'off',
  });
  const config = {
    files: ['**/*.js'],
    plugins: { 'es-x': esx, compat },
    rules,
    // theme.js is the one that is no module.
    languageOptions: { ecmaVersion: 2018, sourceType: file === 'shared/theme.js' ? 'script' : 'module' },
    settings: { targets: BROWSERS, lintAllEsApis: true, polyfills: SCRIPTS_ASK_FOR, 'es-x': { aggressive: true } },
  };
  const said = linter.verify(source, [config], { filename: file }).map((m) => file + ':' + m.line + ' ' + m.message);
  const young = YOUNG_APIS.exec(source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''));
  return young ? said.concat(file + ': ' + young[0]) : said;
}

/** Features of a style that one of the browsers lacks, without a fallback. */
async function unknown(source, file) {
  const found = [];
  const tool = new DoIUse({ browsers: BROWSERS, onFeatureUsage: (use) => found.push(use) });
  await postcss([tool]).process(source, { from: file });
  const said = found.filter((use) => use.featureData.missing && !(use.feature in STYLES_DO_WITHOUT))
    .map((use) => file + ': ' + use.feature + ': ' + use.usage.toString().slice(0, 80));
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, '');
  YOUNG_STYLES.filter((young) => young.test(bare)).forEach((young) => said.push(file + ': ' + young));
  // clamp(), min(), max() and dvh need the same property just before them.
  for (const line of bare.matchAll(/([a-z-]+)\s*:[^;{}]*(?:\b(?:clamp|min|max)\(|\d[ds]vh)[^;{}]*;/g)) {
    const before = bare.slice(0, line.index).trimEnd();
    if (!new RegExp('[;{\\s]' + line[1] + '\\s*:[^;{}]*;$').test(before)) said.push(file + ': ' + line[0]);
  }
  return said;
}

test('every script keeps to the syntax and the APIs of 2018', () => {
  assert.ok(pageFiles('.js').length > 10);
  for (const file of pageFiles('.js')) assert.deepEqual(lint(readPage(file), file), []);
});

test('every style keeps to what browsers of 2018 know', async () => {
  assert.ok(pageFiles('.css').length > 4);
  for (const file of pageFiles('.css')) assert.deepEqual(await unknown(readPage(file), file), []);
});

test('the tools find what is too young', async () => {
  for (const young of [
    'a?.b;', 'a ?? b;', 'try { f(); } catch { g(); }', 'const x = 1_000;', '[[1]].flat();', 'Object.fromEntries([]);',
    'new ResizeObserver(f);', 'new AbortController();', 'new Intl.ListFormat("es");', 'a.replaceChildren();', 'globalThis.x;',
    'Promise.allSettled([]);', '"a".replaceAll("b", "c");', 'import("./x.js");',
  ]) assert.notDeepEqual(lint(young, 'young.js'), [], young);
  for (const young of [
    'a { aspect-ratio: 1; }', 'a:has(b) { color: red; }', '@container (width > 1px) { a { color: red; } }',
    'a { backdrop-filter: blur(1px); }', 'a { color: lch(50% 50 50); }',
    'a { display: flex; gap: 1rem; }', 'a { margin-inline-end: 1rem; }', 'a { width: clamp(1rem, 2vw, 3rem); }', 'a { height: 100dvh; }',
  ]) assert.notDeepEqual(await unknown(young, 'young.css'), [], young);
  assert.deepEqual(await unknown('a { width: 2rem; width: clamp(1rem, 2vw, 3rem); grid-gap: 1rem; }', 'old.css'), []);
});
