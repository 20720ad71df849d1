// The files of the pages: the strict Content-Security-Policy has nothing to forbid.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageFiles, readPage } from './support.mjs';

const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

test('pages hold no inline script, style or handler, and only relative addresses', () => {
  for (const file of pageFiles('.html')) {
    const source = readPage(file);
    assert.doesNotMatch(source, /<style|\sstyle=|\son[a-z]+=/, file);
    assert.doesNotMatch(source, /<script(?![^>]*\ssrc=)/, file);
    for (const url of all(source, /\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^(?!\/|[a-z]+:)/, file + ' ' + url);
    // The reference is for programmers, in English only.
    assert.match(source, file === 'api.html' ? /<html lang="en">/ : /<html lang="es"[ >]/, file);
  }
  for (const file of pageFiles('.js')) {
    assert.doesNotMatch(readPage(file), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
    assert.doesNotMatch(readPage(file), /['"`]\/(api|ws|lang)/, file);
  }
});
