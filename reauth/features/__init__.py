"""Feature sets: what a trajectory becomes before anybody compares it.

A set is one file and one line in `FEATURE_SETS`; the contract suite finds it there.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from reauth.errors import TooShort
from reauth.features.gamboa import Gamboa
from reauth.features.medvet import Medvet
from reauth.features.movement import Movement
from reauth.features.neuromotor import Becaptcha, Global, Neuromotor
from reauth.trajectory import Floats, Trajectory


class FeatureSet(Protocol):
    """Turns trajectories into rows of numbers, always finite.

    `version` changes whenever the same trajectory gives other numbers; templates of another
    version are refused.
    """

    @property
    def name(self) -> str:
        """What `FEATURE_SETS` calls it."""
        ...

    @property
    def version(self) -> int:
        """Changes whenever the same trajectory gives other numbers."""
        ...

    @property
    def segmenter(self) -> str:
        """Which of `reauth.segment.SEGMENTERS` cuts what it describes."""
        ...

    @property
    def points(self) -> int:
        """The least that a trajectory must have."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """(d,) what each number is."""
        ...

    @property
    def units(self) -> tuple[str, ...]:
        """(d,) what each number is measured in; `ln(1 + px/s)` where it was scaled."""
        ...

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the numbers that tell of one thing, by what that is; together they are all.

        "timing" overlaps the others: it has whatever rests on when points were, not only on where.
        The laboratory leaves groups out to see what they are worth.
        """
        ...

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (d,) numbers of one trajectory.

        Raises
        ------
        TooShort
            If the trajectory has too few points.
        """
        ...

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, d), equal to `extract` one by one; fastest for some tens at a time.

        Raises
        ------
        TooShort
            If one of them has too few points.
        """
        ...


FEATURE_SETS: Final[Mapping[str, FeatureSet]] = {
    "becaptcha": Becaptcha(),
    "gamboa": Gamboa(),
    "global": Global(),
    "medvet": Medvet(),
    "movement": Movement(),
    "neuromotor": Neuromotor(),
}


def rows_of(features: FeatureSet, session: Sequence[Trajectory]) -> Floats:
    """Give (n, d) of a session's trajectories; too short ones are left out."""
    try:
        return features.extract_many(session)
    except TooShort:
        return features.extract_many([each for each in session if _fits(features, each)])


def _fits(features: FeatureSet, trajectory: Trajectory) -> bool:
    try:
        features.extract(trajectory)
    except TooShort:
        return False
    return True
