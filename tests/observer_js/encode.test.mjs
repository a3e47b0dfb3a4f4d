/** The observer's encoder against the frames that reauth/wire.py reads too. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { BATCH_BYTES, createRecorder, field, frame, record } from '../../observer_js/src/encode.js';

const golden = new URL('../golden/wire/', import.meta.url);
const names = readdirSync(golden).filter((name) => name.endsWith('.json'));
const TYPES = [
  '', 'screen', 'client', 'resolution', 'dpr', 'rate_capped', 'untrusted', 'webdriver', 'secure',
  'input',
];
const hex = (bytes, size = bytes.length) => Buffer.from(bytes.subarray(0, size)).toString('hex');

/** What stands before the records, as `frame` and `seal` take it. */
function headOf({ header: fields, token: text, tab: name, seq, dropped }) {
  const header = new Uint8Array(96);
  let headerSize = 0;
  for (const [field_, numbers] of Object.entries(fields)) {
    headerSize = field(header, headerSize, TYPES.indexOf(field_), ...numbers);
  }
  const token = new Uint8Array(Buffer.from(text, 'latin1'));
  const tab = new Uint8Array(Buffer.from(name, 'hex'));
  return { token, tokenSize: token.length, tab, seq, dropped, header, headerSize };
}

/** The flat records of v1j, one array each. */
function* recordsOf(flat) {
  for (let at = 0; at < flat.length; ) {
    const size = flat[at] & 7 ? 4 : 3;
    const [head, dx, dy, ext] = flat.slice(at, at + size);
    yield [head & 7, head >> 3, dx, dy, ext];
    at += size;
  }
}

for (const name of names) {
  const { body, batch } = JSON.parse(readFileSync(new URL(name, golden)));

  test(`frame and record write ${name} as Python does`, () => {
    const records = new Uint8Array(BATCH_BYTES);
    let recordsSize = 0;
    for (const one of recordsOf(batch.records)) recordsSize = record(records, recordsSize, ...one);
    const out = new Uint8Array(BATCH_BYTES);
    const { held } = batch;
    const size = frame(out, { ...headOf(batch), base: batch.base_ms, held, records, recordsSize });
    assert.equal(body, hex(out, size));
  });

  test(`a recorder that is given the samples of ${name} seals the same bytes`, () => {
    if (!batch.base_ms) return; // 0 means that no batch is open: no page's clock stands at 1970
    const recorder = createRecorder();
    let ticks = batch.base_ms * 10;
    let [x, y] = [0, 0];
    recorder.held = batch.held;
    recorder.open(ticks);
    for (const [kind, dt, dx, dy, ext] of recordsOf(batch.records)) {
      [ticks, x, y] = [ticks + dt, x + dx, y + dy];
      recorder.put(kind, ticks, x, y, ext);
    }
    assert.equal(body, hex(recorder.seal(headOf(batch)).body));
  });
}

const HEAD = {
  token: new Uint8Array(1), tokenSize: 1, tab: new Uint8Array(16), seq: 0, dropped: 0,
  header: new Uint8Array(96), headerSize: 0,
};
const BASE_AT = 2 + 1 + 16 + 1; // version, token, tab, seq
const RECORDS_AT = BASE_AT + 6 + 1 + 1; // base, flags, dropped
const seal = (recorder) => recorder.seal({ ...HEAD });

test('a batch begins with its own time, an absolute place, and whether a button is held', () => {
  const recorder = createRecorder();
  recorder.put(1, 17e12 + 3, 100, 200, 0);
  assert.equal(1, seal(recorder).samples);
  recorder.put(0, 17e12 + 83, 101, 202, 0);
  const { body } = seal(recorder);
  const base = (17e11 + 8).toString(16).padStart(12, '0');
  assert.equal(base, hex(body.subarray(BASE_AT, BASE_AT + 6)));
  assert.equal(2, body[BASE_AT + 6]);
  assert.equal('18ca019403', hex(body.subarray(RECORDS_AT))); // 3 ticks, 101, 202
});

test('time never runs back, whatever the events say', () => {
  const recorder = createRecorder();
  recorder.put(0, 17e12 + 50, 1, 1, 0);
  recorder.put(0, 17e12 + 20, 2, 2, 0);
  assert.equal('000202000202', hex(seal(recorder).body.subarray(RECORDS_AT)));
});

test('after a change of base time may begin earlier, and the step there tells nothing', () => {
  const recorder = createRecorder();
  recorder.put(0, 17e12 + 80, 1, 1, 0);
  recorder.put(0, 17e12 + 160, 2, 2, 0);
  seal(recorder);
  recorder.rebase();
  recorder.put(0, 16e12 + 3, 3, 3, 0);
  const { body } = seal(recorder);
  assert.equal((16e11).toString(16).padStart(12, '0'), hex(body.subarray(BASE_AT, BASE_AT + 6)));
  assert.equal(80, recorder.grid);
});

test('a step beyond what the decoder takes is cut to the limit', () => {
  const recorder = createRecorder();
  recorder.put(0, 17e12, 50000, -50000, 0);
  assert.deepEqual([20000, -20000], [recorder.x, recorder.y]);
});

test('the resolution is the grid that all time steps lie on', () => {
  const recorder = createRecorder();
  for (const ticks of [0, 80, 200, 330]) recorder.put(0, 17e12 + ticks, 0, 0, 0);
  assert.equal(10, recorder.grid);
  recorder.put(0, 17e12 + 335, 0, 0, 0);
  assert.equal(5, recorder.grid);
});

test('a full recorder still fits into one batch, head and header included', () => {
  const recorder = createRecorder();
  for (let i = 0; !recorder.isFull(); i++) {
    recorder.put(3, 17e12 + 5e6 * i, i % 2 ? 20000 : 0, i % 2 ? -20000 : 0, 100000);
  }
  const token = new Uint8Array(255);
  const { size } = recorder.seal({ ...HEAD, token, tokenSize: 255, headerSize: 96 });
  assert.ok(size <= BATCH_BYTES && size > BATCH_BYTES - 500, size);
});

test('a batch may hold no sample at all: synthetic events have only their count', () => {
  const recorder = createRecorder();
  assert.equal(false, recorder.isOpen());
  recorder.open(17e12);
  assert.equal(true, recorder.isOpen());
  assert.equal(0, seal(recorder).samples);
  assert.equal(false, recorder.isOpen());
});
