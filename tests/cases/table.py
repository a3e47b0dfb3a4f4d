"""Prints the 120 cases: what ran on which pair and in which browser, and the defect that each sees.

    python -m tests.cases.table [--markdown]

Reads what `report` and `planted` kept in out/cases.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.cases.registry import NAMES, UNABLE, plants
from tests.cases.report import OUT


class Row(NamedTuple):
    """One case, as it is printed."""

    number: str
    name: str
    pairs: str
    browsers: str
    result: str
    defect: str


HEAD = Row("no.", "case", "pairs", "browsers", "result", "planted defect that turns it red")


def found(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Tests that ran, by pair."""
    told = [json.loads(file.read_text("utf-8")) for file in sorted(out.glob("*-*.json"))]
    return {each["pair"]: list(each["tests"].values()) for each in told}


def result(tests: list[dict[str, Any]], number: int) -> str:
    """The worst of a case's tests."""
    outcomes = {test["outcome"] for test in tests}
    for worst in ("failed", "error", "skipped"):
        if worst in outcomes:
            return worst
    if outcomes:
        return "passed"
    return "cannot run here" if number in UNABLE else "missing"


def row(number: int, ran: dict[str, list[dict[str, Any]]], planted: dict[str, Any]) -> Row:
    """One case."""
    mine = {
        pair: [test for test in tests if number in test["cases"]] for pair, tests in ran.items()
    }
    tests = [test for each in mine.values() for test in each]
    browsers = sorted({test["browser"] for test in tests if test["browser"]})
    defects = plants().get(number, [])
    verdicts = [
        verdict for pair in planted.values() for verdict in pair.get(str(number), {}).values()
    ]
    proven = f"{verdicts.count('red')}/{len(defects)} red; " if verdicts else "not yet run; "
    said = proven + str(defects[0]) if defects else UNABLE.get(number, "none")
    outcome = result(tests, number)
    if outcome == "passed" and not defects:
        outcome = "missing: no defect"
    return Row(
        str(number), NAMES[number], ", ".join(pair for pair, each in mine.items() if each),
        ", ".join(browsers) or "-", outcome, said,
    )  # fmt: skip


def main() -> int:
    """Print the table; 1 where a case is not passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help="as a table of Markdown")
    markdown = parser.parse_args().markdown
    file = OUT / "planted.json"
    planted = json.loads(file.read_text("utf-8")) if file.exists() else {}
    ran = found(OUT)
    rows = [row(number, ran, planted) for number in NAMES]
    for each in (HEAD, *rows):
        print(line(each, markdown))
        if markdown and each is HEAD:
            print("|---" * len(HEAD) + "|")
    good = sum(each.result in ("passed", "cannot run here") for each in rows)
    passed = sum(each.result == "passed" for each in rows)
    print(f"\n{passed} of {len(rows)} cases pass, {good - passed} cannot run here", flush=True)
    return int(good != len(rows))


def line(each: Row, markdown: bool) -> str:
    """A row as text."""
    if markdown:
        return "| " + " | ".join(value.replace("|", "\\|") for value in each) + " |"
    widths = (4, 52, 34, 17, 15)
    cells = [f"{value[:width]:{width}}" for value, width in zip(each, widths, strict=False)]
    return "  ".join([*cells, each.defect])


if __name__ == "__main__":
    sys.exit(main())
