// All that a page may try against its policy, in one go. Behind a timer, where no privilege of
// whoever drives the browser is left. What became of it: `told` here, and what origins saw.
async ({ own, other, obs }) => {
  await new Promise((done) => setTimeout(done));
  const verdicts = {};
  const told = (window.told = []);
  addEventListener("securitypolicyviolation", (event) => {
    told.push(`${event.effectiveDirective} ${event.blockedURI} ${event.disposition}`);
  });

  const first = (target, ...names) =>
    new Promise((done) => names.forEach((name) => target.addEventListener(name, () => done(name))));
  const refused = (...directives) =>
    new Promise((done) =>
      addEventListener("securitypolicyviolation", (event) => {
        if (directives.includes(event.effectiveDirective)) done("refused");
      }),
    );
  const late = (ms) => new Promise((done) => setTimeout(done, ms, "late"));
  const probe = async (name, ask) => {
    try {
      verdicts[name] = (await Promise.race([ask(), late(20000)])) ?? null;
    } catch (error) {
      verdicts[name] = error.name;
    }
  };
  const put = (name, fields, place = document.body) => {
    const element = Object.assign(document.createElement(name), fields);
    place.append(element);
    return element;
  };
  const loaded = (name, fields) =>
    first(put(name, fields, document.head), "load", "error");
  const said = (worker) =>
    new Promise((done) => {
      (worker.port ?? worker).onmessage = (event) => done(event.data);
      worker.onerror = () => done("error");
    });

  // Text that becomes code
  const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  await probe("eval", () => eval("1"));
  await probe("function", () => new Function("return 1")());
  await probe("wasm", () => void new WebAssembly.Module(wasm));
  await probe("timer", () => void setTimeout("window.timed = 1"));
  await probe("inline", () => (put("script", { textContent: "window.put = 1" }), window.put));
  await probe("keyed", () => {
    put("script", { nonce: "r4nd0m", textContent: "window.putKeyed = 1" });
    return window.putKeyed;
  });
  await probe("hashed", () => {
    delete window.hashed;
    put("script", { textContent: "window.hashed = 1" });
    return window.hashed;
  });
  await probe("handler", () => {
    const element = put("p", {});
    element.setAttribute("onclick", "window.clicked = 1");
    element.click();
    return window.clicked;
  });
  await probe("markup", () => {
    put("div", {}).innerHTML = "<img src='/none' onerror='window.failed = 1'>";
  });
  await probe("written", () => void document.createRange().createContextualFragment("<b>"));
  await probe("types", () => void window.trustedTypes?.createPolicy("mine", {}));
  await probe("style", () => {
    put("style", { textContent: "#styled { margin-top: 11px }" });
    return getComputedStyle(document.querySelector("#styled")).marginTop;
  });
  await probe("attribute", () => {
    const element = document.querySelector("#styled");
    element.setAttribute("style", "margin-top: 13px");
    return getComputedStyle(element).marginTop;
  });
  await probe("address", async () => {
    const link = put("a", { href: "javascript:void(window.went = 1)" });
    const end = refused("script-src-elem", "script-src", "default-src");
    link.click();
    const ran = (async () => {
      for (let i = 0; i < 50 && !window.went; i++) await new Promise((done) => setTimeout(done, 4));
    })();
    await Promise.race([end, ran]);
    return window.went;
  });

  // Scripts, and what brings them
  const worker = new Blob(
    [
      `(async () => {
        const found = [];
        for (const url of ["${own}/free.js", "${other}/free.js"]) {
          try { importScripts(url); found.push(1) } catch (error) { found.push(error.name) }
          try { await fetch(url, {mode: "no-cors"}); found.push(1) } catch { found.push(0) }
        }
        try { found.push(eval("1")) } catch (error) { found.push(error.name) }
        postMessage(found.join());
      })()`,
    ],
    { type: "text/javascript" },
  );
  const scripts = {
    own: `${own}/free.js?put`,
    other: `${other}/free.js?put`,
    data: "data:text/javascript,window.data=1",
    blob: URL.createObjectURL(new Blob(["window.blob = 1"])),
    beside: `${own}/obs/mine.js`,
  };
  await Promise.all([
    ...Object.entries(scripts).flatMap(([name, url]) => [
      probe(`script ${name}`, () => loaded("script", { src: url })),
      probe(`module ${name}`, () => loaded("script", { src: url + "#m", type: "module" })),
      probe(`import ${name}`, async () => void (await import(url + "#i"))),
    ]),
    probe("script keyed", () => loaded("script", { nonce: "r4nd0m", src: `${other}/free.js?key` })),
    probe("preload", () => loaded("link", { rel: "preload", as: "script", href: `${own}/free.js?l` })),
    probe("worker own", () => said(new Worker(`${own}/worker.js`))),
    probe("worker other", () => said(new Worker(`${other}/worker.js`))),
    probe("worker blob", () => said(new Worker(URL.createObjectURL(worker)))),
    probe("worker data", () => said(new Worker("data:text/javascript,postMessage(1)"))),
    probe("worker shared", () => said(new SharedWorker(`${own}/worker.js`))),

    // Requests
    ...[own, `${own}/obs`, other].flatMap((where) => [
      probe(`fetch ${where}`, async () => void (await fetch(`${where}/f`, { mode: "no-cors" }))),
      probe(`ask ${where}`, async () => {
        const asked = new XMLHttpRequest();
        const end = first(asked, "load", "error");
        asked.open("GET", `${where}/x`);
        asked.send();
        return await end;
      }),
      probe(`beacon ${where}`, () => navigator.sendBeacon(`${where}/b`)),
      probe(`events ${where}`, async () => {
        const source = new EventSource(`${where}/e`);
        await first(source, "error");
        source.close();
      }),
      probe(`socket ${where}`, () =>
        first(new WebSocket(`${where}/w`.replace("http", "ws")), "error", "open"),
      ),
      probe(`image ${where}`, () => loaded("img", { src: `${where}/i` })),
      probe(`sheet ${where}`, () => loaded("link", { rel: "stylesheet", href: `${where}/s` })),
    ]),
    probe("font", () => new FontFace("f", `url(${own}/font)`).load()),
  ]);

  // Places that change
  await probe("base", () => {
    put("base", { href: `${other}/based/` }, document.head);
    const found = document.baseURI;
    document.head.lastElementChild.remove();
    return found;
  });
  for (const [name, url] of Object.entries({
    own: `${own}/frame`,
    other: `${other}/frame`,
    data: "data:text/html,x",
    blob: URL.createObjectURL(new Blob(["x"], { type: "text/html" })),
  })) {
    await probe(`frame ${name}`, async () => {
      const end = refused("frame-src");
      const frame = put("iframe", {});
      frame.hidden = true;
      const ready = first(frame, "load", "error");
      frame.src = url;
      await Promise.race([ready, end, late(1000)]); // a sandbox forbids it silently
    });
  }
  for (const [name, url] of Object.entries({ own, other })) {
    await probe(`form ${name}`, async () => {
      const end = refused("form-action", "frame-src");
      const frame = put("iframe", { name: `form-${name}`, hidden: true });
      const form = put("form", { action: `${url}/form`, method: "POST", target: frame.name });
      const ready = first(frame, "load");
      form.submit();
      await Promise.race([ready, end, late(1000)]); // a sandbox forbids it silently
    });
  }
  if (obs) window.ours = (await fetch(`${own}${obs}privacy`, { mode: "no-cors" })).type;
  await late(100); // violations are told in tasks of their own
  return verdicts;
}
