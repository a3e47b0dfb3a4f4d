"""How much of somebody must be seen: error rates by the number of enrolled units.

Each point enrols the newest so many units of those users who have them, and tests what is tested
elsewhere. As these are other people at each point, the same people learnt from all that they have
stand beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reauth.errors import SettingsError
from reauth.lab.ablate import setting
from reauth.lab.evaluate import Request, recordings
from reauth.lab.learning import draws
from reauth.lab.runs import SIZES, Run, apart, figure, run
from reauth.lab.text import between, points, share, source, table
from reauth.lab.work import Watch

POINTS = (50, 100, 200, 300, 500, 1000, 1500)
"""Enrolled units; 300 and 1500 are G12 of biometrics.md."""

ABOUT = """\
So many of a user's newest units are enrolled, and what is tested stays the same. Only who has so
many is in a row, so the same people with all that they have stand beside it: *above* is by how many
points a row is above that, with the 95 % interval of the difference, for impostors of the user's
device class.
"""

LEAST_USERS = 3
"""Users without whom a point says nothing of others."""


def curve(request: Request, points: Sequence[int], watch: Watch) -> dict[str, Any]:
    """Make the table; a point that is there already is not made again.

    Returns
    -------
    dict
        `{"curve": [{"enrolled": units or None for all of them, "users", <size>: {"any", "same":
        {"pooled", "ci", ..., "with_all": EER of the same users with all of theirs, "above":
        {"above", "ci"}}}}], "setting": {...}}`.

    Raises
    ------
    SettingsError
        If fewer than `LEAST_USERS` people can be enrolled; else as `evaluate`.
    RecordingError, GateError
        As `evaluate`.
    """
    with recordings(request.data) as folder:
        asked = replace(request, data=folder, shuffled=0)
        everything = run(asked, watch)
        if len(everything.enrolled) < LEAST_USERS:
            raise SettingsError(f"{request.data} has fewer than {LEAST_USERS} people to enrol")
        rows = []
        for count in points:
            able = sorted(user for user, units in everything.enrolled.items() if units >= count)
            if len(able) >= LEAST_USERS:
                made = run(_limited(asked, count, able), watch)
                rows.append(_row(count, able, made, everything, request.seed))
    able = sorted(everything.enrolled)
    rows.append(_row(None, able, everything, everything, request.seed))
    return {"curve": rows, "setting": setting(request, request.method, everything)}


def text(report: Mapping[str, Any]) -> str:
    """Write a table for people, below a line that says what it was made from."""
    return f"{source(report['setting'])}\n\n{table(_rows(report['curve']))}"


def _rows(found: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    head = ("EER", "same class", "95 %", "with all", "above", "95 %")
    yield "enrolled", "users", *(f"{size} units: {name}" for size in SIZES for name in head)
    for row in found:
        line = ["all" if row["enrolled"] is None else str(row["enrolled"]), str(row["users"])]
        for size in SIZES:
            every, same = row[str(size)]["any"], row[str(size)]["same"]
            above = same["above"] or {}
            line += [
                share(every.get("pooled")), share(same.get("pooled")), between(same.get("ci")),
                share(same["with_all"]), points(above.get("above")),
                between(above.get("ci"), points),
            ]  # fmt: skip
        yield line


def _limited(request: Request, count: int, users: Sequence[str]) -> Request:
    """The same, but for the newest `count` units of these users only."""
    settings = request.method.settings
    enrolment = replace(settings.enrolment, max_trajectories=count)
    method = replace(request.method, settings=replace(settings, enrolment=enrolment))
    return replace(request, method=method, victims=tuple(users))


def _row(
    count: int | None, users: Sequence[str], made: Run, everything: Run, seed: int
) -> dict[str, Any]:
    rng = draws(seed, f"curve {count}")
    row: dict[str, Any] = {"enrolled": count, "users": len(users)}
    for size in SIZES:
        row[str(size)] = {}
        for kind in ("any", "same"):
            told = figure(made, kind, size, users, rng)
            whole = everything.compared(kind, size, users)
            told["with_all"] = figure(everything, kind, size, users, rng).get("pooled")
            told["above"] = (
                None if count is None else apart(made.compared(kind, size, users), whole, rng)
            )
            row[str(size)][kind] = told
    return row
