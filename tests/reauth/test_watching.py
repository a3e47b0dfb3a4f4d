"""Looking on: pieces of what was committed, of whom is looked at, never in the engine's way."""

import asyncio
from dataclasses import replace

import pytest

from reauth.group import Group, LiveTab, arrive
from reauth.order import Ready, TabStream
from reauth.watching import POINTS, ROOM, Watching
from tests.live import accepted, movement


def brought(user, events, tab=b"t" * 16):
    """A group in which somebody's movement is ready."""
    group = Group(0.0)
    for seq, one in enumerate(accepted(events, user=user, tab=tab)):
        live = LiveTab(tab, (user, "10.0.0.1"), TabStream(0))
        group.ready.append((live, Ready(seq, arrive(one, False), 0)))
    return group


def pieces(onlooker):
    """What waits."""
    found = []
    while not onlooker._waiting.empty():
        found.append(onlooker._waiting.get_nowait())
    return found


async def test_without_onlookers_nothing_is_kept():
    """Nor of others than whom is looked at."""
    watching = Watching()
    watching.moved(brought("anna", movement(0, 3)))
    with watching.look("bert") as onlooker:
        watching.moved(brought("anna", movement(0, 3)))
        assert [] == pieces(onlooker)


async def test_everybody_who_looks_sees_each_piece():
    """Positions as they were, times from the piece's own beginning, tabs as numbers."""
    events, watching = movement(0, 2), Watching()
    with watching.look("anna") as one, watching.look("anna") as other:
        watching.moved(brought("anna", events))
        watching.moved(brought("anna", events, tab=b"u" * 16))
        seen = pieces(one)
        assert seen == pieces(other)
    shown = [event for event in events if event.kind <= 2]
    points = [point for piece in seen if piece["page"] == 1 for point in piece["points"]]
    assert [(int(event.x), int(event.y), int(event.kind)) for event in shown] == [
        point[1:] for point in points
    ]
    assert {1, 2} == {piece["page"] for piece in seen}
    assert all(piece["points"][0][0] == 0 for piece in seen)
    assert {} == watching._onlookers


async def test_who_is_slow_misses_movement_and_is_told():
    """The engine neither waits nor grows."""
    watching = Watching()
    with watching.look("anna") as onlooker:
        for _ in range(ROOM + 5):
            onlooker.show({"kind": "moved"})
        assert ROOM == onlooker._waiting.qsize()
        await onlooker.next(1.0)
        await onlooker.next(1.0)
        onlooker.show({"kind": "moved"})
        assert [{"kind": "missed", "pieces": 5}, {"kind": "moved"}] == pieces(onlooker)[-2:]


async def test_a_piece_is_bounded():
    """However much a batch holds."""
    watching = Watching()
    [(_, ready)] = brought("anna", movement(0, 1)[:2]).ready
    many = brought("anna", movement(0, 1)[:2])
    batch = ready.item.batch
    columns = {"kinds": [0], "times": [0.1], "xs": [1], "ys": [1], "exts": [0]}
    longer = {name: value * (POINTS + 10) for name, value in columns.items()}
    many.ready[0] = (many.ready[0][0], Ready(0, _with(ready.item, batch, longer), 0))
    with watching.look("anna") as onlooker:
        watching.moved(many)
        [piece] = pieces(onlooker)
    assert POINTS == len(piece["points"])


def _with(item, batch, columns):
    return replace(item, batch=replace(batch, **columns))


async def test_at_the_end_everybody_is_sent_away():
    """Also who has not looked for long: a stream must not hold a shutdown up."""
    watching = Watching()
    with watching.look("anna") as onlooker:
        for _ in range(ROOM + 5):
            onlooker.show({"kind": "moved"})
        watching.close()
        assert None is pieces(onlooker)[-1]
        with pytest.raises(asyncio.TimeoutError):
            await onlooker.next(0.01)
