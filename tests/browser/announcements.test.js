// The announcement queue alone, with a clock of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script } from './support.mjs';

const { Announcements } = await script('public/announcements.js');

const NOW = Date.parse('2026-11-23T09:00:00Z');

/** `sounds` returns the steps of an announcement, and its repetition, from a timer and the clock. */
function screen(sounds = () => ({ steps: [] })) {
  const shown = [];
  const timers = [];
  let clock = NOW;
  const now = () => clock;
  const after = (f, ms) => timers.push({ f, at: clock + ms });
  const lasts = (seconds) => () => new Promise((done) => after(done, seconds * 1000));
  const queue = new Announcements({
    now,
    age: (it) => clock - Date.parse(it.at),
    show: (call) => shown.push(call ? call.code : '-'),
    hush: () => shown.push('hush'),
    setTimeout: after,
    ...sounds(lasts, now),
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
  return { queue, shown, pass, now };
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
  const { queue, shown, pass } = screen(() => ({ steps: [() => new Promise((done) => { end = done; })] }));
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  await pass(30);
  assert.deepEqual(shown, ['A1']);
  end();
  await pass(0);
  assert.deepEqual(shown, ['A1', 'A2']);
});

test('a sound that fails stops nothing', async () => {
  const { queue, shown, pass } = screen(() => ({ steps: [() => { throw new Error('no sound'); }] }));
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

test('what was missed is announced however long its turn takes to come', async () => {
  const { queue, shown, pass } = screen();
  queue.known([call(1, 'A1', 600)]);
  queue.known([call(4, 'A4', 117), call(3, 'A3', 118), call(2, 'A2', 119)]);
  for (let i = 0; i < 4; i++) await pass(10);
  assert.deepEqual(shown, ['A2', 'A3', 'A4', '-']);
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

const undone = (code, calls, desk = '1') => ({ desk: { name: desk }, tickets: [{ code }], calls });

test('a call that was undone before its turn is not announced', async () => {
  const { queue, shown, pass } = screen();
  [call(1, 'A1'), call(2, 'A2'), call(3, 'A3')].forEach((c) => queue.add(c));
  queue.undone(undone('A2', [call(3, 'A3'), call(1, 'A1')]));
  for (let i = 0; i < 3; i++) await pass(10);
  assert.deepEqual(shown, ['A1', 'A3', '-']);
});

test('a call that is undone while it is announced ends at once, sound and all, and the next begins', async () => {
  let end;
  const sounded = [];
  const steps = [(c) => new Promise((done) => { sounded.push(c.code); end = done; }), (c) => { sounded.push('again ' + c.code); }];
  const { queue, shown, pass } = screen(() => ({ steps }));
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  const endFirst = end;
  await pass(4);
  queue.undone(undone('A1', []));
  assert.deepEqual(shown, ['A1', 'hush', 'A2']);
  endFirst();
  // The ten seconds of the first are over, those of the second are not.
  await pass(6);
  assert.deepEqual(shown, ['A1', 'hush', 'A2']);
  end();
  await pass(4);
  assert.deepEqual(shown, ['A1', 'hush', 'A2', '-']);
  assert.deepEqual(sounded, ['A1', 'A2', 'again A2']);
});

test('a recall that is undone leaves the call itself', async () => {
  const { queue, shown, pass } = screen();
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  queue.add(Object.assign(call(3, 'A2'), { kind: 'recall' }));
  queue.undone(undone('A2', [call(2, 'A2'), call(1, 'A1')]));
  for (let i = 0; i < 3; i++) await pass(10);
  assert.deepEqual(shown, ['A1', 'A2', '-']);
});

test('what waits longer than the last calls reach back is announced all the same', async () => {
  const { queue, shown, pass } = screen();
  for (let seq = 1; seq <= 12; seq++) queue.add(call(seq, 'A' + seq));
  const newest = [11, 10, 9, 8, 7, 6, 5].map((seq) => call(seq, 'A' + seq));
  queue.undone(undone('A12', newest));
  queue.known(newest);
  for (let i = 0; i < 12; i++) await pass(10);
  assert.deepEqual(shown, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => 'A' + n).concat('-'));
});

test('a call that was undone while this screen was away is not announced', async () => {
  const { queue, shown, pass } = screen();
  queue.known([call(1, 'A1')]);
  [call(2, 'A2'), call(3, 'A3'), call(4, 'A4')].forEach((c) => queue.add(c));
  queue.known([call(5, 'A5'), call(4, 'A4'), call(2, 'A2'), call(1, 'A1')]);
  for (let i = 0; i < 4; i++) await pass(10);
  assert.deepEqual(shown, ['A2', 'A4', 'A5', '-']);
});

test('a new day, which has no calls yet, takes nothing back and announces its first call', async () => {
  const { queue, shown, pass } = screen();
  queue.known([call(700, 'A41')]);
  queue.add(call(701, 'A42'));
  queue.add(call(702, 'A43'));
  queue.known([]);
  queue.add(call(705, 'A1'));
  for (let i = 0; i < 3; i++) await pass(10);
  assert.deepEqual(shown, ['A42', 'A43', 'A1', '-']);
});

test('a day that begins before this screen\'s eyes ends what the old one still had to say', async () => {
  const { queue, shown, pass } = screen();
  queue.known([call(700, 'A41')]);
  queue.add(call(701, 'A42'));
  queue.add(call(702, 'A43'));
  queue.begun([]);
  assert.deepEqual(shown, ['A42', 'hush', '-']);
  queue.add(call(705, 'A1'));
  await pass(10);
  assert.deepEqual(shown, ['A42', 'hush', '-', 'A1', '-']);
});

test('a day that begins without new numbers takes nothing back', async () => {
  const { queue, shown, pass } = screen();
  queue.known([]);
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  queue.begun([call(2, 'A2'), call(1, 'A1')]);
  for (let i = 0; i < 2; i++) await pass(10);
  assert.deepEqual(shown, ['A1', 'A2', '-']);
});

test('up to six calls that wait are announced in full, each repeated; when more wait each is said once, in order, for five seconds, until it has caught up', async () => {
  const said = [];
  const { queue, shown, pass } = screen(() => ({ steps: [(c) => { said.push(c.code); }], again: [(c) => { said.push(c.code + ' again'); }] }));
  const few = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7'];
  few.forEach((code, i) => queue.add(call(1 + i, code)));
  for (let i = 0; i < few.length; i++) await pass(10);
  assert.deepEqual(shown, few.concat('-'));
  assert.deepEqual(said, few.flatMap((code) => [code, code + ' again']));
  for (const list of [said, shown]) list.length = 0;
  const many = ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8'];
  many.forEach((code, i) => queue.add(call(11 + i, code)));
  await pass(10);
  for (let i = 0; i < 6; i++) await pass(5);
  assert.deepEqual(shown, many);
  // The last has its ten seconds and its repeat again.
  await pass(9.9);
  assert.deepEqual(shown.slice(-1), ['B8']);
  await pass(0.1);
  assert.deepEqual(shown.slice(-1), ['-']);
  assert.deepEqual(said, many.concat('B8 again'));
});

test('where three languages are spoken and five to nine calls come at once, all are announced, the first in full', async () => {
  for (let most = 5; most <= 9; most++) {
    const said = [];
    const { queue, shown, pass } = screen((lasts) => ({ steps: [(c) => { said.push(c.code); }, lasts(13)], again: [(c) => { said.push(c.code); }, lasts(13)] }));
    const codes = Array.from({ length: most }, (_, i) => 'A' + (i + 1));
    codes.forEach((code, i) => queue.add(call(1 + i, code)));
    for (let i = 0; i < 300; i++) await pass(1);
    assert.deepEqual(shown, codes.concat('-'));
    // More than six that wait are too many from the beginning.
    if (most < 8) assert.deepEqual(said.slice(0, 3), ['A1', 'A1', 'A2'], String(most));
    assert.deepEqual(said.filter((code, i) => code !== said[i - 1]), codes);
  }
});

test('where five languages are spoken and twenty calls come at once, all are announced, most in one language', async () => {
  const said = [];
  const { queue, shown, pass } = screen((lasts) => ({ steps: [(c, isHurried) => { said.push(c.code); return lasts(isHurried ? 4 : 17)(); }] }));
  const codes = Array.from({ length: 20 }, (_, i) => 'A' + (i + 1));
  codes.forEach((code, i) => queue.add(call(1 + i, code)));
  for (let i = 0; i < 300; i++) await pass(1);
  assert.deepEqual(shown, codes.concat('-'));
  assert.deepEqual(said, codes);
  // Later, one alone has all its languages and its time again.
  shown.length = 0;
  queue.add(Object.assign(call(30, 'B1'), { at: new Date(NOW + 300000).toISOString() }));
  await pass(16);
  assert.deepEqual(shown, ['B1']);
  await pass(1);
  assert.deepEqual(shown, ['B1', '-']);
});

test('a call that has waited for more than two minutes is passed over, as a missed one would be', async () => {
  let end;
  const { queue, shown, pass } = screen(() => ({ steps: [() => new Promise((done) => { end = done; })] }));
  queue.add(call(1, 'A1'));
  queue.add(call(2, 'A2'));
  await pass(30);
  queue.add(call(3, 'A3', -30));
  await pass(91);
  end();
  await pass(0);
  assert.deepEqual(shown, ['A1', 'A3']);
});

test('twelve calls a minute for ten minutes are all announced, in order, and never a minute and a half late', async () => {
  const said = [];
  let late = 0;
  const { queue, shown, pass, now } = screen((lasts, clock) => ({
    steps: [(c) => { said.push(c.code); late = Math.max(late, clock() - Date.parse(c.at)); }, lasts(4.5)],
    again: [lasts(5)],
  }));
  for (let seq = 1; seq <= 120; seq++) {
    queue.add(Object.assign(call(seq, 'A' + seq), { at: new Date(now()).toISOString() }));
    for (let i = 0; i < 10; i++) await pass(0.5);
  }
  for (let i = 0; i < 100; i++) await pass(0.5);
  assert.deepEqual(said, Array.from({ length: 120 }, (_, i) => 'A' + (i + 1)));
  assert.deepEqual(shown, said.concat('-'));
  assert.ok(late < 90000, late + ' ms');
});

test('where voices take longer than the calls come, none is announced that is more than two minutes old', async () => {
  let late = 0;
  const { queue, pass, now } = screen((lasts, clock) => ({ steps: [(c) => { late = Math.max(late, clock() - Date.parse(c.at)); }, lasts(9)] }));
  for (let seq = 1; seq <= 120; seq++) {
    queue.add(Object.assign(call(seq, 'A' + seq), { at: new Date(now()).toISOString() }));
    for (let i = 0; i < 5; i++) await pass(1);
  }
  assert.ok(late > 60000 && late <= 120000, late + ' ms');
});
