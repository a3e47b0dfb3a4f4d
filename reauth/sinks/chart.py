"""The scores of an alert as a picture for a letter: PNG, which every mail program shows."""

from collections.abc import Sequence
from io import BytesIO

from reauth.alert import Evidence

_SIZE, _DOTS = (6.0, 2.2), 100
"""Inches, and dots an inch: 600 by 220 px, as wide as a phone held upright shows at twice."""


def png(evidence: Sequence[Evidence], threshold: float) -> bytes:
    """Draw the scores in order against the threshold (nats); low ones are diamonds."""
    # Here, as it takes a second and only those who send mail need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see above
    from matplotlib.figure import Figure  # noqa: PLC0415 - see above

    figure = Figure(figsize=_SIZE, dpi=_DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = range(len(evidence))
    axes.plot(places, [item.score for item in evidence], color="#888888", linewidth=1)
    for low, mark, colour in ((True, "D", "#b00020"), (False, "o", "#1f6f43")):
        shown = [(place, item.score) for place, item in enumerate(evidence) if item.low == low]
        axes.plot(*zip(*shown, strict=True), mark, color=colour, markersize=4) if shown else None
    axes.axhline(threshold, color="#333333", linestyle="--", linewidth=1)
    axes.set_xlabel("trajectory, newest last")
    axes.set_ylabel("score, nats")
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
