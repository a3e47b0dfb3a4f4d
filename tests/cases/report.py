"""Keeps what became of every case: a file for each pair of Python and mitmproxy, in out/cases.

Hooks of pytest, which `tests/conftest.py` takes over, so that a run in many processes is one run.
"""

import json
import os
import platform
from pathlib import Path

from mitmproxy import version

OUT = Path(os.environ.get("REAUTH_CASES", Path(__file__).parents[2] / "out" / "cases"))
PAIR = f"{'.'.join(platform.python_version_tuple()[:2])} + {version.VERSION}"
_found: dict[str, dict[str, object]] = {}


def pytest_runtest_setup(item):
    """Let a test's report say which cases it is part of."""
    for mark in item.iter_markers("case"):
        item.user_properties.append(("case", mark.args[0]))
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "town" in params:
        item.user_properties.append(("browser", params["town"]))


def pytest_runtest_logreport(report):
    """Note how a test went; of one that failed, where."""
    cases = [value for name, value in report.user_properties if name == "case"]
    if not cases or (report.when != "call" and report.passed):
        return
    outcome = report.outcome if report.when == "call" or report.skipped else "error"
    browser = dict(report.user_properties).get("browser")
    if _found.get(report.nodeid, {}).get("outcome") not in ("failed", "error"):
        _found[report.nodeid] = {"cases": cases, "outcome": outcome, "browser": browser}


def pytest_sessionfinish(session):
    """Write it down, over what an earlier run found of the same tests."""
    if not _found or hasattr(session.config, "workerinput"):
        return
    file = OUT / f"{PAIR.replace(' + ', '-')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text("utf-8"))["tests"] if file.exists() else {}
    told = {"pair": PAIR, "tests": known | _found}
    file.write_text(json.dumps(told, indent=1, sort_keys=True), "utf-8")
