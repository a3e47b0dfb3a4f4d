/**
 * Entry: takes the token, removes its element, wires capture to encode to send.
 *
 * One copy a window. Whatever happens in here, the page must not notice: every listener catches
 * what it throws, nothing is printed, and the only trace is one frozen symbol.
 */

import {
  BLUR, createCapture, FOCUS, HIDDEN, PAGEHIDE, PAGESHOW, RESET, RESIZE, SCREEN, VISIBLE,
} from './capture.js';
import { createDrift } from './drift.js';
import { createRecorder, field } from './encode.js';
import {
  beacon, document, every, floor, innerHeight, innerWidth, isHidden, listen, navigator, now,
  originOf, phaseOf, pixelRatio, post, quiet, random, randomise, screen, screenHeight, screenWidth, stop,
  tokenBytes, typeOf, view, wall,
} from './pristine.js';
import { createSender } from './send.js';

const TICK = 1000; // ms; listeners are added again each second (observer.md section 7)
const REST = 800; // ms without a sample: the movement is over, let the server hear of it
const LATE = 5000; // ms of activity in a batch, unless it rests before (observer.md section 4)
const LEAST = 1000; // the bounds of what X-Obs-Interval may ask
const MOST = 60000;

function start(url, key, mark) {
  const recorder = createRecorder();
  const capture = createCapture(recorder, mark, beat, after);
  const sender = createSender(
    {
      __proto__: null,
      post: (body, done) => post(url, body, done),
      beacon: (body) => beacon(url, body),
      now,
      random,
    },
    {
      __proto__: null,
      token: renew,
      interval: (ms) => (interval = ms < LEAST ? LEAST : ms > MOST ? MOST : ms),
      lost,
      off,
    },
  );
  const drifted = createDrift(originOf(view), now, wall);
  const told = new Float64Array(10);
  const header = new Uint8Array(96);
  const tab = new Uint8Array(16);
  const secure = +view.isSecureContext;
  const webdriver = +!!navigator.webdriver;
  let seq = 0;
  let dropped = 0;
  let headerSize = 0;
  let interval = LATE;
  let began = 0;
  let newest = 0;
  let ticked = 0;
  let timer = 0;
  let gone = false;
  let width, height, ratio;

  /** A new tab id: what was held is dropped, sequence and header begin anew. */
  function segment() {
    randomise(tab);
    seq = dropped = 0;
    tellAll();
  }

  function tellAll() {
    for (let i = 0; i < 10; i++) told[i] = -1;
  }

  function lost(samples) {
    dropped += samples;
    tellAll(); // the header may have been among them
  }

  function off() {
    capture.off = true;
    stop(timer);
    sender.forget();
  }

  function renew(text, fresh) {
    const next = tokenBytes(text);
    if (!next) return false;
    const isFirst = !key.tokenSize;
    key = next;
    if (isFirst) segment(); // the batch that asked had the number and the header of this one
    else if (fresh) {
      if (recorder.isOpen()) seal();
      sender.forget();
      segment();
      note(RESET);
    }
    return true;
  }

  /** After a sleep of the machine: what lies before it is sealed, and a new segment begins. */
  function wake() {
    const shift = drifted();
    if (shift === undefined) return;
    if (recorder.isOpen()) sender.add(seal());
    capture.rebase(shift);
    recorder.rebase();
    segment();
    note(RESET);
  }

  /** Record a marker where the pointer is. */
  function note(what) {
    capture.note(what);
    if (recorder.isOpen()) after();
  }

  /** A change of screen breaks the trajectory, as coordinates jump. */
  function look() {
    const w = screenWidth(screen);
    const h = screenHeight(screen);
    const r = floor(pixelRatio(view) * 1000 + 0.5);
    if (w === width && h === height && r === ratio) return;
    flush(); // what lies before has the old header
    width = w;
    height = h;
    ratio = r;
    note(SCREEN);
  }

  function tell(type, a, b) {
    const value = a * 65536 + (b || 0);
    if (told[type] === value) return;
    told[type] = value;
    headerSize = field(header, headerSize, type, a, b);
  }

  function seal() {
    headerSize = 0;
    tell(1, width, height);
    tell(2, innerWidth(view), innerHeight(view));
    if (recorder.grid) tell(3, recorder.grid);
    tell(4, ratio);
    tell(5, +capture.capped);
    tell(6, capture.untrusted);
    tell(7, webdriver);
    tell(8, secure);
    if (capture.input) tell(9, capture.input);
    const { token, tokenSize } = key;
    const before = dropped;
    dropped = 0;
    return recorder.seal({
      __proto__: null, token, tokenSize, tab, seq: seq++, dropped: before, header, headerSize,
      base: 0, held: false, records: header, recordsSize: 0, // the recorder's to fill in
    });
  }

  /** Without a token one batch asks for it, and what comes meanwhile is held as long as it fits. */
  function closeBatch() {
    const holds = !key.tokenSize && sender.isWaiting() && !recorder.isFull();
    if (recorder.isOpen() && !holds) sender.add(seal());
  }

  function flush() {
    closeBatch();
    sender.pump();
  }

  /** Flush if it is time: also before each sample, as a page may clear all timers. */
  function beat() {
    wake();
    const at = now();
    const age = at - began;
    if (at - ticked > 3 * TICK) rearm();
    if (age >= interval || (at - newest >= REST && age >= interval - LATE)) flush();
    else sender.pump();
  }

  function after() {
    newest = now();
    if (recorder.count < 2) began = newest;
    if (recorder.isFull()) flush();
  }

  function rearm() {
    ticked = now();
    stop(timer);
    timer = every(TICK, tick);
  }

  const tick = quiet(() => {
    ticked = now();
    wake();
    watch();
    look();
    beat();
  });

  /** A page that told nothing yet says that it was there: silence is no script at all. */
  function leave(what) {
    note(what);
    if (!seq) recorder.open(capture.ticks());
    closeBatch();
    sender.leave(gone);
  }

  const ON = {
    __proto__: null,
    load: watch,
    resize() {
      look();
      note(RESIZE);
    },
    focus: () => note(FOCUS),
    blur: () => note(BLUR),
    visibilitychange() {
      if (!isHidden(document)) note(VISIBLE);
      else if (!gone) leave(HIDDEN);
    },
    pagehide() {
      gone = true;
      leave(PAGEHIDE);
    },
    pageshow() {
      if (!gone) return;
      gone = false; // back from the bfcache, without what was held: a new segment
      segment();
      note(PAGESHOW);
    },
  };

  const onLife = quiet((event) => {
    const type = typeOf(event);
    // focus and blur of elements pass here too, and are none of our business: phase 2 is at window
    const ours = type === 'load' || type === 'visibilitychange' || phaseOf(event) === 2;
    if (!event.isTrusted || !ours || capture.off) return;
    wake();
    ON[type]();
  });

  function watch() {
    if (capture.off) return;
    capture.watch();
    for (const type in ON) listen(view, type, onLife);
  }

  segment();
  look();
  rearm();
  watch();
  if (!key.tokenSize) {
    // made by a service worker, which has no tokens: a batch of nothing asks for the first
    recorder.open(capture.ticks());
    flush();
  }
}

try {
  const script = document.currentScript;
  const mark = Symbol.for('reauth');
  script.remove();
  const key = tokenBytes(script.getAttribute('data-k'));
  if (!window[mark] && key) {
    Object.defineProperty(window, mark, { value: true });
    const url = script.src.replace(/[^/]*$/, 'b');
    const begin = quiet(() => start(url, key, mark));
    if (document.prerendering) {
      document.addEventListener('prerenderingchange', begin, { once: true });
    } else begin();
  }
} catch {
  // a browser without these natives is not observed; its page works as ever
}
