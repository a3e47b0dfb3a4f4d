"""A server against the bare handler, in turns: how many batches a second, how soon answered.

Three ways to ask it. One batch a request on 512 connections, all of them always waiting for an
answer: what is compared with the bare handler, and the worst for latency. The same at half of that
rate, evenly sent: what a sender sees of a house that is not overloaded. And 128 batches a request
on 4 connections, as the proxy sends them.
"""

from dataclasses import dataclass
from typing import Any

from rig.report import median, ratio_of, table
from rig.rounds import Load


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    users: int = 4096
    connections: int = 512
    bare: int = 30_000
    batches: int = 12_288
    rounds: int = 7
    group: int = 128


TINY = Sizes(users=64, connections=8, bare=128, batches=128, rounds=1, group=16)


def compare(
    load: Load, bare: dict[str, Any], house: dict[str, Any], sizes: Sizes
) -> dict[str, Any]:
    """The figures of a house that everybody has sent to once, beside those of a bare handler."""
    load.play(house, sizes.users, connections=sizes.connections)
    plain, single = [], []
    for _ in range(sizes.rounds):
        plain.append(load.play(bare, sizes.bare, connections=sizes.connections))
        single.append(load.play(house, sizes.batches, connections=sizes.connections))
    pairs = list(zip(single, plain, strict=True))
    half = median(each["batches_per_s"] for each in single) / 2
    paced, grouped = [], []
    for _ in range(min(3, sizes.rounds)):
        paced.append(load.play(house, sizes.batches, connections=sizes.connections, rate=half))
        grouped.append(load.play(house, sizes.batches, each=sizes.group, connections=4))
    return {
        "ratio": ratio_of([(a["batches_per_s"], b["batches_per_s"]) for a, b in pairs]),
        "processor_ratio": ratio_of(
            [(b["server_us_a_batch"], max(1e-9, a["server_us_a_batch"])) for a, b in pairs]
        ),
        "ratio_grouped": median(each["batches_per_s"] for each in grouped)
        / median(each["batches_per_s"] for each in plain),
        "rounds": [[a["batches_per_s"], b["batches_per_s"]] for a, b in pairs],
        "bare": _medians(plain),
        "one_a_request": _medians(single),
        "half_rate": _medians(paced),
        "grouped": _medians(grouped),
        "users": sizes.users,
        "connections": sizes.connections,
        "group": sizes.group,
        "request_bytes": median(each["request_bytes"] for each in single),
        "client_busy": median(each["client_busy"] for each in plain),
    }


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    names = ("batches_per_s", "p50_ms", "p99_ms", "server_us_a_batch")
    return {name: median(each[name] for each in rounds) for name in names}


def show(figures: dict[str, Any], label: str) -> None:
    """Print the figures as a table."""
    names = {
        "bare": "bare handler",
        "one_a_request": f"{label}, one batch a request",
        "half_rate": f"{label}, at half of that rate",
        "grouped": f"{label}, {figures['group']} batches a request",
    }
    table(
        [
            (
                text,
                f"{figures[key]['batches_per_s']:,.0f}",
                f"{figures[key]['p50_ms']:.1f}",
                f"{figures[key]['p99_ms']:.1f}",
                f"{figures[key]['server_us_a_batch']:.0f}",
            )
            for key, text in names.items()
        ],
        (f"{figures['connections']} connections", "a second", "p50 ms", "p99 ms", "processor us"),
    )
    print(
        f"\nratio {figures['ratio']:.2f} (by processor time {figures['processor_ratio']:.2f}, "
        f"in groups {figures['ratio_grouped']:.2f}); {figures['users']} users"
    )
