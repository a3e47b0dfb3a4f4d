"""`reauth lab lognormal`: a movement as the sum of its strokes, and how well that works."""

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reauth.cli.command import Commands, command, print_table
from reauth.errors import SettingsError
from reauth.lab.cutting import whole
from reauth.lab.lognormal import GOOD_DB, WAYS, figures, movements_of, usual
from reauth.lab.work import Watch

MOST = 500

TEACH = """\
Each movement is decomposed into strokes whose speeds are lognormals. OUT/report.json tells how well
they make up the movements (SNR in dB: median and 5 and 95 %), how many strokes there are and how
many ms one takes, with the joint fit of all strokes of a movement and without it, as the feature
sets take them. OUT/lognormal.svg and .png show one movement: its speed, each stroke, their sum, and
its path beside them.

DIR holds <user>/<session>.csv, or is a .tar.gz of that; FILE is one recording.

examples:
  reauth lab lognormal --data hbrs.tar.gz --out out/lognormal
  reauth lab lognormal --data alice/1.csv --movement 7 --out out/seven
"""


def add(verbs: Commands, watch: Watch) -> None:
    """Add the command to the laboratory's."""
    wanted = command(
        verbs, "lognormal", _call(watch), "show a movement as the sum of its strokes", TEACH
    )
    wanted.add_argument(
        "--data", type=Path, required=True, metavar="FILE|DIR", help="a recording, or many"
    )
    wanted.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="report and pictures"
    )
    wanted.add_argument(
        "--movement", type=_whole, metavar="N",
        help="which of those looked at to draw, from 0 (default: the one of median SNR)",
    )  # fmt: skip
    wanted.add_argument(
        "--most", type=_count, default=MOST, metavar="N",
        help=f"movements to look at, drawn where there are more (default: {MOST})",
    )  # fmt: skip
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")


def _call(watch: Watch) -> Callable[[Namespace], int]:
    def call(args: Namespace) -> int:
        return _lognormal(args, watch)

    return call


def _lognormal(args: Namespace, watch: Watch) -> int:
    from reauth.lab.plots import draw_strokes  # noqa: PLC0415 - matplotlib takes a second

    movements = movements_of(args.data, args.most, np.random.default_rng(args.seed), watch)
    if args.movement is not None and args.movement >= len(movements):
        raise SettingsError(f"--movement {args.movement}: there are {len(movements)}, from 0 on")
    report, found = figures(movements, watch)
    place = usual(found) if args.movement is None else args.movement
    report = {"data": args.data.name, "seed": args.seed, "drawn": place, **report}
    whole(args.out / "report.json", (json.dumps(report, indent=1) + "\n").encode())
    files = [args.out / f"lognormal.{ending}" for ending in ("svg", "png")]
    for file in files:
        draw_strokes(
            f"movement {place} of {args.data.name}", movements[place][1], found[place], file
        )
    rows = []
    for way in WAYS:
        told = report[way]
        snr = told["snr_db"]
        rows.append(
            (
                way, *(f"{snr[name]:.1f}" for name in ("p5", "median", "p95")),
                f"{told[f'share_from_{GOOD_DB:.0f}_db']:.1%}",
                f"{told['strokes']['median']:.0f}", f"{told['ms']['mean']:.1f}",
            )
        )  # fmt: skip
    print_table(
        (f"{len(movements)} movements", "dB p5", "median", "p95", f">= {GOOD_DB:.0f} dB",
         "strokes", "ms"),
        rows,
    )  # fmt: skip
    print(f"the picture is {files[0]}")
    return 0


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"'{text}' is no whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    if not _whole(text):
        raise ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)
