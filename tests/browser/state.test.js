// A screen's state, and how each message changes it: the module alone, without a page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support.mjs';

const source = readFileSync(path.join(ROOT, 'html/shared/state.js'), 'utf8');
const { apply, deskNamed, withinReach } = await import('data:text/javascript,' + encodeURIComponent(source));

const desk = (name, code, waiting) => ({
  name, open: true, services: [], ticket: code ? { code } : null, ...(waiting ? { waiting } : {}),
});
const call = (seq, code, at) => ({ seq, code, desk: at, kind: 'call', at: '2026-11-23T09:00:00.000Z' });
const office = () => apply(null, {
  type: 'state',
  seq: 9,
  payload: {
    office: { name: 'Clinic', language: 'en' },
    waiting: 3,
    services: [{ prefix: 'A', name: 'General', waiting: 3 }],
    desks: [desk('1', 'A2'), desk('2', null)],
    calls: [call(9, 'A2', '1'), call(5, 'A1', '1')],
  },
});

test('an undone step puts back the desk, the numbers and the calls', () => {
  const after = apply(office(), {
    type: 'step-undone',
    seq: 10,
    payload: {
      desk: desk('1', 'A1'),
      tickets: [{ code: 'A1' }, { code: 'A2' }],
      waiting: 4,
      services: [{ prefix: 'A', name: 'General', waiting: 4 }],
      calls: [call(5, 'A1', '1')],
    },
  });
  assert.equal(deskNamed(after, '1').ticket.code, 'A1');
  assert.deepEqual(after.calls.map((c) => c.code), ['A1']);
  assert.deepEqual([after.waiting, after.services[0].waiting], [4, 4]);
  assert.equal(after.desks.length, 2);
});

test("a desk's own line is right whoever sends somebody there or takes somebody away", () => {
  const message = (type, own, ticket) => ({
    type,
    seq: 10,
    payload: {
      desk: desk('1', ticket),
      lineDesk: desk('2', null, own),
      waiting: 3 + own,
      services: [{ prefix: 'A', name: 'General', waiting: 3 }],
    },
  });
  const sent = apply(office(), message('ticket-transferred', 1, null));
  assert.equal(deskNamed(sent, '2').waiting, 1);
  assert.equal(withinReach(sent, '2'), 4);
  assert.equal(withinReach(sent, '1'), 3, 'who was sent to desk 2 is not for desk 1');
  const called = apply(sent, message('ticket-called', 0, 'A2'));
  assert.equal(withinReach(called, '2'), 3);
  assert.deepEqual(called.desks.map((d) => d.name).sort(), ['1', '2']);
});

test('a message does not change the state that was there before it', () => {
  const before = office();
  const kept = JSON.stringify(before);
  apply(before, { type: 'step-undone', seq: 10, payload: { desk: desk('1', null), calls: [], waiting: 9, services: [] } });
  assert.equal(JSON.stringify(before), kept);
});
