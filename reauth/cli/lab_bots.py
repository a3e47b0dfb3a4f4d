"""`reauth lab bots`: how well people are told from programs."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from reauth.cli.command import Commands, command, print_table
from reauth.lab.bots import DETECTORS, Asked, bots

TEACH = """\
Four folders of <source>/<session>.csv (t_ms,ev,x,y); a source is a person or a program. Both sides
are looked at every 25 ms in whole pixels. A recording may not teach and test, and a person who is
tested teaches nobody. The recall of programs is told where 1 % of the people tested are flagged,
for single movements and the mean of five, and beside it at the detector's own limits, which were
frozen before. Programs that teach and are tested are also tested by a detector that was taught
without them: by --leave-one-out all are.

examples:
  reauth lab bots --human test/people --bot test/programs \\
      --train-human train/people --train-bot train/programs --out out/bots
  reauth lab bots ... --detector rules --out out/first-day

next: read OUT/report.md
"""

Watched = Callable[[Iterable[Any], int, str], Iterable[Any]]


def add(verbs: Commands, watch: Watched) -> None:
    """Add the command to `reauth lab`; `watch` goes through long work under a bar."""
    wanted = command(
        verbs, "bots", lambda args: _bots(args, watch), "tell people from programs", TEACH
    )
    for name, what in (
        ("human", "people who are tested"),
        ("bot", "programs that are tested"),
        ("train-human", "people who teach"),
        ("train-bot", "programs that teach"),
    ):
        wanted.add_argument(f"--{name}", type=Path, required=True, metavar="DIR", help=what)
    wanted.add_argument(
        "--detector", default="default", metavar="NAME",
        help=f"one of {', '.join(DETECTORS)} (default: the live one)",
    )  # fmt: skip
    wanted.add_argument(
        "--leave-one-out", action="store_true", help="test every program without its teaching"
    )
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="where reports go")


def _bots(args: Namespace, watch: Watched) -> int:
    from reauth.lab.bots_report import write  # noqa: PLC0415 - matplotlib takes a second

    asked = Asked(
        args.human, args.bot, args.train_human, args.train_bot, args.detector, args.seed,
        args.leave_one_out,
    )  # fmt: skip
    found = bots(asked, watch)
    write(found, args.out)
    report = found.report
    rows = [
        (size, "-" if recall is None else f"{recall:.1%}", f"{report['auc']:.4f}")
        for size, recall in report["recall_at_1pct_fpr"].items()
    ]
    print_table(("movements", "recall at 1 %", "AUC of one"), rows)
    print(f"the report is {args.out / 'report.md'}")
    return 0
