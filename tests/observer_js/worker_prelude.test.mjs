/** What the prelude does to a worker: to its events, its routes, its pages; and to nothing else. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { INTEGRITY, PREFIX, answered, filled, pieces, world } from './worker.mjs';

const TAG = (nonce = '') =>
  `<script src="${PREFIX}observer.1.js" integrity="${INTEGRITY}"${nonce} crossorigin=anonymous` +
  ' data-k=""></script>';
const PAGE = '<!doctype html><html><head><title>t</title>';
const TAGGED = `<!doctype html><html><head>${TAG()}<title>t</title>`;
const text = async (response) => Buffer.from(await response.arrayBuffer()).toString('latin1');

/** What becomes of a page, and whether it is the same object. */
async function shown(body, init, facts, at = world()) {
  const given = at.response(typeof body === 'string' ? pieces(body) : body, init, facts);
  const got = await answered(at, given);
  return { same: got === given, text: await text(got), got, at };
}

for (const [how, code] of [
  ['a listener', 'addEventListener("fetch", (e) => self.take(e))'],
  ['a listener of self', 'self.addEventListener("fetch", (e) => self.take(e))'],
  ['onfetch', 'self.onfetch = (e) => self.take(e)'],
]) {
  test(`our path is kept from ${how}, and nothing else is`, () => {
    const at = world();
    const taken = [];
    at.self.take = (event) => taken.push(event.request.url);
    at.run(code);
    for (const path of [`${PREFIX}b`, `${PREFIX}observer.1.js`, '/obs/x', '/', 'https://cdn.example/']) {
      at.dispatch(path, 'no-cors');
    }
    at.dispatch(`https://cdn.example${PREFIX}b`, 'no-cors');

    assert.deepEqual(taken.map((url) => url.slice(8)), [
      'site.example/obs/x', 'site.example/', 'cdn.example/', `cdn.example${PREFIX}b`,
    ]);
  });
}

test('a worker that listens to no fetch is not made to', () => {
  const at = world();
  at.run('addEventListener("push", () => {}); self.addEventListener("install", () => {})');

  assert.equal(at.listeners.length, 0);
});

test('what a listener in front of ours answers to our path goes to the network instead', async () => {
  const at = world();
  at.listeners.push((event) => event.respondWith(new Response('swallowed')));

  assert.equal(await text(await at.dispatch(`${PREFIX}b`, 'no-cors').answer), 'of the network');
  assert.deepEqual(at.asked, [`https://site.example${PREFIX}b`]);
});

test('routes of the worker come behind ours, and are otherwise as they were given', () => {
  const at = world();
  const event = new at.InstallEvent();
  event.addRoutes({ condition: 'a', source: 'cache' });
  event.addRoutes([{ condition: 'b', source: 'fetch-event' }]);

  assert.deepEqual(at.routes.map(({ source }) => source), ['network', 'cache', 'network', 'fetch-event']);
  assert.equal(at.routes[0].condition.urlPattern.pathname, `${PREFIX}*`);
  assert.throws(() => event.addRoutes(), TypeError);
});

test('what is wrapped looks like what it was', () => {
  const { FetchEvent, InstallEvent } = world();
  for (const [of, name, length] of [[FetchEvent, 'respondWith', 1], [InstallEvent, 'addRoutes', 1]]) {
    const found = Object.getOwnPropertyDescriptor(of.prototype, name);

    assert.deepEqual([found.value.name, found.value.length, found.enumerable], [name, length, false]);
    assert.match(Function.prototype.toString.call(found.value), /\[native code\]/);
  }
});

test('a page gets our tag, without a token, and its answer is otherwise what it was', async () => {
  const init = { status: 404, statusText: 'Gone', headers: { 'Content-Length': '44', 'X-Own': '1' } };
  const { same, text: body, got } = await shown(PAGE, init);

  assert.deepEqual([same, body, got.status, got.statusText], [false, TAGGED, 404, 'Gone']);
  assert.deepEqual([...got.headers], [['content-type', 'text/html'], ['x-own', '1']]);
});

test('a page that has our tag keeps it, with its token', async () => {
  const tagged = PAGE.replace('<title>', `${TAG(' nonce="a"').replace('""', 'T0k')}<title>`);

  assert.equal((await shown(tagged)).text, tagged);
});

test('a page stored with the tag of another version is made to name ours', async () => {
  const old = TAGGED.replace('observer.1.', 'observer.0.').replace(INTEGRITY, 'sha256-old')
    .replace('data-k=""', 'data-k=T0k');

  assert.equal((await shown(old)).text, TAGGED.replace('data-k=""', 'data-k=T0k'));
});

test('what the proxy has marked as changed comes from the network as it is', async () => {
  const marked = { headers: { ETag: 'W/"obs1:x"' } };

  assert.ok((await shown(PAGE, marked, { type: 'basic' })).same);
  assert.ok(!(await shown(PAGE, marked)).same); // made by the worker, with copied headers
  assert.ok(!(await shown(PAGE, { headers: { ETag: 'W/"obs0:x"' } }, { type: 'basic' })).same);
});

for (const [why, init, facts, body] of [
  ['data', { headers: { 'Content-Type': 'application/json' } }],
  ['XHTML', { headers: { 'Content-Type': 'application/xhtml+xml' } }],
  ['UTF-16', { headers: { 'Content-Type': 'text/html; charset="UTF-16le"' } }],
  ['a download', { headers: { 'Content-Disposition': 'attachment; filename=x' } }],
  ['a part', { status: 206 }],
  ['a redirect', { status: 302, headers: { Location: '/' } }],
  ['a redirected answer', {}, { redirected: true }],
  ['an opaque answer', {}, { type: 'opaque' }],
  ['an error', {}, { type: 'error' }],
  ['a sandboxed page', { headers: { 'Content-Security-Policy': 'sandbox' } }],
  ['a page without a body', {}, {}, null],
]) {
  test(`${why} is left alone`, async () => {
    const at = world();
    const given = at.response(body === null ? null : pieces(PAGE), init, facts);

    assert.equal(await answered(at, given), given);
  });
}

test('no-transform is honoured where the operator says so', async () => {
  const init = { headers: { 'Cache-Control': 'public, No-Transform' } };

  assert.ok(!(await shown(PAGE, init)).same);
  assert.ok((await shown(PAGE, init, {}, world(filled(true)))).same);
});

test('fetches of scripts and data are answered with the very response', async () => {
  const at = world();
  const given = at.response(pieces(PAGE));
  at.self.addEventListener('fetch', (event) => event.respondWith(given));

  assert.equal(await at.dispatch('/part', 'cors').answer, given);
});

test('each piece goes out when it comes, and the worker lives until the last', async () => {
  const at = world();
  let source;
  const body = new ReadableStream({ start: (controller) => { source = controller; } });
  at.self.addEventListener('fetch', (event) => event.respondWith(at.response(body)));
  const event = at.dispatch('/');
  const reader = (await event.answer).body.getReader();
  const next = async () => Buffer.from((await reader.read()).value).toString();
  let over = false;
  event.waits[0].then(() => { over = true; });

  source.enqueue(Buffer.from('<!doctype html><he'));
  source.enqueue(Buffer.from('ad><title>'));
  assert.equal(await next(), `<!doctype html><head>${TAG()}<title>`);
  source.enqueue(Buffer.from('first'));
  assert.equal(await next(), 'first');
  assert.equal(over, false);
  source.close();
  assert.equal((await reader.read()).done, true);
  await event.waits[0];
});

test('a body that breaks off breaks off, with what came of it', async () => {
  const at = world();
  let source;
  const body = new ReadableStream({ start: (controller) => { source = controller; } });
  const got = await answered(at, at.response(body));
  const reader = got.body.getReader();
  source.enqueue(Buffer.from('<head>a'));
  assert.equal(Buffer.from((await reader.read()).value).toString(), `<head>${TAG()}a`);
  source.error(new Error('gone'));

  await assert.rejects(reader.read(), /gone/);
});

test('a reader that leaves ends the source', async () => {
  const at = world();
  let left = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(Buffer.from('<head>'.padEnd(70000))),
    cancel: () => { left = true; },
  });
  const got = await answered(at, at.response(body));
  await got.body.cancel();
  for (let i = 0; i < 50 && !left; i++) await new Promise((resume) => setImmediate(resume));

  assert.ok(left);
});

test('whatever is handed over that is no response fails as it did', async () => {
  const at = world();
  for (const odd of [undefined, null, 'text', { type: 'basic', body: {}, headers: new Headers() }]) {
    assert.equal(await answered(at, odd), odd);
  }
  await assert.rejects(answered(at, Promise.reject(new Error('theirs'))), /theirs/);
  at.listeners.length = 0;
  at.listeners.push((event) => event.respondWith());
  assert.throws(() => at.dispatch('/'), TypeError);
  at.listeners.push((event) => event.respondWith(new Response('')));
  at.listeners.shift();
  at.listeners.push((event) => event.respondWith(new Response('')));
  assert.throws(() => at.dispatch('/'), /InvalidStateError/);
});

test('a body of strings is the error that it was', async () => {
  const at = world();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue('<head>');
      controller.close();
    },
  });

  await assert.rejects((await answered(at, at.response(body))).text(), TypeError);
});

test('globals that the worker replaces are not what we use', async () => {
  const at = world();
  for (const name of ['Response', 'Headers', 'TransformStream', 'TextDecoder', 'fetch']) {
    at.self[name] = () => { throw new Error('replaced'); };
  }

  assert.equal((await shown(PAGE, {}, {}, at)).text, TAGGED);
});

test('without the natives a worker is left as it is', () => {
  const bare = filled().replace('= self;', '= {};');
  const at = world(bare);
  at.run('addEventListener("fetch", (e) => { self.seen = e })');
  at.dispatch(`${PREFIX}b`);

  assert.ok(at.self.seen);
});
