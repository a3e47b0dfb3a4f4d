"""The picture of an alert: true to the scores, safe in a page, readable without colour."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from reauth.alert import Evidence
from reauth.change_point import Change
from reauth.console.svg import Mark, timeline

scores = st.floats(-1e6, 1e6)


def evidence(*given_scores, threshold=0.0):
    """Evidence with these scores."""
    return [
        Evidence(f"{number:032x}", number, float(number), score, score < threshold)
        for number, score in enumerate(given_scores, 1)
    ]


def marks(picture):
    """(class, y) of each score, in order."""
    circles = re.findall(r'<circle class="(high)" cx="[\d.]+" cy="([\d.]+)"', picture)
    diamonds = re.findall(r'<path class="(low)" d="M[\d.]+ (-?[\d.]+)l', picture)
    return [(name, float(y)) for name, y in circles + diamonds]


def test_low_scores_have_a_shape_of_their_own():
    """A colour-blind reader tells them apart."""
    picture = timeline(evidence(1.0, -1.0, 2.0), 0.0)

    assert ["high", "high", "low"] == [name for name, _ in marks(picture)]
    assert "1 of 3 scores lie below the threshold of 0.00 nats." in picture


@given(st.lists(scores, max_size=30), scores)
def test_any_scores_give_one_whole_element(found, threshold):
    """With every mark inside the picture."""
    picture = timeline(evidence(*found, threshold=threshold), threshold)

    root = ElementTree.fromstring(picture)
    assert "svg" == root.tag
    assert len(found) == len(marks(picture))
    assert all(0 <= y <= 260 for _, y in marks(picture))


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=30))
def test_higher_scores_stand_higher(found):
    """On the screen y grows downwards."""
    picture = timeline(evidence(*found, threshold=-100), -100)

    heights = [y for _, y in marks(picture)]
    order = sorted(range(len(found)), key=found.__getitem__)
    drawn = [heights[place] for place in order]
    assert all(above - below <= 0.11 for below, above in pairwise(drawn))


def test_no_evidence_is_an_empty_picture():
    """The threshold alone."""
    picture = timeline([], -0.5)

    assert [] == marks(picture)
    assert "polyline" not in picture


def test_the_page_policy_allows_all_of_it():
    """No inline style, no script, no foreign address."""
    picture = timeline(evidence(*range(-5, 5)), 0.0)

    assert not re.search(r"style=|<script|href|url\(|on\w+=", picture)


def test_what_happened_when_is_marked_and_a_change_has_its_two_means():
    """Each with its word; words that are near each other lie below one another."""
    items = [Evidence("a", n, float(n), 1.0 if n < 6 else -1.0, n >= 6) for n in range(10)]
    marks = [Mark(7, "event", "first <anomaly>"), Mark(8, "event", "alert")]
    drawn = timeline(items, 0.0, marks, Change(6, 1.0, -1.0))

    assert 2 == drawn.count('class="level"') and 1 == drawn.count('<line class="change"')
    assert 2 == drawn.count('<line class="event"')
    assert "first &lt;anomaly&gt;" in drawn
    heights = re.findall(r'class="name" x="[\d.]+" y="(\d+)" text-anchor="\w+">(\w+)', drawn)
    words = [word for _, word in heights]
    assert ["change", "first", "alert"] == [one for one in words if one != "threshold"][:3]
    assert 3 == len({height for height, word in heights if word in ("change", "first", "alert")})
