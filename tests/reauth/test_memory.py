"""Rules of what the engine keeps in memory."""

from dataclasses import replace

import pytest

from reauth import memory
from reauth.device import UNTOLD
from reauth.group import Group
from reauth.memory import Memory
from reauth.ports import Commit, HeldRow, RawRow
from reauth.store import Options, open_store
from tests.live import EPOCH, accepted, claim, identity_lane, movement, template_of

KEY = ("alice", "10.0.0.1")


@pytest.fixture(scope="module")
def template():
    return template_of()


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        yield store


@pytest.fixture
def kept(store):
    return Memory(store, [identity_lane()])


async def stored_session(store, kept, template):
    """A session of Alice's, compared with her template, in the store and out of memory."""
    await store.save_template(template)
    await kept.refresh(EPOCH)
    await kept.fetch(KEY, EPOCH)
    live = kept.begin("s1", KEY, claim(), EPOCH)
    await store.commit(Commit(sessions=[live.row()]))
    return live


async def test_a_new_tab_belongs_to_who_opens_it(kept):
    """And is the same tab when it is asked for again."""
    tab = await kept.tab(b"t" * 16, KEY)

    assert tab.key == KEY
    assert await kept.tab(b"t" * 16, ("bob", "x")) is tab


async def test_a_stored_tab_comes_back_with_what_waits(store, kept):
    """Its place in the stream, its owner, and acknowledged batches that wait."""
    [first, second, *_] = accepted(movement(7, 3))
    tab = await kept.tab(b"t" * 16, KEY)
    tab.stream.next_seq = 1
    tab.screen = "small"
    held = HeldRow(tab.tab, 2, EPOCH, second.claim, second.body)
    broken = HeldRow(tab.tab, 3, EPOCH, second.claim, b"?")
    raw = [RawRow(tab.tab, 0, EPOCH, first.claim, first.body)]
    await store.commit(Commit(raw=raw, tabs=[tab.row()], held=[held, broken]))

    again = await Memory(store, [identity_lane()]).tab(b"t" * 16, ("bob", "x"))

    assert (again.key, again.stream.next_seq, again.screen) == (KEY, 1, "small")
    assert again.stream.is_held(2) and not again.stream.is_held(3)


async def test_a_stored_session_goes_on_with_the_template_that_it_began_with(
    store, kept, template
):
    """A newer template is for the next session."""
    await stored_session(store, kept, template)
    await store.save_template(template)
    fresh = Memory(store, [identity_lane()])
    await fresh.refresh(EPOCH)
    await fresh.fetch(KEY, EPOCH)

    assert fresh.live[KEY].session.lanes[0].template.version == 1
    assert fresh.begin("s2", KEY, claim(), EPOCH).session.lanes[0].template.version == 2


SMALL, LARGE = ("frame/mouse/small",), ("frame/mouse/large",)


def versions(live):
    """The template versions that a session's first lane compares with."""
    return [lane.template.version for lane in live.session.lanes[0].devices if lane.template]


async def test_a_session_compares_with_a_template_for_each_device(store, kept, template):
    """One that is learnt meanwhile is taken up, another version of one that it has is not."""
    await stored_session(store, kept, replace(template, devices=SMALL))
    await store.save_template(replace(template, devices=LARGE))
    await store.save_template(replace(template, devices=SMALL))
    fresh = Memory(store, [identity_lane()])
    await fresh.refresh(EPOCH)
    await fresh.fetch(KEY, EPOCH)

    assert [1, 2] == versions(fresh.live[KEY])
    assert [2, 3] == versions(fresh.begin("s2", KEY, claim(), EPOCH))
    assert fresh.has(KEY)
    await store.save_template(replace(template, devices=LARGE))
    await fresh.refresh(EPOCH + 1)
    assert [1, 2] == versions(fresh.live[KEY])
    assert not fresh.has(KEY), "the newest one is not in memory yet"
    await fresh.fetch(KEY, EPOCH + 1)
    assert [3, 4] == versions(fresh.begin("s3", KEY, claim(), EPOCH))


async def test_users_enrolled_on_a_device_are_those_who_are_known_on_it(store, kept, template):
    """One template a user, of the likest class: another device would resemble nobody."""
    for user, devices in (("anna", SMALL), ("anna", LARGE), ("bert", LARGE), ("carl", ())):
        await store.save_template(replace(template, user=user, devices=devices))
    await kept.refresh(EPOCH)

    found = {each.user: each.devices for each in await kept.enrolled(SMALL[0])}
    assert {"anna": SMALL, "carl": ()} == found


async def test_a_session_of_a_paused_user_does_not_come_back(store, kept, template):
    """Nobody is compared whose comparison is paused."""
    await stored_session(store, kept, template)
    await store.set_paused("alice", True)
    fresh = Memory(store, [identity_lane()])
    await fresh.refresh(EPOCH)
    await fresh.fetch(KEY, EPOCH)

    assert KEY not in fresh.live
    assert fresh.begin("s2", KEY, claim(), EPOCH).session.lanes[0].template is None


async def test_a_running_session_takes_its_first_template_and_loses_a_deleted_one(
    store, kept, template
):
    """Both within a second of the command, which needs no restart."""
    kept.live[KEY] = kept.begin("s1", KEY, claim(), EPOCH)
    nobody = (None, "10.0.0.9")
    kept.live[nobody] = kept.begin("s2", nobody, claim(user=None), EPOCH)
    await store.save_template(template)
    await kept.refresh(EPOCH + 1)
    assert kept.live[KEY].session.lanes[0].template is not None

    await store.delete_user("alice")
    await kept.refresh(EPOCH + 1.5)
    assert KEY in kept.live
    await kept.refresh(EPOCH + 2)
    assert list(kept.live) == [nobody]


async def test_a_state_of_another_version_begins_a_new_session(store, kept, template):
    """An upgrade never stops the service, and never guesses."""
    live = await stored_session(store, kept, template)
    row = live.row()
    await store.commit(Commit(sessions=[type(row)(**{**_fields(row), "state": b"\xff" * 40})]))
    fresh = Memory(store, [identity_lane()])
    await fresh.refresh(EPOCH)
    await fresh.fetch(KEY, EPOCH)

    assert KEY not in fresh.live


def _fields(row):
    return {name: getattr(row, name) for name in row.__slots__}


async def test_templates_in_memory_are_bounded(store, kept, template, monkeypatch):
    """The oldest makes room; it is fetched again when it is needed."""
    monkeypatch.setattr(memory, "_TEMPLATES", 1)
    for user in ("alice", "bob"):
        await store.save_template(type(template)(**{**_fields(template), "user": user}))
    await kept.refresh(EPOCH)
    for user in ("alice", "bob", "alice"):
        await kept.fetch((user, "c"), EPOCH)

    assert kept.begin("s", ("alice", "c"), claim(), EPOCH).session.lanes[0].template is not None


async def test_enrolled_users_are_those_at_hand_and_then_others(
    store, kept, template, monkeypatch
):
    """As many as there is time for; a template that cannot be used is left out."""
    for name in ("anna", "bert", "carl"):
        await store.save_template(replace(template, user=name))
    await store.save_template(replace(template, user="dora", verifier_version=99))
    await kept.refresh(EPOCH)

    assert ["anna", "bert", "carl"] == sorted(each.user for each in await kept.enrolled(UNTOLD))

    fresh = Memory(store, [identity_lane()])
    await fresh.refresh(EPOCH)
    await fresh.fetch(("carl", "10.0.0.1"), EPOCH)
    monkeypatch.setattr(memory, "_CANDIDATES", 2)
    found = [each.user for each in await fresh.enrolled(UNTOLD)]
    assert ("carl", 2) == (found[0], len(found))


async def test_who_is_deleted_while_gathering_is_forgotten(store, kept):
    """Sessions and tabs of others stay, also what waits of somebody without a session yet."""
    bob, nobody, carol = ("bob", "10.0.0.2"), (None, "10.0.0.3"), ("carol", "10.0.0.4")
    [item, *_] = accepted(movement(7, 1))
    await kept.refresh(EPOCH)
    for key, name in ((KEY, b"a" * 16), (bob, b"b" * 16), (nobody, b"n" * 16), (carol, b"c" * 16)):
        tab = await kept.tab(name, key)
        held = [HeldRow(name, 2, EPOCH, claim(user="carol"), item.body)] if key == carol else []
        await store.commit(Commit(tabs=[tab.row()], held=held))
    for key in (KEY, bob, nobody):
        live = kept.live[key] = kept.begin(f"s{key}", key, claim(user=key[0]), EPOCH)
        await store.commit(Commit(sessions=[live.row()]))
    await store.delete_user("alice")
    await kept.refresh(EPOCH + 1)

    assert list(kept.live) == [bob, nobody]
    assert {tab.key for tab in kept.tabs.values()} == {bob, nobody, carol}
    assert kept.tabs[b"c" * 16].stream.is_held(2)


async def test_what_a_failed_group_touched_is_forgotten(kept):
    """And nothing else."""
    group = Group(EPOCH)
    group.tabs[b"t" * 16] = await kept.tab(b"t" * 16, KEY)
    other = await kept.tab(b"u" * 16, KEY)
    live = kept.begin("s1", KEY, claim(), EPOCH)
    group.live["s1"] = kept.live[KEY] = live

    kept.undo(group)

    assert list(kept.tabs) == [other.tab]
    assert kept.live == {}


async def test_idle_tabs_are_put_away_unless_something_waits(kept):
    """What waits for a missing batch stays until its hole is given up."""
    idle, waiting = await kept.tab(b"i" * 16, KEY), await kept.tab(b"w" * 16, KEY)
    waiting.stream.hold(3, None, EPOCH)
    idle.last_seen = waiting.last_seen = EPOCH
    kept.live[KEY] = kept.begin("s1", KEY, claim(), EPOCH)

    kept.put_away(EPOCH + 1, EPOCH + 1)

    assert list(kept.tabs) == [waiting.tab]
    assert kept.live == {}


async def test_a_template_of_other_code_counts_as_none(store, kept, template, caplog):
    """After an upgrade its user is gathered until enrolled anew; it is said once, and counted."""
    await store.save_template(_changed(template, feature_version=template.feature_version + 1))
    await kept.refresh(EPOCH)
    for _ in range(3):
        await kept.fetch(KEY, EPOCH)
    kept.live[KEY] = kept.begin("s1", KEY, claim(), EPOCH)

    assert kept.live[KEY].session.lanes[0].template is None
    assert ["template_unusable"] == [record.message for record in caplog.records]
    assert kept.counters["templates_unusable_total"] == 1
    await store.save_template(template)
    await kept.refresh(EPOCH + 1)
    assert kept.live[KEY].session.lanes[0].template.version == 2


def _changed(row, **fields):
    return type(row)(**{**_fields(row), **fields})
