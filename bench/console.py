"""Every page of the console as an analyst asks for it, with a year of a large house in the store.

100,000 alerts, 10,000 users and 5 million scores lie in the store (`--scale 0.01` for a hundredth);
it is filled once and kept beside the results. The house takes batches at half of the rate that it
takes at most, and somebody opens one page after the other, a few each second as a dozen analysts
would: the p95 of each page, and the p99 of the ingest with and without them. Movement is real where
pages look at it, of the newest alerts; the other scores have bodies of the usual size that nobody
opens.
"""

import asyncio
import http.client
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from urllib.parse import urlencode

from rig.report import arguments, percentile, table, write
from rig.rounds import Stand
from rig.serve import settings_in, trained
from rig.traffic import moving

from reauth import app
from reauth.access import Role
from reauth.alert import Alert, Evidence, Severity, State
from reauth.doors import access_of, doors_of
from reauth.installation import ensure_keys, ensure_state
from reauth.ports import Commit, SessionRow, TrajectoryRow
from reauth.store import alerts
from reauth.trajectory import PauseSegmenter

ALERTS, USERS, SCORES = 100_000, 10_000, 5_000_000
A_SESSION = 250
"""Scores of a session."""
LOOKED_AT = 20
"""Alerts with real movement, the newest: those that are opened."""
WANTED = {"page": 0.2, "ingest": 1.5}
"""s in p95, and how many times the ingest's p99 may grow."""
PAUSE = 0.25
"""s between pages: people read them."""
DAY = 86_400.0
SITE = "0123456789abcdef"
NAME, PASSWORD = "bench", "a mouse that knows its hand"
PAGES = (
    "/",
    "/alerts",
    "/alerts?state=waiting",
    "/alerts?state=open&severity=high",
    "/alerts?user=u42",
    "/alerts?client=10.0.0.42&days=365",
    "/alerts?kind=bot&days=365",
    "/alerts?assignee=ann&days=365",
    "/alerts?suppressed=yes&days=365",
    "/alerts?view=groups",
    "/alerts/{alert}",
    "/alerts/{alert}/words",
    "/alerts/{alert}/movement",
    "/help/alerts?alert={alert}",
    "/suppressions",
    "/users",
    "/users?search=99",
    "/users?state=active&order=template",
    "/users/u42",
    "/coverage",
    "/system",
    "/keys",
)


def main() -> int:
    """Fill, measure; exit 1 where a page or the ingest is slower than wanted."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the whole store; 1")
    parser.add_argument("--rounds", type=int, default=40, help="how often each page; 40")
    options = parser.parse_args()
    scale, rounds = (0.002, 3) if options.tiny else (options.scale, options.rounds)
    folder = options.out / f"console-{scale:g}"
    asyncio.run(fill(folder / "house", scale))
    with Stand(folder, 2000) as stand:
        server = stand.house(0)
        figures = measure(stand, server, rounds, 1.0 if options.tiny else 20.0)
    show(figures)
    write(options.out, "console", {**figures, "scale": scale, "wanted": WANTED})
    return 0 if options.tiny or not figures["missed"] else 1


async def fill(folder: Path, scale: float) -> None:
    """Fill a store, unless that was done."""
    done = folder / "filled"
    if done.exists():
        return
    settings = settings_in(folder)
    ensure_state(settings)
    ensure_keys(settings)
    began = time.monotonic()
    async with app.opened_store(settings) as store:
        accounts, _ = access_of(doors_of(store), settings, time.time)
        await accounts.make(NAME, [Role.ANALYST], PASSWORD)
        users = max(100, int(USERS * scale))
        sessions = max(100, int(SCORES * scale) // A_SESSION)
        template = trained()
        for n in range(users):
            made = time.time() - n % 300 * DAY
            await store.save_template(replace(template, user=f"u{n}", enrolled_at=made))
        for first in range(0, sessions, 200):
            count = min(200, sessions - first)
            await store.desk.write(_sessions, users, first, count)
        told = [alert_of(n, users, sessions) for n in range(max(200, int(ALERTS * scale)))]
        for first in range(0, len(told), 5000):
            await store.desk.write(_alerts, told[first : first + 5000])
        for n, alert in enumerate(told[:LOOKED_AT]):
            await store.save_template(replace(template, user=f"looked{n}"))
            await store.commit(looked_at(replace(alert, user=f"looked{n}")))
    done.write_text(f"{time.monotonic() - began:.0f} s\n", "ascii")


def _sessions(connection: Connection, users: int, first: int, count: int) -> None:
    """Sessions with their scores; the state and the movement are bytes of the usual size."""
    now = time.time()
    for n in range(first, first + count):
        at = now - (n % 30) * DAY - 3600
        connection.execute(
            "INSERT INTO session (id, person, client, started, last_t, seen, site, source,"
            " confidence, trajectories, first_received, last_received, sealed, cut)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'proxy_auth', 0.9, ?, ?, ?, ?, 'pause')",
            (
                f"s{n}",
                f"u{n % users}",
                client_of(n),
                at,
                at,
                at,
                SITE,
                A_SESSION,
                at,
                at,
                bytes(3000),
            ),
        )
        connection.execute(
            "INSERT INTO gathered (session, device, amount, unknown)"
            " VALUES (?, 'frame/mouse/medium', ?, 0)",
            (f"s{n}", A_SESSION),
        )
        connection.executemany(
            "INSERT INTO trajectory (session, lane, number, site, received, score, reason,"
            " template_version, sealed, device)"
            " VALUES (?, 'identity', ?, ?, ?, ?, NULL, 1, ?, 'frame/mouse/medium')",
            ((f"s{n}", k, SITE, at + k, 1.5 - k % 7 * 0.4, bytes(300)) for k in range(A_SESSION)),
        )


def client_of(n: int) -> str:
    """An address."""
    return f"10.0.{n >> 8 & 255}.{n & 255}"


def alert_of(n: int, users: int, sessions: int) -> Alert:
    """The nth newest: a year of them, of which the newest few hundred wait."""
    at = time.time() - n * 365 * DAY / ALERTS - 60
    waiting = n < 500
    evidence = tuple(
        Evidence(f"{n:016x}{k:016x}", 230 + k, at - 20 + k, -1.5 - k % 5, True) for k in range(20)
    )
    return Alert(
        id=f"{n:032x}",
        user=f"u{n % users}",
        client=client_of(n),
        session=f"s{n % sessions}" if n < LOOKED_AT or not waiting else None,
        lane="identity",
        kind=("impostor", "impostor", "impostor", "bot")[n % 4],
        site=SITE,
        template_version=1,
        first_anomaly_at=at - 20,
        raised_at=at,
        score=-2.0,
        threshold=-0.5,
        window=20,
        low=20,
        limit=18,
        evidence=evidence,
        state=State.OPEN if waiting else (State.DISMISSED, State.CONFIRMED)[n % 10 == 0],
        verdict=None if waiting else "false_positive",
        suppressed=n % 50 == 7,
        held="budget" if n % 50 == 7 else None,
        severity=[*Severity][n % 5],
        assignee="ann" if n % 9 == 0 else None,
        test=n % 1000 == 3,
    )


def _alerts(connection: Connection, made: Sequence[Alert]) -> None:
    for one in made:
        alerts.insert(connection, one, {})


def looked_at(alert: Alert) -> Commit:
    """Real movement for an alert that is opened, and of its user in another session."""
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    events = moving(1, int(alert.id, 16), 240)
    found = [one for _, one in segmenter.feed_many(events)] + segmenter.close()
    rows, sessions = [], []
    for which, name in enumerate((f"own-{alert.id}", f"seen-{alert.id}")):
        at = alert.raised_at - (DAY if which == 0 else 300)
        row = SessionRow(
            name, alert.user, alert.client, at, at, at, alert.site, "proxy_auth", 0.9, b""
        )
        sessions.append(row)
        half = found[which::2]
        rows += [
            TrajectoryRow(
                name, alert.user, "identity", k, alert.site, at + k,
                replace(one, device="frame/mouse/medium"), -2.0 if which else 1.0, None, 1,
            )
            for k, one in enumerate(half, 1)
        ]  # fmt: skip
    numbers = range(max(1, len(found) // 2 - 20), len(found) // 2)
    evidence = tuple(Evidence("0" * 32, k, alert.raised_at, -2.0, True) for k in numbers)
    name = f"seen-{alert.id}"
    told = replace(alert, id=f"f{alert.id[1:]}", session=name, evidence=evidence)
    return Commit(sessions=sessions, trajectories=rows, alerts=[told])


class Analyst:
    """One connection of a browser that has logged in."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        origin = {"Origin": f"http://127.0.0.1:{port}"}
        form = urlencode({"name": NAME, "password": PASSWORD})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/login", form, {**origin, **kind})
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = {"Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0]}

    def look(self, path: str) -> float:
        """s until the whole page is here."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._cookie)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return time.perf_counter() - began


def measure(stand: Stand, server: dict[str, Any], rounds: int, seconds: float) -> dict[str, Any]:
    """The ingest alone, at most and at half of that; then with somebody who looks."""
    most = stand.load.play(server, int(1000 * seconds))["batches_per_s"]
    half = most / 2
    alone = stand.load.play(server, int(half * seconds), rate=half)
    beside: list[dict[str, float]] = []
    done = threading.Event()

    def send() -> None:
        while not done.is_set():
            beside.append(stand.load.play(server, int(half * seconds), rate=half))

    thread = threading.Thread(target=send)
    thread.start()
    analyst = Analyst(server["console"])
    paths = [path.format(alert=f"f{5:031x}") for path in PAGES]
    taken: dict[str, list[float]] = {path: [] for path in PAGES}
    try:
        for round_ in range(rounds + 1):
            for name, path in zip(PAGES, paths, strict=True):
                time.sleep(PAUSE)
                took = analyst.look(path)
                if round_:
                    taken[name].append(took)
    finally:
        done.set()
        thread.join()
    p99 = percentile([one["p99_ms"] for one in beside], 0.5)
    pages = {name: percentile(each, 0.95) for name, each in taken.items()}
    slow = [name for name, seconds in pages.items() if seconds > WANTED["page"]]
    grown = p99 / alone["p99_ms"]
    return {
        "pages_p95_s": pages,
        "pages_p50_s": {name: percentile(each, 0.5) for name, each in taken.items()},
        "ingest_batches_per_s": most,
        "ingest_p99_ms": {"alone": alone["p99_ms"], "beside": p99, "grown": grown},
        "missed": slow + (["ingest"] if grown > WANTED["ingest"] else []),
    }


def show(figures: dict[str, Any]) -> None:
    """A table for people."""
    p50, p95 = figures["pages_p50_s"], figures["pages_p95_s"]
    rows = [(name, f"{1000 * p50[name]:.0f}", f"{1000 * p95[name]:.0f}") for name in p95]
    table(rows, ("page", "p50 ms", "p95 ms"))
    ingest = figures["ingest_p99_ms"]
    print(f"\ningest: {figures['ingest_batches_per_s']:.0f} batches/s at most; at half of it p99"
          f" {ingest['alone']:.1f} ms alone, {ingest['beside']:.1f} ms beside"
          f" ({ingest['grown']:.2f} times)")  # fmt: skip
    print("missed: " + (", ".join(figures["missed"]) or "nothing"))


if __name__ == "__main__":
    sys.exit(main())
