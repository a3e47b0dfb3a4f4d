"""What each ingredient of the recommended verifier is worth: the table of what it would be without.

Each row is one evaluation that differs from the recommended one in one thing. It is made twice,
with recordings as they are and with all of them on one grid, and told for all impostors and for
those of the user's device class: what pays only with other devices, or only with their clocks,
is a detector of devices (biometrics.md §8.3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reauth import __version__
from reauth.errors import SettingsError
from reauth.lab.evaluate import Request, recordings
from reauth.lab.learning import draws
from reauth.lab.method import RECOMMENDED, Method, Variant, code, method_of
from reauth.lab.runs import SIZES, Run, apart, figure, run
from reauth.lab.text import between, number, points, share, source, table
from reauth.lab.work import Watch
from reauth.settings import Settings

GRID = 0.025
"""s; biometrics.md §8.3."""

MAIN = str(SIZES[-1])
"""Units in the windows of the table for people; the others are in the JSON."""

ABOUT = f"""\
Each row differs from the first one in one thing, for the same people and the same deals. *Grid* is
the same with every recording laid on a grid of {GRID * 1e3:.0f} ms, so that nobody has a clock of
his own. EER, pooled, of windows of {MAIN} units; *above* is by how many points a row is above the
first one for impostors of the user's device class, with the 95 % interval of the difference. What
a row lacks pays where that interval is above 0, under both clocks.
"""

CLOCKS = {"as_recorded": 0.0, "on_grid": GRID}

FEWER = 1500
"""Trajectories of others that train: as many as the paper's features have (`Svm.cap_others`)."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A row: what is changed, and how it is measured.

    Parameters
    ----------
    name, about
        What it is called, and what it is.
    method
        What is evaluated.
    votes
        Whether windows are told by votes, not by the mean of the ratios.
    """

    name: str
    about: str
    method: Method
    votes: bool = False


def ingredients(settings: Settings, least: int) -> list[Ingredient]:
    """Give all rows, that of the recommended verifier first."""
    base = method_of(settings, RECOMMENDED, RECOMMENDED, least)

    def but(**changed: float) -> Method:
        return replace(base, variant=Variant(verifier=tuple(changed.items())))

    ten = replace(settings, identity_lane=replace(settings.identity_lane, features="medvet"))
    rows = [
        Ingredient("recommended", f"{base.verifier.name}, as it ships", base),
        Ingredient("votes", "each unit votes by its sign: the paper's rule", base, votes=True),
        Ingredient("values", "features as they are, not by their rank",
                   method_of(settings, "values", RECOMMENDED, least)),
        Ingredient("fewer-others", f"{FEWER} units of others train", but(cap_others=FEWER)),
        Ingredient(
            "ten-points", "the last ten points before a pause, by the same machine",
            method_of(ten, RECOMMENDED, RECOMMENDED, least),
        ),
        Ingredient("paper", "ten points by the paper's machine",
                   method_of(settings, "svm", RECOMMENDED, least)),
        Ingredient("trees", "boosted trees on the same features, which is comparison only",
                   method_of(settings, "trees", RECOMMENDED, least)),
    ]  # fmt: skip
    return rows + [
        Ingredient(
            f"without-{group}", f"{len(names)} numbers left out",
            replace(base, variant=Variant(without=(group,))),
        )
        for group, names in base.features.groups.items()
    ]  # fmt: skip


def chosen(rows: Sequence[Ingredient], names: Sequence[str]) -> list[Ingredient]:
    """Keep the rows that are named, and the first; all of them where none is named.

    Raises
    ------
    SettingsError
        If there is no such row.
    """
    known = [row.name for row in rows]
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no row '{name}'; there are: {', '.join(known)}")
    return [row for row in rows if not names or row.name in {known[0], *names}]


def ablate(request: Request, rows: Sequence[Ingredient], watch: Watch) -> dict[str, Any]:
    """Make the table; a row that is there already is not made again.

    Parameters
    ----------
    request
        Its method is each row's own.
    rows
        The first one is what the others are compared with.

    Returns
    -------
    dict
        `{"ablation": [{"name", "about", <clock>: {<size>: {"any", "same": {"pooled", "ci", ...,
        "above": {"above", "ci"}}}, "units_per_active_hour"}}], "setting": {...}}`; `above` is how
        far the row's EER is above that of the first row, and its interval.

    Raises
    ------
    SettingsError, RecordingError, GateError
        As `evaluate`.
    """
    with recordings(request.data) as folder:
        asked = replace(request, data=folder, shuffled=0)
        found = [(row, clock, _run(asked, row, clock, watch)) for row, clock in _pairs(rows)]
    base = {clock: made for row, clock, made in found if row is rows[0]}
    table: dict[str, dict[str, Any]] = {
        row.name: {"name": row.name, "about": row.about} for row in rows
    }
    for row, clock, made in found:
        table[row.name][clock] = _told(row, made, base[clock], request.seed)
    return {
        "ablation": list(table.values()),
        "setting": setting(request, rows[0].method, base["as_recorded"]),
    }


def text(report: Mapping[str, Any]) -> str:
    """Write a table for people, below a line that says what it was made from."""
    made = report["setting"]
    head = f"{source(made)}; {made['users_enrolled']} users enrolled"
    return f"{head}\n\n{table(_rows(report['ablation']))}"


def _rows(found: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield (
        "row", "what is changed", "units an hour", "EER", "same class", "above", "95 %",
        "grid: EER", "same class", "above", "95 %",
    )  # fmt: skip
    for row in found:
        line = [row["name"], row["about"], number(row["as_recorded"]["units_per_active_hour"])]
        for clock in CLOCKS:
            told = row[clock][MAIN]
            above = told["same"]["above"] or {}
            line += [
                share(told["any"].get("pooled")), share(told["same"].get("pooled")),
                points(above.get("above")), between(above.get("ci"), points),
            ]  # fmt: skip
        yield line


def _pairs(rows: Sequence[Ingredient]) -> Iterator[tuple[Ingredient, str]]:
    for row in rows:
        for clock in CLOCKS:
            yield row, clock


def _run(request: Request, row: Ingredient, clock: str, watch: Watch) -> Run:
    variant = replace(row.method.variant, resample=CLOCKS[clock])
    return run(replace(request, method=replace(row.method, variant=variant)), watch)


def _told(row: Ingredient, made: Run, base: Run, seed: int) -> dict[str, Any]:
    """Figures of a row under one clock, beside those of the first row."""
    users = sorted(base.enrolled.keys() & made.enrolled.keys())
    rng = draws(seed, row.name)
    found: dict[str, Any] = {
        "users": len(users), "units_per_active_hour": made.units_per_active_hour,
    }  # fmt: skip
    for size in SIZES:
        found[str(size)] = {}
        for kind in ("any", "same"):
            mine = f"{kind} votes" if row.votes else kind
            told = figure(made, mine, size, users, rng)
            told["above"] = None
            if made is not base or row.votes:
                pair = made.compared(mine, size, users), base.compared(kind, size, users)
                told["above"] = apart(*pair, rng)
            found[str(size)][kind] = told
    return found


def setting(request: Request, method: Method, made: Run) -> dict[str, Any]:
    """What a table was made from."""
    return {
        "data": request.data.name,
        "only_users": len(request.users) or None,
        "backwards": request.backwards,
        "users_enrolled": len(made.enrolled),
        "seed": request.seed,
        "verifier": method.verifier.name,
        "grid_ms": 1e3 * GRID,
        "versions": {"reauth": __version__, "code": code()},
    }
