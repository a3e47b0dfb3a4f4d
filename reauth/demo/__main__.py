"""`python -m reauth.demo`: the show, or with --seeds how it would end for many seeds."""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from reauth.demo.cast import ARCHIVE, Recordings, draw
from reauth.demo.rehearsal import Ending, rehearse
from reauth.demo.show import Report, demo_settings, show
from reauth.errors import ReauthError

SEED = 13
"""Chosen because it ends as it should with room on both sides; --seeds tells of the others."""
SEATS = (80.0, 95.0)
"""s at the browser of the owner and of the intruder: what four minutes have room for."""


def parser() -> argparse.ArgumentParser:
    """The demo's arguments."""
    found = argparse.ArgumentParser(
        prog="reauth.demo",
        description="A real browser behind the proxy, a takeover, an alert. Exit code 0 only if "
        "the owner raised no alert and the takeover did.",
        epilog="People come from ../shared/data (or $REAUTH_DATA) where it is, else they are "
        "generated. --seeds 1-50 plays without a browser and prints one JSON line a seed.",
    )
    found.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for the picture")
    found.add_argument("--seed", type=int, default=SEED, help=f"draws the people (default: {SEED})")
    found.add_argument("--same", action="store_true", help="the owner in both seats: must fail")
    found.add_argument("--seeds", metavar="A-B", help="rehearse these seeds without a browser")
    return found


def recordings() -> Recordings | None:
    """The recordings of real people, where they are."""
    folder = Path(os.environ.get("REAUTH_DATA", "../shared/data"))
    path = folder / ARCHIVE
    return Recordings(path) if path.exists() else None


def _say(line: str) -> None:
    print(line, flush=True)


def _rehearsed(seeds: str, same: bool) -> int:
    """Print how each seed ends, then how many ended as they should."""
    first, _, last = seeds.partition("-")
    known, endings = recordings(), []
    with tempfile.TemporaryDirectory() as folder:
        settings = demo_settings(Path(folder))
    for seed in tqdm(range(int(first), int(last or first) + 1), "seeds", disable=None):
        ending = rehearse(draw(seed, known, same, SEATS), settings)
        endings.append(ending)
        _say(json.dumps({"seed": seed, **_told(ending)}))
    _say(
        json.dumps(
            {
                "seeds": len(endings),
                "succeeded": sum(ending.succeeded for ending in endings),
                "false_alarms": sum(ending.false_alarm for ending in endings),
                "missed": sum(not ending.caught for ending in endings),
            }
        )
    )
    return 0


def _told(ending: Ending) -> dict[str, object]:
    before = sum(t < ending.takeover for t, _ in ending.scored)
    return {
        "succeeded": ending.succeeded,
        "false_alarm": ending.false_alarm,
        "caught": ending.caught,
        "trajectories": [before, len(ending.scored) - before],
        "seconds_to_alert": next(
            (round(at - ending.takeover, 1) for at in ending.alerts if at >= ending.takeover), None
        ),
    }


def _shown(report: Report) -> int:
    """Tell the ending in words; the exit code."""
    ending = report.ending
    _say(f"timing: {json.dumps(report.timing)}")
    _say(f"expected from enrolment: {json.dumps(report.quality)}")
    _say(f"outcome: {json.dumps(_told(ending))}")
    _say(f"picture: {report.picture.resolve()}")
    if ending.false_alarm:
        _say("FAILED: the owner was taken for somebody else")
    elif not ending.caught:
        _say("FAILED: nobody noticed the takeover")
    else:
        _say("the owner raised no alert, the takeover did")
    return 0 if ending.succeeded else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 done, 1 failed, 2 asked wrongly."""
    args = parser().parse_args(argv)
    try:
        if args.seeds:
            return _rehearsed(args.seeds, args.same)
        folder: Path = args.out
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        cast = draw(args.seed, recordings(), args.same, SEATS)
        return _shown(asyncio.run(show(cast, folder.resolve(), _say)))
    except ReauthError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
