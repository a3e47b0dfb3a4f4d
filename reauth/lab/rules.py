"""Policies against each other at equal false alarms: who notices a takeover first?

Each policy alone keeps more or less closely to the false alarms that are wanted, and one that
raises more is the sooner there. So every policy is asked for more and fewer of them, and what it
really raised on the users' own test recordings is set beside the delay: rules are compared where
they cost the same. The scores are the same for all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from reauth.decide import POLICIES
from reauth.lab import metrics
from reauth.lab.ablate import setting
from reauth.lab.episodes import owned, takeovers
from reauth.lab.evaluate import (
    Enrolled,
    Request,
    people_in,
    recordings,
    score_tests,
    scored_by_user,
)
from reauth.lab.learning import draws
from reauth.lab.metrics import Delays
from reauth.lab.runs import run
from reauth.lab.streams import streams_of
from reauth.lab.text import number, share, source, table
from reauth.lab.work import Watch
from reauth.template import Template

RULES = (
    ("window", 50), ("window", 100), ("window", 200), ("mean", 50), ("mean", 100),
    ("sprt", 100), ("cusum", 100), ("trust", 100),
)  # fmt: skip
"""Policies and windows; those that sum up take as many scores as they need."""

WINDOWED = ("window", "mean")
"""Policies that look at so many scores."""

WANTED = tuple(float(each) for each in np.geomspace(0.05, 30, 15).round(2))
"""False alarms in 8 h that are asked for."""

COSTS = (1.0, 2.0, 4.0)
"""False alarms in 8 h at which rules are compared."""

ABOUT = """\
Median minutes until a takeover is noticed, of all rules at the same false alarms: each was asked
for more and fewer, and the quickest of those settings is told that raised no more on the users'
own test recordings. Rules are compared so, and nothing else: a setting that is chosen on test data
is no promise. *Gain* is against the best count in a window.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a policy did that was asked for so many false alarms in 8 h."""

    wanted: float
    false_alarms: float
    minutes: float | None
    caught: float | None


def compared(request: Request, watch: Watch) -> dict[str, Any]:
    """Compare the rules on one set of recordings; templates and scores are made once.

    Returns
    -------
    dict
        `{"rules": [{"rule", "window", "settings": [{"wanted", "false_alarms", "minutes",
        "caught"}], "at": {<false alarms in 8 h>: minutes or None}}], "gain": {<the same>: share by
        which the cumulative sum is quicker than the best count in a window, or None}, "episodes",
        "active_hours", "setting": {...}}`; `caught` is the share within 20 minutes.

    Raises
    ------
    SettingsError, RecordingError, GateError
        As `evaluate`.
    """
    with recordings(request.data) as folder:
        asked = replace(request, data=folder, shuffled=0)
        people = people_in(folder, folder, request.users, backwards=request.backwards)
        enrolled = Enrolled(asked, people, watch)
        by_user = scored_by_user(score_tests(asked, enrolled, watch))
        made = setting(request, request.method, run(asked, watch))
    met = [
        (enrolled.shelf.get(name), *streams_of(name, match, by_user))
        for match in enrolled.matches
        if (name := enrolled.names.get(match.victim, ""))
    ]
    jobs = [(rule, window, wanted) for rule, window in RULES for wanted in WANTED]
    found: dict[tuple[str, int], list[Setting]] = {}
    for rule, window, wanted in watch(jobs, len(jobs), "setting"):
        found.setdefault((rule, window), []).append(_played(met, rule, window, wanted))
    rows = [
        {
            "rule": rule,
            "window": window,
            "settings": [
                {"wanted": one.wanted, "false_alarms": one.false_alarms, "minutes": one.minutes,
                 "caught": one.caught}
                for one in settings
            ],
            "at": {f"{cost:g}": quickest(settings, cost) for cost in COSTS},
        }
        for (rule, window), settings in found.items()
    ]  # fmt: skip
    return {
        "rules": rows,
        "gain": {f"{cost:g}": _gain(rows, f"{cost:g}") for cost in COSTS},
        "episodes": sum(len(own) * len(attacks) for _, own, attacks in met),
        "active_hours": sum(stream.active for _, own, _ in met for stream in own) / 3600,
        "setting": made,
    }


def quickest(settings: Sequence[Setting], cost: float) -> float | None:
    """Give the least median delay of settings that raised no more false alarms than `cost`."""
    known = [
        one.minutes for one in settings if one.false_alarms <= cost and one.minutes is not None
    ]
    return min(known, default=None)


def _played(met: Sequence[Any], rule: str, window: int, wanted: float) -> Setting:
    """What a rule does to everybody; `met` as templates, own streams and attacks."""
    alarms, active, minutes, lasted = 0, 0.0, [np.empty(0)], [np.empty(0)]
    for template, own, attacks in met:
        make = partial(POLICIES[rule], _asked(template, wanted), window)
        kept = owned(make, own)
        alarms, active = alarms + kept.alarms, active + kept.active
        after = [(attack.impostor, attack.stream) for attack in attacks]
        episodes = takeovers(make, own, after, draws(1, template.user))
        minutes.append(np.array([one.minutes for one in episodes]))
        lasted.append(np.array([one.lasted for one in episodes]))
    delay = np.concatenate(minutes)
    told = Delays(delay, np.concatenate(lasted), np.ones(len(delay)))
    false_alarms = metrics.per_workday(alarms, active) or 0.0
    return Setting(wanted, false_alarms, told.until(0.5), told.within(20))


def _asked(template: Template, wanted: float) -> Template:
    """The same user, of whom other false alarms are wanted."""
    return replace(template, false_alarms=min(wanted / (8 * template.pace), 0.5))


def _gain(rows: Sequence[Mapping[str, Any]], cost: str) -> float | None:
    def best(rule: str) -> float | None:
        return min(
            (
                row["at"][cost]
                for row in rows
                if row["rule"] == rule and row["at"][cost] is not None
            ),
            default=None,
        )

    counted, summed = best("window"), best("cusum")
    return None if counted is None or summed is None else 1 - summed / counted


def text(report: Mapping[str, Any]) -> str:
    """Write a table for people, below a line that says what it was made from."""
    hours = number(report["active_hours"], 1)
    head = f"{source(report['setting'])}; {report['episodes']} takeovers, {hours} active hours"
    return f"{head}\n\n{table(_rows(report))}"


def _rows(report: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    costs = list(report["gain"])
    yield "rule", "window", *(f"at {cost} in 8 h" for cost in costs)
    for row in report["rules"]:
        size = str(row["window"]) if row["rule"] in WINDOWED else "-"
        yield row["rule"], size, *(number(row["at"][cost], 1) for cost in costs)
    yield "gain of cusum", "", *(share(report["gain"][cost]) for cost in costs)
