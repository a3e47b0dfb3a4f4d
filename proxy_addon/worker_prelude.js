// Put in front of a service worker's script: keeps our path from the worker, and puts our tag into
// pages that the worker shows without having them from the network.
//
// Pages may have been stored before us, or fetched as data (no proxy can tell those from fragments),
// or be made by the worker itself. So what answers a navigation goes through a copy of what the proxy
// does: `relax` is csp.py, `place` is locate.py, `dress` is policy.py and headers.py; where one of
// them changes, the other has to (tests hold the two together, and run this file in node).
//
// Whatever fails, the worker must work as it would without us: each wrapper falls back to the native.
// A worker that fights us wins; one that merely patches its globals does not, as ours are taken first.
//
// Lines are joined when it is sent, so a comment has a line of its own and statements end in `;`.
// It is the same for every page of a site, as browsers compare the bytes of a worker's script at each
// update (Service Workers, "Update"); hence it knows no token, and asks for one instead.
(() => {
"use strict";
try {
const prefix = "__PREFIX__", version = "__VERSION__", integrity = "__INTEGRITY__";
const honoured = "__HONOURED__" === "true";
const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
const { fetch, FetchEvent, Headers, InstallEvent, Response, TextDecoder, TransformStream } = self;
const site = self.location.origin;
const startsWith = Function.call.bind("".startsWith);
const typeOf = Function.call.bind(getOwnPropertyDescriptor(Response.prototype, "type").get);

// Tells a native what to do before it does it. A Proxy has its name, its length and its text.
const wrapped = (native, call) => new Proxy(native, {
  __proto__: null,
  apply: (to, on, given) => call(to, on, given),
});
const wrap = (owner, name, call) => {
  const found = getOwnPropertyDescriptor(owner, name);
  const kind = found.set ? "set" : "value";
  defineProperty(owner, name, { ...found, [kind]: wrapped(found[kind], call) });
};
const attempt = (install) => {
  try { install(); } catch { return; }
};

// --- our path

const isOurs = (request) => startsWith(request.url, site + prefix);
const guard = (event) => {
  if (isOurs(event.request)) event.stopImmediatePropagation();
};
// A worker that listens to no fetch is not even started for one: ours is added when it begins to, in
// front of its own, as the first alone can keep an event from the others.
let guarded = false;
const listen = self.addEventListener;
const beFirst = (name) => {
  if (guarded || name !== "fetch") return;
  guarded = true;
  apply(listen, self, [name, guard]);
};
attempt(() => wrap(EventTarget.prototype, "addEventListener", (native, on, given) => {
  if (on === self || on === undefined) attempt(() => beFirst(given[0]));
  return apply(native, on, given);
}));
attempt(() => wrap(self, "onfetch", (native, on, given) => {
  attempt(() => beFirst("fetch"));
  return apply(native, on, given);
}));
// Static routes are asked before any listener (Service Workers, "addRoutes"): ours comes first.
attempt(() => wrap(InstallEvent.prototype, "addRoutes", (native, on, given) => {
  const ours = { condition: { urlPattern: { pathname: prefix + "*" } }, source: "network" };
  return apply(native, on, given.length ? [[ours].concat(given[0])] : given);
}));
attempt(() => wrap(FetchEvent.prototype, "respondWith", (native, event, given) => {
  let answer = given;
  attempt(() => {
    const { request } = event;
    if (!given.length) return;
    // imports of a module run before us, so their listeners may be in front of our own
    if (isOurs(request)) answer = [fetch(request)];
    else if (request.mode === "navigate") answer = [dressed(event, given[0])];
  });
  return apply(native, event, answer);
}));

// --- pages

const HTML = "text/html";
const CSP = "content-security-policy", REPORTED = CSP + "-report-only";
// headers.py: of the bytes that were sent
const STALE = [
  "content-length", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges",
  "use-as-dictionary", "signature", "signature-input",
];
const KINDS = ["basic", "cors", "default"];
const dressed = async (event, answer) => {
  const response = await answer;
  try { return dress(event, response); } catch { return response; }
};
const dress = (event, response) => {
  const { body, headers } = response;
  if (!KINDS.includes(typeOf(response)) || !isPage(response, headers)) return response;
  // the proxy has been here: it marks what it has changed, and only a response of the network has it
  if (typeOf(response) === "basic" && isMarked(headers)) return response;
  const relaxed = relax(headers.get(CSP), headers.get(REPORTED));
  if (relaxed === null) return response;
  const edited = new Headers(headers);
  for (const name of STALE) edited.delete(name);
  if (relaxed.enforced !== null) edited.set(CSP, relaxed.enforced);
  if (relaxed.reported !== null) edited.set(REPORTED, relaxed.reported);
  const { readable, writable } = new TransformStream(injector(relaxed.nonce));
  const { status, statusText } = response;
  const page = new Response(readable, { __proto__: null, status, statusText, headers: edited });
  // from here on the body is taken: nothing below may throw
  const end = body.pipeTo(writable).then(() => {}, () => {});
  attempt(() => event.waitUntil(end));
  return page;
};
const isMarked = (headers) => startsWith(headers.get("etag") ?? "", `W/"obs${version}:`);
// policy.py. A response that was redirected is an error as the answer to a navigation, and a copy
// of it would be none.
const isPage = (response, headers) => {
  const { body, status } = response;
  if (!body || body.locked || response.bodyUsed || response.redirected) return false;
  if (status === 206 || (status >= 300 && status < 400 && headers.get("location"))) return false;
  const [essence, ...parameters] = (headers.get("content-type") ?? "").split(",").pop().split(";");
  if (essence.trim().toLowerCase() !== HTML) return false;
  const disposition = (headers.get("content-disposition") ?? "").split(";")[0];
  if (disposition.trim().toLowerCase() === "attachment") return false;
  const control = (headers.get("cache-control") ?? "").toLowerCase().split(",");
  if (honoured && control.some((one) => one.trim() === "no-transform")) return false;
  return !parameters.some((one) => HIDING.test(one));
};

// --- the place of the tag

const BUDGET = 65536;
// Labels of encodings that are no superset of ASCII, or hide `<` (locate.py): left alone here.
const HIDING =
  /^\s*charset\s*=\s*["']?(?:utf-?16|unicode|ucs-2|csunicode|iso-10646-ucs-2|utf-7|hz-|(?:cs)?iso-?2022)/i;
const MARK = "\xef\xbb\xbf", WIDE = ["\xff\xfe", "\xfe\xff"];
// The tokens that may stand before a head, whole.
const COMMENT = /<!--(?:-?>|[^]*?--!?>)/y;
const DOCTYPE = /<!doctype[^>]*>/iy;
const BOGUS = /<(?:!(?!--|doctype)|\?|\/(?![a-z]))[^>]*>/iy;
const NAMED = /<(\/?)([a-z][^\t\n\f\r />]*)(?=[\t\n\f\r />])/iy;
const ENDS = ["head", "body", "html", "br"];
const SPACE = /[\t\n\f\r ]/;
const ATTRIBUTES = {
  between: { " ": "between", "/": "between", ">": "done", other: "name" },
  name: { " ": "after", "/": "between", "=": "value", ">": "done", other: "name" },
  after: { " ": "after", "/": "between", "=": "value", ">": "done", other: "name" },
  value: { " ": "value", "\"": "double", "'": "single", ">": "done", other: "bare" },
  double: { "\"": "between", other: "double" },
  single: { "'": "between", other: "single" },
  bare: { " ": "between", ">": "done", other: "bare" },
};
const NONE = -1, MORE = -2;
const read = (pattern, text, at) => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};
// Behind a tag whose name ends at `at`; MORE where its end has not come.
const tagEnd = (text, at) => {
  let part = "between";
  for (let i = at; i < text.length; i++) {
    const edges = ATTRIBUTES[part];
    part = edges[SPACE.test(text[i]) ? " " : text[i]] ?? edges.other;
    if (part === "done") return i + 1;
  }
  return MORE;
};
// A function of the bytes so far, a letter each, that finds the tag's place among them, or NONE.
const locator = () => {
  let at = 0, any = false, seen = false, safe = NONE, marked = false;
  const whole = (end, telling) => {
    any = true;
    seen = seen || telling;
    at = end;
    if (seen) safe = end;
    return step;
  };
  const leave = () => (any ? at : NONE);
  const mark = (text, over) => {
    if (WIDE.some((one) => startsWith(text, one))) return NONE;
    if (!over && text.length < 3 && (startsWith(MARK, text) || WIDE.some((one) => one[0] === text))) {
      return MORE;
    }
    marked = true;
    if (startsWith(text, MARK)) at = 3;
    return step;
  };
  const tag = (text, [, slash, word], named) => {
    const name = word.toLowerCase();
    if (slash ? ENDS.includes(name) : name !== "html" && name !== "head") return at;
    const end = tagEnd(text, named);
    if (end === MORE) return MORE;
    return slash || name === "html" ? whole(end, !slash) : end;
  };
  const step = (text) => {
    while (at < text.length && SPACE.test(text[at])) at++;
    if (at === text.length) return MORE;
    if (text[at] !== "<") return leave();
    if (at + 1 === text.length) return MORE;
    if (!/[!?/a-z]/i.test(text[at + 1])) return leave();
    const doctype = read(DOCTYPE, text, at);
    const found = doctype ?? read(COMMENT, text, at) ?? read(BOGUS, text, at);
    if (found) return whole(at + found[0].length, found === doctype);
    const named = read(NAMED, text, at);
    return named ? tag(text, named, at + named[0].length) : MORE;
  };
  return (all, ended) => {
    const text = all.slice(0, BUDGET);
    const over = ended || all.length >= BUDGET;
    let found = marked ? step : mark(text, over);
    while (found === step) found = step(text);
    if (found === MORE && over) found = safe;
    // behind an ESC, ISO-2022-JP has letters that look like markup
    return found > 0 && text.slice(0, found).includes("\x1b") ? NONE : found;
  };
};
// What a page goes through: it is held until the place is found, then passes as it comes.
const injector = (nonce) => {
  const decoder = new TextDecoder("latin1"), place = locator();
  let held = [], text = "", passing = false;
  const letGo = (controller) => {
    passing = true;
    for (const chunk of held) controller.enqueue(chunk);
    held = [];
  };
  const look = (controller, over) => {
    const at = place(text, over);
    if (at === NONE) return letGo(controller);
    const change = at === MORE ? null : changed(text, at, nonce, over);
    if (change === null) return;
    held = [spliced(held, text.length, change)];
    letGo(controller);
  };
  const guardedLook = (controller, over) => {
    try { look(controller, over); } catch { letGo(controller); }
  };
  return {
    __proto__: null,
    transform(chunk, controller) {
      if (passing) return controller.enqueue(chunk);
      held.push(chunk);
      try { text += decoder.decode(chunk, { stream: true }); } catch { return letGo(controller); }
      guardedLook(controller, false);
    },
    flush(controller) {
      if (!passing) guardedLook(controller, true);
      letGo(controller);
    },
  };
};
// [from, to, what stands there instead]; null until that can be said. A page that has our tag keeps
// it, with its token; where it names another version, whose script is gone, it is made to name ours.
const changed = (text, at, nonce, over) => {
  const address = `<script src="${prefix}observer.`, ours = text.slice(at, at + address.length);
  if (ours !== address) return startsWith(address, ours) && !over ? null : [at, at, tag(nonce)];
  if (text.length < at + TAG_LIMIT && !over) return null;
  const [old] = /^<script src="[^"]*" integrity="[^"]*"/.exec(text.slice(at)) ?? [""];
  return [at, at + old.length, old && opening()];
};
// The longest that the tag can be, with the longest nonce that anybody uses.
const TAG_LIMIT = 600;
const opening = () => `<script src="${prefix}observer.${version}.js" integrity="${integrity}"`;
const tag = (nonce) =>
  `${opening()}${nonce ? ` nonce="${nonce}"` : ""} crossorigin=anonymous data-k=""></script>`;
const spliced = (chunks, size, [from, to, instead]) => {
  const all = new Uint8Array(size), out = new Uint8Array(size + from - to + instead.length);
  let at = 0;
  for (const chunk of chunks) {
    const bytes = ArrayBuffer.isView(chunk)
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : new Uint8Array(chunk);
    all.set(bytes, at);
    at += bytes.length;
  }
  out.set(all.subarray(0, from));
  for (let i = 0; i < instead.length; i++) out[from + i] = instead.charCodeAt(i);
  out.set(all.subarray(to), from + instead.length);
  return out;
};

// --- csp.py: see there for why

const UNREADABLE = /[\x00-\x08\x0b\x0e-\x1f\x7f]/;
const POLICIES = 100;
const NONCE = /^'nonce-([A-Za-z0-9+/_-]+={0,2})'$/i;
const HASH = /^'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'$/i;
const HOST =
  /^(?:([a-z][a-z0-9+.-]*):[/]{2})?([*]|(?:[*][.])?[a-z0-9_-]+(?:[.][a-z0-9_-]+)*)(?::(\d+|[*]))?([/][^?#%]*)?$/i;
const SCRIPT = ["script-src-elem", "script-src", "default-src"];
const CONNECT = ["connect-src", "default-src"];
const DEFAULT_PORTS = { __proto__: null, http: "80", https: "443" };
const SKIP = { __proto__: null };
const scriptPath = `${prefix}observer.${version}.js`, digest = `'${integrity}'`;
const scheme = site.split(":")[0], [ownHost, givenPort] = site.slice(scheme.length + 3).split(":");
const ownPort = givenPort ?? DEFAULT_PORTS[scheme];

const refuse = () => { throw SKIP; };
// no grammar has a source for IPv6 literals
const own = (path) => (site.includes("[") ? refuse() : site + path);
const isMatched = (source, path) => {
  if (["*", "'self'", `${scheme}:`, "http:"].includes(source.toLowerCase())) return true;
  const found = HOST.exec(source);
  if (!found) return false;
  const [, of, host, port, at] = found;
  if (of !== undefined && !["http", scheme].includes(of.toLowerCase())) return false;
  const name = host.toLowerCase();
  if (name[0] === "*" ? !ownHost.endsWith(name.slice(1)) : ownHost !== name) return false;
  const isPort = port === undefined
    ? ownPort === DEFAULT_PORTS[scheme] : port === "*" || port === ownPort;
  return isPort && (!at || (at.endsWith("/") ? startsWith(path, at) : path === at));
};
const words = (text) => text.split(/[\t\n\f\r ]+/).filter(Boolean);
const lower = (text) => text.toLowerCase();
const withoutNone = (sources) => sources.filter((source) => lower(source) !== "'none'");
const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);

const OURS = [...SCRIPT, ...CONNECT, "sandbox"];
// One policy: its directives as they are, and where each stands; of two with one name the first.
const policyOf = (text) => {
  const directives = text.split(";"), places = new Map();
  directives.forEach((directive, place) => {
    const name = lower(directive).split(/[\s\x85]+/).find(Boolean);
    if (!isAscii(directive) && OURS.includes(name)) refuse();
    if (name !== undefined && !places.has(name)) places.set(name, place);
  });
  return { directives, places };
};
const governing = ({ places }, names) => names.find((name) => places.has(name));
const sourcesOf = ({ directives, places }, name) => words(directives[places.get(name)]).slice(1);
const add = (policy, name, source) => {
  const { directives, places } = policy, place = places.get(name);
  const sources = sourcesOf(policy, name), kept = withoutNone(sources);
  let directive = directives[place];
  if (kept.length < sources.length) {
    const lead = /^[\t\n\f\r ]*/.exec(directive)[0];
    directive = [lead + words(directive)[0], ...kept].join(" ");
  }
  const tail = /[\t\n\f\r ]*$/.exec(directive)[0];
  directives[place] = `${directive.slice(0, directive.length - tail.length)} ${source}${tail}`;
};
const allow = (policy, name, wanted, source) => {
  if (name === wanted) return add(policy, name, source);
  const { directives, places } = policy;
  const sources = withoutNone(sourcesOf(policy, name));
  if (!directives[directives.length - 1].replace(/\x85/g, "").trim()) directives.pop();
  places.set(wanted, directives.length);
  directives.push(" " + [wanted, ...sources, source].join(" "));
};
const allowScript = (policy, chosen) => {
  const name = governing(policy, SCRIPT);
  if (name === undefined) return chosen;
  const sources = sourcesOf(policy, name);
  const strict = sources.some((source) => lower(source) === "'strict-dynamic'");
  if (sources.includes(digest)) return chosen;
  if (!strict && sources.some((source) => isMatched(source, scriptPath))) return chosen;
  const nonces = sources.map((source) => NONCE.exec(source)).filter(Boolean).map(([, one]) => one);
  if (nonces.length && (chosen === null || nonces.includes(chosen))) return chosen ?? nonces[0];
  if (nonces.length || sources.some((source) => HASH.test(source))) add(policy, name, digest);
  else if (strict) refuse();
  else allow(policy, name, "script-src-elem", own(scriptPath));
  return chosen;
};
const allowConnect = (policy) => {
  const name = governing(policy, CONNECT);
  if (name === undefined) return;
  if (sourcesOf(policy, name).some((source) => isMatched(source, prefix))) return;
  allow(policy, name, "connect-src", own(prefix));
};
const isSandboxed = (policy) =>
  policy.places.has("sandbox") && !sourcesOf(policy, "sandbox").map(lower).includes("allow-scripts");
const policiesOf = (line) => {
  if (line === null) return [];
  const texts = line.split(",");
  return UNREADABLE.test(line) || texts.length > POLICIES ? refuse() : texts.map(policyOf);
};
// The two headers, relaxed, and the nonce for our tag; null where the page is better left alone.
const relax = (enforcedLine, reportedLine) => {
  let nonce = null;
  try {
    const enforced = policiesOf(enforcedLine), reported = policiesOf(reportedLine);
    if (enforced.some(isSandboxed)) refuse();
    for (const policy of [...enforced, ...reported]) {
      nonce = allowScript(policy, nonce);
      allowConnect(policy);
    }
    const write = (line, policies) =>
      line === null ? null : policies.map(({ directives }) => directives.join(";")).join(",");
    return {
      enforced: write(enforcedLine, enforced), reported: write(reportedLine, reported), nonce,
    };
  } catch (error) {
    if (error === SKIP) return null;
    throw error;
  }
};
} catch {
// without one of these natives the worker goes on as if we were not there
}
})();
