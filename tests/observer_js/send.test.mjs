/** The sender's rules, with a clock, a network and chance given as arguments. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { backOff, createSender } from '../../observer_js/src/send.js';

/** A sender whose posts wait for `answer(status, ...)`, in order. */
function world() {
  const at = { now: 0, posted: [], waiting: [], beacons: [], beaconed: true };
  at.told = { tokens: [], intervals: [], lost: 0, off: 0 };
  at.sender = createSender(
    {
      post: (body, done) => {
        at.posted.push(body);
        at.waiting.push(done);
      },
      beacon: (body) => at.beaconed && at.beacons.push(body) > 0,
      now: () => at.now,
      random: () => 0.5,
    },
    {
      token: (text, fresh) => {
        if (text === 'bad') return false;
        at.told.tokens.push([text, fresh]);
        if (fresh) at.sender.forget();
        return true;
      },
      interval: (ms) => at.told.intervals.push(ms),
      lost: (samples) => (at.told.lost += samples),
      off: () => {
        at.told.off++;
        at.sender.forget();
      },
    },
  );
  at.hold = (name, size = 100) => at.sender.add({ body: name, size, samples: 7 });
  at.add = (name, size) => {
    at.hold(name, size);
    at.sender.pump();
  };
  at.answer = (status, { interval = 0, retryAfter = 0, text = '' } = {}) =>
    at.waiting.shift()(status, interval, retryAfter, text);
  return at;
}

test('waits double from a second to a minute, half as long or half as long again by chance', () => {
  assert.deepEqual([1000, 2000, 4000, 32000], [1, 2, 3, 6].map((n) => backOff(n, 0.5, 0)));
  assert.deepEqual([500, 1500], [0, 1].map((chance) => backOff(1, chance, 0)));
  assert.ok([7, 8, 50, 5000].every((n) => backOff(n, 1, 0) === 60000));
});

test('Retry-After is honoured when it is longer, up to ten minutes, and when it is a number', () => {
  assert.equal(5000, backOff(1, 0.5, 5));
  assert.equal(4000, backOff(3, 0.5, 1));
  assert.equal(600000, backOff(1, 0.5, 1e9));
  assert.equal(1000, backOff(1, 0.5, NaN));
});

for (const status of [-1, 429, 500, 503]) {
  test(`after ${status} the batch is kept and tried again when its time has come`, () => {
    const at = world();
    at.add('a');
    at.answer(status);
    at.sender.pump();
    assert.deepEqual(['a'], at.posted);
    at.now = 1000;
    at.sender.pump();
    assert.deepEqual(['a', 'a'], at.posted);
    at.answer(204);
    at.now = 1e6;
    at.sender.pump();
    assert.deepEqual([], at.waiting);
  });
}

test('while tries fail one batch probes; when it is through the others follow', () => {
  const at = world();
  at.add('a');
  at.answer(503, { retryAfter: 9 });
  at.add('b');
  at.now = 9000;
  at.sender.pump();
  assert.deepEqual(['a', 'a'], at.posted);
  at.answer(204);
  assert.deepEqual(['a', 'a', 'b'], at.posted);
});

for (const status of [0, 200, 204]) {
  test(`${status} is stored, or as good as: the batch is gone`, () => {
    const at = world();
    at.add('a');
    at.answer(status);
    at.sender.leave(true);
    assert.deepEqual([['a'], []], [at.posted, at.beacons]);
  });
}

test('a reply may ask for another interval, and bring a token', () => {
  const at = world();
  at.add('a');
  at.add('b');
  at.answer(204, { interval: 1000 });
  at.answer(200, { text: 'new' });
  assert.deepEqual([[1000], [['new', false]]], [at.told.intervals, at.told.tokens]);
  assert.equal(0, at.told.lost);
});

test('three refusals in a row silence the page, and none is tried again', () => {
  const at = world();
  for (const status of [400, 404, 403]) {
    assert.equal(0, at.told.off);
    at.add('a');
    at.answer(status);
  }
  assert.deepEqual([1, 21, 3], [at.told.off, at.told.lost, at.posted.length]);
});

test('a success between refusals takes the strikes away; a 413 is none', () => {
  const at = world();
  for (const status of [400, 400, 204, 400, 400, 413, 413]) {
    at.add('a');
    at.answer(status);
  }
  assert.equal(0, at.told.off);
  assert.equal(42, at.told.lost);
});

test('a 403 with a token is renewal: what is held is dropped, late replies do not count', () => {
  const at = world();
  at.add('a');
  at.add('b');
  at.answer(403, { text: 'new' });
  at.add('c');
  at.answer(403, { text: 'newer' }); // of b, sent with the old token
  assert.deepEqual([['new', true]], at.told.tokens);
  at.answer(204);
  at.sender.pump();
  assert.deepEqual([['a', 'b', 'c'], 0, 0], [at.posted, at.told.off, at.told.lost]);
});

test('a 403 whose body is no token is a strike', () => {
  const at = world();
  for (let i = 0; i < 3; i++) {
    at.add('a');
    at.answer(403, { text: 'bad' });
  }
  assert.equal(1, at.told.off);
});

test('at most 48 KiB are in flight', () => {
  const at = world();
  for (const name of 'abcd') at.add(name, 16384);
  assert.deepEqual(['a', 'b', 'c'], at.posted);
  at.answer(204);
  assert.deepEqual(['a', 'b', 'c', 'd'], at.posted);
});

test('the ring holds 64 KiB: the oldest that is not under way goes first, and is counted', () => {
  const at = world();
  for (const name of 'abc') at.add(name, 16384); // under way
  for (const name of 'def') at.add(name, 16384);
  assert.equal(14, at.told.lost);
  for (let i = 0; i < 4; i++) at.answer(204);
  assert.deepEqual(['a', 'b', 'c', 'f'], at.posted);
});

test('a page that is hidden sends by beacon what is not under way', () => {
  const at = world();
  at.add('a');
  at.hold('b');
  at.sender.leave(false);
  at.answer(503);
  at.now = 1e6;
  at.sender.pump();
  assert.deepEqual([['a', 'a'], ['b']], [at.posted, at.beacons]);
});

test('beacons and requests share the budget', () => {
  const at = world();
  for (const name of 'abc') at.add(name, 16384);
  at.hold('d');
  at.sender.leave(false);
  assert.deepEqual([], at.beacons);
});

test('a beacon that is refused keeps its batch while the page lives', () => {
  const at = world();
  at.beaconed = false;
  at.hold('a');
  at.sender.leave(false);
  at.sender.pump();
  assert.deepEqual([['a'], []], [at.posted, at.beacons]);
});

test('while the ingest is away a hidden page keeps its ring; a page that goes keeps none', () => {
  const at = world();
  at.add('a');
  at.answer(503);
  at.sender.leave(false);
  assert.deepEqual([], at.beacons);
  at.sender.leave(true);
  assert.deepEqual(['a'], at.beacons);
  at.now = 1e6;
  at.sender.pump();
  assert.deepEqual(['a'], at.posted);
});
