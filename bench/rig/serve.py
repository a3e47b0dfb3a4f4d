"""The servers that are compared, each a process of its own.

`bare FOLDER` answers 204 to any POST after reading its body: what aiohttp costs alone. `house
FOLDER USERS` is `reauth.app.house`, all of it, on a store with a template for each of so many
users. `ingest FOLDER` is the same house, whose sessions have no lane: all that makes a batch
durable, and nothing that looks at its movement; `open FOLDER` the same without limits on what one
sender may send. Each prints a line of JSON once it accepts.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from aiohttp import web

from reauth import app
from reauth.enrol import Options, learn
from reauth.installation import ensure_keys, ensure_state
from reauth.listen import listening
from reauth.settings import Settings, parse
from reauth.template import Template
from reauth.trajectory import PauseSegmenter, Trajectory
from rig.traffic import moving, name

_TOML = """
[state]
path = "state"
[ingest]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[sinks]
urls = ["jsonl:FOLDER/alerts.jsonl"]
[enrolment]
automatic = false
[identity_lane]
rest_s = 3600
"""
"""As shipped, but for: nobody is trained while we measure, and pauses between rounds are none."""
_LIMITS = ("batches_per_second", "burst", "bytes_per_second")


def settings_in(folder: Path) -> Settings:
    """The settings of a house in a folder."""
    folder = folder.resolve()
    return parse(_TOML.replace("FOLDER", str(folder)), name="bench", folder=str(folder))


async def _bare(settings: Settings) -> None:
    async def post(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    bare = web.Application(client_max_size=16 * 1024 * 1024)
    bare.router.add_post("/v1/batches", post)
    async with listening("bare", bare, settings.ingest.listen, None) as (where, _):
        await _stay(where, settings)


async def _house(settings: Settings, users: int) -> None:
    vectors = await _enrol(settings, users) if users else 0
    async with app.house(settings) as house:
        await _stay(house.listens["ingest"], settings, vectors, house.listens["console"])


async def _stay(where: str, settings: Settings, vectors: int = 0, console: str = "") -> None:
    ready = {"port": _port(where), "keys": settings.keys_path, "vectors": vectors}
    if console:
        ready["console"] = _port(console)
    print(json.dumps(ready), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _port(where: str) -> int:
    return int(where.rpartition(":")[2])


def _trajectories(seed: int, sample: int, batches: int) -> list[Trajectory]:
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    events = moving(seed, sample, batches)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def trained() -> Template:
    """A template of person 0 against ten others, of nobody."""
    own = [_trajectories(0, sample, 300) for sample in (1, 2)]
    others = {f"other{n}": [_trajectories(n, 1, 300)] for n in range(1, 11)}
    return learn("nobody", own, others, Options(), np.random.default_rng(0), 0.0)


async def _enrol(settings: Settings, users: int) -> int:
    """One template, trained once, stored under every name; how many support vectors it has."""
    template = trained()
    async with app.opened_store(settings) as store:
        for user in range(users):
            await store.save_template(replace(template, user=name(user)))
    return len(template.arrays["support"])


def main() -> None:
    """Serve until standard input ends."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    settings = settings_in(folder)
    ensure_state(settings)
    ensure_keys(settings)
    if kind in ("ingest", "open"):
        app.recipes = lambda *_: []
    if kind == "open":
        ingest = replace(settings.ingest, **dict.fromkeys(_LIMITS, 1e9))
        settings = replace(settings, ingest=ingest)
    users = int(sys.argv[3]) if kind == "house" else 0
    asyncio.run(_bare(settings) if kind == "bare" else _house(settings, users))


if __name__ == "__main__":
    main()
