"""The demo without a browser: the same people, settings and `Session`, on recorded times."""

from collections.abc import Sequence
from dataclasses import dataclass

from reauth.app import identity_recipe
from reauth.demo.cast import Cast
from reauth.demo.movement import REST, Movement, timed
from reauth.enrol import draws_of, learn, options_of
from reauth.lane import Lane
from reauth.outcome import Scored, Verdict
from reauth.session import Session
from reauth.settings import Settings
from reauth.template import Template

ACCOUNT = "alice"
"""The account that both people sit at; `demo.toml` makes everybody it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended.

    `scored` holds (time in s, score) of both seats in order; `takeover` is when the intruder sat
    down, `alerts` when verdicts fell against the user, all in s since the owner began.
    """

    scored: tuple[tuple[float, float], ...]
    takeover: float
    alerts: tuple[float, ...]

    @property
    def false_alarm(self) -> bool:
        """Whether the owner was taken for somebody else."""
        return any(at < self.takeover for at in self.alerts)

    @property
    def caught(self) -> bool:
        """Whether the takeover was noticed."""
        return any(at >= self.takeover for at in self.alerts)

    @property
    def succeeded(self) -> bool:
        """What the demo's exit code says."""
        return self.caught and not self.false_alarm


def template_of(cast: Cast, settings: Settings) -> Template:
    """Enrol the owner as `Enroller` would, without a store."""
    background = {user: [found] for user, found in cast.background.items()}
    options, rng = options_of(settings), draws_of(ACCOUNT, 1)
    return learn(ACCOUNT, [cast.enrolment], background, options, rng, 0.0)


def length(seat: Sequence[Movement]) -> float:
    """s that a seat takes, rests included."""
    return sum(movement.duration + REST for movement in seat)


def rehearse(cast: Cast, settings: Settings) -> Ending:
    """Enrol, sit, sit, and tell how it ended."""
    template = template_of(cast, settings)
    session = Session([Lane(identity_recipe(settings), template)])
    takeover = length(cast.owner)
    played = [*timed(cast.owner), *timed(cast.intruder, takeover)]
    outcomes = [*session.receive(played), *session.rest()]
    return Ending(
        scored=tuple((found.t, found.score) for found in outcomes if isinstance(found, Scored)),
        takeover=takeover,
        alerts=tuple(
            found.t
            for found in outcomes
            if isinstance(found, Verdict) and not found.genuine
        ),
    )
