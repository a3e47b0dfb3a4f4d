"""Sections of the document on programs and recordings that pretend to be people."""

from collections.abc import Mapping
from typing import Any

from reauth.lab.text import between, number, share, table

Report = Mapping[str, Any]


def without_people(report: dict[str, Any]) -> None:
    """Take names of people, and what is told of each, out of a report of `lab bots`."""
    report.pop("left_out_of_training", None)
    sources = report.get("per_source")
    if sources is not None:
        report["per_source"] = {
            name: told for name, told in sources.items() if told["side"] == "bot"
        }


def bots(reports: Mapping[str, Report]) -> str:
    """How well people are told from programs."""
    parts = [
        "Movements of people and of programs, both looked at every 25 ms in whole pixels. Who"
        " teaches and who is tested are different people, and programs are fitted to those of"
        " their side. Recall is where 1 % of the people tested are flagged; beside it the"
        " detector's own limits, frozen before. *Left out*: by a detector that was taught without"
        " this program. Fives are means of five movements.\n"
    ]
    for name, report in reports.items():
        counts = report["trajectories"]
        parts.append(
            f"### {name}: detector {report['detector']}\n\n{counts['human']} movements of people, "
            f"{counts['bot']} of programs; seed {report['seed']}; without a score "
            f"{share(report['fta'])}; accuracy at 0 nats {share(report['accuracy'])}; "
            f"AUC {number(report['auc'], 4)}.\n"
        )
        parts += [table(_recalls(report)), table(_programs(report))]
    return "\n".join(parts)


def _recalls(report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("movements", "recall at 1 % of people", "95 %", "left out, mean", "frozen limit: recall",
         "people flagged")
    ]  # fmt: skip
    left = report.get("leave_one_out", {}).get("recall_at_1pct_fpr", {})
    for size, recall in report["recall_at_1pct_fpr"].items():
        frozen = report["frozen"][size]
        rows.append(
            (size, share(recall), between(report["recall_ci"][size]), share(left.get(size)),
             share(frozen["recall"]), share(frozen["fpr"]))
        )  # fmt: skip
    return rows


def _programs(report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("program", "movements", "recall", "of fives", "left out", "of fives")
    ]
    left = report.get("leave_one_out", {}).get("per_source", {})
    for name, told in report["per_source"].items():
        shares = [side.get(size) for side in (told["flagged"], left.get(name, {}))
                  for size in ("1", "5")]  # fmt: skip
        rows.append((name, str(told["trajectories"]), *map(share, shares)))
    return rows


def replays(reports: Mapping[str, Report]) -> str:
    """How many recordings are known again, and how many people are taken for one."""
    parts = [
        "Movements of a library, played again: as points, through a browser, through one that"
        " tells of one place a frame, and turned and scaled; as they are, and with 30 % of their"
        " points moved. Flags are counted on recordings that are not in the library. *turned* is"
        " what is live by default.\n"
    ]
    for name, report in reports.items():
        flags = report["flags"]
        rows: list[tuple[str, ...]] = [("played again", "exact", "1 px", "3 px")]
        for what in ("", "_browser", "_frames", "_elsewhere"):
            told = report.get(f"recall{what}")
            if told is not None:
                shares = [share(told[size]) for size in ("exact", "1px", "3px")]
                rows.append((what[1:] or "points", *shares))
        taken = [("movements in the library", "median ms", "p95 ms", "flagged of new")]
        taken += [
            (size, number(report["median_ms"][size], 3), number(report["lookup_ms"][size], 3),
             _fine(report["flags_by_size"][size]))
            for size in report["lookup_ms"]
        ]  # fmt: skip
        parts.append(
            f"### {name}: detector {report.get('detector', 'library')}\n\n"
            f"{report['library']['with_shape']} of {report['library']['movements']} movements of "
            f"the library can be looked up, {report['played']} were played; {flags['flagged']} of "
            f"{flags['movements']} new movements were taken for a replay "
            f"({_fine(report['human_false_flags'])}); seed {report['seed']}.\n"
        )
        parts += [table(rows), table(taken)]
    return "\n".join(parts)


def _fine(value: float | None) -> str:
    return "-" if value is None else f"{value:.3%}".replace("%", " %")


def attacks(reports: Mapping[str, Report]) -> str:
    """What became of attacks that were played through a real browser."""
    parts = [
        "Each kind of program, and recordings, played through Chromium and the proxy at an enrolled"
        " account, until the right kind of alert is raised; and people at their own accounts"
        " (`make attacks`).\n"
    ]
    for name, report in reports.items():
        rows = [("attack", "alert wanted", "seconds of movement until then", "alerts", "in time")]
        rows += [
            (each["attack"], each["wanted"], number(each["after"], 1),
             ", ".join(each["alerts"]) or "none", "yes" if each["right"] else "**no**")
            for each in report["attacks"]
        ]  # fmt: skip
        people = report["people"]
        raised = [kind for each in people["alerts"] for kind in each["alerts"]]
        parts += [
            f"### {name}: within {number(report['within_s'])} s of movement\n",
            table(rows),
            f"{people['count']} people, {number(people['minutes'], 1)} minutes of movement: alerts "
            f"{', '.join(raised) or 'none'}.\n",
        ]
    return "\n".join(parts)
