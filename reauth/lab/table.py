"""A published table and ours: what `reauth lab paper` makes, as JSON and as text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reauth.lab.cutting import whole
from reauth.lab.shelf import Codec

MOVEMENTS = 600
"""Of each kind of program, where a paper judges movements by themselves: enough for an interval
of two points, and few enough that their lognormals are extracted in minutes."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a paper's table is made from.

    Parameters
    ----------
    data
        The folder of the archives as they lie.
    out
        Where the report goes; `work` in it keeps finished units.
    seed, jobs, codec
        Of draws; processes at a time; how templates become bytes.
    movements
        Of each kind of program, where a paper judges movements by themselves.
    """

    data: Path
    out: Path
    seed: int
    jobs: int
    codec: Codec
    movements: int = MOVEMENTS


@dataclass(frozen=True, slots=True)
class Row:
    """One published number and ours.

    Parameters
    ----------
    name
        What it is.
    published, ours
        Shares in 0..1, or minutes; None where nothing was published that could be read.
    interval
        95 %, of ours, by bootstrap over users.
    tolerance
        How far ours may be away. None: the published figure must lie in our interval, or ours be
        better.
    required
        Whether it must not be further away.
    unit
        "share", "min", or what is written after the number.
    better
        Of a row without tolerance: 1 where more is better, -1 where less is, 0 where neither.
    """

    name: str
    published: float | None
    ours: float
    interval: tuple[float, float]
    tolerance: float | None
    required: bool = False
    unit: str = "share"
    better: int = 0

    @property
    def within(self) -> bool:
        """Whether ours is within its tolerance of what was published, in either direction.

        Where nothing was published there is nothing to be outside of.
        """
        if self.published is None:
            return True
        if self.tolerance is not None:
            return abs(self.ours - self.published) <= self.tolerance
        return self._inside or self._surpasses

    @property
    def _inside(self) -> bool:
        return self.published is None or self.interval[0] <= self.published <= self.interval[1]

    @property
    def _surpasses(self) -> bool:
        return self.published is not None and (self.ours - self.published) * self.better > 0

    def text(self, value: float | None) -> str:
        """A value as it is printed."""
        if value is None:
            return "-"
        if self.unit == "share":
            return f"{value:.1%}" if self.tolerance is not None else f"{value:.2%}"
        return f"{value:.1f} min" if self.unit == "min" else f"{value:.3g} {self.unit}"

    @property
    def kept(self) -> str:
        """Whether ours is within the tolerance, in words; nothing where nothing was published."""
        if self.published is None:
            return ""
        if self.tolerance is not None:
            told = f"{'within' if self.within else 'OUTSIDE'} {self.text(self.tolerance)}"
        elif self._inside:
            told = "published figure in our interval"
        else:
            told = "better" if self._surpasses else "published figure OUTSIDE our interval"
        return f"{told}, required" if self.required else told


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, why they differ, which constants are ours and not the paper's, and pictures.

    `pictures` are names of files beside the report.
    """

    title: str
    rows: tuple[Row, ...]
    differences: tuple[str, ...]
    derived: tuple[str, ...]
    pictures: tuple[str, ...] = ()

    @property
    def missed(self) -> list[Row]:
        """Rows that are required and outside their tolerance."""
        return [row for row in self.rows if row.required and not row.within]


def report(table: Table) -> dict[str, Any]:
    """A table as interfaces.md §7 has it."""
    return {
        "title": table.title,
        "table": [
            {
                "row": row.name,
                "published": row.published,
                "ours": row.ours,
                "ci": list(row.interval),
                "within": row.within,
                "tolerance": row.tolerance,
                "requirement": row.required,
                "unit": row.unit,
            }
            for row in table.rows
        ],
        "differences": list(table.differences),
        "derived": list(table.derived),
    }


def markdown(table: Table) -> str:
    """A table as text."""
    lines = [
        f"| {row.name} | {row.text(row.published)} | {row.text(row.ours)} | "
        f"{row.text(row.interval[0])} to {row.text(row.interval[1])} | {row.kept} |"
        for row in table.rows
    ]
    head = ["| row | published | ours | 95 % | |", "| --- | --- | --- | --- | --- |"]
    parts = [f"# {table.title}", "\n".join([*head, *lines])]
    for name, items in (("Why they differ", table.differences), ("Derived", table.derived)):
        parts += [f"## {name}", _items(items)]
    parts += [f"![{name.partition('.')[0]}]({name})" for name in table.pictures]
    return "\n\n".join(parts) + "\n"


def write_table(table: Table, out: Path) -> None:
    """Write `report.json` and `report.md` into a folder."""
    text = json.dumps(report(table), indent=1, allow_nan=False) + "\n"
    whole(out / "report.json", text.encode())
    whole(out / "report.md", markdown(table).encode())


def _items(items: Sequence[str]) -> str:
    return "\n".join(f"* {item}" for item in items)
