"""`reauth lab redundancy`: which of many features are worth keeping, of anybody's table."""

import csv
import json
from argparse import Namespace
from pathlib import Path

import numpy as np

from reauth.cli.command import Commands, command
from reauth.errors import RecordingError, SettingsError
from reauth.lab.cutting import whole
from reauth.lab.redundancy import ABOVE, KEPT, LIMIT, Choice, Options, choose, markdown, report
from reauth.trajectory import Floats

TEACH = """\
Lu's de-redundancy on a table of numbers: features that boosted trees split on often, without those
that go together with a more important one (Pearson), and some that you suggest. OUT/report.json and
OUT/report.md say of every feature why it stays or goes; OUT/correlation.svg shows the candidates.
Needs the extra `boost`.

example:
  reauth lab redundancy --table features.csv --label human --out out/redundancy

The table is a CSV with a header; an empty field is a missing value, the label is 0 or 1.
"""


def add(verbs: Commands) -> None:
    """Add the command to those of the laboratory."""
    wanted = command(verbs, "redundancy", _redundancy, "drop features that say the same", TEACH)
    wanted.add_argument("--table", type=Path, required=True, metavar="FILE", help="numbers, CSV")
    wanted.add_argument("--label", required=True, metavar="NAME", help="column of 0 and 1")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="report and picture")
    wanted.add_argument(
        "--suggest", default="", metavar="A,B", help="features that may join the chosen ones"
    )
    for name, default, what in (
        ("above", ABOVE, "splits that a candidate has more than"),
        ("limit", LIMIT, "|r| from which two say the same"),
    ):
        wanted.add_argument(
            f"--{name}", type=float, default=default, help=f"{what} (default: {default:g})"
        )
    wanted.add_argument(
        "--keep", type=int, default=KEPT, metavar="N", help=f"features to keep (default: {KEPT})"
    )
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of models (default: 1)")


def _redundancy(args: Namespace) -> int:
    names, rows = _read(args.table)
    suggested = [name for name in args.suggest.split(",") if name]
    for name in (args.label, *suggested):
        if name not in names:
            raise SettingsError(f"{args.table} has no column '{name}'; it has: {', '.join(names)}")
    at = names.index(args.label)
    label = rows[:, at]
    if set(np.unique(label).tolist()) != {0.0, 1.0}:
        raise SettingsError(f"{args.table}: '{args.label}' must be 0 and 1, both of them")
    features = [name for name in names if name != args.label]
    options = Options(above=args.above, limit=args.limit, kept=args.keep)
    choice = choose(
        np.delete(rows, at, axis=1), label > 0, features, suggested, options=options, seed=args.seed
    )
    _write(choice, args.out)
    return 0


def _write(choice: Choice, out: Path) -> None:
    from reauth.lab.lu_plots import draw_correlation  # noqa: PLC0415 - matplotlib takes a second

    text = f"# Redundancy\n\n{markdown(choice)}"
    whole(out / "report.json", (json.dumps(report(choice), indent=1) + "\n").encode())
    if choice.candidates:
        draw_correlation(report(choice), out / "correlation.svg")
        text += "\n![correlation](correlation.svg)\n"
    whole(out / "report.md", text.encode())
    print(text, end="")


def _read(file: Path) -> tuple[list[str], Floats]:
    """Read a table of numbers.

    Raises
    ------
    RecordingError
        If a row is not as long as the header or holds what is no number; names the line.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.reader(lines)
        names = next(reader, [])
        rows = []
        for row in reader:
            try:
                numbers = [float(field) if field.strip() else np.nan for field in row]
            except ValueError:
                numbers = []
            if len(numbers) != len(names):
                place = f"{file.name}:{reader.line_num}"
                raise RecordingError(f"{place}: not {len(names)} numbers") from None
            rows.append(numbers)
    return names, np.array(rows, dtype=np.float64).reshape(-1, len(names))
