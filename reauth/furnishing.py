"""Enrolment, and the doors of the console's pages, put together from what an installation keeps."""

from collections.abc import Callable, Sequence

from reauth.console.subjects import Machine, Subjects
from reauth.doors import Doors
from reauth.enrol import Enroller
from reauth.enrolling import Cut, Enrolling, Lists
from reauth.feedback import Feedback
from reauth.installation import now
from reauth.integrations import Integrations
from reauth.lanes import identity_recipe
from reauth.ports import Sink
from reauth.settings import Settings
from reauth.watching import Watching


def enrolling(doors: Doors, settings: Settings) -> Enrolling:
    """Enrolment as people do it."""
    cut = Cut(identity_recipe(settings), settings.identity_lane.session_gap)
    enroller = Enroller(doors.store, settings, now)
    return Enrolling(doors.store, doors.roster, enroller, cut, now)


def feedback_of(doors: Doors, settings: Settings) -> Feedback:
    """What verdicts feed back."""
    enroller = Enroller(doors.store, settings, now)
    return Feedback(doors.store, doors.lessons, settings, now, enroller)


def subjects_of(
    settings: Settings,
    doors: Doors,
    lists: Lists,
    watching: Watching,
    machine: Callable[[], Machine],
    sinks: Sequence[Sink],
) -> Subjects:
    """What the pages of users and of the machine work with."""
    return Subjects(
        settings=settings,
        roster=doors.roster,
        enrolling=lists.enrolling,
        lists=lists,
        coverage=doors.coverage,
        films=doors.films,
        watching=watching,
        feedback=feedback_of(doors, settings),
        machine=machine,
        integrations=Integrations(doors.deliveries, sinks, now),
    )
