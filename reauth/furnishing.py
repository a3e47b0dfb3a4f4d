"""Enrolment, and the doors of the console's pages, put together from what an installation keeps."""

from collections.abc import Callable

from reauth.console.subjects import Machine, Subjects
from reauth.doors import Doors
from reauth.enrol import Enroller
from reauth.enrolling import Cut, Enrolling, Lists
from reauth.installation import now
from reauth.lanes import identity_recipe
from reauth.settings import Settings
from reauth.watching import Watching


def enrolling(doors: Doors, settings: Settings) -> Enrolling:
    """Enrolment as people do it."""
    cut = Cut(identity_recipe(settings), settings.identity_lane.session_gap)
    enroller = Enroller(doors.store, settings, now)
    return Enrolling(doors.store, doors.roster, enroller, cut, now)


def subjects_of(
    settings: Settings,
    doors: Doors,
    lists: Lists,
    watching: Watching,
    machine: Callable[[], Machine],
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
        machine=machine,
    )
