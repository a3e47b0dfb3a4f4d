"""A session's stored movement, whichever lane kept it."""

from dataclasses import replace

import pytest

from reauth.doors import doors_of
from reauth.ports import Commit
from reauth.store import film
from reauth.trajectory import Trajectory
from tests.rows import NOON, drawn, same, scored, session


async def kept(store, *rows, user="anna"):
    """A session with trajectories."""
    await store.commit(Commit(sessions=[session(user=user)], trajectories=rows))


async def test_movements_are_in_order_of_time(store):
    """Whatever the order of their lanes."""
    await kept(store, scored(1, received=NOON + 60), scored(2, received=NOON))
    found = await doors_of(store).films.film("s1")

    assert ("s1", "anna", False) == (found.session, found.user, found.cut)
    assert [True, True] == [
        same(one, drawn(seed, at=at))
        for one, seed, at in zip(found.movements, (2, 1), (NOON, NOON + 60), strict=True)
    ]


async def test_a_part_of_a_movement_is_not_shown_twice(store):
    """The identity lane may have kept the end of what another lane kept whole."""
    whole = drawn(1, points=20)
    end = Trajectory(whole.page, whole.t[-10:], whole.x[-10:], whole.y[-10:])
    await kept(
        store,
        replace(scored(1), trajectory=end),
        replace(scored(1, lane="bot"), trajectory=whole),
        scored(2, received=NOON + 60),
    )
    found = await doors_of(store).films.film("s1")
    assert [20, 10] == [len(one.t) for one in found.movements]


async def test_a_film_is_bounded(store, monkeypatch):
    """Its newest part is shown, and that it was longer."""
    monkeypatch.setattr(film, "MOST", 2)
    await kept(store, *(scored(n, received=NOON + 60 * n) for n in (1, 2, 3)))
    found = await doors_of(store).films.film("s1")

    assert found.cut and same(drawn(2, at=NOON + 120), found.movements[0])


@pytest.mark.parametrize("user", [None, "anna"])
async def test_nobody_is_shown_whom_nobody_knows(store, user):
    """Nor a session that is none."""
    await store.commit(Commit(sessions=[session(user=user)]))
    films = doors_of(store).films

    assert (user is None) == (await films.film("s1") is None)
    assert None is await films.film("s2")
