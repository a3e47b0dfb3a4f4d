"""Rules of the show's parts; the whole of it is `make demo`, its story tests/e2e/test_story.py."""

import json

from reauth.demo.cast import draw
from reauth.demo.movement import Movement
from reauth.demo.show import VIEWPORT, alerts_in, demo_settings, enrol, placed, viewport_of
from reauth.event import Event, Kind


def wide(*xs):
    return Movement(tuple(Event(Kind.MOVE, 0, 0.1 * n, x, -50.0) for n, x in enumerate(xs)))


def test_a_movement_is_put_on_the_page_as_a_whole():
    """Its inner steps stay; negative positions and other monitors come into view."""
    found = placed(wide(-900.0, -700.0, -850.0), (1280, 800))

    assert [event.x for event in found.events] == [10.0, 210.0, 60.0]
    assert {event.y for event in found.events} == {10.0}
    assert placed(wide(5000.0, 5100.0), (1280, 800)).events[-1].x == 1270.0
    assert placed(wide(100.0, 200.0), (1280, 800)).events[0].x == 100.0


def test_the_page_has_room_for_the_largest_movement():
    """Nothing of a movement may fall outside the browser's view."""
    cast = draw(1, None, False, (10.0, 10.0))
    large = type(cast)(**{**_fields(cast), "owner": [wide(0.0, 3000.0)]})
    none = type(cast)(**{**_fields(cast), "owner": [], "intruder": []})

    assert viewport_of(large)[0] == 3040
    assert viewport_of(none) == VIEWPORT


def _fields(cast):
    return {name: getattr(cast, name) for name in cast.__slots__}


def test_the_settings_are_those_that_were_fixed_beforehand(tmp_path):
    """Only paths and ports come from outside."""
    settings = demo_settings(tmp_path)

    assert settings.identity.default_user == "alice"
    assert settings.identity_lane.window == 30
    assert settings.identity_lane.pause == 0.5
    assert settings.state.path == str(tmp_path / "state")


async def test_enrolment_goes_through_the_store(tmp_path):
    """The template that the house will use is the one that was trained here."""
    cast = draw(1, None, False, (10.0, 10.0))
    template = await enrol(cast, demo_settings(tmp_path))

    assert (template.user, template.version, template.provisional) == ("alice", 1, False)
    assert template.n_background_users == len(cast.background)


def test_alerts_are_read_from_the_sink(tmp_path):
    """What the show believes is what left the house."""
    assert alerts_in(tmp_path) == []
    (tmp_path / "alerts.jsonl").write_text(json.dumps({"id": "a"}) + "\n")
    assert alerts_in(tmp_path) == [{"id": "a"}]
