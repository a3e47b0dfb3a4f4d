/**
 * What the observer costs: bytes a second on the wire, bytes gzipped, time an event.
 *
 * `node bench/observer.mjs` prints one JSON object; exit 1 if a goal is missed. The stream is
 * synthetic and seeded, and goes through the observer's own recorder in batches of 5 s. The time
 * is that of the built script's handler in a real Chromium, for trusted pointermove events that
 * come through the browser's own input; each is handled many times, on a clock that runs on.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecorder, field } from '../observer_js/src/encode.js';

const TOKEN = 'T'.repeat(60);
const GOAL = 175; // B/s, observer.md section 4
const PAPERS = { thesis: 2500, widam: 950 }; // B/s, observer.md section 4
const BATCH_S = 5;
const SECONDS = 900;
const ROUNDS = 2000;
const CLICKS = 0.2; // of all movements end in one: a guess, each weighs some 10 B

const dist = (name) => readFileSync(new URL(`../observer_js/dist/${name}`, import.meta.url));
const manifest = JSON.parse(dist('manifest.json'));
const script = dist('observer.js');

/** A small seeded generator (mulberry32), so that a run can be repeated. */
function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Minimum-jerk movements without a pause on a 1920 x 1080 screen. Distances are log-uniform from
 * 30 to 1200 px; a movement takes -0.107 + 0.223 log2(D / W + 1) s, W = 32 px (Fitts' law for
 * pointing with a mouse: MacKenzie, Sellen and Buxton, CHI 1991).
 */
function* stream(rate, seconds, random) {
  let [x, y, t] = [960, 540, 0];
  while (t < seconds) {
    const distance = 30 * 40 ** random();
    const angle = 2 * Math.PI * random();
    const toX = x + distance * Math.cos(angle);
    const toY = y + distance * Math.sin(angle);
    if (toX < 0 || toX > 1919 || toY < 0 || toY > 1079) continue;
    const length = -0.107 + 0.223 * Math.log2(distance / 32 + 1);
    const [fromX, fromY] = [x, y];
    for (let at = 1 / rate; at < length; at += 1 / rate) {
      const s = at / length;
      const way = 10 * s ** 3 - 15 * s ** 4 + 6 * s ** 5;
      const nextX = Math.round(fromX + (toX - fromX) * way);
      const nextY = Math.round(fromY + (toY - fromY) * way);
      if (nextX !== x || nextY !== y) yield [0, t + at + 0.001 * random(), nextX, nextY, 0];
      [x, y] = [nextX, nextY];
    }
    t += length;
    if (random() >= CLICKS) continue;
    yield [1, t + 0.002, x, y, 0];
    yield [2, t + 0.004, x, y, 0];
  }
}

function wire(rate) {
  const token = new Uint8Array(Buffer.from(TOKEN));
  const header = new Uint8Array(96);
  const fields = [
    [1, 1920, 1080], [2, 1905, 947], [3, 1], [4, 1000], [5, 0], [6, 0], [7, 0], [8, 1],
  ];
  const recorder = createRecorder();
  const total = { bytes: 0, events: 0, batches: 0 };
  let began = 0;
  const flush = () => {
    let headerSize = 0;
    if (!total.batches) for (const one of fields) headerSize = field(header, headerSize, ...one);
    const head = { token, tokenSize: token.length, tab: new Uint8Array(16), seq: total.batches };
    const { size, samples } = recorder.seal({ ...head, dropped: 0, header, headerSize });
    total.bytes += size;
    total.events += samples;
    total.batches++;
  };
  for (const [kind, t, x, y, ext] of stream(rate, SECONDS, chance(1))) {
    if (recorder.isOpen() && t - began >= BATCH_S) flush();
    if (!recorder.isOpen()) began = t;
    recorder.put(kind, Math.round((1.7e9 + t) * 10000), x, y, ext);
  }
  flush();
  return {
    per_s: total.bytes / SECONDS,
    per_event: total.bytes / total.events,
    samples_per_s: total.events / SECONDS,
  };
}

/** Wraps the observer's pointer listener: each event once as it is, then many times in a loop. */
const STOPWATCH = `<script>
  const { addEventListener } = EventTarget.prototype;
  const stamp = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp').get;
  let ahead = 0, timed;
  Object.defineProperty(Event.prototype, 'timeStamp', { configurable: true, get() {
    return stamp.call(this) + ahead } });
  window.costs = [];
  EventTarget.prototype.addEventListener = function (type, f, options) {
    if (type !== 'pointermove') return addEventListener.call(this, type, f, options);
    addEventListener.call(this, type, timed ??= (event) => {
      const began = performance.now();
      for (let i = 0; i < ${ROUNDS}; i++) { ahead += 5; f(event) }
      costs.push((performance.now() - began) * 1000 / ${ROUNDS});
    }, options);
  };
</script>`;

function serve() {
  const tag = `<script src="/obs/i/observer.js" data-k="${TOKEN}"></script>`;
  const page = `<!DOCTYPE html><head>${STOPWATCH}${tag}</head><body>text</body>`;
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      request.resume().on('end', () => response.writeHead(204).end());
      return;
    }
    const isScript = request.url.endsWith('.js');
    response.writeHead(200, {
      'Content-Type': isScript ? 'text/javascript' : 'text/html',
      'Cross-Origin-Opener-Policy': 'same-origin', // isolated pages have a clock of 5 us
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    response.end(isScript ? script : page);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Chromium on a DevTools pipe: JSON, ended by a zero byte, on its descriptors 3 and 4. */
function browse(profile) {
  const flags = [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--remote-debugging-pipe', `--user-data-dir=${profile}`,
  ];
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  let [last, held] = [0, ''];
  child.stdio[4].on('data', (chunk) => {
    const parts = (held + chunk).split('\0');
    held = parts.pop();
    for (const { id, result, error } of parts.map((part) => JSON.parse(part))) {
      waiting.get(id)?.(result ?? { error });
      waiting.delete(id);
    }
  });
  const send = (method, params = {}, sessionId) =>
    new Promise((done) => {
      waiting.set(++last, done);
      child.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  return { child, send };
}

async function handler() {
  const profile = mkdtempSync(join(tmpdir(), 'observer-bench-'));
  const server = await serve();
  const { child, send } = browse(profile);
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    const { targetId } = await send('Target.createTarget', { url });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const ask = async (expression) => {
      const asked = { expression, returnByValue: true };
      return (await send('Runtime.evaluate', asked, sessionId)).result.value;
    };
    const ready = "!!window.costs && document.readyState === 'complete'";
    for (let tries = 100; tries && !(await ask(ready)); tries--) {
      await new Promise((done) => setTimeout(done, 50)); // the target begins as about:blank
    }
    for (let i = 0; i < 40; i++) {
      const mouse = { type: 'mouseMoved', x: 100 + 7 * i, y: 100 + 3 * i };
      await send('Input.dispatchMouseEvent', mouse, sessionId);
    }
    const costs = (await ask('costs')).sort((a, b) => a - b);
    const { product } = await send('Browser.getVersion');
    const median = costs[costs.length >> 1];
    return { where: `${product}, headless`, events: costs.length * ROUNDS, us_per_event: median };
  } finally {
    const ended = new Promise((done) => child.on('exit', done));
    send('Browser.close');
    await Promise.race([ended, new Promise((done) => setTimeout(done, 5000).unref())]);
    child.kill('SIGKILL');
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const [at40, at50, at125] = [40, 50, 125].map(wire);
const result = {
  wire: {
    stream: `minimum jerk, always moving, ${SECONDS} s; batches of ${BATCH_S} s, token of 60`,
    bytes_per_s: { '40Hz': at40.per_s, '50Hz': at50.per_s, '125Hz': at125.per_s },
    bytes_per_event: at40.per_event,
    samples_per_s: at40.samples_per_s,
    goal_bytes_per_s: GOAL,
    met: at40.per_s <= GOAL,
    papers_bytes_per_s: PAPERS,
    times_less: { thesis: PAPERS.thesis / at40.per_s, widam: PAPERS.widam / at50.per_s },
  },
  script: {
    version: manifest.version, bytes: manifest.bytes, gzip: manifest.gzip, gzip_budget: 4096,
  },
  handler: await handler(),
};
console.log(JSON.stringify(result, null, 1));
if (!result.wire.met) process.exitCode = 1;
