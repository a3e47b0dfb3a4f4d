"""`reauth lab replays`: how well recordings that are played again are known."""

import json
from argparse import ArgumentTypeError, Namespace
from functools import partial
from pathlib import Path

from reauth.cli.command import Commands, command
from reauth.lab.cutting import whole
from reauth.lab.replays import SIZES, Asked, markdown, replays
from reauth.lab.work import Watch

TEACH = """\
Movements of LIBRARY are played again, as they are and with 30 % of their points moved by 1 or
3 px, and looked up; movements of DATA are new, and must not be known. The library is filled up with
generated movements to time look-ups as it grows; a million take some minutes and half a GB.

Both hold <source>/<session>.csv (t_ms,ev,x,y), or are a .tar.gz of that. A recording that is in
both is the library's. --detector turned is what is live by default; it keeps each movement twice.
OUT/report.json holds every figure, OUT/report.md the same to read.

example:
  reauth lab replays --library first-week --data second-week --out out/replays
"""


def add(verbs: Commands, watch: Watch) -> None:
    """Add the command."""
    about = "replays that are found, and movement that is taken for one"
    wanted = command(verbs, "replays", partial(_replays, watch), about, TEACH)
    wanted.add_argument(
        "--library", type=Path, required=True, metavar="DIR", help="what was seen before"
    )
    wanted.add_argument("--data", type=Path, required=True, metavar="DIR", help="what is new")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="the report")
    wanted.add_argument(
        "--detector", default="library", metavar="NAME",
        help="library: movement as it was; turned: as it is live, also if it was turned and scaled",
    )  # fmt: skip
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")
    wanted.add_argument(
        "--sizes", type=_sizes, default=SIZES, metavar="N,N",
        help="movements in the library at which look-ups are timed (default: 10000 to a million)",
    )  # fmt: skip


def _sizes(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise ArgumentTypeError(f"'{text}' are no whole numbers from 1 on")
    return tuple(sorted({int(part) for part in parts}))


def _replays(watch: Watch, args: Namespace) -> int:
    from reauth.lab.plots import draw_growth  # noqa: PLC0415 - matplotlib takes a second

    asked = Asked(args.library, args.data, args.seed, args.sizes, args.detector)
    told = replays(asked, watch)
    args.out.mkdir(parents=True, exist_ok=True)
    draw_growth("Look-up of a movement", told, args.out / "lookup.svg")
    whole(args.out / "report.json", (json.dumps(told, indent=1, allow_nan=False) + "\n").encode())
    whole(args.out / "report.md", markdown(told).encode())
    print(markdown(told), end="")
    return 0
