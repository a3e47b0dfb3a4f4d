"""What is asked of the proxies, what is compared, and what is wanted of it.

A row is one question to several proxies, in turns. A goal holds a figure of one of them against the
same of another in the same round: the median of the ratios over all rounds, or of the differences.
"""

from dataclasses import dataclass

#: As the browser says it of what is no document, and of what is one.
PICTURE = {"Accept-Encoding": "gzip", "Accept": "image/*", "Sec-Fetch-Dest": "image"}
PAGE = {"Accept-Encoding": "gzip", "Accept": "text/html", "Sec-Fetch-Dest": "document"}
BROTLI = {**PAGE, "Accept-Encoding": "br, gzip"}


@dataclass(frozen=True)
class Goal:
    """`figure` of `one`, over that of `other` or less it, `at_most` `wanted` (or at least)."""

    text: str
    figure: str
    one: str
    other: str
    wanted: float
    at_most: bool = True
    ratio: bool = True

    def value(self, one: float, other: float) -> float:
        """One round's."""
        return one / max(other, 1e-9) if self.ratio else one - other

    def met(self, value: float) -> bool:
        """Whether that is good enough."""
        return value <= self.wanted if self.at_most else value >= self.wanted


@dataclass(frozen=True)
class Row:
    """A question.

    Parameters
    ----------
    site
        Which of the origin's addresses: plain, secure, second or slow.
    path
        What is asked for.
    variants
        Kinds of `proxies.Stand`; `direct` asks the site itself.
    file
        Of the site, that must come.
    raw
        Kinds that must pass it in the coding in which it is served; the others' answers are read.
    inserted
        Kinds whose answers must hold a tag.
    """

    name: str
    text: str
    site: str
    path: str
    variants: tuple[str, ...]
    goals: tuple[Goal, ...]
    headers: dict[str, str]
    file: str
    served: str = ""
    inserted: tuple[str, ...] = ()
    connections: int = 16
    seconds: float = 2.0
    h2: bool = False
    fresh: bool = False
    posts: bool = False
    status: int = 200


def _cpu(one: str, other: str, wanted: float, text: str = "", *, at_most: bool = True) -> Goal:
    return Goal(text or f"{one} / {other}, processor", "cpu_ms", one, other, wanted, at_most)


_PASSED = ("ours", "stock", "streamed")
_GZIP = {"file": "page.html", "served": "page.html.gz", "path": "/page.html"}
_TAGGED = ("ours", "ours_gzip", "naive", "go_identity", "go_gzip", "nginx_tag", "nginx_tag_gzip")

ROWS = (
    Row(
        "http", "a page passes, HTTP", "plain",
        variants=(*_PASSED, "squid", "nginx", "go"), headers=PICTURE, **_GZIP,
        goals=(_cpu("ours", "stock", 0.6), _cpu("ours", "squid", 2.0)),
    ),
    Row(
        "https", "a page passes, HTTPS", "secure", variants=_PASSED, headers=PICTURE, **_GZIP,
        goals=(_cpu("ours", "stock", 0.6),),
    ),
    Row(
        "h2", "a page passes, HTTP/2", "second",
        variants=_PASSED, headers=PICTURE, h2=True, **_GZIP,
        goals=(_cpu("ours", "stock", 0.6),),
    ),
    Row(
        "script", "640 B pass, HTTPS", "secure", "/small.js", variants=_PASSED, headers=PICTURE,
        file="small.js", goals=(_cpu("ours", "stock", 0.6),),
    ),
    Row(
        "injected", "a gzip page injected, HTTP", "plain",
        variants=(
            "ours", "ours_gzip", "stock", "naive", "go_identity", "go_gzip", "nginx_tag",
            "nginx_tag_gzip",
        ),
        headers=PAGE, **_GZIP, inserted=_TAGGED,
        goals=(
            _cpu("ours", "stock", 0.9),
            _cpu("ours_gzip", "stock", 1.25),
            _cpu("ours_gzip", "stock", 1.0, "the same, aim"),
            _cpu("naive", "ours", 5.0, at_most=False),
            _cpu("naive", "ours_gzip", 3.5, at_most=False),
            _cpu("ours", "go_identity", 1.0),
            _cpu("ours_gzip", "go_gzip", 1.0),
        ),
    ),
    Row(
        "injected_https", "a gzip page injected, HTTPS", "secure",
        variants=("ours", "ours_gzip", "stock"), headers=PAGE, **_GZIP, inserted=_TAGGED,
        goals=(
            _cpu("ours", "stock", 0.9),
            _cpu("ours_gzip", "stock", 1.25),
            _cpu("ours_gzip", "stock", 1.0, "the same, aim"),
        ),
    ),
    Row(
        "injected_h2", "a gzip page injected, HTTP/2", "second",
        variants=("ours", "ours_gzip", "stock"), headers=PAGE, h2=True, **_GZIP, inserted=_TAGGED,
        goals=(_cpu("ours", "stock", 0.9), _cpu("ours_gzip", "stock", 1.25)),
    ),
    Row(
        "brotli", "a Brotli page injected, HTTP", "plain", "/br.html",
        variants=("ours", "ours_gzip", "stock", "naive"), headers=BROTLI, file="page.html",
        served="br.html", inserted=_TAGGED, seconds=3.0,
        goals=(
            _cpu("naive", "ours", 80.0, at_most=False),
            _cpu("naive", "ours_gzip", 80.0, at_most=False),
        ),
    ),
    Row(
        "download", "2 MB, HTTP, 16 at once", "plain", "/large.bin",
        variants=_PASSED, headers=PICTURE, file="large.bin", seconds=3.0,
        goals=(
            Goal("ours / stock, bytes a second", "mb_per_s", "ours", "stock", 0.95, at_most=False),
            Goal("ours / stock, peak memory", "peak_mb", "ours", "stock", 0.25),
        ),
    ),
    Row(
        "download_https", "2 MB, HTTPS, 16 at once", "secure", "/large.bin",
        variants=_PASSED, headers=PICTURE, file="large.bin", seconds=3.0,
        goals=(
            Goal("ours / stock, bytes a second", "mb_per_s", "ours", "stock", 0.95, at_most=False),
            Goal("ours / stock, peak memory", "peak_mb", "ours", "stock", 0.25),
        ),
    ),
    Row(
        "batches", "the observer's batches, HTTPS", "secure", "/obs/{installation}/b",
        variants=("ours_durable", "rewritten"), headers={"Content-Type": "text/plain"},
        file="", posts=True, status=204, connections=64, seconds=3.0,
        goals=(
            _cpu("ours_durable", "rewritten", 0.45),
            Goal("stored, p99 in ms", "p99_ms", "ours_durable", "", 500.0, ratio=False),
        ),
    ),
    Row(
        "new_tls", "a connection each, HTTPS", "secure", "/small.js",
        variants=("ours", "stock"), headers=PICTURE, file="small.js", fresh=True, connections=8,
        goals=(_cpu("ours", "stock", 0.9),),
    ),
    Row(
        "early", "a page whose head comes first", "slow", "/early.html",
        variants=("direct", "ours", "streamed"), headers=PAGE, file="page.html",
        inserted=("ours",), connections=2,
        goals=(
            Goal("ours - streamed, first byte p50 in ms", "ttfb_p50_ms", "ours", "streamed", 1.0,
                 ratio=False),
            Goal("ours - streamed, first byte p99 in ms", "ttfb_p99_ms", "ours", "streamed", 5.0,
                 ratio=False),
        ),
    ),
    Row(
        "dribbling", "a page that takes a second", "slow", "/slow.html",
        variants=("direct", "ours", "stock"), headers=PAGE, file="page.html",
        inserted=("ours",), connections=2,
        goals=(
            Goal("ours / stock, first byte p50", "ttfb_p50_ms", "ours", "stock", 0.05),
            Goal("ours - the origin, first byte p50 in ms", "ttfb_p50_ms", "ours", "direct", 5.0,
                 ratio=False),
        ),
    ),
)  # fmt: skip

