"""Renders docs/CAPACITY.md from the figures of the other benches; no number in it is typed.

`make bench` measures, then runs this; `tests/test_bench.py` holds the page to bench/results.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "CAPACITY.md"
BENCHES = ("ingest", "whole_path", "engine", "memory", "observer")
BATCHES_A_MOVER = 0.2
"""Batches a second of somebody who moves all the time: one in 5 s (observer.md section 4)."""
MOVING = 0.2
"""Share of staff whose pointer moves at one moment (scale.md section 1: 20 000 of 100 000)."""
LOAD = 0.5
"""Share of a core's full speed that is planned for: the rest is for bursts."""


def gather(folder: Path) -> dict[str, Any]:
    """The figures of all benches, by name; those of a bench that did not run are missing."""
    files = {name: folder / f"{name}.json" for name in BENCHES}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def verdict(value: float, wanted: float, *, at_least: bool = True) -> str:
    """Whether a goal is met, in a word."""
    return "met" if (value >= wanted if at_least else value <= wanted) else "**missed**"


def table(found: dict[str, Any]) -> str:
    """Each figure beside its goal, and whether it is met."""
    ingest, whole = found["ingest"], found["whole_path"]
    engine, memory = found["engine"], found["memory"]
    one, many = engine["ratio"]["1 user in a batch"], engine["ratio"]["64 users in a batch"]
    moving = found["observer"]["wire"]["bytes_per_s"]["40Hz"]
    group, users = whole["group"], whole["users"]
    rows = [
        ("durable ingest against a bare aiohttp handler, 512 connections, a batch a request",
         f"{ingest['ratio']:.2f}", "≥ 0.35", verdict(ingest["ratio"], 0.35)),
        (f"the same, {group} batches a request, as the proxy sends them",
         f"{ingest['ratio_grouped']:.2f}", "", ""),
        (f"whole path with {users} enrolled users moving, a batch a request",
         f"{whole['ratio']:.2f}", "≥ 0.2", verdict(whole["ratio"], 0.2)),
        (f"the same, {group} batches a request",
         f"{whole['ratio_grouped']:.2f}", "≥ 0.2", verdict(whole["ratio_grouped"], 0.2)),
        ("features and score of 64 trajectories of one user, against scikit-learn one by one",
         f"{one:.1f} ×", "≥ 10 ×", verdict(one, 10)),
        ("the same, of 64 users", f"{many:.1f} ×", "≥ 10 ×", verdict(many, 10)),
        ("largest difference of a decision from scikit-learn's",
         f"{engine['largest_difference']:.1e}", "≤ 1e-9",
         verdict(engine["largest_difference"], 1e-9, at_least=False)),
        ("memory of a live session, its user's template apart",
         f"{memory['resident_kb']:.1f} kB", "≤ 20 kB",
         verdict(memory["resident_kb"], 20, at_least=False)),
        ("wire, moving all the time at 40 Hz, token included",
         f"{moving:.0f} B/s", "≤ 175 B/s", verdict(moving, 175, at_least=False)),
        ("the papers' wire: AGH 2021, WIDAM 2004", "", "2500, 950 B/s", ""),
    ]  # fmt: skip
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["| what | ours | goal | |", "|---|---|---|---|", *lines])


def page(found: dict[str, Any]) -> str:
    """The page's text."""
    whole = found["whole_path"]
    memory = found["memory"]
    machine = whole["machine"]
    speed = whole["grouped"]["batches_per_s"]
    movers = speed * LOAD / BATCHES_A_MOVER
    disk = memory["raw_bytes_a_batch"] + memory["other_bytes_a_batch"]
    return f"""# Capacity

Measured by `make bench` on {machine["date"]}: {machine["processor"]}, {machine["cores"]} cores that
server and load share, {machine["memory_gb"]} GB, Python {machine["python"]}. **Trust the ratios**:
both sides of each were measured in turns in one run. Rendered by `bench/capacity.py`.

{table(found)}

A bare handler takes {whole["bare"]["server_us_a_batch"]:.0f} µs of processor a batch on this
machine, the whole path {whole["grouped"]["server_us_a_batch"]:.0f} µs in groups and
{whole["one_a_request"]["server_us_a_batch"]:.0f} µs one a request. At full load an acknowledgement
takes {whole["grouped"]["p50_ms"]:.0f} ms in the median and {whole["grouped"]["p99_ms"]:.0f} ms at
p99; at half of it {whole["half_rate"]["p50_ms"]:.0f} and {whole["half_rate"]["p99_ms"]:.0f} ms.

## Planning

- **Users.** One process takes {speed:.0f} batches a second. At half load that is
  {movers:,.0f} people moving at once, or staff of about {movers / MOVING:,.0f} if a fifth of them
  move at one moment.
- **Memory.** {memory["resident_kb"]:.1f} kB a live session, and {memory["template_kb"]:.0f} kB a
  template of {memory["support_vectors"]} support vectors of whoever is there.
- **Disk.** {disk:.0f} bytes a batch: the batch as it came for `[store] raw_days`
  ({memory["raw_bytes_a_batch"]:.0f} of them), the rest for `trajectories_days`.
- **When one process is not enough**: a second house for another part of the staff. Several
  processes for one house are not built.
"""


def main() -> int:
    """Keep the figures and render the page; 1 where a bench has not run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    found = gather(parser.parse_args().out)
    missing = [name for name in BENCHES if name not in found]
    if missing:
        print(f"no figures of {', '.join(missing)}; run make bench", file=sys.stderr)
        return 1
    RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(found))
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
