/**
 * A service worker's world in node: what the prelude wraps, and what a browser does with the answer.
 *
 * Run by itself it reads `{prelude, origin, pages: [{headers, body, status}]}` from standard input,
 * has a worker answer a navigation with each page, and writes what became of them.
 */

import { readFileSync } from 'node:fs';

export const SOURCE = new URL('../../proxy_addon/worker_prelude.js', import.meta.url);
export const PREFIX = '/obs/0123456789abcdef/';
export const INTEGRITY = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const SITE = 'https://site.example';

/** The prelude as the proxy fills it in, but with its lines. */
export const filled = (honoured = false) =>
  readFileSync(SOURCE, 'utf-8')
    .replace('__PREFIX__', PREFIX)
    .replace('__VERSION__', '1')
    .replace('__INTEGRITY__', INTEGRITY)
    .replace('__HONOURED__', String(honoured));

export function world(prelude = filled(), origin = SITE) {
  const listeners = [];
  const routes = [];
  const asked = [];
  const told = new WeakMap();
  class Target {
    addEventListener(type, listener) {
      if (type === 'fetch') listeners.push(listener);
    }
  }
  class Scope extends Target {}
  class Told extends Response {
    get type() {
      return told.get(this)?.type ?? super.type;
    }
  }
  class FetchEvent {
    constructor(url, mode) {
      this.request = { url, mode };
      this.waits = [];
    }
    stopImmediatePropagation() {
      this.stopped = true;
    }
    respondWith(answer) {
      if (!arguments.length) throw new TypeError('1 argument required');
      if (this.answer) throw new Error('InvalidStateError');
      this.answer = Promise.resolve(answer);
    }
    waitUntil(promise) {
      this.waits.push(promise);
    }
  }
  class InstallEvent {
    addRoutes(given) {
      if (!arguments.length) throw new TypeError('1 argument required');
      routes.push(...[].concat(given));
    }
  }
  const self = new Scope();
  let handler = null;
  Object.defineProperty(self, 'onfetch', {
    configurable: true,
    enumerable: true,
    get: () => handler,
    set(listener) {
      if (!handler) listeners.push((event) => handler(event));
      handler = listener;
    },
  });
  const fetch = async (request) => {
    asked.push(request.url);
    return new Told('of the network');
  };
  Object.assign(self, {
    location: { origin }, fetch, FetchEvent, Headers, InstallEvent, Response: Told, TextDecoder,
    TransformStream,
  });
  const run = (code) =>
    new Function('self', 'EventTarget', 'addEventListener', code)(
      self, Target, (...given) => self.addEventListener(...given),
    );
  run(prelude);
  return {
    asked, listeners, routes, run, self, FetchEvent, InstallEvent,
    /** A response as it comes from the network, or was redirected. */
    response(body, init = {}, facts = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('Content-Type')) headers.set('Content-Type', 'text/html');
      const made = new Told(body, { ...init, headers });
      told.set(made, facts);
      if (facts.redirected) Object.defineProperty(made, 'redirected', { value: true });
      return made;
    },
    /** What the listeners make of a request: the event, answered or not. */
    dispatch(path, mode = 'navigate') {
      const event = new FetchEvent(new URL(path, origin).href, mode);
      for (const listener of listeners) if (!event.stopped) listener.call(self, event);
      return event;
    },
  };
}

/** A body of these pieces, of text or bytes. */
export function pieces(...all) {
  const bytes = all.map((one) => (typeof one === 'string' ? Buffer.from(one, 'latin1') : one));
  return new ReadableStream({
    start(controller) {
      for (const one of bytes) controller.enqueue(new Uint8Array(one));
      controller.close();
    },
  });
}

/** What a navigation gets that is answered with a response: itself, or another in its place. */
export async function answered(at, response, path = '/page') {
  at.listeners.length = 0;
  at.self.addEventListener('fetch', (event) => event.respondWith(response));
  return at.dispatch(path).answer;
}

async function shown(at, { headers, body, status = 200 }) {
  const given = at.response(pieces(...body.map((one) => Buffer.from(one, 'base64'))), {
    status, headers,
  });
  const got = await answered(at, given);
  const content = Buffer.from(await got.arrayBuffer()).toString('base64');
  return { touched: got !== given, headers: Object.fromEntries(got.headers), body: content };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { prelude, origin, pages } = JSON.parse(readFileSync(0, 'utf-8'));
  const at = world(prelude, origin);
  const all = [];
  for (const page of pages) all.push(await shown(at, page));
  process.stdout.write(JSON.stringify(all));
}
