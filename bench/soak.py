"""An hour of mixed load: does the proxy's memory grow, do its descriptors?

Pages in gzip and Brotli, scripts, downloads, uploads, batches of the observer, event streams,
WebSockets, HTTP/2, new TLS connections, aborted and stalled transfers, at an even and modest rate,
against one proxy process that is never recycled. Its resident memory and open descriptors are read
every few seconds; the slope is fitted after the first part, in which caches fill.
"""

import asyncio
import ssl
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.rig import mixed
from bench.rig.report import arguments, table, write
from reauth.claim import Audience, make_token
from tests.origin import certificates
from tests.proxy_addon.harness import KEYS, OBS, House, Running, ingest, now, running

WANTED_MB_PER_H = 1.0
WARM_UP = 0.25
"""Share of the time in which caches fill and the allocator finds its size."""
SETTINGS = (
    'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"\n'
    "recycle_requests = 0\nrecycle_rss_mib = 0\n"
)


@dataclass(frozen=True)
class Sample:
    """What a process holds, at a time in s."""

    at: float
    rss_mb: float
    descriptors: int


@dataclass(frozen=True)
class Soaked:
    """What was sampled, and what was done."""

    samples: list[Sample]
    counts: Counter[str]

    @property
    def failed(self) -> int:
        """Visits that went wrong."""
        return sum(count for name, count in self.counts.items() if " failed: " in name)

    @property
    def settled(self) -> list[Sample]:
        """Samples after the warm-up."""
        return [one for one in self.samples if one.at >= WARM_UP * self.samples[-1].at]

    def slope(self) -> float:
        """MB an hour: the least squares of what is settled."""
        found = statistics.linear_regression(
            [one.at / 3600 for one in self.settled], [one.rss_mb for one in self.settled]
        )
        return found.slope


async def soak(folder: Path, seconds: float, rate: float, every: float) -> Soaked:
    """Put load on a proxy of its own."""
    house = House(folder)
    context = certificates(folder, "127.0.0.1", "*.visited.localhost")[1]
    second = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    second.load_cert_chain(folder / "origin.pem")
    house.write(SETTINGS)
    async with (
        ingest(house),
        mixed.site(context) as secure,
        mixed.site(None) as plain,
        mixed.second_site(second) as over2,
    ):
        with running("launcher", house) as proxy:
            urls = f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}"
            urls += (f"https://127.0.0.1:{over2}",)
            visitor = mixed.Visitor(proxy.port, house.trust, *urls, lambda: _batch(urls[0]))
            async with visitor:
                load = asyncio.ensure_future(mixed.crowd(visitor, rate, seconds))
                samples = await _sampled(proxy, load, every)
            return Soaked(samples, visitor.counts)


def _batch(url: str) -> tuple[str, bytes]:
    token = make_token(KEYS, Audience(None, "unknown|127.0.0.1", url), b"page id.", now() + 60)
    return f"{url}{OBS}b", bytes([1, len(token)]) + token.encode() + b"movement" * 200


async def _sampled(proxy: Running, load: asyncio.Future[None], every: float) -> list[Sample]:
    """Samples of the one process that serves, while the load lasts."""
    (process,) = psutil.Process(proxy.process.pid).children()
    loop = asyncio.get_running_loop()
    start, samples = loop.time(), []
    while not load.done():
        await asyncio.wait({load}, timeout=every)
        rss = process.memory_info().rss / 1e6
        samples.append(Sample(loop.time() - start, rss, process.num_fds()))
    load.result()
    return samples


def draw(soaked: Soaked, path: Path) -> None:
    """Draw memory and descriptors over time."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second to load

    figure = Figure(figsize=(9, 5))
    upper, lower = figure.subplots(2, sharex=True)
    minutes = [one.at / 60 for one in soaked.samples]
    upper.plot(minutes, [one.rss_mb for one in soaked.samples])
    upper.set_ylabel("resident, MB")
    upper.set_title(f"{soaked.slope():+.2f} MB/h after the warm-up")
    lower.plot(minutes, [one.descriptors for one in soaked.samples])
    lower.set_ylabel("descriptors")
    lower.set_xlabel("minutes")
    figure.savefig(path)


def figures(soaked: Soaked, rate: float) -> dict[str, Any]:
    """What is published."""
    settled: Sequence[Sample] = soaked.settled
    third = len(settled) // 3 or 1
    return {
        "minutes": round(soaked.samples[-1].at / 60, 1),
        "visits_per_s": rate,
        "visits": soaked.counts.total(),
        "failed": soaked.failed,
        "rss_slope_mb_per_h": round(soaked.slope(), 3),
        "wanted_mb_per_h": WANTED_MB_PER_H,
        "rss_first_mb": round(settled[0].rss_mb, 2),
        "rss_last_mb": round(settled[-1].rss_mb, 2),
        "rss_peak_mb": round(max(one.rss_mb for one in soaked.samples), 2),
        "descriptors_first": statistics.median(one.descriptors for one in settled[:third]),
        "descriptors_last": statistics.median(one.descriptors for one in settled[-third:]),
        "counts": dict(soaked.counts),
        "samples": [[round(s.at, 1), round(s.rss_mb, 2), s.descriptors] for s in soaked.samples],
    }


def main() -> int:
    """Soak; exit 1 where memory grows faster than wanted, descriptors grow, or a visit failed."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=12.0, help="visits a second")
    options = parser.parse_args()
    minutes, every = (0.5, 1.0) if options.tiny else (options.minutes, 5.0)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        soaked = asyncio.run(soak(Path(folder), minutes * 60, options.rate, every))
    found = figures(soaked, options.rate)
    draw(soaked, options.out / "soak.png")
    table(
        [(name, str(value)) for name, value in found.items() if name not in ("samples", "counts")],
        ("soak", "measured"),
    )
    write(options.out, "soak", found)
    for name, count in sorted(soaked.counts.items()):
        print(f"{count:8} {name}")
    grew = found["descriptors_last"] - found["descriptors_first"]
    good = soaked.slope() <= WANTED_MB_PER_H and grew <= 2 and not soaked.failed
    return 0 if good or options.tiny else 1


if __name__ == "__main__":
    sys.exit(main())
