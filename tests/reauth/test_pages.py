"""What pages tell of pointer and screen, and which movement it is said of."""

import numpy as np
import pytest

from reauth.event import Kind, Samples
from reauth.pages import CHANGES, PAGES, Pages
from reauth.trajectory import Trajectory

MOUSE, PEN, TOUCH = 0, 1, 2
DOWN, UP = Kind.DOWN, Kind.UP


def run(*events, page=7, pointers=(), screen="medium"):
    """A batch of (kind, time)."""
    kinds, times = zip(*events, strict=True) if events else ((), ())
    zeros = [0] * len(kinds)
    return Samples(page, kinds, times, zeros, zeros, zeros).telling(pointers, screen)


def drawn(end, page=7):
    """A movement at 60 Hz that ends at a time."""
    t = end - 0.017 * np.arange(10)[::-1]
    return Trajectory(page, t, t, t)


def told(*runs):
    """Pages that have told so much."""
    pages = Pages()
    for each in runs:
        pages.take(each)
    return pages


def names(pages, *ends):
    """The device classes of movements that end at these times."""
    return [pages.named(drawn(end)).device for end in ends]


def test_a_movement_is_of_the_pointer_that_pressed_last_before_its_end():
    """Before the first press nobody knows; a press after its end says nothing of it."""
    pages = told(run((0, 1.0), (DOWN, 5.0), (0, 9.0), pointers=[MOUSE]))

    assert ["frame/?/medium", "frame/?/medium", "frame/mouse/medium"] == names(pages, 2.0, 5.0, 6.0)


def test_a_finger_that_is_lifted_moves_nothing():
    """What follows is again of the pointer before; a stylus hovers, and stays."""
    hybrid = told(
        run((DOWN, 1.0), (UP, 1.1), pointers=[MOUSE]), run((DOWN, 3.0), pointers=[TOUCH]),
        run((0, 3.1), (Kind.CANCEL, 4.0)), run((0, 5.0)),
    )  # fmt: skip
    pen = told(run((DOWN, 1.0), (UP, 1.1), pointers=[PEN]))

    assert ["frame/mouse/medium", "frame/touch/medium", "frame/mouse/medium"] == names(
        hybrid, 2.0, 3.9, 5.0
    )
    assert ["frame/pen/medium"] == names(pen, 5.0)


def test_a_finger_alone_leaves_nothing_behind():
    """There was no other pointer before it."""
    assert ["frame/?/medium"] == names(told(run((DOWN, 1.0), (UP, 2.0), pointers=[TOUCH])), 3.0)


def test_a_screen_is_told_from_its_batch_on():
    """Whoever moves a window to the other screen ends what was drawn on the first."""
    pages = told(run((0, 1.0)), run((0, 5.0), screen="large"), run((0, 6.0), screen=None))

    assert ["frame/?/medium", "frame/?/large"] == names(pages, 4.0, 7.0)


def test_pages_are_told_apart_and_of_others_nothing_is_known():
    """Two windows of one user may stand on two screens."""
    small, untold = (run((0, 1.0), page=8, screen="small"), run((0, 1.0), page=9, screen=None))
    pages = told(run((0, 1.0)), small, untold)

    found = [pages.named(drawn(3.0, page)).device for page in (7, 8, 9)]
    assert ["frame/?/medium", "frame/?/small", "frame/?/?"] == found


@pytest.mark.parametrize(("number", "name"), [(3, "other"), (9, "other"), (-1, "other")])
def test_a_pointer_that_no_list_has_is_another(number, name):
    """The wire takes any number."""
    assert [f"frame/{name}/medium"] == names(told(run((DOWN, 1.0), pointers=[number])), 2.0)


def test_a_press_without_a_type_changes_nothing():
    """Whoever reads recordings has no types."""
    pages = told(run((DOWN, 1.0), pointers=[PEN]), run((DOWN, 2.0), (DOWN, 3.0), pointers=[MOUSE]))

    assert ["frame/mouse/medium"] == names(pages, 4.0)


def test_memory_is_bounded():
    """The page that came first makes room; of each the last changes count."""
    pages = told(*(run((0, 1.0), page=page) for page in range(PAGES + 1)))
    fingers = [event for n in range(9) for event in ((DOWN, 2.0 + n), (UP, 2.5 + n))]
    pages.take(run(*fingers, page=PAGES, pointers=[TOUCH] * 9))

    assert "frame/?/?" == pages.named(drawn(3.0, 0)).device
    assert "frame/?/medium" == pages.named(drawn(3.0, 1)).device
    assert 1 + PAGES * 17 + (PAGES - 1 + CHANGES) * 10 == len(pages.to_bytes())


def test_a_state_comes_back():
    """Also what was not told."""
    pages = told(
        run((DOWN, 1.0), (0, 2.0), pointers=[PEN]), run((0, 1.0), page=2**128 - 1, screen="hand"),
        run((DOWN, 3.0), pointers=[TOUCH], screen=None, page=3),
    )  # fmt: skip
    again = Pages()
    again.from_bytes(pages.to_bytes())

    assert again.to_bytes() == pages.to_bytes()
    assert names(pages, 0.5, 2.5) == ["frame/?/medium", "frame/pen/medium"]
    assert names(again, 0.5, 2.5) == ["frame/?/medium", "frame/pen/medium"]


def test_a_state_that_is_not_whole_is_refused():
    """And changes nothing."""
    pages = told(run((DOWN, 1.0), pointers=[PEN]))
    state = pages.to_bytes()
    for wrong in (b"", state[:-1], state + b"x", state[:-1] + b"\x7f"):
        with pytest.raises(ValueError):
            pages.from_bytes(wrong)

    assert state == pages.to_bytes()
