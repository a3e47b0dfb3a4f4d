"""One document of many reports: what was measured, how surely, and what must not be promised.

Figures are taken from the reports, none is typed. What is published of a report is without its
users: names of people in public sets are nobody's business in a document.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from reauth.errors import SettingsError
from reauth.lab import ablate, attacked, curve, rules, seeds
from reauth.lab.text import between, number, share, table

Report = Mapping[str, Any]
WANTED = ("3", "6", "10", "20", "80")
"""Minutes that the table of takeovers shows."""

_LEFT_OUT = ("per_user", "calibration_error_by_user", "failed_to_enrol", "det")
"""Parts of a report that name users, and its curves, of which no number is printed."""

OPENING = """\
# Evaluation

What the shipped code reaches on recordings of real people, how that was measured, and what must not
be promised. `make evaluation` measures, `reauth lab document` writes this file of its reports,
and a test holds the two together; no number here is typed by hand.

## How it was measured

* Whole recordings enrol or test, in order; nothing is fitted on what tests. Templates are learnt by
  the shipped enrolment, written to disk and frozen with their limits, before a test recording is
  opened by processes that can read nothing but templates and tests.
* Who attacks a template was in no training, calibration or limit of it (folds over users). *Same
  class* counts only attackers whose device samples movement at the user's rate.
* Windows of error rates do not overlap. *Pooled* is one threshold for everybody. Intervals are
  95 %, by bootstrap over users: with ten of them they are wide, and that is what is known.
* A takeover is spliced behind real movement of the owner, and the policy runs on. Minutes are
  active time on the recording's own clock. Limits are set for one false alarm in 8 active hours.
* Beside every figure stand a probe that knows the device alone (median period and screen), and the
  same evaluation with shuffled labels, which must end at 50 %.
* The recordings are public sets, for evaluation only: none of them, and nothing learnt from them,
  is part of the product. Templates of an installation are learnt from its own users.
"""

CLOSING = """\
## What must not be promised

* That somebody is caught in seconds, or surely. Read the shares above, with their intervals, and
  the quality that enrolment reports for each of your users.
* That false alarms keep to what was wanted. Limits come from enrolment data, and people drift: hold
  the column against 1.
* That figures of these sets carry over. The people are students and administrators, the tasks few,
  the sets small; a set that was sampled every 110 ms says little of a browser that samples each 8.
* That what tells people apart is the person. Where the device probe is far above 0.5, part of it is
  the mouse, the screen and the rate: believe the column of the same class.
* That silence means the owner. Nothing decided is not genuine.
* Authentication: this monitors sessions (NIST SP 800-63B-4, 5.3 accepts such signals); it does not
  authenticate, and a false match rate of one in a thousand is out of reach.
"""


def gathered(*folders: Path) -> dict[str, dict[str, Any]]:
    """Read the reports of folders, `<name>/report.json` each, by name; without their users.

    A folder may be a report's own: its name is the report's then. One that is not there has none.

    Raises
    ------
    SettingsError
        If there is none, or one cannot be read.
    """
    found = {}
    for file in chain.from_iterable(map(_reports, folders)):
        try:
            report = json.loads(file.read_text("utf-8"))
        except ValueError:
            raise SettingsError(f"{file} is no report: measure again") from None
        for name in _LEFT_OUT:
            report.pop(name, None)
        attacked.without_people(report)
        if "protocol" in report:
            told = report["protocol"]
            told["data"] = Path(told["data"]).name
            told["only_users"] = len(told.get("only_users") or ()) or None
        found[file.parent.name] = report
    if not found:
        where = " or ".join(map(str, folders))
        raise SettingsError(f"there is no */report.json in {where}: `reauth lab evaluate` first")
    return found


def _reports(folder: Path) -> Sequence[Path]:
    own = folder / "report.json"
    return [own] if own.is_file() else sorted(folder.glob("*/report.json"))


def rendered(reports: Mapping[str, Report]) -> str:
    """Write the document."""
    parts = [OPENING]
    for title, key, section in _SECTIONS:
        chosen = {name: report for name, report in reports.items() if key in report}
        if chosen:
            parts.append(f"## {title}\n\n" + section(chosen))
    return "\n".join([*parts, CLOSING])


def _evaluations(reports: Mapping[str, Report]) -> str:
    parts = []
    for name, report in reports.items():
        told = report["protocol"]
        seen = "unseen" if told["unseen_impostors"] else "SEEN"
        parts.append(
            f"### {name}: {told['verifier']} with {told['policy']}, impostors {seen}\n\n"
            f"{told['data']}{_changed(told)}, {told['users_enrolled']} users enrolled, "
            f"seed {told['seed']}; "
            f"{number(report['units_per_active_hour'])} units an active hour; failure to enrol "
            f"{share(report['fte'])}, to acquire {share(report['fta'])}.\n"
        )
        parts.append(table(_error_rates(report)))
        if report.get("by_seconds"):
            parts.append(table(_by_seconds(report)))
        parts.append(table(_takeovers(report)))
        parts.append(table(_honesty(report)))
        if "seeds" in report:
            parts.append(seeds.text(report["seeds"]))
    return "\n".join(parts)


def _changed(told: Mapping[str, Any]) -> str:
    """What of the data or the verifier is not as it is, in words."""
    found = ""
    if told.get("only_users"):
        found += f" ({told['only_users']} of its users)"
    if told.get("backwards"):
        found += ", the last recordings enrol"
    if told.get("resampled_ms"):
        found += f", every recording on a grid of {number(told['resampled_ms'])} ms"
    if told.get("without"):
        found += f", without {' and '.join(told['without'])}"
    return found


def _error_rates(report: Report) -> Iterator[Sequence[str]]:
    yield "units", "EER pooled", "95 %", "same class", "95 %", "per user", "AUC", "windows"
    for size, told in report["eer"].items():
        same, auc = report["eer_same_device_class"][size], report["auc"][size]
        if told.get("pooled") is None:
            yield size, "-", told.get("reason", ""), "-", "", "-", "-", "0"
            continue
        yield (
            size, share(told["pooled"]), between(told["ci"]), share(same.get("pooled")),
            between(same.get("ci")), share(told["per_user_mean"]), number(auc.get("pooled"), 3),
            str(told["genuine_windows"]),
        )  # fmt: skip


def _by_seconds(report: Report) -> Iterator[Sequence[str]]:
    yield (
        "active seconds", "EER pooled", "95 %", "same class", "95 %", "AUC", "FNMR at FMR 5 %",
        "windows", "without a unit",
    )  # fmt: skip
    for size, told in report["by_seconds"].items():
        rate, same = told["eer"], told["eer_same_device_class"]
        yield (
            size, share(rate.get("pooled")), between(rate.get("ci")), share(same.get("pooled")),
            between(same.get("ci")), number(told["auc"].get("pooled"), 3),
            share(told.get("fnmr_at_fmr", {}).get("0.05")), str(rate.get("genuine_windows", 0)),
            share(told["silent"]),
        )  # fmt: skip


def _takeovers(report: Report) -> Iterator[Sequence[str]]:
    told = report["takeover"]
    caught = told["caught_within_min"]
    minutes = [minute for minute in WANTED if minute in caught]
    yield (
        "takeovers", "false alarms in 8 h", "median minutes", "median units",
        *(f"within {minute} min" for minute in minutes),
    )  # fmt: skip
    yield (
        str(told["episodes"]), number(told["false_alarms_per_8h"], 2),
        number(told["median_minutes"], 1), number(told["median_units"]),
        *(share(caught[minute]) for minute in minutes),
    )  # fmt: skip


def _honesty(report: Report) -> Iterator[Sequence[str]]:
    yield (
        "calibration error", "device probe, AUC", "shuffled labels, EER", "later sessions fall",
        "spread", "limits allow for",
    )  # fmt: skip
    drift = report["drift"]
    seen, allowed = drift["seen"], drift["expected"]
    shuffled = report["shuffled_label_eer"]
    value = shuffled.get("pooled") if isinstance(shuffled, dict) else shuffled
    yield (
        number(report["calibration_error"], 3), number(report["device_probe_auc"], 3),
        share(value), number(seen["fall"], 2), number(seen["spread"], 2),
        f"{number(allowed['fall'], 2)}, {number(allowed['spread'], 2)}",
    )  # fmt: skip


def _papers(reports: Mapping[str, Report]) -> str:
    parts = []
    for name, report in reports.items():
        rows = [("row", "published", "ours", "95 %", "within the tolerance")]
        for row in report["table"]:
            as_text = share if row.get("unit", "share") == "share" else number
            rows.append(
                (
                    row["row"], as_text(row["published"]), as_text(row["ours"]),
                    between(row["ci"], as_text), "yes" if row["within"] else "**no**",
                )
            )  # fmt: skip
        parts.append(f"### {report.get('title', name)}\n\n" + table(rows))
        for about, key in (("Why they differ", "differences"), ("Derived by us", "derived")):
            if report.get(key):
                parts.append(f"{about}:\n\n" + "\n".join(f"* {one}" for one in report[key]) + "\n")
    return "\n".join(parts)


def _attacks(reports: Mapping[str, Report]) -> str:
    parts = [
        "An attacker who knows template and policy adds, round by round, the stretches of his own"
        " movement that are liked best and raise no alarm. *Guarded* is the shipped adaptation,"
        " *open* learns from all that raised no alarm; told is how well the two are still told"
        " apart on movement that neither has seen.\n"
    ]
    for name, report in reports.items():
        rows = [("round", "adaptation", "EER", "95 %", "he passes", "owner refused", "taught")]
        for played, figures in enumerate(report["rounds"]):
            rows += [
                (
                    str(played), arm, share(each["eer"]), between(each["eer_ci"]),
                    share(each["accepted"]), share(each["refused"]), number(each["hostile"], 1),
                )
                for arm, each in figures.items()
            ]  # fmt: skip
        told = f"{report['attacks']} attacks, windows of {report['window']}"
        parts.append(f"### {name}: {told}\n\n" + table(rows))
    return "\n".join(parts)


def _ablations(reports: Mapping[str, Report]) -> str:
    parts = [ablate.ABOUT]
    parts += [f"### {name}: {ablate.text(report)}" for name, report in reports.items()]
    return "\n".join(parts)


def _curves(reports: Mapping[str, Report]) -> str:
    parts = [curve.ABOUT]
    parts += [f"### {name}: {curve.text(report)}" for name, report in reports.items()]
    return "\n".join(parts)


def _rules(reports: Mapping[str, Report]) -> str:
    parts = [rules.ABOUT]
    parts += [f"### {name}: {rules.text(report)}" for name, report in reports.items()]
    return "\n".join(parts)


_SECTIONS: tuple[tuple[str, str, Callable[[Mapping[str, Report]], str]], ...] = (
    ("People against people", "protocol", _evaluations),
    ("Which rule notices first", "rules", _rules),
    ("What each ingredient is worth", "ablation", _ablations),
    ("How much of somebody must be seen", "curve", _curves),
    ("The papers' own tables", "table", _papers),
    ("Slow poisoning", "rounds", _attacks),
    ("Programs", "per_source", attacked.bots),
    ("Recordings that are played again", "human_false_flags", attacked.replays),
    ("Attacks in a real browser", "within_s", attacked.attacks),
)
