"""Rules of one group's pure work."""

from dataclasses import replace

import pytest

from reauth.claim import Claim
from reauth.errors import WireError
from reauth.event import Kind
from reauth.group import (
    Arrived,
    Group,
    Live,
    LiveTab,
    advance,
    align,
    arrive,
    arrive_many,
    session_id,
    timed,
)
from reauth.lane import Lane
from reauth.order import Ready, TabStream
from reauth.outcome import Gap
from reauth.ports import Accepted
from reauth.session import Session
from reauth.wire import decode, encode, encode_json, samples
from tests.live import EPOCH, accepted, bodies, claim, identity_lane, movement

KEY = ("alice", "10.0.0.1")


def tab(**fields):
    return LiveTab(b"t" * 16, KEY, TabStream(), **fields)


def ready(item, missing=0):
    arrived = arrive(item, allow_json=False)
    assert isinstance(arrived, Arrived)
    return Ready(arrived.batch.seq, arrived, missing)


def begin(name: str, key, claim: Claim, started: float) -> Live:
    return Live(name, key, started, Session([Lane(identity_lane(), None)]), claim)


def test_a_batch_that_cannot_be_read_says_why():
    """It is a value, so that the rest of its group goes on."""
    broken = arrive(Accepted(claim(), b""), allow_json=False)

    assert isinstance(broken, WireError)
    assert str(broken) == "truncated"


def test_a_tab_remembers_the_screen_until_it_tells_of_another():
    """A page tells once; a screen of no size is none."""
    [item] = accepted(movement(1, 1), size=1000)
    batch, told = decode(item.body), tab()
    screens = [(1920, 1080), None, (0, 0), (3840, 2160)]
    found = [
        timed(told, ready(Accepted(item.claim, encode(replace(batch, header=header)))), 60.0)[0]
        for screen in screens
        for header in [replace(batch.header, screen=screen)]
    ]

    assert ["medium", "medium", None, "large"] == [each.screen for each in found]
    assert "large" == told.row().screen


def test_the_readable_format_is_taken_where_it_is_allowed():
    """And refused where it is not, which is the default."""
    text = encode_json(decode(bodies(movement(1, 1))[0][1]))

    assert isinstance(arrive(Accepted(claim(), text), allow_json=True), Arrived)
    assert isinstance(arrive(Accepted(claim(), text), allow_json=False), WireError)


@pytest.mark.parametrize("allow_json", [False, True])
def test_many_batches_are_read_as_one_by_one(allow_json):
    """A broken one or a readable one among them changes nothing."""
    found = accepted(movement(1, 3))
    text = encode_json(decode(found[0].body))
    found[1:1] = [Accepted(claim(), b"\x01"), Accepted(claim(), text)]

    def told(arrived):
        if isinstance(arrived, WireError):
            return str(arrived)
        return arrived.accepted, arrived.batch.seq, list(samples(arrived.batch, 1.0))

    alone = [told(arrive(item, allow_json)) for item in found]
    assert alone == [told(each) for each in arrive_many(found, allow_json)]


def test_a_clock_that_is_near_enough_is_left_alone():
    """Its own steps are the movement's; only where it is far off it is set, once."""
    batch = decode(bodies(movement(1, 1))[0][1])
    near, far = tab(), tab()

    assert align(near, batch, EPOCH + 60, 600) == (batch.base_ms / 1000, False)
    base, wrong = align(far, batch, EPOCH + 86_400, 600)
    assert wrong
    assert base + batch.times[-1] == pytest.approx(EPOCH + 86_400)
    assert align(far, batch, EPOCH + 86_500, 600) == (base, False)


def test_an_empty_batch_has_no_time_to_set():
    """It is aligned by its base."""
    batch = decode(bodies(movement(1, 1))[0][1])
    empty = type(batch)(1, b"", batch.tab, 0, batch.base_ms, 0, False, batch.header, *[[]] * 5)

    assert align(tab(), empty, EPOCH, 600) == (batch.base_ms / 1000, False)


def test_a_clock_that_runs_into_the_future_is_set_again():
    """A page cannot borrow time; waiting batches, which are old, are no reason."""
    batch = decode(bodies(movement(1, 1))[0][1])
    known = tab(offset=0.0)

    assert align(known, batch, EPOCH + 3600, 600)[1] is False
    assert align(known, batch, EPOCH - 3600, 600)[1] is True


@pytest.mark.parametrize(("behind", "wrong"), [(600 + 86_399, False), (600 + 86_401, True)])
def test_a_clock_that_falls_behind_by_more_than_a_day_is_set_again(behind, wrong):
    """No batch waits that long; the samples that follow have a gap in front of them."""
    item = accepted(movement(1, 1), start=EPOCH - behind)[0]
    late = Accepted(claim(at=item.claim.received + behind), item.body)
    known = tab(offset=0.0)

    found, told = timed(known, ready(late), 600)

    assert told is wrong
    assert (found[0].kind == Kind.GAP) is wrong
    assert (abs(found[-1].t - late.claim.received) < 1) is wrong


def test_a_first_clock_at_the_end_of_time_moves_no_event_out_of_it():
    """A page that says 2**48 - 1 ms first and 0 ms next is set by receipt both times."""
    batch = decode(bodies(movement(1, 1))[0][1])
    known = tab()
    for base_ms in (2**48 - 1, 0):
        base, wrong = align(known, replace(batch, base_ms=base_ms), EPOCH, 600)
        assert wrong
        assert base + batch.times[-1] == pytest.approx(EPOCH)


@pytest.mark.parametrize("missing", [0, 2])
def test_a_gap_goes_in_front_of_what_follows_a_hole(missing):
    """The segmenter must know that samples are missing; without a hole there is none."""
    found, _ = timed(tab(), ready(accepted(movement(1, 1))[0], missing), 600)

    assert (found[0].kind == Kind.GAP) is bool(missing)


def test_the_name_of_a_session_tells_where_it_began():
    """The same input gives the same name after a crash; nobody known is not a user "None"."""
    assert session_id(KEY, b"t", 1, 2.0) == session_id(KEY, b"t", 1, 2.0)
    assert session_id((None, "c"), b"t", 1, 2.0) != session_id(("None", "c"), b"t", 1, 2.0)


def test_a_pause_inside_a_batch_begins_another_session():
    """The movement that was open when the old one ended is judged in the old one."""
    before, after = movement(1, 1), movement(2, 1)
    later = [event._replace(t=event.t + before[-1].t + 200) for event in after]
    [item] = accepted(before + later, size=1000)
    group, live = Group(EPOCH), {}
    group.ready.append((tab(), ready(item)))

    advance(group, live, begin, gap=200.0, skew=600.0)

    assert len(group.live) == 2
    [resting] = group.resting
    assert resting.rested
    assert live[KEY].id != resting.id
    assert [found[0].id for found in group.outcomes] == [resting.id]


def test_batches_without_events_touch_no_session():
    """A header alone says nothing about a person."""
    item = accepted(movement(1, 1))[0]
    arrived = arrive(item, allow_json=False)
    batch = arrived.batch
    empty = type(batch)(1, b"", batch.tab, 0, batch.base_ms, 0, False, batch.header, *[[]] * 5)
    group, live = Group(EPOCH), {}
    group.ready.append((tab(), Ready(0, Arrived(item, empty), 0)))

    advance(group, live, begin, gap=600.0, skew=600.0)

    assert (live, group.outcomes) == ({}, [])


def test_two_batches_of_one_session_are_one_stream():
    """A gap between them is an outcome; the session's rows tell who and where."""
    first, second, *_ = accepted(movement(1, 4), size=40)
    group, live = Group(EPOCH), {}
    place = tab()
    group.ready += [(place, ready(first)), (place, ready(second, missing=1))]

    advance(group, live, begin, gap=600.0, skew=600.0)

    assert [type(outcome) for _, outcome in group.outcomes].count(Gap) == 1
    row = live[KEY].row()
    assert (row.user, row.client, row.site) == ("alice", "10.0.0.1", first.claim.site)
    assert place.row().last_t == row.last_t


@pytest.mark.parametrize(("ahead", "goes_on"), [(599, True), (601, False)])
def test_a_session_from_before_the_clock_was_set_back_has_ended(ahead, goes_on):
    """Else it would go on, whatever the pauses, until that time has come again."""
    first, second, *_ = accepted(movement(1, 4), size=40)
    live = {}
    for item in (first, second):
        group = Group(EPOCH)
        group.ready.append((tab(), ready(item)))
        advance(group, live, begin, gap=600.0, skew=600.0)
        if item is first:
            before = live[KEY]
            before.session.last = second.claim.received + ahead

    assert (live[KEY] is before) is goes_on
    assert group.outcomes == []
