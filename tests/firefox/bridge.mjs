// Drives one Firefox over WebDriver BiDi for a test that is written in Python: a command a line on
// standard input, an answer or an event a line on standard output, all of them JSON.
//
//   {"id": 1, "page": 2, "op": "goto", "args": ["https://..."]}  ->  {"id": 1, "value": 200}
//   {"page": 2, "event": "console", "kind": "error", "text": "..."}
//
// The one argument is a JSON object: the profile's folder, its preferences, and the browser's file.

import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const { profile, prefs, binary } = JSON.parse(process.argv[2]);
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: binary,
  headless: true,
  userDataDir: profile,
  extraPrefsFirefox: prefs,
  acceptInsecureCerts: false,
  defaultViewport: { width: 1280, height: 720 },
});
const pages = new Map();
let count = 0;

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

// An expression, or a function of one argument, as Playwright takes them.
const called = (text, arg) => `(async () => { const it = (${text});
  return typeof it === "function" ? await it(${JSON.stringify(arg ?? null)}) : await it; })()`;

const frame = (page, number) => (number === 0 ? page.mainFrame() : page.frames()[number]);

// The browser's own events of a navigation get lost now and then, with any page and without a proxy,
// and an upgrade to https by itself is told as an interruption: a document that has begun since, and
// is as far as was asked for, has arrived all the same.
const LATE = 15_000; // ms
const arrived = `(([since, whole]) => {
  const { readyState } = document, [entry] = performance.getEntriesByType("navigation");
  const far = whole ? readyState === "complete" : readyState !== "loading";
  return performance.timeOrigin > since && far ? entry?.responseStatus ?? 0 : null;
})`;
const looked = async (page, since, whole, isOver, first = LATE) => {
  for (let wait = first; ; wait = 1000) {
    await new Promise((done) => setTimeout(done, wait).unref());
    if (isOver()) return null;
    const look = page.evaluate(called(arrived, [since, whole])).catch(() => null);
    const status = await Promise.race([look, new Promise((done) => setTimeout(done, 1000, null).unref())]);
    if (status !== null) return status;
  }
};
const go = async (page, url, waitUntil) => {
  const since = Date.now(), whole = waitUntil === "load";
  let over = false;
  const told = page.goto(url, { waitUntil }).then((reply) => reply?.status() ?? null, (error) => {
    if (!String(error.message).includes("A new navigation interrupted")) throw error;
    return looked(page, since, whole, () => false, 0);
  }).finally(() => { over = true; });
  const seen = looked(page, since, whole, () => over).then((status) => over ? told : status);
  return Promise.race([told, seen]);
};

const ops = {
  goto: go,
  reload: async (page) => (await page.reload())?.status() ?? null,
  back: async (page, waitUntil) => { await page.goBack({ waitUntil }); },
  forward: async (page, waitUntil) => { await page.goForward({ waitUntil }); },
  evaluate: (page, number, text, arg) => frame(page, number).evaluate(called(text, arg)),
  frames: (page) => page.frames().map((each) => each.url()),
  move: (page, x, y) => page.mouse.move(x, y),
  down: (page, button) => page.mouse.down({ button }),
  up: (page, button) => page.mouse.up({ button }),
  click: (page, x, y) => page.mouse.click(x, y),
  wheel: (page, deltaX, deltaY) => page.mouse.wheel({ deltaX, deltaY }),
  press: (page, key) => page.keyboard.press(key),
  choose: (page, selector) => page.click(selector),
  viewport: (page, width, height) => page.setViewport({ width, height }),
  picture: async (page, path) => { await page.screenshot({ path }); },
  front: (page) => page.bringToFront(),
  title: (page) => page.title(),
  content: (page) => page.content(),
  url: (page) => page.url(),
  close: (page) => page.close(),
};

async function open() {
  const page = await browser.newPage();
  page.setDefaultTimeout(50_000); // a loaded machine is slow; the driver waits a little longer
  const number = ++count;
  pages.set(number, page);
  page.on("console", (it) => say({ page: number, event: "console", kind: it.type(), text: it.text() }));
  page.on("pageerror", (it) => say({ page: number, event: "pageerror", text: String(it.message) }));
  page.on("dialog", (dialog) => dialog.dismiss());
  return number;
}

async function answer({ id, page, op, args }) {
  try {
    const value = op === "open" ? await open() : await ops[op](pages.get(page), ...args);
    say({ id, value: value ?? null });
  } catch (error) {
    say({ id, error: String(error.message ?? error) });
  }
}

say({ event: "ready", version: await browser.version() });
for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
await browser.close();
