/**
 * The natives we use, taken before any script of the page runs.
 *
 * Everything is called through a captured `Reflect.apply`, getters through their descriptors, and
 * option bags have no prototype: what a page changes later is never looked up. Arrays are not
 * iterated and not appended to, as both pass through prototypes that belong to the page.
 */

const { apply, getOwnPropertyDescriptor } = Reflect;
const { defineProperty } = Object;
const call = (f, self, a, b, c) => apply(f, self, [a, b, c]);
const getter = (of, name) => {
  const { get } = getOwnPropertyDescriptor(of, name);
  return (self) => apply(get, self, []);
};
const method = (f) => (self, a, b, c) => call(f, self, a, b, c);

export const { floor, random } = Math;
export const view = window;

export const typeOf = getter(Event.prototype, 'type');
export const stampOf = getter(Event.prototype, 'timeStamp');
export const phaseOf = getter(Event.prototype, 'eventPhase');
export const viewOf = getter(UIEvent.prototype, 'view');
export const xOf = getter(MouseEvent.prototype, 'screenX');
export const yOf = getter(MouseEvent.prototype, 'screenY');
export const buttonOf = getter(MouseEvent.prototype, 'button');
export const buttonsOf = getter(MouseEvent.prototype, 'buttons');
export const pointerTypeOf = getter(PointerEvent.prototype, 'pointerType');
export const isPrimary = getter(PointerEvent.prototype, 'isPrimary');
// deltaMode is never read: Firefox then gives deltaY in pixels, as every other browser does
export const deltaOf = getter(WheelEvent.prototype, 'deltaY');

const { getCoalescedEvents } = PointerEvent.prototype; // absent on plain http
export const coalesced = (event) =>
  getCoalescedEvents ? call(getCoalescedEvents, event) : { __proto__: null, length: 0 };

export const isHidden = getter(Document.prototype, 'hidden');
export const frameCount = getter(window, 'length');
export const pixelRatio = getter(window, 'devicePixelRatio');
export const innerWidth = getter(window, 'innerWidth');
export const innerHeight = getter(window, 'innerHeight');
export const screenWidth = getter(Screen.prototype, 'width');
export const screenHeight = getter(Screen.prototype, 'height');
export const { screen, document, crypto, navigator } = window;

const performanceOf = getter(window, 'performance');
const timeOrigin = getter(Performance.prototype, 'timeOrigin');
const { performance } = window;
const clock = method(Performance.prototype.now);
export const originOf = (of) => timeOrigin(performanceOf(of));
/** ms since this page's time origin. */
export const now = () => clock(performance);
/** ms since 1970. */
export const wall = Date.now;

/** The page must not hear of what goes wrong in here. */
export const quiet = (f) => (a, b, c, d) => {
  try {
    return f(a, b, c, d);
  } catch {
    return undefined;
  }
};

const addEventListener = method(EventTarget.prototype.addEventListener);
export const listen = (on, type, f) =>
  addEventListener(on, type, f, { __proto__: null, capture: true, passive: true });

const { setInterval, clearInterval, fetch } = window;
export const every = (ms, f) => call(setInterval, window, f, ms);
export const stop = (id) => call(clearInterval, window, id);

const getRandomValues = method(Crypto.prototype.getRandomValues);
export const randomise = (bytes) => getRandomValues(crypto, bytes);

const codeAt = method(String.prototype.charCodeAt);
const Bytes = Uint8Array;

/**
 * A page token as bytes, perhaps none; null if it is no token: printable ASCII, at most 255 of it. Its
 * size stands beside it, as a typed array's `length` is a getter of a prototype.
 */
export function tokenBytes(text) {
  const tokenSize = text.length;
  if (tokenSize > 255) return null;
  const token = new Bytes(tokenSize);
  for (let i = 0; i < tokenSize; i++) {
    const code = codeAt(text, i);
    if (code < 33 || code > 126) return null;
    token[i] = code;
  }
  return { __proto__: null, token, tokenSize };
}

const thenOf = method(Promise.prototype.then);
/** An own `constructor` keeps `then` from asking the page's Promise for a species. */
const then = (promise, done, failed) =>
  thenOf(defineProperty(promise, 'constructor', { __proto__: null }), done, failed);

const statusOf = getter(Response.prototype, 'status');
const headersOf = getter(Response.prototype, 'headers');
const headerOf = method(Headers.prototype.get);
const textOf = method(Response.prototype.text);

/** Post bytes; `done(status, interval, retryAfter, text)`; status -1: no reply, 0: not readable. */
export function post(url, body, done) {
  const failed = () => done(-1);
  const init = {
    __proto__: null,
    method: 'POST',
    body,
    keepalive: true,
    mode: 'no-cors', // same-origin would fail in frames of opaque origin
    credentials: 'omit',
  };
  const read = (reply) => {
    const headers = headersOf(reply);
    const header = (name) => +headerOf(headers, name);
    const finish = (text) =>
      done(statusOf(reply), header('X-Obs-Interval'), header('Retry-After'), text);
    then(textOf(reply), finish, () => finish(''));
  };
  then(call(fetch, window, url, init), quiet(read), failed);
}

const sendBeacon = method(Navigator.prototype.sendBeacon);
/** Bytes, not a Blob: its constructor iterates its argument with the page's Array.prototype. */
export const beacon = (url, body) => sendBeacon(navigator, url, body);
