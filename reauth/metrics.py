"""Counters and gauges as Prometheus text, on a listener of their own."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

_PREFIX = "reauth_"

Values = Mapping[str, float]
"""Name with its labels, such as `score_total{decision="low"}`, to value; never a user's id."""


def text(values: Values) -> str:
    """The values in Prometheus' text format; a name that ends in `_total` is a counter.

    References
    ----------
    Prometheus documentation, "Exposition formats", text format 0.0.4.

    Examples
    --------
    >>> print(text({'alerts_open': 2, 'score_total{decision="low"}': 5}), end="")
    # TYPE reauth_alerts_open gauge
    reauth_alerts_open 2
    # TYPE reauth_score_total counter
    reauth_score_total{decision="low"} 5
    """
    lines = []
    family = ""
    for name in sorted(values):
        bare = name.partition("{")[0]
        if bare != family:
            family = bare
            kind = "counter" if bare.endswith("_total") else "gauge"
            lines.append(f"# TYPE {_PREFIX}{bare} {kind}\n")
        lines.append(f"{_PREFIX}{name} {values[name]:g}\n")
    return "".join(lines)


def application(collect: Callable[[], Awaitable[Values]]) -> web.Application:
    """An application that answers `/metrics` with what `collect` gives."""

    async def get_metrics(_: web.Request) -> web.Response:
        body = text(await collect())
        return web.Response(text=body, headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application()
    app.router.add_get("/metrics", get_metrics)
    return app
