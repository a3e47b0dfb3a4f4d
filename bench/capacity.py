"""docs/CAPACITY.md from the results of the other benches, so that no number in it is typed by hand.

`--out DIR`, as every bench is called: write the document of the results in DIR beside them, and
say whether they meet what is wanted. What was not measured anew is taken as published. `--publish`
too: make these results the published ones, `bench/results.json`, and write `docs/CAPACITY.md`.
`--check`: exit 1 unless `docs/CAPACITY.md` is
what the published results give.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rig.report import arguments

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "CAPACITY.md"
NAMES = ("ingest", "whole_path", "engine", "memory", "observer", "proxy", "console")
PERIOD = 5
"""s between two batches of somebody who moves."""


def render(found: dict[str, Any]) -> str:
    """The document of these results."""
    ingest, whole, engine, memory, observer, proxy, console = (found[name] for name in NAMES)
    machine = whole["machine"]
    one, many = whole["one_a_request"], whole["grouped"]
    moving = round(one["batches_per_s"] * PERIOD / 2, -2)
    template = memory["template_kb"]
    hour = memory["raw_bytes_a_batch"] * 3600 / PERIOD / 1e6
    kept = memory["other_bytes_a_batch"] * 3600 / PERIOD / 1e6
    compared, scattered = engine["ratio"].values()
    values = {
        "PERIOD": PERIOD,
        "processor": machine["processor"],
        "cores": machine["cores"],
        "memory": machine["memory_gb"],
        "system": machine["system"],
        "python": machine["python"],
        "aiohttp": machine["packages"]["aiohttp"],
        "numpy": machine["packages"]["numpy"],
        "date": machine["date"],
        "users": f"{whole['users']:,}",
        "connections": whole["connections"],
        "group": whole["group"],
        "vectors": whole["support_vectors"],
        "bare": _row(whole["bare"]),
        "durable": _row(ingest["one_a_request"]),
        "durable_half": _row(ingest["half_rate"]),
        "durable_many": _row(ingest["grouped"]),
        "whole": _row(one),
        "whole_half": _row(whole["half_rate"]),
        "whole_many": _row(many),
        "durable_ratio": f"{ingest['ratio']:.2f}",
        "durable_processor": f"{ingest['processor_ratio']:.2f}",
        "durable_grouped": f"{ingest['ratio_grouped']:.2f}",
        "durable_wanted": ingest["wanted_ratio"],
        "whole_ratio": f"{whole['ratio']:.2f}",
        "whole_processor": f"{whole['processor_ratio']:.2f}",
        "whole_grouped": f"{whole['ratio_grouped']:.2f}",
        "whole_wanted": whole["wanted_ratio"],
        "moving": f"{moving:,.0f}",
        "seats": f"{5 * moving:,.0f}",
        "rate": f"{one['batches_per_s']:,.0f}",
        "resident": f"{memory['resident_kb']:.0f}",
        "allocated": f"{memory['allocated_kb']:.0f}",
        "sessions": f"{memory['users']:,}",
        "wanted_kb": f"{memory['wanted_kb']:.0f}",
        "state": f"{memory['state_bytes']:.0f}",
        "template": f"{template:.0f}",
        "template_vectors": memory["support_vectors"],
        "live_gb": f"{moving * (template + memory['resident_kb']) / 2**20:.1f}",
        "body": f"{memory['body_bytes']:.0f}",
        "raw": f"{memory['raw_bytes_a_batch']:.0f}",
        "other": f"{memory['other_bytes_a_batch']:.0f}",
        "hour": f"{hour:.2f}",
        "kept": f"{kept:.2f}",
        "week_gb": f"{1000 * 2 * 7 * hour / 1000:.1f}",
        "month_gb": f"{1000 * 2 * 30 * kept / 1000:.1f}",
        "compared": f"{compared:.0f}",
        "scattered": f"{scattered:.0f}",
        "trajectory": f"{next(iter(engine['shipped_us'].values())):.1f}",
        "engine_vectors": engine["support_vectors"],
        "difference": f"{engine['largest_difference']:.0e}",
        "event": f"{engine['cut_event_us']:.1f}",
        "wire": f"{observer['wire']['bytes_per_s']['40Hz']:.0f}",
        "goal": observer["wire"]["goal_bytes_per_s"],
        "thesis": f"{observer['wire']['times_less']['thesis']:.0f}",
        "widam": f"{observer['wire']['times_less']['widam']:.1f}",
        "gzip": f"{observer['script']['gzip']:,}",
        "budget": f"{observer['script']['gzip_budget']:,}",
        "handler": f"{observer['handler']['us_per_event']:.1f}",
        "proxy_rounds": proxy["rounds"],
        "proxy_date": proxy["machine"]["date"],
        "proxy_python": proxy["machine"]["python"],
        "proxy_load": f"{proxy['load_average']:.1f}",
        "proxy_versions": ", ".join(" ".join(item) for item in proxy["versions"].items()),
        "proxy_goals": "\n".join(_goals(proxy["rows"])),
        "proxy_rows": "\n".join(_proxies(proxy["rows"])),
        "console_date": console["machine"]["date"],
        "console_rows": "\n".join(_pages(console)),
        "console_rate": f"{console['ingest_batches_per_s'] / 2:,.0f}",
        "console_alone": f"{console['ingest_p99_ms']['alone']:.0f}",
        "console_beside": f"{console['ingest_p99_ms']['beside']:.0f}",
        "console_grown": f"{console['ingest_p99_ms']['grown']:.1f}",
        "console_wanted": f"{console['wanted']['ingest']:g}",
        "proxy_growth": _growth(proxy["rows"]["stalled"]),
    }
    return (Path(__file__).parent / "rig" / "CAPACITY.md").read_text("utf-8").format(**values)


def _row(figures: dict[str, float]) -> str:
    return (
        f"{figures['batches_per_s']:,.0f} | {figures['p50_ms']:.0f} ms | "
        f"{figures['p99_ms']:.0f} ms | {figures['server_us_a_batch']:.0f} us"
    )


def _goals(rows: dict[str, Any]) -> Iterator[str]:
    """What was wanted of the proxy, and what was found."""
    for row in rows.values():
        for goal in row["goals"]:
            sign = "at most" if goal["at_most"] else "at least"
            met = "yes" if goal["met"] else "**no**"
            wanted = f"{sign} {goal['wanted']:g}"
            yield f"| {row['text']} | {goal['text']} | {goal['value']:.3g} | {wanted} | {met} |"


def _proxies(rows: dict[str, Any]) -> Iterator[str]:
    """Each proxy's own figures."""
    for row in rows.values():
        for kind, figures in row.get("medians", {}).items():
            if kind != "direct":
                yield (
                    f"| {row['text']} | {kind} | {figures['cpu_ms']:.3g} | "
                    f"{figures['requests_per_s']:,.0f} | {figures['p50_ms']:.3g} | "
                    f"{figures['p99_ms']:.3g} | {figures['peak_mb']:.0f} |"
                )


def _pages(console: dict[str, Any]) -> Iterator[str]:
    """How soon each page of the console answers."""
    wanted = console["wanted"]["page"]
    for path, p95 in console["pages_p95_s"].items():
        p50 = console["pages_p50_s"][path]
        met = "yes" if p95 <= wanted else "**no**"
        yield f"| `{path}` | {p50 * 1000:.0f} ms | {p95 * 1000:.0f} ms | {met} |"


def _growth(row: dict[str, Any]) -> str:
    growth = row["growth_mb"]
    return f"{growth['ours']:.0f} MB, that of stock that streams by {growth['streamed']:.0f} MB,"


def missed(found: dict[str, Any]) -> list[str]:
    """Which goals these results do not meet, in words."""
    memory, engine, wire = found["memory"], found["engine"], found["observer"]["wire"]
    goals = {
        f"{name}: a ratio of {found[name]['wanted_ratio']}": found[name]["ratio"]
        >= found[name]["wanted_ratio"]
        for name in ("ingest", "whole_path")
    }
    weight = max(memory["resident_kb"], memory["allocated_kb"])
    goals[f"memory: {memory['wanted_kb']:g} kB a session"] = weight <= memory["wanted_kb"]
    fastest = max(engine["ratio"].values())
    goals[f"engine: {engine['wanted_ratio']:g} times faster"] = fastest >= engine["wanted_ratio"]
    goals["observer: bytes on the wire"] = wire["bytes_per_s"]["40Hz"] <= wire["goal_bytes_per_s"]
    for row in found["proxy"]["rows"].values():
        goals |= {f"proxy, {row['text']}: {goal['text']}": goal["met"] for goal in row["goals"]}
    return [goal for goal, met in goals.items() if not met]


def main() -> int:
    """Render, publish or check; exit 1 where a goal is missed or the document is another."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--publish", action="store_true", help="make these the published results")
    parser.add_argument("--check", action="store_true", help="compare docs/CAPACITY.md only")
    options = parser.parse_args()
    published = json.loads(RESULTS.read_text("utf-8"))
    if options.check:
        return int(render(published) != DOCUMENT.read_text("utf-8"))
    found = {}
    for name in NAMES:
        path = options.out / f"{name}.json"
        found[name] = json.loads(path.read_text("utf-8")) if path.exists() else published[name]
        if not path.exists():
            print(f"{name}: as published, for want of {path}")
    (options.out / "CAPACITY.md").write_text(render(found), "utf-8")
    print(options.out / "CAPACITY.md")
    if options.publish:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        DOCUMENT.write_text(render(found), "utf-8")
        print(DOCUMENT)
    for goal in missed(found):
        print(f"missed: {goal}")
    return int(bool(missed(found)) and not options.tiny)


if __name__ == "__main__":
    sys.exit(main())
