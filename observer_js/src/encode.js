/**
 * Samples to wire bytes: the mirror of reauth/wire.py, whose docstring defines the format.
 *
 * Pure, and without any call that a page could have replaced: numbers go into typed arrays by
 * index, and nothing else happens here. A tick is 0.1 ms.
 */

export const MOVE = 0;
export const DOWN = 1;
export const UP = 2;
export const WHEEL = 3;
export const CANCEL = 4;
export const MARKER = 5;

const HAS_HEADER = 1;
const HELD = 2;
const STEP = 20000; // the decoder refuses more (ingest.md section 2)
const { floor } = Math;
const Bytes = Uint8Array; // the page may replace the global later

/** A batch is at most 16 KiB (observer.md section 6), head and header included. */
export const BATCH_BYTES = 16384;
const HEAD_BYTES = 400; // version, token <= 255, tab, seq, base, flags, dropped, header <= 96
const RECORD_BYTES = 16; // four varints of at most four bytes

export function varint(out, at, value) {
  while (value > 127) {
    out[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

const signed = (out, at, value) => varint(out, at, (value << 1) ^ (value >> 31));

export function record(out, at, kind, ticks, dx, dy, ext) {
  at = varint(out, at, (ticks << 3) | kind);
  at = signed(out, at, dx);
  at = signed(out, at, dy);
  return kind ? signed(out, at, ext) : at;
}

/** One field of the header: type, length, one or two numbers. */
export function field(out, at, type, a, b) {
  let end = varint(out, at + 2, a);
  if (b !== undefined) end = varint(out, end, b);
  out[at] = type;
  out[at + 1] = end - at - 2;
  return end;
}

const copy = (out, at, from, size) => {
  for (let i = 0; i < size; i++) out[at++] = from[i];
  return at;
};

/** Put a whole batch together; the parts are typed arrays, each with its size beside it. */
export function frame(out, batch) {
  let at = 2;
  out[0] = 1;
  out[1] = batch.tokenSize;
  at = copy(out, at, batch.token, batch.tokenSize);
  at = copy(out, at, batch.tab, 16);
  at = varint(out, at, batch.seq);
  for (let scale = 2 ** 40; scale >= 1; scale /= 256) out[at++] = batch.base / scale;
  out[at++] = (batch.headerSize ? HAS_HEADER : 0) | (batch.held ? HELD : 0);
  at = varint(out, at, batch.dropped);
  if (batch.headerSize) {
    at = varint(out, at, batch.headerSize);
    at = copy(out, at, batch.header, batch.headerSize);
  }
  return copy(out, at, batch.records, batch.recordsSize);
}

const within = (step) => (step > STEP ? STEP : step < -STEP ? -STEP : step);

/** Gathers samples until they are sealed, into one batch after the other. */
export function createRecorder() {
  const records = new Bytes(BATCH_BYTES);
  const out = new Bytes(BATCH_BYTES);
  let at = 0;
  let base = 0; // ms; 0 while no batch is open
  let last = 0; // ticks since 1970 of the newest sample, of any batch
  let fromX = 0;
  let fromY = 0;
  let heldBefore = false;
  const self = {
    __proto__: null,
    /** Samples in the open batch; the newest position; is a button held? */
    count: 0,
    x: 0,
    y: 0,
    held: false,
    /** The grid of the page's clock, in ticks: the greatest common divisor of all steps; 0: unknown. */
    grid: 0,
    isOpen: () => base > 0,
    isFull: () => at > BATCH_BYTES - HEAD_BYTES - RECORD_BYTES,
    open,
    put,
    rebase,
    seal,
  };

  /** What comes next may have any time: the clock has another base. */
  function rebase() {
    last = 0;
  }

  /** Open a batch at `ticks` since 1970, unless one is. */
  function open(ticks) {
    if (base) return;
    base = floor(ticks / 10);
    at = fromX = fromY = 0;
    heldBefore = self.held;
  }

  function put(kind, ticks, x, y, ext) {
    if (ticks < last) ticks = last; // events of two frames may come out of order
    open(ticks);
    if (last) measure(ticks - last);
    const since = self.count ? last : base * 10;
    self.x = fromX + within(x - fromX);
    self.y = fromY + within(y - fromY);
    if (since > ticks) ticks = since;
    at = record(records, at, kind, ticks - since, self.x - fromX, self.y - fromY, ext);
    fromX = self.x;
    fromY = self.y;
    last = ticks;
    self.held = kind === DOWN || (self.held && kind !== UP && kind !== CANCEL);
    self.count++;
  }

  function measure(step) {
    while (step) {
      const rest = self.grid % step;
      self.grid = step;
      step = rest;
    }
  }

  /** Close the open batch: its bytes, in an array of their own; `batch` has the rest of the head. */
  function seal(batch) {
    batch.base = base;
    batch.held = heldBefore;
    batch.records = records;
    batch.recordsSize = at;
    const size = frame(out, batch);
    const body = new Bytes(size);
    copy(body, 0, out, size);
    const sealed = { __proto__: null, body, size, samples: self.count };
    base = self.count = 0;
    return sealed;
  }

  return self;
}
