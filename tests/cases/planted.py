"""Plants each case's defects, one at a time, in a copy of the tree, and demands that it turns red.

    python -m tests.cases.planted [NUMBER ...] [--jobs N]

Red is a test that failed in its own body. One that could not even start proves nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tqdm import tqdm

from tests.cases.registry import NAMES, ROOT, Plant, plants
from tests.cases.report import OUT, PAIR

PATIENCE = 90
"""s for one test: many a defect shows as something that never comes."""


def copied(folder: Path) -> Path:
    """The tree as it stands, without what is made in it, beside the same shared folder."""
    tree = folder / "main"
    ignored = shutil.ignore_patterns(
        ".*", "out", "node_modules", "__pycache__", "*.egg-info", "build"
    )
    shutil.copytree(ROOT, tree, ignore=ignored)
    (tree / "tests/firefox/node_modules").symlink_to(ROOT / "tests/firefox/node_modules")
    (folder / "shared").symlink_to(ROOT.parent / "shared")
    return tree


def turns_red(tree: Path, number: int, defect: Plant) -> str:
    """Plant, run the case, mend: "red", or what happened instead."""
    file, out = tree / defect.file, tree / "out"
    whole = file.read_text("utf-8")
    try:
        file.write_text(defect.text(tree), "utf-8")
        ran = run(tree, number, out)
    except AssertionError as error:
        return str(error)
    finally:
        file.write_text(whole, "utf-8")
    outcomes = outcomes_of(out)
    shutil.rmtree(out, ignore_errors=True)
    if "failed" in outcomes:
        return "red"
    if "error" in outcomes:
        return "could not start"
    return "stayed green" if outcomes else f"nothing ran: {ran[-300:]}"


def run(tree: Path, number: int, out: Path) -> str:
    """Run a case's tests in a tree until one fails; what was printed."""
    words = ["-m", "pytest", "tests/cases", "--case", str(number), "-x", "-q"]
    words += ["-p", "no:cacheprovider", "--timeout", str(PATIENCE)]
    environment = {**os.environ, "PYTHONPATH": str(tree), "REAUTH_CASES": str(out)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    ran = subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return ran.stdout + ran.stderr


def outcomes_of(out: Path) -> set[str]:
    """What became of the tests of a run."""
    found = [json.loads(file.read_text("utf-8"))["tests"] for file in out.glob("*.json")]
    return {test["outcome"] for tests in found for test in tests.values()}


def prove(wanted: list[tuple[int, Plant]], jobs: int) -> dict[tuple[int, Plant], str]:
    """The verdict on each defect."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for job in range(jobs):
            (Path(folder) / str(job)).mkdir()
            trees.put(copied(Path(folder) / str(job)))

        def one(planted: tuple[int, Plant]) -> str:
            tree = trees.get()
            try:
                return turns_red(tree, *planted)
            finally:
                trees.put(tree)

        bar = tqdm(total=len(wanted), unit="defect", disable=not sys.stderr.isatty())
        verdicts = {}
        for planted, verdict in zip(wanted, pool.map(one, wanted), strict=True):
            verdicts[planted] = verdict
            bar.update()
            print(f"{planted[0]:4} {verdict:13} {planted[1]}", flush=True)
        return verdicts


def keep(verdicts: dict[tuple[int, Plant], str]) -> None:
    """Write the verdicts where `table` reads them, over older ones of the same defects."""
    file = OUT / "planted.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for (number, defect), verdict in verdicts.items():
        known.setdefault(PAIR, {}).setdefault(str(number), {})[str(defect)] = verdict
    file.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")


def main() -> int:
    """Prove what was asked for; 1 where a defect goes unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("numbers", type=int, nargs="*", help="cases; all where none is given")
    parser.add_argument("--jobs", type=int, default=2, help="trees to work in at once")
    asked = parser.parse_args()
    known = plants()
    numbers = asked.numbers or list(NAMES)
    verdicts = prove([(n, one) for n in numbers for one in known.get(n, ())], asked.jobs)
    keep(verdicts)
    return int(any(verdict != "red" for verdict in verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())
