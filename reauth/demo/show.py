"""The show: enrol, open a browser behind the proxy, sit, sit, wait for the alert, draw."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reauth.app import load_settings, now, opened_store
from reauth.demo.cast import Cast
from reauth.demo.movement import REST, Movement
from reauth.demo.picture import Story, draw
from reauth.demo.rehearsal import ACCOUNT, Ending
from reauth.demo.site import PAGES, Site, running_site
from reauth.enrol import Enroller
from reauth.errors import ReauthError
from reauth.lab.bot import Hand, browser_page
from reauth.settings import Settings
from reauth.template import Template

VIEWPORT = (1280, 800)
"""CSS px at the least; larger where a single movement needs more room."""
PAGE_EVERY = 20.0
"""s after which a seat opens the next page, between two movements."""
PATIENCE = 6.0
"""s to wait for the last movement to be sent, stored and judged."""


class ShowError(ReauthError):
    """Something that the show needs did not come up; the message says what and where to look."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was shown: the ending as the store has it, the alerts, and how true the speed was."""

    ending: Ending
    alerts: Sequence[dict[str, Any]]
    timing: dict[str, float]
    picture: Path
    quality: dict[str, Any] | None


def demo_settings(folder: Path, **told: str) -> Settings:
    """The demo's fixed settings, with the paths and ports of the moment from `told`."""
    return load_settings(_config(folder), environment=_environment(folder, **told))


def _config(folder: Path) -> Path:
    path = folder / "demo.toml"
    if not path.exists():
        path.write_text(files("reauth.demo").joinpath("demo.toml").read_text())
    return path


def _environment(folder: Path, **told: str) -> dict[str, str]:
    here = {
        "REAUTH_STATE__PATH": str(folder / "state"),
        "REAUTH_PROXY__LISTEN": "127.0.0.1:0",
        "REAUTH_PROXY__PROCESSES": "1",
        "REAUTH_PROXY__ALLOW_PRIVATE": '["127.0.0.0/8"]',
        "REAUTH_INGEST__LISTEN": "127.0.0.1:0",
        "REAUTH_CONSOLE__LISTEN": "127.0.0.1:0",
        "REAUTH_METRICS__LISTEN": "127.0.0.1:0",
        "REAUTH_SINKS__URLS": json.dumps([f"jsonl:{folder / 'alerts.jsonl'}"]),
    }
    return here | told


async def enrol(cast: Cast, settings: Settings) -> Template:
    """Fill the store as `reauth import` does, and train the owner."""
    people = {ACCOUNT: cast.enrolment, **cast.background}
    async with opened_store(settings) as store:
        for user, trajectories in tqdm(people.items(), "import", disable=None, leave=False):
            digest = hashlib.sha256(user.encode()).hexdigest()
            await store.import_recording(user, digest, [trajectories], now())
        [template, *_] = await Enroller(store, settings, now).train(ACCOUNT)
        return template


@asynccontextmanager
async def running_house(
    folder: Path, environment: dict[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """`reauth run` as a process of its own; its ready line.

    Raises
    ------
    ShowError
        If it does not get ready.
    """
    log = folder / "reauth.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reauth", "run", "--config", str(_config(folder)),
            stdout=asyncio.subprocess.PIPE, stderr=errors, env={**os.environ, **environment},
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            if not line:
                raise ShowError(f"reauth run did not start; see {log}")
            yield json.loads(line)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def viewport_of(cast: Cast) -> tuple[int, int]:
    """Room for the largest movement of both seats."""
    boxes = [movement.box for movement in (*cast.owner, *cast.intruder)]
    width = max((box[2] for box in boxes), default=0) + 40
    height = max((box[3] for box in boxes), default=0) + 40
    return max(VIEWPORT[0], round(width)), max(VIEWPORT[1], round(height))


def placed(movement: Movement, viewport: tuple[int, int]) -> Movement:
    """The movement, moved as a whole to where the page is; what is inside it stays as it is."""
    left, top, width, height = movement.box
    x = min(max(left, 10.0), viewport[0] - width - 10.0) - left
    y = min(max(top, 10.0), viewport[1] - height - 10.0) - top
    return Movement(
        tuple(event._replace(x=event.x + x, y=event.y + y) for event in movement.events)
    )


async def sit(
    page: Any,
    hand: Hand,
    seat: Sequence[Movement],
    url: str,
    until: Callable[[], bool],
) -> None:
    """Play a seat, opening the next page now and then; stop early once `until` holds."""
    loop = asyncio.get_running_loop()
    viewport = (page.viewport_size["width"], page.viewport_size["height"])
    opened, number = float("-inf"), 0
    for movement in tqdm(seat, "movements", disable=None, leave=False):
        if until():
            break
        if loop.time() - opened > PAGE_EVERY:
            await hand.settle()
            await page.goto(f"{url}/{PAGES[number % len(PAGES)]}")
            opened, number = loop.time(), number + 1
        await hand.play(placed(movement, viewport).events, loop.time())
        await asyncio.sleep(REST)
    await hand.settle()


def alerts_in(folder: Path) -> list[dict[str, Any]]:
    """The alerts that the sink has written so far."""
    path = folder / "alerts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def show(cast: Cast, folder: Path, say: Callable[[str], None]) -> Report:
    """Everything, from enrolment to the picture.

    Parameters
    ----------
    folder
        Empty; what is written stays there.
    say
        Told what happens, a line each.
    """
    async with running_site(folder) as site:
        settings = demo_settings(folder)
        say(f"people: {cast.source}")
        say(f"enrolling {cast.owner_name} as '{ACCOUNT}' against {len(cast.background)} others")
        template = await enrol(cast, settings)
        environment = _environment(folder, REAUTH_PROXY__UPSTREAM_CA=str(site.certificate))
        async with running_house(folder, environment) as ready:
            begun, taken, timing = await _seats(cast, folder, site, ready, say)
        return await _report(settings, folder, template, (begun, taken), timing)


async def _seats(
    cast: Cast, folder: Path, site: Site, ready: dict[str, Any], say: Callable[[str], None]
) -> tuple[float, float, dict[str, float]]:
    """Both seats; when each began (s since 1970), and how true the speed was."""

    def alerted() -> bool:
        return bool(alerts_in(folder))

    async with browser_page(ready["proxy"], viewport_of(cast), Path(ready["ca"])) as (page, hand):
        begun = now()
        say(f"{cast.owner_name} sits down: {len(cast.owner)} movements")
        await sit(page, hand, cast.owner, site.url, alerted)
        taken = now()
        say(f"{cast.intruder_name} takes over the account: {len(cast.intruder)} movements at most")
        if not alerted():
            await sit(page, hand, cast.intruder, site.url, alerted)
        await page.goto(f"{site.url}/")
        for _ in range(int(PATIENCE * 10)):
            if alerted():
                break
            await asyncio.sleep(0.1)
    prefix = ready["obs"]
    if any(path.startswith(prefix) for path in site.asked):
        raise ShowError("the site saw a request under our own path")
    return begun, taken, hand.timing.summary()


async def _report(
    settings: Settings,
    folder: Path,
    template: Template,
    moments: tuple[float, float],
    timing: dict[str, float],
) -> Report:
    begun, taken = moments
    async with opened_store(settings) as store:
        [alert, *_] = [*await store.alerts(), None]
        session = await store.session(ACCOUNT, "127.0.0.1")
        rows = await store.trajectories_of(session.id, "identity", 10_000) if session else []
    scored = [
        (float(row.trajectory.t[-1]) - begun, row.score) for row in rows if row.score is not None
    ]
    window = settings.identity_lane.window
    quality = (template.quality or {}).get(window)
    limit = quality.limit if quality else window
    takeover = taken - begun
    raised = None if alert is None else float(alert.evidence[-1].at) - begun
    picture = folder / "takeover.svg"
    title = "one account, two people" if raised is None or raised > takeover else "false alarm"
    draw(Story(title, scored, takeover, raised, template.threshold, window, limit), picture)
    ending = Ending(tuple(scored), takeover, () if raised is None else (raised,))
    expected = None if quality is None else {"far": quality.far, "frr": quality.frr}
    return Report(ending, alerts_in(folder), timing, picture, expected)
