"""The attack range: each attack in a real browser at an enrolled user's account, and people beside.

Everything is a process of its own and real: the house with its proxy, a site with TLS, Chromium.
An attack has two minutes of movement to be found; people must raise nothing.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import bcrypt
import numpy as np
from tqdm import tqdm

from reauth.app import load_settings, now, opened_store
from reauth.demo.movement import REST, Movement, seat
from reauth.demo.show import placed, running_house
from reauth.demo.site import PAGES, running_site
from reauth.enrol import Enroller
from reauth.event import Event, Kind
from reauth.generate import GENERATORS, RECORDED
from reauth.hands import Hands
from reauth.lab.bot import browser_page
from tests.attacks.cast import SCREEN, whole

WITHIN = 120.0
"""s of movement in which an attack must be found (issue 5)."""
WARM = 60.0
"""s that a person has moved before a recording of it is played."""
GRACE = 12.0
"""s for the last batch to be sent, stored and judged."""
CONFIG = """\
[proxy]
listen = "127.0.0.1:0"
processes = 1
allow_private = ["127.0.0.0/8"]
[identity]
htpasswd = "htpasswd"
[identity_lane]
verifier = "movement"
policy = "cusum"
[enrolment]
automatic = false
min_trajectories = 100
"""


@dataclass
class Result:
    """What became of an attack, or of a person.

    `after` is s of movement until the alert; `alerts` the kinds that were raised at the account.
    """

    attack: str
    account: str
    wanted: str
    moved: float
    after: float | None
    alerts: list[str]

    @property
    def right(self):
        """Whether the right kind came in time, or nothing where nothing should."""
        return self.after is not None if self.wanted else not self.alerts


class Range:
    """A house with everybody's movement, and `accounts` of them learnt.

    Parameters
    ----------
    folder
        Empty; settings, store and logs stay there.
    """

    def __init__(self, folder, people, accounts, seed):
        self.folder, self.people, self.seed = folder, people, seed
        self.accounts = people[:accounts]
        self.config = folder / "demo.toml"

    async def prepare(self):
        """Write the settings, import everybody, learn everybody and the hands of all."""
        words = {person.name: f"word-{person.name}" for person in self.people}
        lines = [
            f"{name}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()}"
            for name, word in words.items()
        ]
        (self.folder / "htpasswd").write_text("\n".join(lines) + "\n", "utf-8")
        self.config.write_text(CONFIG, "utf-8")
        settings = load_settings(self.config, environment=self.environment())
        async with opened_store(settings) as store:
            for person in tqdm(self.people, "import", disable=None):
                digest = person.name.encode().hex()
                await store.import_recording(person.name, digest, [person.enrols], now())
            enroller = Enroller(store, settings, now)
            for person in tqdm(self.accounts, "learn", disable=None):
                await enroller.train(person.name)
            await Hands(store, now, "identity").learn()

    def environment(self, **told):
        """Ports that are free, and where things are."""
        return {
            "REAUTH_STATE__PATH": str(self.folder / "state"),
            "REAUTH_INGEST__LISTEN": "127.0.0.1:0",
            "REAUTH_CONSOLE__LISTEN": "127.0.0.1:0",
            "REAUTH_METRICS__LISTEN": "127.0.0.1:0",
            "REAUTH_SINKS__URLS": json.dumps([f"jsonl:{self.folder / 'alerts.jsonl'}"]),
            **told,
        }

    def alerts(self, account):
        """Kinds of an account's alerts, in order, as the sink has them."""
        path = self.folder / "alerts.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        told = map(json.loads, lines)
        return [each["kind"] for each in told if each["user"] == account]

    @asynccontextmanager
    async def open(self):
        """The site and the house, running."""
        async with AsyncExitStack() as doors:
            self.site = await doors.enter_async_context(running_site(self.folder))
            told = self.environment(REAUTH_PROXY__UPSTREAM_CA=str(self.site.certificate))
            self.ready = await doors.enter_async_context(running_house(self.folder, told))
            yield self

    async def play(self, account, played, seconds, until):
        """Play movements at true speed in a browser of the account; s of movement, rests included.

        A page is opened anew now and then, as people do.
        """
        loop, moved = asyncio.get_running_loop(), 0.0
        proxy, ca = self.ready["proxy"], Path(self.ready["ca"])
        async with browser_page(proxy, SCREEN, ca, (account, f"word-{account}")) as (page, hand):
            opened, number = float("-inf"), 0
            for movement in played:
                if moved >= seconds or until():
                    break
                if moved - opened > 20:
                    await hand.settle()
                    await page.goto(f"{self.site.url}/{PAGES[number % len(PAGES)]}")
                    opened, number = moved, number + 1
                began = loop.time()
                await hand.play(placed(movement, SCREEN).events, began)
                await asyncio.sleep(REST)
                moved += loop.time() - began
            await hand.settle()
            for _ in range(round(GRACE)):
                if until():
                    break
                await asyncio.sleep(1.0)
        return moved

    async def attack(self, kind, person):
        """One attack at a person's account."""
        wanted = "replay" if kind in RECORDED else "bot"
        rng = np.random.default_rng([self.seed, len(kind), sum(kind.encode())])
        if wanted == "replay":
            await self.play(person.name, seat(person.later, WARM), WARM, lambda: False)
        before = len(self.alerts(person.name))

        def found():
            return wanted in self.alerts(person.name)[before:]

        moved = await self.play(person.name, self.drawn(kind, person, rng), WITHIN, found)
        kinds = sorted(set(self.alerts(person.name)[before:]))
        after = round(moved, 1) if found() else None
        return Result(kind, person.name, wanted, round(moved, 1), after, kinds)

    def drawn(self, kind, person, rng):
        """Movements of an attack, without end: of recordings in their order, else of targets."""
        if kind in RECORDED:
            known = seat(person.later, WARM)
            own = [found for each in known for found in whole(each.events)]
            for movement in cycle(own):
                if kind == "retargeted":
                    yield _events(GENERATORS[kind](own).draw(_place(rng), _place(rng), rng))
                    continue
                ends = [(float(movement.x[at]), float(movement.y[at])) for at in (0, -1)]
                yield _events(GENERATORS[kind]([movement]).draw(*ends, rng))
        others = [each for other in self.people if other is not person for each in other.enrols]
        picked = rng.choice(len(others), min(300, len(others)), replace=False)
        made = GENERATORS[kind]([others[at] for at in picked])
        at = _place(rng)
        while True:
            target = _place(rng)
            yield _events(made.draw(at, target, rng))
            at = target

    async def sit(self, person, seconds):
        """A person at the own account."""
        moved = await self.play(person.name, person.later, seconds, lambda: False)
        kinds = sorted(set(self.alerts(person.name)))
        return Result("person", person.name, "", round(moved, 1), None, kinds)


def _place(rng):
    return float(rng.uniform(40, SCREEN[0] - 40)), float(rng.uniform(40, SCREEN[1] - 40))


def _events(movement):
    """A generated movement with a click at its end."""
    start = float(movement.t[0])
    points = zip(movement.t, movement.x, movement.y, strict=True)
    moves = [Event(Kind.MOVE, 0, float(t) - start, float(x), float(y)) for t, x, y in points]
    end = moves[-1]
    press = end._replace(kind=Kind.DOWN, t=end.t + 0.08)
    return Movement((*moves, press, end._replace(kind=Kind.UP, t=end.t + 0.15)))


async def run(range_, kinds, minutes, at_once):
    """Play all attacks and people, so many browsers at once; the results."""
    attacked = range_.accounts[: len(kinds)]
    sitting = range_.accounts[len(kinds) :]
    gate, done = asyncio.Semaphore(at_once), []

    async def one(work):
        async with gate:
            result = await work
            mark = "right" if result.right else "WRONG"
            print(f"{mark}: {result.attack} at {result.account}: {result}", file=sys.stderr)
            done.append(result)

    async with range_.open():
        works = [range_.attack(kind, person) for kind, person in zip(kinds, attacked, strict=True)]
        share = 60 * minutes / max(1, len(sitting))
        works += [range_.sit(person, share) for person in sitting] if minutes else []
        await asyncio.gather(*map(one, works))
    return done


def report(results):
    """The results for a program."""
    people = [each for each in results if not each.wanted]
    return {
        "attacks": [asdict(each) | {"right": each.right} for each in results if each.wanted],
        "people": {
            "count": len(people),
            "minutes": round(sum(each.moved for each in people) / 60, 1),
            "alerts": [asdict(each) for each in people if each.alerts],
        },
        "within_s": WITHIN,
        "processors": os.cpu_count(),
    }
