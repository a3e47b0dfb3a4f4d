"""Detectors: what a movement tells of a program or a recording, whoever the user is.

A detector is one file and one line in `DETECTORS`; the contract suite finds it there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from reauth.detect.hand import Hand
from reauth.detect.replay import Library
from reauth.detect.turned import Turned
from reauth.trajectory import Trajectory


class Detector(Protocol):
    """Tells how much a whole movement speaks for a hand, or for movement that is new."""

    @property
    def name(self) -> str:
        """What `DETECTORS` calls it."""
        ...

    @property
    def version(self) -> int:
        """Changes whenever the same movement gives another score."""
        ...

    def score_many(self, movements: Sequence[Trajectory]) -> list[float | str]:
        """Give each movement's log-likelihood ratio, nats, or the reason for having none.

        Above 0 speaks for a hand, or for movement that is new.
        """
        ...

    @property
    def remembers(self) -> int:
        """How many movements it is to be reminded of at a start; 0 where it remembers none."""
        ...

    def take(self, learnt: bytes) -> None:
        """Take up what an installation has learnt of its own people (`reauth enrol background`).

        Raises
        ------
        TemplateError
            If it was learnt by another version of this code.
        """
        ...

    def remember(self, movements: Sequence[Trajectory]) -> None:
        """Take note of movement that was judged and is stored for good.

        It may take long: who serves others calls it on the thread that asks, beside the loop.
        """
        ...

    def forget(self) -> None:
        """Forget all movement: somebody was deleted; what is left is remembered anew."""
        ...


def _hand(most: int) -> Detector:
    return Hand()


DETECTORS: Final[Mapping[str, Callable[[int], Detector]]] = {
    "default": _hand,
    "library": Library,
    "turned": Turned,
}
"""By name: from the number of movements that it may remember to a fresh detector."""
