/**
 * Pointer events of this window, and of its frames without a tag of their own, to samples.
 *
 * Kind, time, position on the screen, button, wheel: nothing else of an event is ever read, no
 * target, key, text or address. Trusted events only; synthetic ones are counted. Frames need no
 * mark: screen coordinates run on across their borders.
 *
 * Of keys, and of clicks by whatever means, the minute of the newest is told, so that who uses no
 * pointer (a keyboard, a switch, a voice) is known from a page that nobody uses.
 */

import { CANCEL, DOWN, MARKER, MOVE, UP, WHEEL } from './encode.js';
import {
  buttonOf, buttonsOf, coalesced, deltaOf, floor, frameCount, isPrimary, listen, now, originOf,
  pointerTypeOf, quiet, stampOf, typeOf, view, viewOf, xOf, yOf,
} from './pristine.js';

const SPACING = 40; // ticks: one sample per 4 ms bounds 1 kHz mice (observer.md section 1)
const FRAMES = 64; // no page shows more at a time; bounds the walk
const WHEEL_MOST = 100000;

/** Marks of reauth/event.py. */
export const HIDDEN = 1;
export const VISIBLE = 2;
export const PAGEHIDE = 3;
export const PAGESHOW = 4;
export const RESIZE = 5;
export const FOCUS = 6;
export const BLUR = 7;
export const RESET = 9;
export const SCREEN = 10;
const DRAG_START = 11;
const DRAG_END = 12;
const INPUT = -1; // no kind of the wire: nothing of such an event is recorded
const MINUTE = 60000;

const KINDS = {
  __proto__: null,
  pointermove: MOVE,
  pointerdown: DOWN,
  pointerup: UP,
  pointercancel: CANCEL,
  wheel: WHEEL,
  dragstart: MARKER,
  dragend: MARKER,
  keydown: INPUT,
  click: INPUT,
};
const POINTERS = { __proto__: null, mouse: 0, pen: 1, touch: 2 };

const round = (value) => floor(value + 0.5) | 0;

/** `before()` and `after()` are called around what is recorded of an event. */
export function createCapture(recorder, mark, before, after) {
  let shift = 0; // ms that the page's time is off; frames of this page share its clock
  let origin = originOf(view);
  let due = 0;
  let marked = 0;
  const self = {
    __proto__: null,
    off: false,
    active: false,
    capped: false,
    untrusted: 0,
    input: 0,
    ticks: () => floor((originOf(view) + shift + now()) * 10),
    note,
    rebase,
    watch,
  };

  const time = (event) => floor((origin + shift + stampOf(event)) * 10 + 0.5);

  const onPointer = quiet((event) => {
    if (self.off) return;
    before();
    const kind = KINDS[typeOf(event)];
    if (event.isTrusted) kind < 0 ? acted() : sample(event, kind);
    else if (kind >= 0) count(); // pages click by themselves all the time
  });

  /** The page is used: told once in a minute of its time, whatever is pressed how often. */
  function acted() {
    const minute = floor(now() / MINUTE + 1);
    if (self.input !== minute) recorder.open(self.ticks());
    self.input = minute;
  }

  /** Told with the next batch; the 1st, 2nd, 4th, 8th, ... make one of their own. */
  function count() {
    if (self.untrusted++ & self.untrusted) return;
    recorder.open(self.ticks());
    after();
  }

  function sample(event, kind) {
    const of = viewOf(event) || view;
    if (of !== view && of[mark]) return; // a frame with an observer of its own
    if (kind !== WHEEL && kind !== MARKER && !isPrimary(event)) return;
    origin = originOf(of);
    if (kind === MOVE) moves(event, time(event));
    else put(kind, event, time(event));
    if (recorder.isOpen()) after();
  }

  function moves(event, ticks) {
    if (recorder.held && !buttonsOf(event)) put(CANCEL, event, ticks); // released elsewhere
    const all = coalesced(event);
    const size = all.length;
    for (let i = 0; i < size; i++) move(all[i], time(all[i]));
    if (!size) move(event, ticks);
  }

  /** Keep a sample if its time has come; a clock that jitters may be one spacing ahead. */
  function move(event, ticks) {
    // of fractions of a pixel, and of pressure alone, nothing is told
    if (self.active && round(xOf(event)) === recorder.x && round(yOf(event)) === recorder.y) return;
    if (ticks < due) {
      self.capped = true;
      return;
    }
    due = (ticks - due > SPACING ? ticks : due) + SPACING;
    put(MOVE, event, ticks);
  }

  function put(kind, event, ticks) {
    let ext = 0;
    if (kind === DOWN || kind === UP) ext = buttonOf(event);
    if (kind === DOWN) ext += 8 * (POINTERS[pointerTypeOf(event)] ?? 3);
    if (kind === WHEEL) ext = bound(round(deltaOf(event)));
    if (kind === MARKER) ext = typeOf(event) === 'dragstart' ? DRAG_START : DRAG_END;
    recorder.put(kind, ticks, round(xOf(event)), round(yOf(event)), ext);
    self.active = true;
    marked = 0;
  }

  const bound = (delta) =>
    delta > WHEEL_MOST ? WHEEL_MOST : delta < -WHEEL_MOST ? -WHEEL_MOST : delta;

  /** Record a marker where the pointer is; the same one twice in a row is one. */
  function note(what) {
    if (self.off || !self.active || marked === what) return;
    recorder.put(MARKER, self.ticks(), recorder.x, recorder.y, what);
    marked = what;
  }

  /** From now on the page's time is off by `ms`. */
  function rebase(ms) {
    shift = ms;
    due = 0;
  }

  /** Add our listeners, again and again: that is idempotent, and document.open() removes them. */
  function watch() {
    attach(view, 0);
  }

  function attach(to, count) {
    for (const type in KINDS) listen(to, type, onPointer);
    for (let i = 0; i < frameCount(to) && count < FRAMES; i++) {
      try {
        // reading a symbol of another origin throws
        if (!to[i][mark]) count = attach(to[i], count + 1);
      } catch {
        count++;
      }
    }
    return count;
  }

  return self;
}
