"""Counters, gauges and histograms as Prometheus or OpenMetrics text, on a listener of their own."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate

from aiohttp import web

from reauth.families import FAMILIES
from reauth.histogram import BUCKETS

_PREFIX = "reauth_"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"

Values = Mapping[str, float]
"""Name with its labels, such as `score_total{decision="low"}`, to value; never a user's id.

Of a histogram, the counters of its buckets and its sum (`reauth.histogram`)."""


def text(values: Values, *, openmetrics: bool = False) -> str:
    """The values in Prometheus' text format, or in OpenMetrics'.

    What the table of families does not know is a counter where its name ends in `_total`, and else
    a gauge.

    References
    ----------
    Prometheus documentation, "Exposition formats", text format 0.0.4; OpenMetrics 1.0.

    Examples
    --------
    >>> print(text({'sessions': 2, 'score_total{decision="low"}': 5}), end="")
    # HELP reauth_score_total Trajectories compared, by lane and whether the score was below the \
threshold.
    # TYPE reauth_score_total counter
    reauth_score_total{decision="low"} 5
    # HELP reauth_sessions Sessions in memory.
    # TYPE reauth_sessions gauge
    reauth_sessions 2
    """
    families: dict[str, list[str]] = {}
    for name in sorted(values):
        bare = name.partition("{")[0]
        families.setdefault(_OF_HISTOGRAMS.get(bare, bare), []).append(name)
    lines: list[str] = []
    for bare in sorted(families):
        kind, told = _described(bare)
        shown = bare.removesuffix("_total") if openmetrics and kind == "counter" else bare
        if told:
            lines.append(f"# HELP {_PREFIX}{shown} {told}\n")
        lines.append(f"# TYPE {_PREFIX}{shown} {kind}\n")
        if kind == "histogram":
            lines += _histogram(bare, values)
            continue
        # A counter's samples end in `_total` in OpenMetrics, whatever its own name is.
        sample = f"{shown}_total" if openmetrics and kind == "counter" else bare
        lines += [
            f"{_PREFIX}{sample}{name.removeprefix(bare)} {_number(values[name])}\n"
            for name in families[bare]
        ]
    return "".join(lines) + ("# EOF\n" if openmetrics else "")


_OF_HISTOGRAMS = {
    f"{name}_{part}": name for name in BUCKETS for part in ("bucket", "sum", "count")
}
"""What the counters of histograms belong to."""


def _described(bare: str) -> tuple[str, str]:
    family = FAMILIES.get(bare)
    if family is not None:
        return family.kind, family.help
    return "counter" if bare.endswith("_total") else "gauge", ""


def _histogram(name: str, values: Values) -> Iterator[str]:
    """The samples of a histogram, its buckets added up; who kept a count only has no others."""
    buckets = BUCKETS[name]
    counts = list(accumulate(values.get(bucket, 0.0) for bucket in buckets))
    counts[-1] = max(counts[-1], values.get(f"{name}_count", 0.0))
    for bucket, count in zip(buckets, counts, strict=True):
        yield f"{_PREFIX}{bucket} {_number(count)}\n"
    yield f"{_PREFIX}{name}_sum {_number(values.get(f'{name}_sum', 0.0))}\n"
    yield f"{_PREFIX}{name}_count {_number(counts[-1])}\n"


def _number(value: float) -> str:
    """A value without loss: a counter of millions still counts by ones."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def application(collect: Callable[[], Awaitable[Values]]) -> web.Application:
    """An application that answers `/metrics` with what `collect` gives."""

    async def get_metrics(request: web.Request) -> web.Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("Accept", "")
        body = text(await collect(), openmetrics=openmetrics)
        kind = _OPEN if openmetrics else _TEXT
        return web.Response(body=body.encode(), headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/metrics", get_metrics)
    return app
