"""Sites with a service worker: a folder each on the shared origin, so that none controls another's.

A worker's page says in its title when the worker has it under control.
"""

from contextlib import asynccontextmanager

from tests.cases.served import put

SCRIPT = "text/javascript"
REGISTER = """<!doctype html><html><head><title>begun</title><script>
const controlled = new Promise((done) => {
  if (navigator.serviceWorker.controller) return done();
  navigator.serviceWorker.addEventListener("controllerchange", done);
});
navigator.serviceWorker.register("sw.js", %s).then(() => navigator.serviceWorker.ready)
  .then(() => controlled).then(() => { document.title = "controlled" })
  .catch((error) => { document.title = "failed: " + error });
</script></head><body style="height:3000px">page</body></html>"""
CLAIM = """
addEventListener("install", () => { skipWaiting() });
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
"""
SHELL = b"""<!doctype html><html lang=en><head><meta charset=utf-8><title>shell</title></head>
<body style="height:3000px"><p id=a>from the worker</p></body></html>"""
SEEN = """() => ({
  title: document.title, mode: document.compatMode, charset: document.characterSet,
  url: document.URL, base: document.baseURI, referrer: document.referrer,
  html: document.documentElement.outerHTML, scripts: document.scripts.length,
  controlled: !!navigator.serviceWorker?.controller,
})"""
"""What a page can say of itself."""


def settle(origin, folder, worker, options="{}", files=()):
    """Put a site into a folder of an origin: `index` registers `sw.js`; its address."""
    put(origin, f"/{folder}/sw.js", (worker + CLAIM).encode(), kind=SCRIPT)
    for name, (kind, body, *headers) in dict(files).items():
        put(origin, f"/{folder}/{name}", body, kind=kind, headers=headers)
    put(origin, f"/{folder}/index", (REGISTER % options).encode())
    return f"{origin.url}/{folder}/"


@asynccontextmanager
async def under_control(town, url, context=None):
    """A page of the site whose worker has taken over."""
    async with town.page(context) as page:
        await page.goto(url + "index")
        await page.wait_for_function("document.title != 'begun'")
        assert "controlled" == await page.title()
        yield page


@asynccontextmanager
async def with_and_without(town, url):
    """The site under control of its worker, directly and behind the proxy."""
    async with under_control(town, url, town.direct) as bare, under_control(town, url) as seen:
        yield bare, seen


def asked_for(origin, path):
    """How often the origin was asked for a path."""
    return len([1 for seen in origin.seen if seen.target == path])
