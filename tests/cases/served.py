"""What an origin sends and what a client gets: our tag taken out again, DOMs written down."""

import asyncio
import re
from contextlib import asynccontextmanager

from tests.e2e.browsing import SYMBOL
from tests.proxy_addon.harness import DOCUMENT, OBS, PATIENCE, Answer, ask

HTML = "text/html; charset=utf-8"
TAG = re.compile(
    f'<script src="{OBS}observer\\.[\\w.-]+\\.js" integrity="sha256-[\\w+/=]+"'
    '(?: nonce="[^"]*")?(?: type="text/javascript")? crossorigin="?anonymous"? data-k="?[\\w-]+"?'
    "></script>"
)
"""Our tag, as it stands in HTML and in XHTML."""
SHOWN = """() => [document.compatMode, document.characterSet, document.contentType,
  ...[...document.childNodes].map(n => n.nodeType + (n.outerHTML || n.data || n.name))].join("\\n")
"""
"""All that is in a document, and how it was read."""


def tag_in(body, codec="latin-1"):
    """Where our one tag stands in a body, and the body without it."""
    whole = len(body) - len(body) % 2 if codec.startswith("utf-16") else len(body)
    text = body[:whole].decode(codec, "surrogatepass")
    found = list(TAG.finditer(text))
    assert 1 == len(found), (len(found), text[:400])
    start, end = found[0].span()
    front, back = (part.encode(codec, "surrogatepass") for part in (text[:start], text[end:]))
    return len(front), front + back + body[whole:]


def untagged(body):
    """Whether there is no tag in a body."""
    return TAG.search(body.decode("latin-1")) is None


def put(origin, path, *pieces, kind=HTML, **fields):
    """Have a path answered; its address. `headers` are put behind the type."""
    headers = [("Content-Type", kind)] if kind else []
    headers += fields.pop("headers", [])
    origin.put(path, *pieces, headers=headers, **fields)
    return origin.url + path


async def got(road, url, headers=DOCUMENT, method="GET", **request):
    """What a client gets through the proxy."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    request = {"method": method, "target": slash + path, "headers": headers, **request}
    return await ask(road.proxy, f"{scheme}://{host}", road.house, **request)


async def alike(town, urls, shown=SHOWN):
    """Load pages with and without the proxy: the same is shown, and the observer has run."""
    async with town.page(town.direct) as bare, town.page() as seen:
        for url in urls:
            await bare.goto(url)
            await seen.goto(url)
            was, now = await bare.evaluate(shown), await seen.evaluate(shown)
            assert was == now, (url, was, now)
            assert 1 == await seen.evaluate(SYMBOL), url
            assert 0 == await bare.evaluate(SYMBOL), url


NOTHING = ((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",), False)


class Raw:
    """An origin that says the very bytes it is given, head and all, then closes or stays."""

    def __init__(self):
        self.asked = []
        self.answers = {}
        self.gone = asyncio.Event()
        """Set when a client left while its connection was still open here."""

    def put(self, path, *pieces, stays=False):
        """Have a path answered; its address. A piece may be an event that is waited for."""
        self.answers[path] = (pieces, stays)
        return self.url + path

    async def _serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            pieces, stays = self.answers.get(head.split()[1].decode(), NOTHING)
            for piece in pieces:
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                    continue
                writer.write(piece)
                await writer.drain()
            if stays and not await reader.read(1):
                self.gone.set()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_origin(host="127.0.0.1"):
    """One such origin."""
    origin = Raw()
    server = await asyncio.start_server(origin._serve, host, 0)
    origin.url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin
    finally:
        server.close()


async def said(road, request, patience=PATIENCE):
    """Every byte that comes back for the bytes of a request, until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), patience)
    finally:
        writer.close()


def parted(answer):
    """An answer's status line and headers, lower-cased, and what follows them."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").lower().split("\r\n")
    return Answer(int(first.split()[1]), [tuple(line.split(": ", 1)) for line in lines], body)


def unchunked(body):
    """What was in the chunks, and whether the last one came."""
    text, found = body, b""
    while match := re.match(rb"([0-9a-f]+)\r\n", text):
        size = int(match[1], 16)
        found += text[match.end() : match.end() + size]
        text = text[match.end() + size + 2 :]
        if not size:
            return found, True
    assert b"" == text
    return found, False
