"""What the pages work with, put together as a running house does it."""

from reauth.doors import doors_of
from reauth.enrolling import Lists
from reauth.furnishing import enrolling, subjects_of
from reauth.settings import Settings
from reauth.watching import Watching
from tests.reauth.console.test_enrolling import recorded
from tests.rows import NOON


async def test_a_recording_is_cut_as_the_lane_that_learns_cuts(store):
    """So that what is imported trains together with what was observed."""
    doors, settings = doors_of(store), Settings()
    made = enrolling(doors, settings)
    told = await made.take("anna", "a.csv", recorded(1).encode())
    assert told["trajectories"] == (await store.person("anna")).trajectories > 2

    lists = Lists(made, doors.runs, lambda: NOON)
    watching = Watching()
    subjects = subjects_of(settings, doors, lists, watching, lambda: None, [])
    assert (made, watching) == (subjects.enrolling, subjects.watching)
    assert doors.films is subjects.films
    assert doors.lessons is subjects.feedback.lessons
    assert [] == await subjects.integrations.listed()
