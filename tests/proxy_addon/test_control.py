"""The control stream: what it changes, what it refuses, and what stays when it breaks."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon.control import Control, Snapshot, changed
from reauth.claim import Keys, seal_control
from reauth.errors import ClaimError
from reauth.settings import Ingest, Settings
from tests.proxy_addon.harness import KEYS, House, ingest, now, until

OTHERS = Keys(KEYS.installation, (b"o" * 32,))


def following(listen: str = "unix:/nowhere") -> tuple[Control, list[Snapshot], Counter[str]]:
    seen: list[Snapshot] = []
    counters: Counter[str] = Counter()
    settings = Settings(ingest=Ingest(listen=listen))
    return Control(settings, KEYS, counters, now, seen.append), seen, counters


def test_a_snapshot_begins_anew_and_a_change_changes_what_it_names():
    """What a snapshot does not name is as it was before anybody said anything."""
    first = changed(Snapshot(closed=("old",)), {"kind": "snapshot", "exclude": ["a"]})
    second = changed(first, {"kind": "set", "address_map": [["10.0.0.0/8", "ann"]]})

    assert Snapshot(exclude=("a",)) == first
    assert Snapshot(exclude=("a",), address_map=(("10.0.0.0/8", "ann"),)) == second


@pytest.mark.parametrize(
    "change", [{"exclude": 1}, {"address_map": [["10.0.0.0/8"]]}, {"address_map": [1]}]
)
def test_a_change_of_another_form_is_refused(change: dict[str, object]):
    """A newer people's side must not make us forget what holds."""
    with pytest.raises(ValueError, match="not of its key's form"):
        changed(Snapshot(), {"kind": "set", **change})


@given(
    st.dictionaries(
        st.sampled_from(["kind", "exclude", "closed", "default_user", "observe", "other"]),
        st.none() | st.booleans() | st.text() | st.lists(st.text()),
    )
)
def test_any_change_gives_a_snapshot_or_one_error(change: dict[str, object]):
    """Total over whatever a newer people's side may send."""
    try:
        assert isinstance(changed(Snapshot(), change), Snapshot)
    except ValueError as error:
        assert "control stream" in str(error)


def test_an_older_version_and_a_foreign_seal_change_nothing():
    """Nobody on the way brings back what was withdrawn."""
    control, seen, _ = following()
    control.receive(seal_control(KEYS, 5, {"kind": "snapshot", "observe": False}, 0.0))
    lines = [
        seal_control(KEYS, 4, {"kind": "set", "observe": True}, 0.0),
        seal_control(OTHERS, 6, {"kind": "set", "observe": True}, 0.0),
    ]
    for line in lines:
        with pytest.raises(ClaimError):
            control.receive(line)

    assert (5, False, 1) == (control.version, control.snapshot.observe, len(seen))


def test_a_heartbeat_tells_nobody():
    """An address map of thousands is not indexed four times a minute."""
    control, seen, _ = following()
    for version in (1, 1, 2):
        control.receive(seal_control(KEYS, version, {"kind": "set"}, 0.0))

    assert [] == seen


async def test_a_fault_of_ours_with_one_change_is_not_the_end_of_all(tmp_path: Path):
    """The stream counts as broken, and the next one is followed."""
    house = House(tmp_path)
    seen: list[Snapshot] = []
    counters: Counter[str] = Counter()

    def changed(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) == 1:
            raise RecursionError

    settings = Settings(ingest=Ingest(listen=f"unix:{house.ingest_socket}"))
    control = Control(settings, KEYS, counters, now, changed)
    async with ingest(house, closed=["a.example"]) as people:
        task = asyncio.ensure_future(control.run())
        await until(lambda: counters["control_stale"] == 1)
        people.control.change(closed=["b.example"])
        await until(lambda: len(seen) == 2)
        task.cancel()

    assert ("b.example",) == seen[-1].closed


async def test_what_a_real_ingest_says_is_followed_and_held_when_it_is_gone(tmp_path: Path):
    """Snapshot, change, break, and the next ingest's word."""
    house = House(tmp_path)
    control, seen, counters = following(f"unix:{house.ingest_socket}")
    task = asyncio.ensure_future(control.run())
    try:
        await until(lambda: counters["control_stale"] == 1)
        async with ingest(house, closed=["a.example"]) as people:
            await until(lambda: seen)
            people.control.change(closed=["b.example"], default_user="ann")
            await until(lambda: len(seen) == 2)
        await until(lambda: counters["control_stale"] >= 2)
        assert ("b.example",) == control.snapshot.closed
        async with ingest(house):
            await until(lambda: len(seen) == 3)
    finally:
        task.cancel()

    assert [("a.example",), ("b.example",), ()] == [each.closed for each in seen]
    assert ["ann"] == [each.default_user for each in seen if each.default_user]
