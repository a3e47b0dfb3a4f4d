"""Rules of the measurement: what is counted as known, as flagged, and as not looked up."""

import json

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.event import Kind
from reauth.lab.plots import draw_growth
from reauth.lab.replays import (
    Asked,
    Known,
    KnownTurned,
    flagged,
    markdown,
    moves_of,
    replays,
    sent_elsewhere,
    through_browser,
)
from reauth.trajectory import Trajectory
from tests.reauth.detect.test_shape import arc
from tests.reauth.lab.towns import build

pytestmark = pytest.mark.slow


def quiet(items, count, what):
    return items


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """People with two recordings: the first is the library, the second new; one lies in both."""
    folder = tmp_path_factory.mktemp("replays")
    town = build(folder / "town", twice=4, once=1, movements=40)
    for session, name in ((1, "library"), (2, "data")):
        for file in town.glob(f"*/{session}.csv"):
            to = folder / name / file.parent.name / file.name
            to.parent.mkdir(parents=True)
            to.write_bytes(file.read_bytes())
    both = folder / "data" / "p04" / "again.csv"
    both.parent.mkdir()
    both.write_bytes((town / "p04" / "1.csv").read_bytes())
    asked = Asked(folder / "library", folder / "data", 1, (50, 600))
    return replays(asked, quiet)


def test_the_report_is_what_scripts_rely_on(report):
    """Issue 5: recall by px, flags, ms by size; all of it JSON."""
    assert {"exact", "1px", "3px"} == report["recall"].keys()
    assert {"50", "600"} == report["lookup_ms"].keys()
    assert 0 <= report["human_false_flags"] <= 1
    assert all(0 < each < 1000 for each in report["lookup_ms"].values())
    assert report == json.loads(json.dumps(report, allow_nan=False))


def test_replays_of_generated_people_are_known(report):
    """As points all of those that are exact; through a browser nearly all."""
    assert 1.0 == report["recall"]["exact"]
    assert report["recall_elsewhere"]["exact"] < 0.2
    assert min(report["recall"].values()) >= 0.95
    assert min(report["recall_browser"].values()) >= 0.9


def test_a_recording_in_both_folders_is_the_library_s(report):
    """Else everything in it would be flagged, and rightly."""
    assert 1 == report["data"]["recordings_left_out"]
    assert report["flags"]["flagged"] <= 0.01 * report["flags"]["movements"]


def test_growth_is_told_for_each_size(report):
    """Points that are compared grow, but less than the library; the picture shows it."""
    few, many = (report["examined"][size] for size in ("50", "600"))

    assert few < many < 12 * few
    assert {"50", "600"} == report["add_us"].keys() == report["flags_by_size"].keys()


def test_the_text_holds_the_figures(report, tmp_path):
    told = markdown(report)
    draw_growth("Look-up", report, tmp_path / "lookup.svg")

    assert "| as points | 100.0 % |" in told
    assert "![growth](lookup.svg)" in told
    assert "as a list would grow" in (tmp_path / "lookup.svg").read_text("utf-8")


def test_flags_are_counted_of_all_movement_that_was_seen():
    """What is not looked up is told, by reason; without a flag the bound is 3/n."""
    library = Known(100)
    library.add(arc(), "anna")
    new = arc(bend=150.0)

    found = flagged(library, [("anna", each) for each in (arc(), new, new, arc(bend=0.0), arc(5))])
    none = flagged(library, [("anna", new)] * 30)

    assert (1, 5, 3, 0.2) == tuple(
        found[key] for key in ("flagged", "movements", "looked_up", "share")
    )
    assert {"too_plain": 1, "too_short": 1} == found["not_looked_up"]
    assert pytest.approx(1 / 3) == found["of_looked_up"] < found["at_most"] < 1
    assert 3 / 30 == none["at_most"]
    assert flagged(library, [])["share"] is flagged(library, [])["at_most"] is None


def test_nothing_to_play_and_nothing_new_is_told_as_such(tmp_path):
    """Empty folders: no share, no time, and a report all the same."""
    for name in ("library", "data"):
        (tmp_path / name).mkdir()

    told = replays(Asked(tmp_path / "library", tmp_path / "data", 1, (20,)), quiet)
    draw_growth("Look-up", told, tmp_path / "lookup.svg")

    assert {None} == set(told["recall"].values()) == {told["human_false_flags"]}
    assert {"20": None} == told["lookup_ms"]
    assert "| as points | - | - | - |" in markdown(told)


def test_the_live_detector_knows_what_was_sent_elsewhere():
    """Its index alone does not; both know what was not, and neither what is new."""
    rng, alone, live = np.random.default_rng(1), Known(100), KnownTurned(100)
    movement = arc(duration=0.9)
    elsewhere = sent_elsewhere(movement, rng)
    for each in (alone, live):
        assert each.add(movement, "anna")
        assert not each.add(movement, "anna")
        assert each.score(movement, "anna") < 0 < each.score(arc(bend=190.0), "anna")
        assert 1 <= len(each) <= each.examined(movement)

    assert live.score(elsewhere, "anna") < 0 < alone.score(elsewhere, "anna")


def test_sent_elsewhere_it_is_as_long_as_it_was():
    """Another way, its own times; what returns to its beginning cannot be aimed."""
    movement = arc()
    sent = sent_elsewhere(movement, np.random.default_rng(2))
    circle = Trajectory(0, movement.t, *(np.append(each[:-1], each[0])
                                         for each in (movement.x, movement.y)))  # fmt: skip

    assert np.allclose(sent.t, movement.t - movement.t[0], atol=1e-4)
    assert np.hypot(sent.x[-1] - movement.x[-1], sent.y[-1] - movement.y[-1]) > 20
    assert sent_elsewhere(circle, np.random.default_rng(2)) is circle


def test_a_report_says_by_what_it_was_measured(tmp_path):
    """The live detector keeps each movement twice; another name is asked wrongly."""
    for name in ("library", "data"):
        (tmp_path / name).mkdir()
    folders = tmp_path / "library", tmp_path / "data"
    one, two = (replays(Asked(*folders, 1, (20,), each), quiet) for each in ("library", "turned"))

    assert ("library", "turned") == (one["detector"], two["detector"])
    assert 2 * one["library"]["bytes_a_movement"] == two["library"]["bytes_a_movement"]
    assert "# Replays: detector turned" in markdown(two)
    with pytest.raises(SettingsError, match="no detector 'magic'"):
        replays(Asked(*folders, 1, (20,), "magic"), quiet)


def test_a_browser_is_late_and_loses_points():
    """It moves the page, keeps the order, and tells a place a frame where it tells no more."""
    rng = np.random.default_rng(3)
    movement = arc(100, duration=0.8)

    [native] = through_browser(movement, rng, frames=False)
    [frames] = through_browser(movement, rng, frames=True)

    assert 60 < native.t.size <= 100
    assert 40 <= frames.t.size <= 50
    assert native.x[0] != movement.x[0]
    for each in (native, frames):
        assert (np.diff(each.t) > 0).all()
        assert each.t[-1] - each.t[0] == pytest.approx(0.8, abs=0.04)


def test_only_movement_is_played():
    """A click has no place in it."""
    plain = arc(20)
    kinds = np.zeros(20, np.int8)
    kinds[4] = Kind.DOWN
    clicked = Trajectory(0, plain.t, plain.x, plain.y, kinds)

    assert moves_of(plain) is plain
    assert np.delete(plain.x, 4).tolist() == moves_of(clicked).x.tolist()
