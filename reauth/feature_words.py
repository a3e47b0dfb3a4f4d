"""What each number of each feature set is called by somebody who has never heard of features.

A number has a name, and words for more of it and for less of it than usual. Numbers of one topic
tell of one thing: of nine speeds that are all higher a reader wants to hear once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reauth.features.gamboa import VECTORS
from reauth.features.movement import LAST, PROFILE, QUANTILES
from reauth.features.neuromotor import HALVES, STATISTICS


@dataclass(frozen=True, slots=True)
class Words:
    """Words for one number.

    Parameters
    ----------
    what
        Its name, as in "the user's median speed".
    more, less
        What a movement does that has more or less of it, as in "Moves faster" (than usual).
    topic
        What it tells of; the strongest of a topic speaks for the others.
    circular
        Whether it is an angle that closes, where neither way is more.
    """

    what: str
    more: str
    less: str
    topic: str
    circular: bool = False


def _medvet() -> Iterator[tuple[str, Words]]:
    other = "Heads another way"
    for i in range(1, 10):
        at = f"in step {i} of the last 9"
        yield f"direction_{i}", Words(f"direction {at}", other, other, "direction", circular=True)
        late = " towards the stop" if i > 6 else ""
        speeds = f"Moves faster{late}", f"Moves slower{late}"
        yield f"speed_{i}", Words(f"speed {at}", *speeds, f"speed{late}")
    for i in range(1, 9):
        at = f"after step {i} of the last 9"
        turns = "Turns more to the right", "Turns more to the left"
        yield f"turn_{i}", Words(f"turn {at}", *turns, "turn", circular=True)
        changes = "Speeds up more", "Brakes more"
        yield f"acceleration_{i}", Words(f"acceleration {at}", *changes, "acceleration")
    yield from _extents("of the last 9 steps")


def _extents(of: str) -> Iterator[tuple[str, Words]]:
    """Numbers of the whole that several sets have."""
    yield "width", Words(f"width {of}", "Goes further sideways", "Goes less far sideways", "width")
    yield (
        "height",
        Words(f"height {of}", "Goes further up or down", "Goes less far up or down", "height"),
    )
    yield "duration", Words(f"duration {of}", "Takes longer", "Takes less time", "duration")
    yield "path", Words(f"length {of}", "Goes a longer way", "Goes a shorter way", "length")
    far = "Ends further away", "Ends nearer"
    yield "chord", Words(f"distance from start to end {of}", *far, "length")


def _movement() -> Iterator[tuple[str, Words]]:
    yield from _extents("of a movement")
    yield from _movement_speeds()
    yield from _movement_times()
    yield from _movement_changes()
    yield from _movement_ways()
    yield from _movement_clicks()


def _movement_speeds() -> Iterator[tuple[str, Words]]:
    faster = "Moves faster", "Moves slower"
    yield "speed_mean", Words("mean speed", *faster, "speed")
    varied = "Varies its speed more", "Varies its speed less"
    yield "speed_deviation", Words("variation of speed", *varied, "evenness")
    yield "speed_most", Words("greatest speed", "Peaks at a higher speed", "Peaks lower", "peak")
    for part in QUANTILES:
        yield f"speed_{part}", Words(f"speed that {part} % of it stay below", *faster, "speed")
    ends = "Is faster towards the stop", "Is slower towards the stop"
    for back in range(1, LAST + 1):
        ago = f"speed {back * 25} ms before the stop"
        yield f"speed_last_{back}", Words(ago, *ends, "speed at the stop")
    begins = "Starts faster", "Starts more slowly"
    yield "speed_first", Words("speed of the first step", *begins, "speed at the start")


def _movement_times() -> Iterator[tuple[str, Words]]:
    late = "Covers its way later", "Covers its way earlier"
    for part in PROFILE:
        share = f"share of the time until {part} % of the way"
        yield f"time_of_{part}", Words(share, *late, "profile")
    peaks = "Speeds up and slows down more often", "Speeds up and slows down less often"
    yield "peaks", Words("number of peaks of speed", *peaks, "peaks")
    yield "peaks_a_second", Words("peaks of speed a second", *peaks, "peaks")
    later = "Is fastest later", "Is fastest earlier"
    yield "peak_time", Words("share of the time until the greatest speed", *later, "peak time")
    yield "peak_after", Words("time until the greatest speed", *later, "peak time")
    braking = "Brakes for longer", "Brakes for less time"
    yield "peak_before_end", Words("time from the greatest speed to the stop", *braking, "braking")


def _movement_changes() -> Iterator[tuple[str, Words]]:
    push = "Speeds up harder", "Speeds up more gently"
    yield "acceleration_most", Words("strongest acceleration", *push, "acceleration")
    brake = "Brakes more gently", "Brakes harder"
    yield "acceleration_least", Words("strongest braking", *brake, "braking strength")
    yield "acceleration_rms", Words("mean acceleration", *push, "acceleration")
    for name, what in (("most", "strongest acceleration"), ("least", "strongest braking")):
        when = f"share of the time until the {what}"
        words = Words(when, "Comes to it later", "Comes to it earlier", f"time of {what}")
        yield f"acceleration_{name}_time", words
    jerky = "Jerks more", "Jerks less"
    yield "jerk_most", Words("greatest jerk", *jerky, "jerk")
    yield "jerk_least", Words("greatest jerk backwards", jerky[1], jerky[0], "jerk")
    yield "jerk_rms", Words("mean jerk", *jerky, "jerk")
    bend = "Bends more", "Bends less"
    yield "straightness", Words("straightness", "Goes straighter", "Goes less straight", "bends")
    yield "turned", Words("turning altogether", *bend, "bends")
    right = "Turns more to the right", "Turns more to the left"
    yield "turn_mean", Words("mean turn a step", *bend, "turns")
    yield "turn_median", Words("median turn a step", *bend, "turns")
    yield "turn_net", Words("turn from start to end", *right, "side")
    yield "turn_bias", Words("mean turn to the right a step", *right, "side")
    varied = "Varies its turns more", "Varies its turns less"
    yield "turn_deviation", Words("variation of turns", *varied, "turns")
    back = "Turns back more often", "Turns back less often"
    yield "turns_back", Words("share of steps that turn back", *back, "turns back")
    yield "curvature_mean", Words("mean bend of the path", *bend, "bends")
    yield "curvature_median", Words("median bend of the path", *bend, "bends")


def _movement_ways() -> Iterator[tuple[str, Words]]:
    for name, when in (("whole", "as a whole"), ("begin", "at first"), ("end", "at the end")):
        right = f"Heads more to the right {when}", f"Heads more to the left {when}"
        yield f"cos_{name}", Words(f"heading right (1) or left (-1) {when}", *right, "direction")
        down = f"Heads more downwards {when}", f"Heads more upwards {when}"
        yield f"sin_{name}", Words(f"heading down (1) or up (-1) {when}", *down, "direction")
    level = "Goes more along the rows and columns", "Goes more aslant"
    yield "cos_4", Words("agreement with the screen's axes (1) or diagonals (-1)", *level, "axes")
    rows = "Goes more sideways than up and down", "Goes more up and down than sideways"
    yield "cos_2", Words("going sideways (1) or up and down (-1)", *rows, "axis")
    fall = "Goes more from top left to bottom right", "Goes more from bottom left to top right"
    yield "sin_2", Words("going along one diagonal (1) or the other (-1)", *fall, "axis")
    yield "across", Words("share of the way sideways", *rows, "axis")
    yield (
        "right",
        Words("share of the way to the right", "Goes more rightwards", "Goes less so", "direction"),
    )
    yield (
        "down",
        Words("share of the way down", "Goes more downwards", "Goes less downwards", "direction"),
    )
    yield (
        "flat",
        Words("share of steps exactly sideways", "Goes level more", "Goes level less", "axes"),
    )
    yield (
        "steep",
        Words("share of steps straight up or down", "Goes upright more", "Goes so less", "axes"),
    )


def _movement_clicks() -> Iterator[tuple[str, Words]]:
    stand = "Stands still more within a movement", "Stands still less within a movement"
    yield "stands", Words("share of the time at a stand", *stand, "stands")
    yield "stops", Words("number of stops", *stand, "stands")
    yield "stop_longest", Words("longest stop, in 25 ms", *stand, "stands")
    rest = "Rests longer before moving", "Rests less before moving"
    yield "rest", Words("rest before a movement", *rest, "rest")
    press = "Clicks more often", "Clicks less often"
    yield "presses", Words("number of presses", *press, "clicks")
    yield "click", Words("share of movements that end in a click", *press, "clicks")
    yield "wheel", Words("turns of the wheel", "Scrolls more", "Scrolls less", "wheel")
    wait = "Waits longer before the click", "Waits less before the click"
    yield "click_wait", Words("time from the stop to the click", *wait, "click wait")
    held = "Holds the button longer", "Holds the button less long"
    yield "held", Words("time that the button is held", *held, "button")


_VECTORS: Final[Mapping[str, tuple[str, str, str]]] = {
    "x": ("place sideways, from the start", "Reaches further right", "Reaches further left"),
    "y": ("place downwards, from the start", "Reaches further down", "Reaches further up"),
    "angle": ("direction along the path", "Is turned more to the right", "Is turned more left"),
    "curvature": ("bend of the path", "Bends more to the right", "Bends more to the left"),
    "curvature_slope": ("change of the bend", "Bends off more to the right", "Bends off more left"),
    "speed_x": ("speed sideways", "Is faster to the right", "Is faster to the left"),
    "speed_y": ("speed downwards", "Is faster downwards", "Is faster upwards"),
    "speed": ("speed", "Moves faster", "Moves slower"),
    "acceleration": ("acceleration", "Speeds up more", "Brakes more"),
    "jerk": ("jerk", "Jerks more forwards", "Jerks more backwards"),
    "angular_speed": ("speed of turning", "Turns faster to the right", "Turns faster to the left"),
}
_SUMMARIES: Final[Mapping[str, str]] = {
    "min": "least", "max": "greatest", "mean": "mean", "std": "deviation of", "range": "range of",
}  # fmt: skip


def _gamboa() -> Iterator[tuple[str, Words]]:
    for vector in VECTORS:
        noun, *ways = _VECTORS[vector]
        varied = f"Varies more in its {noun}", f"Varies less in its {noun}"
        for name, summary in _SUMMARIES.items():
            more, less = varied if name in ("std", "range") else ways
            yield f"{vector}_{name}", Words(f"{summary} {noun}", more, less, noun)
    yield "duration", Words("duration of a stroke", "Takes longer", "Takes less time", "duration")
    yield "length", Words("length of a stroke", "Goes a longer way", "Goes a shorter way", "length")
    straight = "Goes straighter", "Goes less straight"
    yield "straightness", Words("straightness", *straight, "bends")
    yield "jitter", Words("smoothness of the path", "Trembles less", "Trembles more", "jitter")
    sharp = "Makes more sharp bends", "Makes fewer sharp bends"
    yield "critical_points", Words("number of sharp bends", *sharp, "bends")
    wait = "Waits longer before the click", "Waits less before the click"
    yield "time_to_click", Words("time from the stop to the click", *wait, "click wait")
    pause = "Pauses more", "Pauses less"
    yield "pauses", Words("number of pauses", *pause, "pauses")
    yield "paused_time", Words("time of all pauses", *pause, "pauses")
    yield "paused_share", Words("share of the time in pauses", *pause, "pauses")


_PARAMETERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "d": ("length of a stroke", "Makes longer strokes", "Makes shorter strokes"),
    "t0": ("begin of a stroke", "Begins strokes later", "Begins strokes earlier"),
    "mu": ("time scale of a stroke", "Takes longer strokes in time", "Takes shorter ones in time"),
    "sigma": ("lopsidedness of a stroke", "Has strokes more lopsided", "Has strokes more even"),
    "theta_s": ("first direction of a stroke", "Begins strokes turned more", "Begins turned less"),
    "theta_e": ("last direction of a stroke", "Ends strokes turned more", "Ends turned less"),
}
_STATISTICS: Final[Mapping[str, str]] = dict(
    zip(STATISTICS, ("greatest", "least", "mean"), strict=True)
)


def _neuromotor() -> Iterator[tuple[str, Words]]:
    for half in HALVES:
        for parameter, (what, more, less) in _PARAMETERS.items():
            for name in STATISTICS:
                yield (
                    f"{parameter}_{name}_{half}",
                    Words(f"{_STATISTICS[name]} {what} in the {half} half", more, less, what),
                )
        some = f"Has strokes in the {half} half more often", f"Has none in the {half} half more"
        yield f"has_{half}", Words(f"share with a stroke in the {half} half", *some, "strokes")
    count = "Is put together of more strokes", "Is put together of fewer strokes"
    yield "lognormals", Words("number of strokes", *count, "strokes")


def _global() -> Iterator[tuple[str, Words]]:
    yield "duration", Words("duration of a movement", "Takes longer", "Takes less time", "time")
    way = "Goes a longer way", "Goes a shorter way"
    yield "distance", Words("length of a movement", *way, "way")
    far = "Ends further away", "Ends nearer"
    yield "displacement", Words("distance from start to end", *far, "way")
    other = "Heads another way"
    yield "average_angle", Words("mean direction", other, other, "direction", circular=True)
    yield "average_velocity", Words("mean speed", "Moves faster", "Moves slower", "speed")
    round_ = "Goes more roundabout", "Goes straighter"
    yield "move_efficiency", Words("way over distance from start to end", *round_, "bends")


WORDS: Final[Mapping[str, Mapping[str, Words]]] = {
    "becaptcha": dict((*_neuromotor(), *_global())),
    "gamboa": dict(_gamboa()),
    "global": dict(_global()),
    "medvet": dict(_medvet()),
    "movement": dict(_movement()),
    "neuromotor": dict(_neuromotor()),
}
"""By feature set and by name of the number."""
