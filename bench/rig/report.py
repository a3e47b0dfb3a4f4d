"""Figures as a table for people and as JSON for `bench/capacity.py`, with the machine beside them.

A figure without the machine that it was measured on says nothing; a ratio of two things measured
in turns on one machine says something about other machines too.
"""

import argparse
import json
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("aiohttp", "aiosqlite", "cryptography", "numpy", "scikit-learn", "uvloop")


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every bench has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="folder for the JSON")
    parser.add_argument("--tiny", action="store_true", help="see that it works; measures nothing")
    return parser


def machine() -> dict[str, Any]:
    """What it was measured on, and when."""
    info = Path("/proc/cpuinfo").read_text("utf-8")
    model = next(line.split(":")[1].strip() for line in info.splitlines() if "model name" in line)
    return {
        "processor": model,
        "cores": info.count("processor\t"),
        "memory_gb": round(_memory_kb() / 2**20),
        "system": platform.platform(aliased=True, terse=True),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _memory_kb() -> int:
    first = Path("/proc/meminfo").read_text("utf-8").split()
    return int(first[1])


def median(values: Iterable[float]) -> float:
    """The middle one, to four digits: the rest is noise."""
    return float(f"{statistics.median(values):.4g}")


def ratio_of(rounds: Sequence[tuple[float, float]]) -> float:
    """The median of a/b over rounds in which both were measured one after the other."""
    return median(a / b for a, b in rounds)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> None:
    """Print rows in columns, the first aligned to the left."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, tuple("-" * width for width in widths), *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        print("  ".join(cells).rstrip())


def write(out: Path, name: str, figures: Mapping[str, Any]) -> None:
    """Write `name`.json into the folder, the machine with it."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **figures}, indent=1) + "\n", "utf-8")
    print(f"\n{path}")
