"""What is learnt of clients who do not trust us, and what a forged alert does not do."""

import pytest

from reauth import tunnels as module
from reauth.tunnels import ENOUGH, LASTS, WITHIN, Tunnels


def seen(result="failed", key="ab", count=1):
    return {f'tls_{result}{{key="{key}"}}': count}


def learnt(*evidence, tunnels=None):
    """What is learnt at each of (seconds, counters)."""
    tunnels = tunnels or Tunnels()
    return [tunnels.note(counters, now)[1] for now, counters in evidence]


def test_three_refusals_in_ten_minutes_are_enough():
    """From however many processes; each is learnt once."""
    assert [[], [], ["ab"], []] == learnt(*((now, seen()) for now in (0.0, 1.0, 2.0, 3.0)))
    assert [["ab"]] == learnt((0.0, seen(count=9)))


def test_two_are_not_nor_three_over_a_longer_time():
    """One forged alert now and then must not add up."""
    assert [[], []] == learnt((0.0, seen()), (1.0, seen()))
    assert [[], [], []] == learnt((0.0, seen()), (300.0, seen()), (WITHIN, seen()))


def test_somebody_alike_who_took_the_certificate_forbids_it():
    """Whether before or in between; ten minutes later it says no more."""
    assert [[], []] == learnt((0.0, seen("held")), (1.0, seen(count=3)))
    assert [[], [], []] == learnt((0.0, seen(count=2)), (1.0, seen("held")), (2.0, seen()))
    assert [[], ["ab"]] == learnt((0.0, seen("held")), (WITHIN, seen(count=3)))


def test_one_kind_is_not_another():
    """A host's name alone is no key: others who greet it are watched on."""
    assert [[], [], []] == learnt((0, seen(key="a")), (0, seen(key="b")), (0, seen(key="c")))


def test_what_is_learnt_lasts_a_day():
    """Then it must be seen again, and can be."""
    tunnels = Tunnels()
    learnt((0.0, seen(count=ENOUGH)), tunnels=tunnels)
    assert [["ab", LASTS]] == tunnels.at(LASTS - 1)
    assert [] == tunnels.at(LASTS)

    assert [["ab"]] == learnt((LASTS, seen(count=ENOUGH)), tunnels=tunnels)


@pytest.mark.parametrize(
    "name", ["x", 'tls_failed{key=""}', 'tls_failed{key="AB"}', 'tls_x{key="ab"}']
)
def test_other_counters_are_passed_on(name):
    """And none of ours is: they would be a metric for every host."""
    assert ({name: 1.0}, []) == Tunnels().note({name: 1.0, **seen("held"), **seen()}, 0.0)


def test_what_is_remembered_is_bounded(monkeypatch):
    """Whoever greets under ever new names fills no memory."""
    monkeypatch.setattr(module, "_KEPT", 2)
    tunnels = Tunnels()
    for each in "abcde":
        tunnels.note(seen(key=each) | seen("held", each), 0.0)

    assert len(tunnels._failed) <= 2 and len(tunnels._held) <= 2
