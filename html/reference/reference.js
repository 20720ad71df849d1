// The description of the API (openapi.json) as a page, with a curl line for each call.

import { $, make } from '../shared/dom.js';

let api;

/** The part of the description that a `$ref` such as `#/components/schemas/Desk` names. */
function resolve(part) {
  if (!part || !part.$ref) return part;
  return part.$ref.slice(2).split('/').reduce((at, key) => at[key], api);
}

/** The type of a schema in words, such as `text or null`. */
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.enum) return schema.enum.map(String).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return 'list of ' + typeOf(schema.items);
  return [].concat(schema.type || 'any').join(' or ').replace('string', 'text');
}

/** The limits of a schema in words, such as `1 to 100`. */
function limitsOf({ minimum = 0, maximum, minLength = 0, maxLength, maxItems }) {
  if (maximum !== undefined) return minimum + ' to ' + maximum;
  if (maxLength !== undefined) return minLength + ' to ' + maxLength + ' characters';
  return maxItems === undefined ? '' : 'at most ' + maxItems;
}

/** Text with its `code` in elements. */
function withCode(el, text) {
  text.split('`').forEach((part, n) => el.appendChild(n % 2 ? make('code', { textContent: part }) : document.createTextNode(part)));
  return el;
}

/** Text in paragraphs, lists and blocks of code, which blank lines part. */
function paragraphs(text) {
  const box = document.createDocumentFragment();
  text.split('\n\n').forEach((part) => {
    const lines = part.split('\n');
    if (part.indexOf('- ') === 0) {
      const list = box.appendChild(make('ul'));
      lines.forEach((line) => withCode(list.appendChild(make('li')), line.slice(2)));
    } else if (part.indexOf('    ') === 0) {
      const code = lines.map((line) => line.slice(4)).join('\n');
      const block = box.lastChild && box.lastChild.tagName === 'PRE' ? box.lastChild : box.appendChild(make('pre', { tabindex: 0 }));
      block.appendChild(make('code', { textContent: (block.firstChild ? '\n\n' : '') + code }));
    } else {
      withCode(box.appendChild(make('p')), part);
    }
  });
  return box;
}

function fieldList(title, fields) {
  const box = document.createDocumentFragment();
  if (!fields.length) return box;
  box.appendChild(make('h3', { textContent: title }));
  const list = box.appendChild(make('ul'));
  fields.forEach((field) => {
    const { name, schema, required } = field;
    const item = list.appendChild(make('li'));
    item.appendChild(make('code', { textContent: name }));
    const facts = [typeOf(schema), limitsOf(schema), required ? 'required' : ''].filter(Boolean);
    item.appendChild(document.createTextNode(' ' + facts.join(', ')));
    const about = field.description || schema.description;
    if (about) withCode(item.appendChild(make('p')), about);
  });
  return box;
}

/** The fields of an object's schema. */
function fieldsOf(schema) {
  const { properties = {}, required = [] } = resolve(schema) || {};
  return Object.keys(properties).map((name) => ({ name, schema: properties[name], required: required.indexOf(name) >= 0 }));
}

const bodyOf = (call) => (call.requestBody ? call.requestBody.content['application/json'].schema : null);

function curl(method, path, call) {
  const parts = ['curl'];
  if (method !== 'get') parts.push('-X ' + method.toUpperCase());
  if (call['x-role'] !== 'public') parts.push("-H 'Authorization: Bearer TOKEN'");
  const needed = fieldsOf(bodyOf(call)).filter((field) => field.required);
  if (needed.length) {
    parts.push("-H 'Content-Type: application/json'");
    parts.push("-d '" + JSON.stringify(needed.reduce((body, { name }) => Object.assign(body, { [name]: '…' }), {})) + "'");
  }
  parts.push("'" + location.origin + path.replace(/\{(\w+)\}/g, (all, name) => name.toUpperCase()) + "'");
  return parts.join(' ');
}

/** The successful answers of a call: each status with its schema. */
function answers(call) {
  return Object.keys(call.responses).filter((status) => status !== 'default').map((status) => {
    const answer = call.responses[status];
    const media = Object.keys(answer.content || {})[0];
    return { name: status, schema: media ? answer.content[media].schema : { type: 'no body' }, description: answer.description };
  });
}

function drawCall(method, path, call) {
  const box = make('details', { class: 'call' });
  const summary = box.appendChild(make('summary'));
  summary.appendChild(make('code', { textContent: method.toUpperCase() + ' ' + path }));
  summary.appendChild(document.createTextNode(' ' + call.summary + ' '));
  summary.appendChild(make('span', { class: 'role', textContent: '(' + call['x-role'] + ')' }));
  const inside = box.appendChild(make('div'));
  if (call.description) withCode(inside.appendChild(make('p')), call.description);
  inside.appendChild(make('pre', { tabindex: 0 })).appendChild(make('code', { textContent: curl(method, path, call) }));
  const parameters = (call.parameters || []).map(resolve);
  inside.appendChild(fieldList('In the address', parameters.filter((one) => one.in !== 'header')));
  inside.appendChild(fieldList('Headers', parameters.filter((one) => one.in === 'header')));
  inside.appendChild(fieldList('Fields of the body', fieldsOf(bodyOf(call))));
  inside.appendChild(fieldList('Answers', answers(call)));
  return box;
}

function drawSchemas() {
  const { schemas } = api.components;
  Object.keys(schemas).forEach((name) => {
    const box = $('calls').appendChild(make('details', { class: 'call', id: 'schema-' + name }));
    box.appendChild(make('summary')).appendChild(make('code', { textContent: name }));
    const inside = box.appendChild(make('div'));
    if (schemas[name].description) withCode(inside.appendChild(make('p')), schemas[name].description);
    inside.appendChild(fieldList('Fields', fieldsOf(schemas[name])));
  });
}

function heading(id, name) {
  $('tags').appendChild(make('a', { href: '#' + id, textContent: name }));
  $('calls').appendChild(make('h2', { id, textContent: name }));
}

function render() {
  withCode($('about'), api.info.description);
  api.tags.forEach((tag, n) => {
    heading('tag-' + n, tag.name);
    if (tag.description) $('calls').appendChild(paragraphs(tag.description));
    Object.keys(api.paths).forEach((path) => Object.keys(api.paths[path]).forEach((method) => {
      const call = api.paths[path][method];
      if (call.tags[0] === tag.name) $('calls').appendChild(drawCall(method, path, call));
    }));
  });
  heading('schemas', 'Objects');
  drawSchemas();
}

fetch('api/openapi.json')
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)))
  .then((answer) => {
    api = answer;
    render();
  })
  .catch(() => { $('failed').hidden = false; });
