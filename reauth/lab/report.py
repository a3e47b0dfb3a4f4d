"""A report on disk: JSON for programs, Markdown and pictures for people.

Every number in the text comes out of the JSON; the title says so where impostors were seen.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reauth.lab import seeds
from reauth.lab.cutting import whole
from reauth.lab.evaluate import Result
from reauth.lab.plots import draw

SEEN = "IMPOSTORS WERE SEEN IN TRAINING"
NOTES = """\
**How to read it.** Whole recordings enrol or test, never both. Templates and limits were frozen
before a test recording was opened, and scored by processes that had nothing but them. A window is
so many neighbouring units of one recording, and windows do not overlap; its score is the mean of
its log-likelihood ratios (*by votes*: the share of units that count against the user). *Pooled*
has one threshold for everybody, *per user* one for each, which flatters where a user has few
windows. Intervals are 95 %, by bootstrap over users. A takeover is a test recording of the user
and then one of an impostor, under one running policy; minutes are active ones (gaps up to 60 s)
from the change of seats. A recording that ends before an alarm is censored (Kaplan and Meier):
it tells of the time until then only.
Device classes are bands of the median time between movements: below 11 ms *native*, 25 ms
*frame*, 60 ms *slow*, 500 ms *remote*. The device probe knows that time and the largest x and y
only: what it tells is no biometrics. Labels shuffled, the EER must be near 50 %.
"""


def title_of(report: Mapping[str, Any]) -> str:
    """What was evaluated on what, and whether impostors were seen."""
    protocol = report["protocol"]
    told = f"{protocol['verifier']} with {protocol['policy']} on {Path(protocol['data']).name}"
    if protocol["same_device_class_only"]:
        told += ", same device class only"
    if protocol["resampled_ms"]:
        told += f", on a grid of {protocol['resampled_ms']:g} ms"
    if protocol["without"]:
        told += f", without {', '.join(protocol['without'])}"
    return told if protocol["unseen_impostors"] else f"{told}: {SEEN}"


def write(result: Result, out: Path) -> None:
    """Write `report.json`, `report.md` and the pictures into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    whole(out / "report.json", dumped(result.report))
    pictures = draw(title_of(result.report), result.report, result.victims, out)
    whole(out / "report.md", markdown(result.report, pictures).encode())


def dumped(report: Mapping[str, Any]) -> bytes:
    """A report as JSON; what is not finite has no place in it."""
    return (json.dumps(report, indent=1, allow_nan=False) + "\n").encode()


def markdown(report: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """A report as text."""
    parts = [
        f"# {title_of(report)}",
        _protocol(report["protocol"]),
        *_rates(report),
        *_by_seconds(report["by_seconds"]),
        *_takeover(report["takeover"], report["protocol"]),
        *_honesty(report),
        *_users(report),
        *(["## Over seeds", seeds.text(report["seeds"]).rstrip()] if "seeds" in report else []),
        "## Pictures",
        "\n\n".join(f"![{name.removesuffix('.svg')}]({name})" for name in pictures),
        NOTES.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _protocol(protocol: Mapping[str, Any]) -> str:
    kind = "unseen" if protocol["unseen_impostors"] else "seen"
    return (
        f"{protocol['users_enrolled']} users enrolled against {protocol['users_background']} "
        f"background users, impostors {kind}; seed {protocol['seed']}, features "
        f"{protocol['features']} {protocol['versions']['features']}, verifier version "
        f"{protocol['versions']['verifier']}, reauth {protocol['versions']['reauth']}, code "
        f"`{protocol['versions']['code'][:12]}`, data `{protocol['data_sha256'][:12]}`."
    )


def _rates(report: Mapping[str, Any]) -> list[str]:
    head = ("units", "pooled EER", "95 %", "per user", "by votes", "same device class", "95 %",
            "AUC", "FNMR at FMR 5 %", "1 %", "FMR, FNMR at the frozen threshold",
            "genuine windows")  # fmt: skip
    rows, why = [], []
    for size, told in report["eer"].items():
        if "pooled" not in told:
            why.append(f"{size} units: {told['reason']}.")
            continue
        same, at = report["eer_same_device_class"][size], report["fnmr_at_fmr"][size]
        kept = report["at_frozen_threshold"][size]
        rows.append((
            size, _share(told["pooled"]), _range(told["ci"]), _share(told["per_user_mean"]),
            _share(report["eer_by_votes"][size].get("pooled")), _share(same.get("pooled")),
            _range(same.get("ci")), f"{report['auc'][size]['pooled']:.3f}",
            _share(at["0.05"]), _share(at["0.01"]),
            f"{_share(kept['fmr'])}, {_share(kept['fnmr'])}", told["genuine_windows"],
        ))  # fmt: skip
    return ["## Error rates by window", _table(head, rows), *why]


def _by_seconds(by_seconds: Mapping[str, Any]) -> list[str]:
    head = ("active seconds", "pooled EER", "95 %", "same device class", "95 %", "AUC",
            "FNMR at FMR 5 %", "1 %", "genuine windows", "windows without a unit")  # fmt: skip
    rows = []
    for size, told in by_seconds.items():
        rate, same = told["eer"], told["eer_same_device_class"]
        at = told.get("fnmr_at_fmr", {})
        rows.append((
            size, _share(rate.get("pooled")), _range(rate.get("ci")), _share(same.get("pooled")),
            _range(same.get("ci")), _number(told["auc"].get("pooled")), _share(at.get("0.05")),
            _share(at.get("0.01")), rate.get("genuine_windows", rate.get("reason")),
            _share(told["silent"]),
        ))  # fmt: skip
    return ["## Error rates by active seconds", _table(head, rows)] if rows else []


def _takeover(takeover: Mapping[str, Any], protocol: Mapping[str, Any]) -> list[str]:
    rows = [
        ("false alarms in 8 active hours", _number(takeover["false_alarms_per_8h"]),
         _numbers(takeover["false_alarms_per_8h_ci"])),
        ("median delay, active minutes", _number(takeover["median_minutes"]),
         _numbers(takeover["median_minutes_ci"])),
        ("90 % are caught within, active minutes", _number(takeover["p90_minutes"]), ""),
        ("median delay, units", _number(takeover["median_units"]), ""),
        *(
            (f"caught within {limit} min", _share(value),
             _range(takeover["caught_within_min_ci"][limit]))
            for limit, value in takeover["caught_within_min"].items()
        ),
        ("caught before the recording's end, of all", _share(takeover["caught_before_session_end"]),
         ""),
        ("ANIA, units", _number(takeover["ania"]), ""),
        ("ANGA, units", _number(takeover["anga"]), ""),
        ("scores with a live decision", _share(takeover["coverage"]), ""),
    ]  # fmt: skip
    told = (
        f"{takeover['episodes']} takeovers of {takeover['users']} users; policy "
        f"{protocol['policy']} over {protocol['policy_window']} units; {takeover['false_alarms']} "
        f"false alarms in {takeover['active_hours']:.1f} active hours of the users themselves; the "
        f"impostors' recordings last {_number(takeover['median_session_minutes'])} active minutes "
        "(median). An empty value: half of them, or nine in ten, were never caught."
    )
    return ["## Takeovers", told, _table(("", "", "95 %"), rows)]


def _honesty(report: Mapping[str, Any]) -> list[str]:
    unknown, elsewhere = (
        report.get(name) for name in ("unknown_device", "attacks_on_unknown_devices")
    )
    rows = [
        ("calibration error of P(impostor), mean of users", _share(report["calibration_error"])),
        ("Cllr, bits", _number(report["cllr"])),
        ("AUC of the device alone", _number(report["device_probe_auc"])),
        ("EER with shuffled labels", _share(report["shuffled_label_eer"])),
        ("FTA, units that could not be compared", _share(report["fta"])),
        ("users' own units dropped, on a device that they were not learnt on", _share(unknown)),
        ("attacks on a device that the user was not learnt on", _share(elsewhere)),
        ("FTE, users who could not be enrolled", _share(report["fte"])),
        ("units in an active hour", _number(report["units_per_active_hour"])),
    ]
    return ["## Calibration, honesty, coverage", _table(("", ""), rows)]


def _users(report: Mapping[str, Any]) -> list[str]:
    sizes = list(report["eer"])
    head = ("user", "class", "enrolled", "tested", *(f"EER {size}" for size in sizes),
            "false alarms", "caught")  # fmt: skip
    rows = [
        (f"`{row['user']}`", row["device_class"], row["enrol_units"], row["test_units"],
         *(_share(row["eer"][size]) for size in sizes), row["false_alarms"],
         _share(row["detected"]))
        for row in report["per_user"]
    ]  # fmt: skip
    parts = ["## Users", _table(head, rows)]
    failed = [f"`{one['user']}`: {one['reason']}" for one in report["failed_to_enrol"]]
    return [*parts, "Not enrolled: " + "; ".join(failed) + "."] if failed else parts


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _range(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.1%} to {ends[1]:.1%}"


def _numbers(ends: Sequence[float | None]) -> str:
    low, high = ("∞" if end is None else f"{end:.3g}" for end in ends)
    return f"{low} to {high}"
