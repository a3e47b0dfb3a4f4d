/**
 * When a sealed batch leaves, and what its reply means; nothing here knows a browser.
 *
 * Batches wait in a ring of at most 64 KiB until they are acknowledged. What comes back is judged
 * once, in `reply`: stored, try again later, never again, or start anew with another token.
 */

const RING_BYTES = 65536; // observer.md section 6
const FLIGHT_BYTES = 49152; // 48 of the 64 KiB that all keepalive requests of a page share
const STRIKES = 3;
const LONGEST_WAIT = 60000;
const LONGEST_ASKED = 600000; // a Retry-After beyond ten minutes is a mistake

/** ms until the next try after `fails` failures in a row: 1 s x 2^n, +-50 %, or what was asked. */
export function backOff(fails, random, retryAfter) {
  const doubled = 1000 * 2 ** (fails > 7 ? 6 : fails - 1) * (0.5 + random);
  const asked = retryAfter > 0 ? retryAfter * 1000 : 0;
  const own = doubled > LONGEST_WAIT ? LONGEST_WAIT : doubled;
  return asked > own ? (asked > LONGEST_ASKED ? LONGEST_ASKED : asked) : own;
}

/**
 * `io`: post(body, done), beacon(body) -> bool, now(), random(). `on`: token(text, fresh) -> bool,
 * takes a new token, if `fresh` also a new tab id after `forget`; interval(ms); lost(samples); off().
 */
export function createSender(io, on) {
  let first = null;
  let bytes = 0;
  let flying = 0;
  let fails = 0;
  let strikes = 0;
  let retryAt = 0;
  let age = 0;

  function drop(node) {
    if (first === node) first = node.next;
    for (let at = first; at; at = at.next) if (at.next === node) at.next = node.next;
    bytes -= node.size;
  }

  function add(node) {
    node.next = null;
    node.sent = false;
    node.age = age;
    let tail = first;
    while (tail && tail.next) tail = tail.next;
    if (tail) tail.next = node;
    else first = node;
    bytes += node.size;
    for (let at = first; at && bytes > RING_BYTES; at = at.next) {
      if (!at.sent) {
        drop(at);
        on.lost(at.samples);
      }
    }
  }

  function pump() {
    if (io.now() < retryAt) return;
    for (let node = first; node; node = node.next) {
      if (node.sent) continue;
      if (flying + node.size > FLIGHT_BYTES || (fails && flying)) return; // one probe at a time
      node.sent = true;
      flying += node.size;
      launch(node);
    }
  }

  function launch(node) {
    io.post(node.body, (status, interval, retryAfter, text) => {
      if (node.age !== age) return; // of a segment that is over
      flying -= node.size;
      node.sent = false;
      reply(node, status, interval, retryAfter, text);
    });
  }

  function reply(node, status, interval, retryAfter, text) {
    if (status < 0 || status === 429 || status >= 500) {
      retryAt = io.now() + backOff(++fails, io.random(), retryAfter);
      return;
    }
    fails = retryAt = 0;
    drop(node);
    if (status < 400) {
      strikes = 0;
      if (interval > 0) on.interval(interval);
      if (status === 200 && text) on.token(text, false);
    } else if (status !== 403 || !text || !on.token(text, true)) {
      on.lost(node.samples);
      if (status !== 413 && ++strikes >= STRIKES) on.off();
    }
    pump();
  }

  /** Whether anything waits for an answer. */
  const isWaiting = () => !!first;

  /** Drop everything; replies still under way concern nobody any more. */
  function forget() {
    first = null;
    bytes = flying = fails = strikes = retryAt = 0;
    age++;
  }

  /**
   * The page is hidden, perhaps for good: beacons outlive it, and nobody hears their status. So
   * while the ingest is away the ring is kept, unless the page itself goes.
   */
  function leave(gone) {
    if (fails && !gone) return;
    for (let node = first; node; node = node.next) {
      if (node.sent || flying + node.size > FLIGHT_BYTES) continue;
      if (io.beacon(node.body)) drop(node);
    }
    if (gone) forget();
  }

  return { __proto__: null, add, pump, leave, forget, isWaiting };
}
