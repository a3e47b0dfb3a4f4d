/** When the page's clock counts as having missed time, with both clocks given as arguments. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { createDrift, DRIFT } from '../../observer_js/src/drift.js';

const ORIGIN = 17e11;

/** Two clocks that a test sets; `apart` is what the wall clock differs by from the start. */
function clocks(apart = 0) {
  const at = { page: 500, wall: ORIGIN + 500 + apart };
  at.go = (page, wall = page) => {
    at.page += page;
    at.wall += wall;
  };
  at.drifted = createDrift(ORIGIN, () => at.page, () => at.wall);
  return at;
}

test('clocks that go alike have not drifted, however far apart they are', () => {
  const at = clocks(86400e3);
  for (let i = 0; i < 5; i++) {
    at.go(36e5);
    assert.equal(undefined, at.drifted());
  }
});

test('a wall clock that is adjusted by less than the limit begins nothing', () => {
  const at = clocks();
  for (const by of [DRIFT - 1, -(DRIFT - 1), DRIFT - 1]) {
    at.go(1000, 1000 + by);
    assert.equal(undefined, at.drifted());
    at.go(0, -by);
  }
});

test('a sleep is told once, with what is to be added to the page\'s time from now on', () => {
  const at = clocks(200);
  at.go(1000, 1000 + 8 * 36e5);
  assert.equal(8 * 36e5 + 200, at.drifted());
  assert.equal(undefined, at.drifted());
  at.go(1000, 1000 + 6e4);
  assert.equal(8 * 36e5 + 6e4 + 200, at.drifted());
});

test('a wall clock that is put back is followed as well', () => {
  const at = clocks();
  at.go(0, -36e5);
  assert.equal(-36e5, at.drifted());
  at.go(0, 36e5);
  assert.equal(0, at.drifted());
  assert.equal(undefined, at.drifted());
});

test('a wall clock that is no number begins nothing', () => {
  assert.equal(undefined, createDrift(ORIGIN, () => 1, () => NaN)());
});
