"""The proxy against stock mitmproxy, a naive injector, Squid, nginx and Go, in turns.

What is compared is processor time a request, of the proxy and its children, which other work on the
machine changes least: proxies run on one core, the site and the load generator (`rig/load.go`) on
another. Each row (`rig/crossing.py`) asks its proxies in turns, five times and more, and every
answer is checked to its last byte. `--only NAME...` runs some rows and leaves the others as they
were found in the folder; a peer that is not installed is left out and named.
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import brotli
from rig import stalled
from rig.crossing import ROWS, Goal, Row
from rig.origin import Site, site
from rig.proxies import TAG, Proxy, Stand
from rig.report import arguments, median, table, write

from reauth.claim import Audience, keys_from_text, make_token

_RIG = Path(__file__).parent / "rig"
_PACKAGES = ("mitmproxy", "isal", "brotli", "h2", "cryptography")
_STALL_WANTED = 20.0
_ADDED_WANTED = 260
_BATCHES = 20_000
_TOKEN_LIFE = 3600.0
FIGURES = (
    "cpu_ms", "requests_per_s", "p50_ms", "p99_ms", "ttfb_p50_ms", "ttfb_p99_ms", "mb_per_s",
    "peak_mb",
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """What all rows need."""

    folder: Path
    stand: Stand
    site: Site
    load: Path
    core: int
    rounds: int
    share: float
    """Of a row's seconds."""

    def rows(self, rows: list[Row]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Measure row after row."""
        for row in rows:
            yield row.name, self.measure(row)

    def measure(self, row: Row) -> dict[str, Any]:
        """A row's rounds, with all its proxies running at once."""
        missing = {kind: lack for kind in row.variants if (lack := self.stand.missing(kind))}
        for kind, lack in missing.items():
            print(f"{row.name}: no {kind}, as {lack} is not installed", file=sys.stderr)
        kinds = [kind for kind in row.variants if kind not in missing]
        rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
        with ExitStack() as stack:
            proxies = {
                kind: None if kind == "direct" else stack.enter_context(self.stand.start(kind))
                for kind in kinds
            }
            for kind in kinds:
                self._play(row, kind, proxies[kind], 0.25)
            for turn in range(self.rounds):
                for kind in kinds if turn % 2 == 0 else reversed(kinds):
                    rounds[kind].append(self._play(row, kind, proxies[kind], 1.0))
        return {"text": row.text, "rounds": rounds, "goals": list(_judged(row, rounds))}

    def _play(self, row: Row, kind: str, proxy: Proxy | None, share: float) -> dict[str, float]:
        """One round of one proxy."""
        job = self._job(row, kind, proxy)
        job["Seconds"] = row.seconds * self.share * share
        used = 0.0
        if proxy is not None:
            proxy.forget_peak()
            used = proxy.used()
        done = subprocess.run(
            ["taskset", "--cpu-list", str(self.core), str(self.load)],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        if found["failed"] or not found["requests"]:
            raise RuntimeError(f"{row.name}, {kind}: {found['failed'] or 'no answer'}")
        self._check_kept(row)
        return {
            **{name: found[name] for name in FIGURES if name in found},
            "cpu_ms": 1e3 * (proxy.used() - used) / found["requests"] if proxy else 0.0,
            "requests_per_s": found["requests"] / found["seconds"],
            "mb_per_s": found["bytes"] / found["seconds"] / 1e6,
            "peak_mb": proxy.peak_mb() if proxy else 0.0,
            "requests": found["requests"],
            "inserted": found["inserted"],
        }

    def _job(self, row: Row, kind: str, proxy: Proxy | None) -> dict[str, Any]:
        base = getattr(self.site, row.site)
        path = row.path
        job: dict[str, Any] = {}
        if proxy is not None and proxy.forward:
            job = {"Proxy": proxy.url, "CA": proxy.ca}
        elif proxy is not None:
            base = proxy.url
        if row.posts:
            assert proxy is not None
            path, job["Posts"] = self._posts(proxy, path, base)
        inserted = kind in row.inserted
        raw = bool(row.served) and not inserted
        body = (row.served if raw else row.file) or ""
        return {
            **job,
            "URL": base + path,
            "H2": row.h2,
            "Fresh": row.fresh,
            "Headers": row.headers,
            "Connections": row.connections,
            "Status": row.status,
            "Body": self.site.file(body) if body else "",
            "Raw": raw,
            "Inserted": inserted,
            "Keep": str(self._kept()),
        }

    def _kept(self) -> Path:
        kept = self.folder / "kept"
        kept.mkdir(exist_ok=True)
        return kept

    def _check_kept(self, row: Row) -> None:
        """Pages that a proxy encoded in Brotli, which Go does not read."""
        text = Path(self.site.file(row.file)).read_bytes() if row.file else b""
        for path in self._kept().iterdir():
            page = brotli.decompress(path.read_bytes())
            path.unlink()
            if page.replace(TAG.encode(), b"", 1) != text or len(page) == len(text):
                raise RuntimeError(f"{row.name}: more than the tag is changed")

    def _posts(self, proxy: Proxy, path: str, base: str) -> tuple[str, str]:
        """Path for batches, and the file of those that this proxy's ingest takes."""
        keys = proxy.folder / "state" / "keys.json"
        if not keys.exists():  # nobody reads what a rewritten request holds
            keys = proxy.folder / "bare" / "state" / "keys.json"
        made = proxy.folder / "posts"
        held = keys_from_text(keys.read_text())
        made.write_bytes(b"".join(_batches(held, base)))
        return path.format(installation=held.installation), str(made)

    def stalled(self) -> dict[str, Any]:
        """What is kept of a stream that nobody takes."""
        url = f"{self.site.second}/huge.bin"
        found = {}
        for kind in ("ours", "streamed"):
            with self.stand.start(kind) as proxy:
                found[kind] = stalled.growth(proxy, url, stalled.SECONDS * self.share)
        met = found["ours"] <= _STALL_WANTED
        goal = {"text": "MB that ours grows", "value": found["ours"], "wanted": _STALL_WANTED}
        return {
            "text": "600 MB over HTTP/2 that nobody takes",
            "growth_mb": found,
            "goals": [{**goal, "at_most": True, "met": met}],
        }


def _batches(keys: Any, origin: str) -> Iterator[bytes]:
    """Bodies behind their length, as `load.go` reads them."""
    from rig.traffic import Traffic  # noqa: PLC0415 - it draws people, which takes a second

    traffic = Traffic(keys, 16)
    audience = Audience(None, "unknown|127.0.0.1", origin)
    expires = traffic.began + _TOKEN_LIFE
    token = make_token(keys, audience, b"page id.", expires).encode()
    for _, body in traffic.items(_BATCHES):
        whole = bytes((1, len(token))) + token + body[2 + body[1] :]
        yield len(whole).to_bytes(4, "big") + whole


def _judged(row: Row, rounds: dict[str, list[dict[str, float]]]) -> Iterator[dict[str, Any]]:
    """A row's goals, and what became of them; those of a missing peer are left out."""
    for goal in row.goals:
        if goal.one not in rounds or goal.other not in (*rounds, ""):
            continue
        value = _median(goal, rounds)
        yield {
            "text": goal.text,
            "value": value,
            "wanted": goal.wanted,
            "at_most": goal.at_most,
            "met": goal.met(value),
        }


def _median(goal: Goal, rounds: dict[str, list[dict[str, float]]]) -> float:
    ones = [each[goal.figure] for each in rounds[goal.one]]
    others = [each[goal.figure] for each in rounds[goal.other]] if goal.other else [0.0] * len(ones)
    return median(goal.value(one, other) for one, other in zip(ones, others, strict=True))


def summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Medians of a proxy's rounds; the least processor time, the most requests and memory too."""
    found = {name: median(each[name] for each in rounds) for name in FIGURES}
    found["cpu_ms_least"] = min(each["cpu_ms"] for each in rounds)
    found["requests_per_s_best"] = max(each["requests_per_s"] for each in rounds)
    found["peak_mb"] = max(each["peak_mb"] for each in rounds)
    return {name: float(f"{value:.4g}") for name, value in found.items()}


def show(name: str, found: dict[str, Any]) -> None:
    """Print a row."""
    print(f"\n{name}: {found['text']}")
    if "medians" in found:
        lines = [
            (kind, *(f"{figures[each]:.4g}" for each in FIGURES))
            for kind, figures in found["medians"].items()
        ]
        table(lines, ("", *(each.replace("_", " ") for each in FIGURES)))
    if "growth_mb" in found:
        table([(k, f"{mb:.1f}") for k, mb in found["growth_mb"].items()], ("", "MB more"))
    for goal in found["goals"]:
        sign = "<=" if goal["at_most"] else ">="
        met = "met" if goal["met"] else "MISSED"
        print(f"  {goal['text']}: {goal['value']:.3g} {sign} {goal['wanted']:g}  {met}")


def _built(folder: Path, name: str) -> Path:
    """A Go program of ours."""
    made = folder / name
    cache = os.environ.get("GOCACHE", str(Path.home() / ".cache" / "go-build"))
    subprocess.run(
        ["go", "build", "-o", str(made), str(_RIG / f"{name}.go")],
        check=True,
        env={**os.environ, "GO111MODULE": "off", "GOCACHE": cache},
    )
    return made


def _versions() -> dict[str, str]:
    """Of all that takes part."""
    said = {name: version(name) for name in _PACKAGES}
    asked = {"go": ("go", "version"), "nginx": ("nginx", "-v"), "squid": ("squid", "-v")}
    for name, command in asked.items():
        if shutil.which(name):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
            said[name] = found[0] if found else "?"
    return said


def _added(rows: dict[str, Any]) -> dict[str, Any]:
    """Bytes that ours puts into a page."""
    row = rows["injected"]
    value = max(each["inserted"] for each in row["rounds"]["ours"])
    met = value <= _ADDED_WANTED
    goal = {"text": "bytes added to a page", "value": value, "wanted": _ADDED_WANTED}
    return {**goal, "at_most": True, "met": met}


def _with_others(path: Path, rows: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Rows beside those of an earlier run, in their order."""
    known = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else {}
    known |= rows
    return {name: known[name] for name in names if name in known}


def main() -> int:
    """Measure; exit 1 where a goal is missed, 2 where nothing can be measured at all."""
    names = [row.name for row in ROWS] + ["stalled"]
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ROW")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of each row's seconds")
    options = parser.parse_args()
    lacking = [name for name in ("go", "nginx", "taskset") if shutil.which(name) is None]
    if lacking:
        print(f"not installed, and nothing can be measured without: {lacking}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with us
    cores = sorted(os.sched_getaffinity(0))
    rounds, share = (1, 0.1) if options.tiny else (options.rounds, options.share)
    rows: dict[str, Any] = {}
    loads = [os.getloadavg()[0]]
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out) as name, ExitStack() as stack:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        origin = stack.enter_context(site(folder / "site", cores[-1]))
        stand = Stand(folder, origin, cores[0], cores[-1], _built(folder, "peer"))
        bench = Bench(
            folder, stand, origin, _built(folder, "load"), cores[-1], rounds, share
        )
        for key, found in bench.rows([row for row in ROWS if row.name in options.only]):
            found["medians"] = {kind: summary(each) for kind, each in found["rounds"].items()}
            rows[key] = found
            if key == "injected":
                found["goals"].append(_added(rows))
            loads.append(os.getloadavg()[0])
            show(key, found)
        if "stalled" in options.only:
            rows["stalled"] = bench.stalled()
            show("stalled", rows["stalled"])
    for found in rows.values():
        found.pop("rounds", None)
    figures = {
        "rows": _with_others(options.out / "proxy.json", rows, names),
        "rounds": rounds,
        "versions": _versions(),
        "load_average": round(statistics.median(loads), 2),
    }
    write(options.out, "proxy", figures)
    missed = [goal for row in rows.values() for goal in row["goals"] if not goal["met"]]
    return int(bool(missed) and not options.tiny)


if __name__ == "__main__":
    sys.exit(main())
