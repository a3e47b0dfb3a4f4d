"""Rules of silence and of what no hand can make, with times as arguments."""

from itertools import islice

import pytest

from reauth.detect import absence
from reauth.detect.absence import Absence, Reason
from reauth.event import Kind
from reauth.lab.datasets import open_dataset
from reauth.settings import Absence as Limits
from tests.reauth.detect.test_pointer import approach, joined, places, press, told

WHO = ("alice", "10.0.0.1")
T0 = 1_790_000_000.0
LIMITS = Limits(silent_pages=5, acts=8, untrusted=10, clicks=6, two_places=20.0)


def named(findings):
    """Their reasons."""
    return [finding.reason.value for finding in findings]


def opened(watch, count, every=6.0, start=0.0, again=False, between=lambda at: []):
    """Pages one after the other; after each whatever comes between."""
    found = []
    for number in range(count):
        at = T0 + start + every * number
        found += watch.page(WHO, f"{start}-{number}", "site", again, at) + between(at + 1)
    return named(found)


def hello(at, **more):
    """What a page says that is left without a movement."""
    return told(base=at, **more)


# Silence


def test_pages_of_which_none_is_heard_are_a_program():
    """They run no script: nothing shows them."""
    watch = Absence(LIMITS)

    assert opened(watch, 4) == []
    [finding] = watch.page(WHO, "p", "site", False, T0 + 24)
    assert (finding.reason, finding.level, finding.bound) == (Reason.SILENT, 5, 5)
    assert finding.first == T0
    assert finding.reason.kind == "absence"


def test_a_page_that_says_that_it_was_there_is_no_silence():
    """A board that loads itself all day, read by nobody."""
    watch = Absence(LIMITS)

    assert opened(watch, 50, again=True, between=lambda at: watch.heard(WHO, hello(at))) == []


def test_pages_opened_at_once_or_far_apart_are_no_silence():
    """A browser opens its tabs at its start; somebody without scripts opens one an hour."""
    assert opened(Absence(LIMITS), 50, every=0.1) == []
    assert opened(Absence(LIMITS), 50, every=3600) == []


def test_people_and_clients_are_counted_apart():
    """Each has a silence of their own."""
    watch = Absence(LIMITS)
    found = []
    for number in range(40):
        who = (f"user{number % 10}", "10.0.0.1") if number % 2 else (None, f"10.0.0.{number % 10}")
        found += watch.page(who, str(number), "site", False, T0 + 6 * number)

    assert found == []


def test_what_is_lost_on_the_way_is_no_silence():
    """A batch that was refused unread may have been anything."""
    watch = Absence(LIMITS)

    assert opened(watch, 50, again=True, between=lambda _: watch.lost(WHO) or []) == []


# Acts without input


def test_pages_gone_to_without_any_input_are_a_program():
    """Its browser runs the observer, which tells of no hand, no key and no click."""
    watch = Absence(LIMITS)

    found = opened(watch, 8, between=lambda at: watch.heard(WHO, hello(at)))

    assert found == ["no_input"]


def test_changes_without_any_input_are_too():
    """Of sites that served a watched page; what else a client sends is none of ours."""
    watch = Absence(LIMITS)
    watch.page(WHO, "p", "site", False, T0)
    elsewhere = [watch.unsafe(WHO, "other", T0 + 6 * n) for n in range(1, 30)]
    found = joined(watch.unsafe(WHO, "site", T0 + 6 * n) for n in range(1, 8))

    assert elsewhere == [[]] * 29
    assert named(found) == ["no_input"]


@pytest.mark.parametrize(
    "input_",
    [
        {"input": True},
        {"kinds": [Kind.MOVE]},
        {"kinds": [Kind.WHEEL]},
        {"kinds": [Kind.DOWN], "exts": [16]},
    ],
    ids=["key-or-switch", "mouse", "wheel", "touch"],
)
def test_any_input_is_input(input_):
    """Keys, a switch, a voice, touch: once is enough, on whatever page, for what follows."""
    watch = Absence(LIMITS)
    row = (input_.get("kinds", [0])[0], 0.0, 5, 5, input_.get("exts", [0])[0])

    def used(at):
        if "kinds" in input_:
            return watch.heard(WHO, told(row, base=at))
        return watch.heard(WHO, hello(at, input=True))

    assert opened(watch, 100, between=used) == []


def test_a_page_that_is_gone_to_again_is_no_act():
    """It loads itself; and nothing adds up over hours."""
    watch = Absence(LIMITS)

    assert opened(watch, 30, again=True, between=lambda at: watch.heard(WHO, hello(at))) == []
    slow = opened(watch, 30, every=200, start=9e5, between=lambda at: watch.heard(WHO, hello(at)))
    assert slow == []


# Automation and synthetic events


def test_the_automation_flag_is_evidence_unless_it_is_asked_for():
    """Tests are driven by right."""
    found = [
        named(Absence(limits).heard(WHO, hello(T0, webdriver=True)))
        for limits in (LIMITS, Limits(automation=True))
    ]

    assert found == [[], ["automation"]]


def synthetic(watch, acts, count=16):
    """Pages with synthetic events, told as the observer does; what is found."""
    found = []
    for number in range(acts):
        at = T0 + 6 * number
        found += watch.page(WHO, str(number), "site", False, at)
        tab = bytes([number]) * 16
        batch = told(base=at + 1, untrusted=count)
        found += watch.heard(WHO, absence.Told(**{**fields(batch), "tab": tab}))
    return named(found)


def fields(batch):
    """Of a batch, to change one."""
    return {name: getattr(batch, name) for name in batch.__slots__}


def test_synthetic_events_beside_acts_are_a_program():
    """Counted over tabs."""
    assert "untrusted" in synthetic(Absence(LIMITS), 3)


def test_a_page_that_makes_synthetic_events_by_itself_is_none():
    """It goes nowhere; or somebody uses it."""
    watch = Absence(LIMITS)
    assert synthetic(watch, 2, count=1000) == []
    used = Absence(LIMITS)
    found = []
    for _ in range(30):
        found += synthetic(used, 1, count=1000) + named(used.heard(WHO, hello(T0, input=True)))
    assert found == []


# What no hand makes


def test_presses_from_nowhere_are_a_program():
    """A row of them."""
    watch = Absence(LIMITS)
    rows = joined(press(0.2 * n, *place) for n, place in enumerate(places(12)))

    found = watch.heard(WHO, told(*rows, base=T0))

    assert named(found) == ["clicks"]
    assert found[0].reason.kind == "bot"


def test_a_hand_is_none_of_it():
    """Minutes of pressing here and there, on a page that was served."""
    watch = Absence(Limits(automation=False))
    watch.page(WHO, "page", "site", False, T0 - 1)
    way = places(200)
    found = []
    for number in range(199):
        rows = approach(0.0, way[number], way[number + 1])
        found += watch.heard(WHO, told(*rows, base=T0 + number))

    assert found == []


def hurried(watch, speed, batches=20):
    """Batches of 5 s by the page's clock, received `speed` times faster."""
    watch.page(WHO, "page", "site", False, T0)
    found = []
    for number in range(batches):
        rows = [(Kind.MOVE, 0.0, 1, 1, 0), (Kind.MOVE, 5.0, 2, 2, 0)]
        batch = fields(told(*rows, base=T0 + 5 * number))
        batch["at"] = T0 + 1 + 5 * (number + 1) / speed
        found += watch.heard(WHO, absence.Told(**batch))
    return named(found)


def test_more_time_than_there_was_is_impossible():
    """Since the page was served; batches that come late and all at once are not."""
    assert "fast" in hurried(Absence(LIMITS), 10.0)
    assert hurried(Absence(LIMITS), 1.0) == []


def test_batches_that_waited_for_the_network_come_all_at_once():
    """Ten minutes of them in a second: the time had passed."""
    watch = Absence(LIMITS)
    watch.page(WHO, "page", "site", False, T0)
    found = []
    for number in range(120):
        rows = [(Kind.MOVE, 0.0, 1, 1, 0), (Kind.MOVE, 5.0, 2, 2, 0)]
        batch = fields(told(*rows, base=T0 + 5 * number))
        batch["at"] = T0 + 601 + number / 100
        found += watch.heard(WHO, absence.Told(**batch))

    assert found == []


def test_intervals_that_never_tremble_are_a_program():
    """A thousand of them."""
    watch, found = Absence(LIMITS), []
    for number in range(6):
        rows = [(Kind.MOVE, 0.01 * n, n, n, 0) for n in range(250)]
        found += watch.heard(WHO, told(*rows, base=T0 + 4 * number, resolution=0.0001))

    assert named(found) == ["constant"]


def test_forks_and_holes():
    """Now and then one is a fault; many are somebody who makes batches up."""
    watch = Absence(LIMITS)
    one = [named(watch.forked(WHO, b"tab", T0 + n)) for n in range(50)]
    more = [named(watch.forked(WHO, bytes([n]), T0 + 50 + n)) for n in range(2)]
    assert (one, more) == ([[]] * 50, [[], ["forks"]])

    some = [named(watch.heard(WHO, hello(T0 + n, missing=n % 2))) for n in range(500)]
    most = joined(named(watch.heard(WHO, hello(T0 + n, missing=3))) for n in range(200))
    assert some == [[]] * 500
    assert "gaps" in most


def both(watch, other, delay=0.0, confidence=1.0, user="alice"):
    """A minute of movement on two clients, the other one that much later."""
    found = []
    for number in range(12):
        rows = [(Kind.MOVE, 0.1 * n, n, n, 0) for n in range(50)]
        for client, at in (("a", 5 * number), (other, 5 * number + delay)):
            batch = told(*rows, base=T0 + at, confidence=confidence)
            found += watch.heard((user, client), batch)
    return named(found)


def test_one_user_does_not_move_in_two_places():
    """In the same seconds; one after the other they may."""
    assert "two_places" in both(Absence(LIMITS), "b")
    assert both(Absence(LIMITS), "b", delay=90.0) == []
    assert both(Absence(LIMITS), "a") == []


@pytest.mark.parametrize(
    "limits, who",
    [
        (Limits(two_places=0.0), {}),
        (LIMITS, {"confidence": 0.0}),
        (LIMITS, {"confidence": 0.5}),
        (LIMITS, {"user": None}),
    ],
    ids=["off", "default-user", "address-map", "unknown"],
)
def test_two_places_are_nothing_where_one_name_may_be_many_people(limits, who):
    """Or where somebody works by a remote desktop."""
    assert both(Absence(limits), "b", **who) == []


def test_what_waited_for_the_network_tells_no_time():
    """Somebody moved on, and what they did before came later."""
    watch, found = Absence(LIMITS), []
    for number in range(12):
        rows = [(Kind.MOVE, 0.1 * n, n, n, 0) for n in range(50)]
        found += watch.heard(("alice", "a"), told(*rows, base=T0 + 5 * number))
        late = fields(told(*rows, base=T0 + 5 * number - 600))
        late["at"] = T0 + 5 * number + 5
        found += watch.heard(("alice", "b"), absence.Told(**late))

    assert found == []


def test_memory_is_bounded(monkeypatch):
    """Who was heard of longest ago is forgotten first."""
    monkeypatch.setattr(absence, "KEYS", 3)
    watch = Absence(LIMITS)
    for number in range(4):
        opened(watch, 4)
        watch.page((f"u{number}", ""), "p", "s", False, T0)
        watch.page((f"v{number}", ""), "p", "s", False, T0)
        watch.page((f"w{number}", ""), "p", "s", False, T0)

    assert len(watch._trails) == 3
    assert opened(watch, 1, start=24) == []


def test_each_reason_has_its_words():
    """The console says what is counted."""
    assert set(absence.WORDS) == set(Reason)


def batches_of(events, session):
    """A recording as its page would have told it, on the finest clock."""
    for start in range(0, len(events), 200):
        part = events[start : start + 200]
        rows = [(int(e.kind), e.t - part[0].t, int(e.x), int(e.y), e.ext & 7) for e in part]
        batch = told(*rows, base=T0 + part[0].t, resolution=0.0001)
        yield absence.Told(**{**fields(batch), "tab": session.encode()})


@pytest.mark.data
@pytest.mark.parametrize("name", ["sapimouse", "hbrs"])
def test_people_make_nothing_of_it(data, name):
    """Recordings, every press and interval: rows of presses stay below a fifth of the default."""
    watch = Absence(Limits(clicks=4, two_places=0.0))  # all begin at the same second
    presses, found = 0, []
    for user, session, events in islice(open_dataset(data, name), 30):
        for batch in batches_of(events, session):
            presses += list(batch.kinds).count(Kind.DOWN)
            found += watch.heard((user, session), batch)

    assert presses > 1000
    assert found == []
