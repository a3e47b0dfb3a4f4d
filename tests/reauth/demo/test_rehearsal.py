"""Rules of the demo without a browser."""

from reauth.demo.cast import draw
from reauth.demo.rehearsal import Ending, length, rehearse
from reauth.demo.show import demo_settings


def test_an_ending_is_a_success_only_if_the_alert_came_after_the_takeover():
    """An alarm against the owner is a failure, whatever came later."""
    assert Ending((), 10.0, (12.0,)).succeeded
    assert not Ending((), 10.0, ()).succeeded
    assert not Ending((), 10.0, (5.0, 12.0)).succeeded
    assert Ending((), 10.0, (5.0, 12.0)).caught


def test_generated_people_are_told_apart_and_the_same_person_is_not(tmp_path):
    """Where there are no recordings, the demo ends as it should in either form."""
    settings = demo_settings(tmp_path)
    seats = (60.0, 90.0)

    other = rehearse(draw(1, None, False, seats), settings)
    cast = draw(1, None, True, seats)
    same = rehearse(cast, settings)

    assert other.succeeded
    assert not same.succeeded and not same.alerts
    assert same.takeover == length(cast.owner) <= 60.0
