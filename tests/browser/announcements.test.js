// The announcement queue alone, with a clock of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script } from './support.mjs';

const { Announcements } = await script('announcements.js');

const NOW = Date.parse('2026-11-23T09:00:00Z');

function screen({ steps = [] } = {}) {
  const shown = [];
  const timers = [];
  let clock = NOW;
  const queue = new Announcements({
    now: () => clock,
    show: (call) => shown.push(call ? call.code : '-'),
    steps,
    setTimeout: (f, ms) => timers.push({ f, at: clock + ms }),
  });
  const settle = () => new Promise((done) => setImmediate(done));
  const pass = async (seconds) => {
    clock += seconds * 1000;
    for (const due of timers.filter((x) => x.at <= clock)) {
      timers.splice(timers.indexOf(due), 1);
      due.f();
    }
    await settle();
  };
  return { queue, shown, pass };
}

const call = (seq, code, secondsAgo = 0) =>
  ({ seq, code, desk: '1', kind: 'call', at: new Date(NOW - secondsAgo * 1000).toISOString() });

test('two calls in one instant are both announced, ten seconds each, in order', async () => {
  const { queue, shown, pass } = screen();
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  assert.deepEqual(shown, ['A1']);
  await pass(9.9);
  assert.deepEqual(shown, ['A1']);
  await pass(0.1);
  assert.deepEqual(shown, ['A1', 'A2']);
  await pass(10);
  assert.deepEqual(shown, ['A1', 'A2', '-']);
});

test('a sound that takes longer than ten seconds is not cut off', async () => {
  let end;
  const { queue, shown, pass } = screen({ steps: [() => new Promise((done) => { end = done; })] });
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  await pass(30);
  assert.deepEqual(shown, ['A1']);
  end();
  await pass(0);
  assert.deepEqual(shown, ['A1', 'A2']);
});

test('a sound that fails stops nothing', async () => {
  const { queue, shown, pass } = screen({ steps: [() => { throw new Error('no sound'); }] });
  queue.add(call(1, 'A1'));
  await pass(10);
  assert.deepEqual(shown, ['A1', '-']);
});

test('what was called before the screen existed is not announced', () => {
  const { queue, shown } = screen();
  queue.known([call(8, 'A8'), call(7, 'A7')]);
  assert.deepEqual(shown, []);
  queue.add(call(9, 'A9'));
  assert.deepEqual(shown, ['A9']);
});

test('missed calls are announced oldest first, those of more than two minutes ago are not', async () => {
  const { queue, shown, pass } = screen();
  queue.known([call(1, 'A1', 600)]);
  queue.add(call(2, 'A2', 121));
  queue.known([call(5, 'A5', 10), call(4, 'A4', 60), call(3, 'A3', 119), call(2, 'A2', 121)]);
  for (let i = 0; i < 4; i++) await pass(10);
  assert.deepEqual(shown, ['A3', 'A4', 'A5', '-']);
});

test('no call is announced twice, whether it comes as an event or in a state', async () => {
  const { queue, shown, pass } = screen();
  queue.known([]);
  queue.add(call(1, 'A1'));
  queue.add(call(1, 'A1'));
  queue.known([call(1, 'A1')]);
  await pass(10);
  await pass(10);
  assert.deepEqual(shown, ['A1', '-']);
});

test('a recall is a call of its own', async () => {
  const { queue, shown, pass } = screen();
  queue.add(call(1, 'A1'));
  queue.add(Object.assign(call(2, 'A1'), { kind: 'recall' }));
  await pass(10);
  assert.deepEqual(shown, ['A1', 'A1']);
});
