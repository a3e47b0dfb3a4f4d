"""Attacks through a browser."""

from datetime import UTC, datetime
from itertools import islice

import numpy as np
import pytest

from reauth.demo.site import make_certificate
from reauth.event import Event, Kind
from reauth.generate import GENERATORS
from reauth.generate.habits import Habits
from reauth.lab.attack import EDGE, AttackError, Place, attack, fitted, recorded_acts
from reauth.lab.benchmark import session
from reauth.lab.movers import movements_of
from reauth.wire import events as events_of
from tests.e2e.watched_site import site
from tests.reauth.generate.crowd import crowd, cut

PAGE = "<!DOCTYPE html><html><head>{tag}<title>t</title></head><body>text</body></html>"
VIEWPORT = 1280, 800


def line(*times, kind=Kind.MOVE, x=10.0):
    return [Event(kind, 0, t, x + 100 * t, 20.0) for t in times]


def test_a_recording_is_cut_where_it_rests_and_long_rests_are_shortened():
    """A click belongs to the movement before it; whatever came first has no movement."""
    told = [
        *line(1.0, kind=Kind.DOWN), *line(5.0, 5.1), *line(5.2, kind=Kind.DOWN),
        *line(5.3, kind=Kind.WHEEL), *line(6.0, 6.1), *line(30.0, 30.2),
    ]  # fmt: skip

    found = [*recorded_acts(told, longest=2.0)]

    assert [[0.0, 0.1, 0.2], [1.0, 1.1], [3.1, 3.3]] == [
        [round(event.t, 6) for event in act] for act in found
    ]
    assert Kind.DOWN == found[0][-1].kind
    assert [event.x for act in found for event in act] == [
        event.x for event in told[1:] if event.kind != Kind.WHEEL
    ]


def test_nothing_recorded_is_nothing_to_play():
    """Nor are clicks alone."""
    assert [] == [*recorded_acts(line(1.0, 2.0, kind=Kind.DOWN), 3.0)]


def test_an_act_is_shifted_as_a_whole_to_where_the_page_is():
    """One that fits stays; one that is too large is cut off at the far side."""
    inside = [Event(Kind.MOVE, 0, 0.0, 50.0, 60.0), Event(Kind.MOVE, 0, 0.1, 70.0, 90.0)]
    beyond = [event._replace(x=event.x + 2000, y=event.y - 500) for event in inside]
    large = [*inside, Event(Kind.MOVE, 0, 0.2, 9050.0, 90.0)]

    assert inside == fitted(inside, VIEWPORT)
    assert [(1255.0, 5.0), (1275.0, 35.0)] == [event[3:5] for event in fitted(beyond, VIEWPORT)]
    assert [EDGE, 25.0, 1280 - EDGE] == [event.x for event in fitted(large, VIEWPORT)]


@pytest.mark.browser
@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wind", "recorded"])
async def test_what_is_played_arrives_as_movements(kind, tmp_path):
    """A real Chromium, whose proxy is a site with the observer in it: as many movements as were
    played, as long and as fast as they were, with their clicks."""
    people = crowd(1, 30)
    habits, rng = Habits.fit(people, 0.8), np.random.default_rng(1)
    played = session(GENERATORS[kind](people), habits, (0.012, 0.002), VIEWPORT, rng)
    acts = [*islice(played, 4)]
    told = []
    async with site(index=PAGE) as served:
        place = Place(f"{served.url}/index", served.url, certificate(tmp_path), VIEWPORT)
        result = await attack(place, acts, 60.0, told.append)
        await served.until(lambda: len(served.rows(Kind.UP)) >= 4)
    base = served.batches[0][0].base_ms
    arrived = cut(
        [e for batch in ordered(served) for e in events_of(batch, (batch.base_ms - base) / 1e3)]
    )

    assert {"status": 200, "movements": 4} == {key: result[key] for key in ("status", "movements")}
    assert pytest.approx(acts[-1][-1].t) == sum(told)
    assert sum(map(len, acts)) == result["events"]
    wanted = movements_of([event for act in acts for event in fitted(act, VIEWPORT)])
    assert 4 == len(arrived) == len(wanted)
    for one, two in zip(wanted, arrived, strict=True):
        assert pytest.approx(one.t[-1] - one.t[0], abs=0.1) == two.t[-1] - two.t[0]
        assert (np.ptp(one.x), np.ptp(one.y)) == pytest.approx(
            (np.ptp(two.x), np.ptp(two.y)), abs=3
        )
        assert [Kind.DOWN, Kind.UP] == two.kinds[-2:].tolist()


@pytest.mark.browser
async def test_a_page_that_cannot_be_reached_is_named(tmp_path):
    """One line, with the page and the proxy."""
    place = Place("http://127.0.0.1:1/", "http://127.0.0.1:1", certificate(tmp_path), VIEWPORT)

    with pytest.raises(AttackError, match=r"^http://127.0.0.1:1/ through http://127.0.0.1:1: "):
        await attack(place, [], 1.0, print)


def ordered(served):
    return sorted((batch for batch, _ in served.batches), key=lambda batch: batch.seq)


def certificate(folder):
    """Of nobody: what is played here has no TLS."""
    return make_certificate(folder, datetime.now(UTC))[0]
