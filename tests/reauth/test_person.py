"""Rows of people: what was gathered on each device, and how it is learnt."""

from reauth.person import DeviceRow, Enrolled, PersonRow


def person(*rows):
    """Somebody who moved on these devices."""
    return PersonRow("anna", 0, None, None, 0, 0, False, False, None, None, rows)


def test_what_the_house_knows_of_enrolment_has_the_words_of_the_interface():
    """`enrol status` prints them."""
    words = ["none", "gathering", "provisional", "active", "paused"]

    assert words == [state.value for state in Enrolled]


def test_devices_are_told_as_they_are_learnt():
    """What leaves a part open counts where it is learnt, the commonest first."""
    found = person(
        DeviceRow("dense/mouse/small", 40, 40),
        DeviceRow("frame/?/small", 9, 1),
        DeviceRow("frame/mouse/small", 60, 2, version=3, newest_version=4),
    ).pooled()

    assert [
        DeviceRow("frame/mouse/small", 69, 3, version=3, newest_version=4),
        DeviceRow("dense/mouse/small", 40, 40),
    ] == found


def test_a_template_whose_movement_is_learnt_elsewhere_is_told_all_the_same():
    """It is still compared with; nothing is counted twice."""
    old = DeviceRow("frame/?/?", 50, 5, version=1, newest_version=1)
    gone = DeviceRow("sparse/?/?", 0, 0, newest_version=2)
    new, old_again = person(DeviceRow("frame/mouse/small", 60), old, gone).pooled()

    assert ("frame/mouse/small", 110, 5, 0) == (
        new.device, new.trajectories, new.unknown, new.version
    )  # fmt: skip
    assert DeviceRow("frame/?/?", version=1, newest_version=1) == old_again


def test_what_does_not_contradict_a_class_is_on_it():
    """Others are told from each other by it."""
    anna = person(DeviceRow("frame/?/?", 5), DeviceRow("frame/mouse/small", 60))

    assert [65, 5, 0] == [anna.on(name) for name in ("frame/mouse/?", "frame/pen/?", "dense/?/?")]
