"""A script that replaces every native that an observer could use, as a page may."""

HOSTILE = """<script>
const bad = () => { throw new Error('hooked') }, { defineProperty } = Object;
const each = (names, f) => { for (let i = 0; i < names.length; i++) f(names[i]) };
const hook = (o, ...names) => each(names, n => defineProperty(o, n,
  {__proto__: null, value: bad, writable: true, configurable: true}));
const fake = (o, ...names) => each(names, n => defineProperty(o, n,
  {__proto__: null, get: () => 7, set: bad, configurable: true}));
const Typed = Uint8Array.prototype.__proto__;
hook(EventTarget.prototype, 'addEventListener', 'removeEventListener', 'dispatchEvent');
hook(Navigator.prototype, 'sendBeacon'); hook(JSON, 'stringify'); hook(Date, 'now');
hook(Promise.prototype, 'then', 'catch', 'finally'); fake(Promise.prototype, 'constructor');
fake(Promise, Symbol.species); fake(Uint8Array, 'name'); fake(Typed.constructor, Symbol.species);
hook(Function.prototype, 'apply', 'call', 'bind'); hook(Reflect, 'apply', 'get', 'construct');
hook(PointerEvent.prototype, 'getCoalescedEvents'); hook(Performance.prototype, 'now');
hook(Response.prototype, 'text', 'arrayBuffer'); hook(Headers.prototype, 'get');
hook(Crypto.prototype, 'getRandomValues'); hook(Typed, 'set', 'slice', 'subarray', 'fill');
hook(String.prototype, 'charCodeAt', 'slice', 'replace'); hook(Math, 'floor', 'round', 'random');
fake(Event.prototype, 'timeStamp', 'type', 'eventPhase', 'isTrusted');
fake(UIEvent.prototype, 'view'); fake(Response.prototype, 'status');
fake(MouseEvent.prototype, 'screenX', 'screenY', 'button', 'buttons');
fake(PointerEvent.prototype, 'pointerType', 'isPrimary');
fake(Performance.prototype, 'timeOrigin'); fake(Screen.prototype, 'width', 'height');
fake(Typed, 'length', 'byteLength', 'buffer'); fake(Typed, 'constructor', Symbol.iterator);
hook(Array.prototype, 'push', 'slice', 'map', 'forEach', 'shift', 'concat', Symbol.iterator);
hook(window, 'fetch', 'setTimeout', 'setInterval', 'clearInterval', 'Uint8Array', 'Float64Array',
  'Blob', 'Promise', 'Request', 'performance');
hook(Object, 'defineProperty', 'getOwnPropertyDescriptor', 'assign', 'keys');
fake(Array.prototype, '0', '1', 'toJSON');
fake(Object.prototype, 'signal', 'headers', 'next', 'integrity', 'priority', 'value', 'get');
console.log('armed');
</script>"""
