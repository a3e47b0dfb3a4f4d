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
  timeout: 110_000, // ms for its start; the driver waits a little longer
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

// What the browser tells of a navigation is not always so, with any page and without a proxy: events
// of it get lost; an upgrade to https by itself is told as an interruption; and the error page of a
// frame, as under a policy that refuses it, is told as the page's own. That last is called "Address
// rejected", as remote/content/shared/Navigate.sys.mjs looks for the error's name in the address of
// the page, where there is none. So the page itself is asked: a document that has begun since, and
// is as far as was asked for, has arrived all the same; an error page is an error.
const PATIENCE = 50_000; // ms; a loaded machine is slow; the driver waits a little longer
const LATE = 15_000; // ms
const MISTAKEN = ["A new navigation interrupted", "Address rejected"];
const arrived = `(([since, whole]) => {
  const { readyState, documentURI } = document, [entry] = performance.getEntriesByType("navigation");
  if (performance.timeOrigin < since || readyState === "loading") return null;
  const [, error] = /^about:[a-z]*error\\?e=([^&]*)/.exec(documentURI) ?? [];
  if (error) return { error: error + " at " + location.href };
  return whole && readyState !== "complete" ? null : { status: entry?.responseStatus ?? 0 };
})`;
const pause = (time, value) => new Promise((done) => setTimeout(done, time, value).unref());
const looked = async (page, since, whole, isWanted, isOver, step) => {
  while (!isOver()) {
    const look = page.evaluate(called(arrived, [since, whole])).catch(() => null);
    const found = await Promise.race([look, pause(1000, null)]);
    if (found && isWanted(found)) return found;
    await pause(step);
  }
};
const arrival = async (page, waitUntil, go) => {
  const since = Date.now(), whole = waitUntil === "load";
  let over = false;
  const told = go({ waitUntil }).then((reply) => reply?.status() ?? null, async (error) => {
    if (!MISTAKEN.some((text) => String(error.message).includes(text))) throw error;
    const isOver = () => Date.now() - since > PATIENCE;
    const found = await looked(page, since, whole, () => true, isOver, 50);
    if (!found || found.error) throw found ? new Error(found.error) : error;
    return found.status;
  }).finally(() => { over = true; });
  // an error is still told by the browser, by a better name
  const isPage = ({ error }) => !error;
  const seen = pause(LATE).then(() => looked(page, since, whole, isPage, () => over, 1000));
  return Promise.race([told, seen.then((found) => found ? found.status : told)]);
};

const ops = {
  goto: (page, url, waitUntil) => arrival(page, waitUntil, (how) => page.goto(url, how)),
  reload: (page) => arrival(page, "load", (how) => page.reload(how)),
  back: (page, waitUntil) => arrival(page, waitUntil, (how) => page.goBack(how)),
  forward: (page, waitUntil) => arrival(page, waitUntil, (how) => page.goForward(how)),
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
  page.setDefaultTimeout(PATIENCE);
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

say({ event: "ready" });
for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
await browser.close();
