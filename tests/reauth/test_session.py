"""Playbook: events in, outcomes out, one line each."""

from dataclasses import replace
from itertools import pairwise

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide.cusum import REFRACTORY, CusumPolicy
from reauth.decide.mean import MeanPolicy
from reauth.decide.sprt import SprtPolicy
from reauth.decide.trust import TrustPolicy
from reauth.decide.window import WindowPolicy
from reauth.enrol import Options, learn
from reauth.errors import TemplateError
from reauth.event import Event, Kind, Mark, Samples, runs
from reauth.features import FEATURE_SETS
from reauth.lab.datasets import open_dataset
from reauth.lane import Lane, Recipe
from reauth.outcome import Dropped, Gap, Scored, Verdict
from reauth.segment import SEGMENTERS, Cut
from reauth.session import Session, pinned, step_many
from reauth.trajectory import PauseSegmenter
from reauth.verify import VERIFIERS, features_for
from tests.playbook import (
    ALICE,
    MALLORY,
    Play,
    Written,
    moves,
    strokes,
    template,
    watched,
)

HERE = "identity"
IN_USE = {"alice": template(), "bob": template("bob", bias=-2.5), "new": None}


def scored(t, score, number, calibrated=True):
    """A score of the identity lane."""
    return Scored(HERE, t, score, calibrated, number, None)


def verdict(t, genuine, number, low, limit=2, window=2):
    """A change of mind of the identity lane."""
    return Verdict(HERE, t, genuine, number, window, low, limit, "window", low, limit)


@st.composite
def streams(draw):
    """Movements of three tabs with pauses, losses, markers, repeated places and clock steps."""
    events, t = [], 0.0
    for _ in range(draw(st.integers(0, 40))):
        t += draw(st.sampled_from((0.0, 0.01, 0.1, 0.1, 0.4, 0.6, 3.0, -0.2)))
        kind = draw(st.sampled_from((Kind.MOVE,) * 12 + (Kind.GAP, Kind.MARKER, Kind.DOWN)))
        ext = {Kind.GAP: 3, Kind.MARKER: draw(st.sampled_from((Mark.FOCUS, Mark.PAGEHIDE)))}
        score, y = draw(st.sampled_from((-2.0, -1.0, 1.0, 2.0))), draw(st.integers(0, 3))
        page = draw(st.integers(0, 2))
        events.append(Event(kind, page, t, score, float(y), int(ext.get(kind, 0))))
    return events


def cut(events, places):
    """The events in pieces, cut at these places."""
    edges = [0, *sorted(place % (len(events) + 1) for place in places), len(events)]
    return [events[start:end] for start, end in pairwise(edges)]


# What is said


def test_a_verdict_is_sent_when_it_changes():
    """Not at every trajectory: an alert must not be raised fifty times."""
    session = watched()
    drawn = strokes(-1.0, -1.0, -1.0)

    assert [] == session.receive(drawn[:2])
    assert [scored(0.1, -1.0, 1)] == session.receive(drawn[2:4])
    assert [scored(2.1, -1.0, 2), verdict(2.1, False, 2, low=2)] == session.receive(drawn[4:])
    assert [scored(4.1, -1.0, 3)] == session.rest()


def verdicts(outcomes):
    return [(one.number, one.genuine) for one in outcomes if isinstance(one, Verdict)]


def test_who_is_genuine_again_is_said_to_be():
    """Somebody else had a look and went; an alarm stands for a while before that is believed."""
    session = watched(size=1, limit=1)
    outcomes = session.receive(strokes(1.0, -1.0, -1.0, *[1.0] * REFRACTORY)) + session.rest()

    assert [(1, True), (2, False), (3 + REFRACTORY, True)] == verdicts(outcomes)


@pytest.mark.parametrize(
    "policy",
    [
        WindowPolicy(0.0, 2, 2),
        MeanPolicy(-0.5, 2),
        SprtPolicy(2.0, -2.0),
        CusumPolicy(2.0, patience=3),
        TrustPolicy(1.5, patience=3),
    ],
    ids=lambda policy: policy.name,
)
def test_who_stays_after_an_alarm_is_told_of_again(policy):
    """With what the second alarm rests on: none of the scores of the first."""
    [recipe] = Play().recipes
    session = Session([Lane(replace(recipe, policy=lambda _: policy), template())])
    outcomes = session.receive(strokes(*[-1.0] * (2 * REFRACTORY)))

    assert [(2, False), (4 + REFRACTORY, False)] == verdicts(outcomes)
    assert [2, 2] == [one.window for one in outcomes if isinstance(one, Verdict)]


def test_after_an_anchor_a_lane_begins_anew():
    """Somebody has said who it was; a stored session remembers that, too."""
    session = watched()
    session.receive(strokes(-1.0, -1.0, -1.0))
    [lane] = session.lanes
    lane.opinion.anchor()
    again = watched()
    again.restore(session.to_bytes())
    low = strokes(-1.0, -1.0, -1.0, start=6.0)

    for one in (session, again):
        assert [(4, False)] == verdicts(one.receive(low))


def test_nothing_is_said_of_a_person_before_the_window_is_full():
    """Undecided is not genuine: there is no verdict at all."""
    outcomes = watched(size=9, limit=1).receive(strokes(*[-2.0] * 9))

    assert [scored(2 * place + 0.1, -2.0, place + 1) for place in range(8)] == outcomes


def test_a_score_of_a_provisional_template_is_no_ratio():
    """Without other users only the sign is meant, and every score says so."""
    session = Play().session(template(provisional=True))

    assert [scored(0.1, 1.0, 1, calibrated=False)] == session.receive(strokes(1.0, 1.0))


def test_without_a_template_movements_are_dropped_and_numbered():
    """Not enrolled is a reason, never a score of 0; what is gathered trains later."""
    session = Play().session()
    outcomes = session.receive(strokes(1.0, 1.0)) + session.rest()

    assert [
        Dropped(HERE, 0.1, "not_enrolled", 1, None),
        Dropped(HERE, 2.1, "not_enrolled", 2, None),
    ] == outcomes
    assert [[1.0, 1.0], [1.0, 1.0]] == [one.trajectory.x.tolist() for one in outcomes]


def test_a_lane_without_a_template_takes_the_first_one_and_keeps_it():
    """Who becomes enrolled is watched at once; a session keeps the version it began with."""
    session = Play().session()
    session.receive(strokes(1.0, 1.0))
    for learnt in (template(version=4), template(version=5, bias=-9.0)):
        session.lanes[0].take(learnt)

    assert [scored(2.1, 1.0, 2)] == session.receive(strokes(1.0, start=4.0))
    assert [4] == pinned(session.to_bytes())


def test_a_trajectory_too_short_for_the_features_is_dropped_among_others():
    """It costs neither its neighbours nor the person anything."""
    features = Written(least=3)
    short, long = Play(features=features), Play(features=features, points=3)
    drawn = [*moves(0.0, 0.1, 0.2), *moves(2.0, 2.1, 2.2)]
    work = [(play.session(template()), drawn) for play in (short, long, short)]
    dropped = Dropped(HERE, 0.2, "too_short", 1, None)

    assert [[dropped], [scored(0.2, 1.0, 1)], [dropped]] == step_many(work)


def test_missing_samples_are_an_outcome_in_their_place():
    """A gap is told, and costs the movement around it: loss never falsifies a trajectory."""
    lost = Event(Kind.GAP, 0, 2.05, 0.0, 0.0, 7)
    drawn = strokes(1.0, -1.0, 1.0)
    outcomes = watched().receive([*drawn[:3], lost, *drawn[3:]])

    assert [scored(0.1, 1.0, 1), Gap(2.05, 7)] == outcomes


def test_tabs_interleave_without_touching_each_others_movements():
    """A trajectory never spans two tabs; the window does."""
    here, there = strokes(-1.0, -1.0, page=1), strokes(-2.0, -2.0, page=2, start=0.05)
    mixed = sorted(here + there, key=lambda event: event.t)
    outcomes = watched().receive(mixed)

    assert [
        scored(0.1, -1.0, 1),
        scored(0.1 + 0.05, -2.0, 2),
        verdict(0.1 + 0.05, False, 2, low=2),
    ] == outcomes


def test_each_lane_answers_its_own_question():
    """Two lanes hear the same events; their outcomes come by event, then by lane."""
    outcomes = watched(lanes=("identity", "bot"), size=1, limit=1).receive(strokes(-1.0, 1.0))

    assert ["identity", "identity", "bot", "bot"] == [one.lane for one in outcomes]


def test_rest_judges_what_lies_still():
    """The last movement of a visit is judged without another one after it."""
    session = watched()
    session.receive(strokes(1.0))

    assert [] == session.rest(before=0.55)
    assert [scored(0.1, 1.0, 1)] == session.rest(before=0.65)
    assert [] == session.rest()


@given(st.lists(st.sampled_from((-1.0, 1.0)), min_size=1, max_size=8), st.integers(0, 8))
def test_rest_gives_what_the_next_movement_would_have_given(scores, at):
    """Only earlier: the live service's clock changes no outcome."""
    whole, rested = watched(), watched()
    before, after = strokes(*scores)[: 2 * at], strokes(*scores)[2 * at :]
    expected = whole.receive(before + after)
    begins = after[0].t if after else None
    outcomes = rested.receive(before)
    outcomes += rested.rest(before=begins) if begins is not None else []

    assert expected == outcomes + rested.receive(after)


def test_a_score_needs_a_template():
    """A caller that hands one in without is wrong; no verdict may come of it."""
    session = Play().session()
    [dropped] = session.receive(strokes(1.0, 1.0))

    with pytest.raises(TemplateError):
        session.lanes[0].judge(dropped.trajectory, 1.0)


# What never changes an outcome


@given(streams(), st.lists(st.integers(0, 99), max_size=5))
def test_batching_never_changes_the_outcome(events, places):
    """The network may cut a stream anywhere; verdicts may not depend on where."""
    whole, parts = watched(), watched()
    expected = whole.receive(events) + whole.rest()

    assert expected == [
        outcome for part in cut(events, places) for outcome in parts.receive(part)
    ] + parts.rest()


@given(streams(), st.lists(st.integers(0, 99), max_size=4), st.sampled_from(sorted(IN_USE)))
def test_saving_and_restoring_anywhere_never_changes_the_outcome(events, places, who):
    """A process may die anywhere; its successor says what it would have said."""
    play = Play(lanes=("identity", "bot"))
    whole, session = play.session(IN_USE[who]), play.session(IN_USE[who])
    expected, outcomes = whole.receive(events) + whole.rest(), []
    for part in cut(events, places):
        outcomes += session.receive(part)
        state = session.to_bytes()
        session = play.session(IN_USE[who])
        session.restore(state)
        assert state == session.to_bytes()

    assert expected == outcomes + session.rest()
    assert whole.last == session.last


@given(st.lists(st.tuples(st.integers(0, 4), streams()), max_size=8))
@hypothesis.settings(max_examples=40)
def test_many_sessions_step_together_as_they_would_one_by_one(work):
    """Features and scores are batched over sessions and templates, never mixed up."""
    play = Play(lanes=("identity", "bot"))
    learnt = [IN_USE[who] for who in ("alice", "bob", "new", "alice", "bob")]
    together, alone = ([play.session(one) for one in learnt] for _ in range(2))
    expected = [alone[who].receive(events) for who, events in work]

    assert expected == step_many([(together[who], events) for who, events in work])
    assert [one.to_bytes() for one in alone] == [one.to_bytes() for one in together]


@given(streams(), st.none() | st.floats(-5, 5))
def test_columns_bring_about_what_their_events_do(events, last):
    """A batch comes as columns of one page; nothing but the cost may tell them from events."""
    drawn = sorted((event for event in events if event.page == 0), key=lambda event: event.t)
    rows = list(zip(*drawn, strict=True)) or [()] * 6
    samples = Samples(0, rows[0], *rows[2:])
    one, other = watched(), watched()

    assert one.receive(drawn) == other.receive(samples)
    assert one.to_bytes() == other.to_bytes()
    assert [list(run) for run in runs(last, drawn, gap=2.0)] == [
        list(run) for run in runs(last, samples, gap=2.0)
    ]


def test_columns_of_one_stretch_are_handed_on_whole():
    """Most batches hold no pause; those are not looked at event by event."""
    drawn = moves(0.0, 1.0)
    samples = Samples(0, *([event[place] for event in drawn] for place in (0, 2, 3, 4, 5)))

    assert samples is runs(-1.0, samples, gap=600.0)[0]


# What is remembered


def test_a_state_of_another_template_lanes_or_version_is_refused():
    """A window half filled with other scores would be worse than an empty one."""
    play = Play()
    state = play.session(template(version=1)).to_bytes()

    for other in (template(version=2), None):
        with pytest.raises(TemplateError, match="version 1"):
            play.session(other).restore(state)
    with pytest.raises(TemplateError, match="another version"):
        Play(lanes=("identity", "bot")).session(template()).restore(state)
    with pytest.raises(TemplateError, match="another version"):
        play.session(template()).restore(b"\xff" + state[1:])


def test_a_stored_session_tells_which_template_it_was_scored_with():
    """The engine fetches that version, not the newest; there may be none."""
    assert [[3], []] == [
        pinned(Play().session(learnt).to_bytes()) for learnt in (template(version=3), None)
    ]


def test_a_session_knows_its_newest_time():
    """Not the last one that came: tabs' clocks differ a little."""
    session = watched()

    assert session.last is None
    session.receive(moves(1.0, 3.0, 2.0))
    assert 3.0 == session.last


def test_a_state_stays_small_however_many_tabs_are_open(alice):
    """At most 20 kB a session (house.md section 7); longer trajectories only cost more."""
    many = [event for page in range(80) for event in moves(*np.arange(12) / 10, page=page)]
    session = Session([Lane(_default(), alice)])
    session.receive(many)
    wide = Session([Lane(_default(points=60), alice)])
    wide.receive([e for page in range(80) for e in moves(*np.arange(90) / 10, page=page)])
    again = Session([Lane(_default(points=60), alice)])
    again.restore(wide.to_bytes())

    assert len(session.to_bytes()) < 20_000
    assert wide.to_bytes() == again.to_bytes()


# Where a session ends


@given(streams(), st.lists(st.integers(0, 99), max_size=5), st.none() | st.floats(-5, 5))
def test_a_session_ends_at_the_same_pauses_however_the_stream_is_cut(events, places, last):
    """The pause may lie in a batch or between two."""
    whole = runs(last, events, gap=2.0)
    pieces = [[]]
    for part in cut(events, places):
        first, *further = runs(last, part, gap=2.0)
        pieces[-1] = pieces[-1] + list(first)
        pieces += [list(one) for one in further]
        last = max([event.t for event in part] + ([] if last is None else [last]), default=None)

    assert [list(one) for one in whole] == pieces


def test_a_pause_of_just_the_gap_ends_a_session():
    """And the first run is empty where the pause lies before all events."""
    first, second = moves(0.0, 599.9), moves(1199.9)

    assert [first, second] == runs(None, first + second, gap=600.0)
    assert [[], first + second[:0]] == runs(-600.0, first, gap=600.0)
    assert [[]] == runs(None, [], gap=600.0)


def test_a_tab_whose_clock_is_behind_ends_no_session():
    """A pause is measured from the newest event, not from the last one that came."""
    events = moves(0.0, 10.0, 3.0, 14.0)

    assert [events] == runs(8.0, events, gap=5.0)


# Devices


def test_on_an_unknown_device_nobody_is_compared():
    """A low score would tell of the device; whoever it is, nothing is said."""
    session = Play(points=4).session(replace(template(), devices=("frame", "dense")))
    sparse, frames = ([step * i for i in range(4)] for step in (0.11, 0.017))
    drawn = [*moves(*sparse, score=-1.0), *moves(*(5 + t for t in frames)), *moves(9.0)]

    first, second = session.receive(drawn)

    assert ("unknown_device", 1) == (first.reason, first.number)
    assert (1.0, 2) == (second.score, second.number)


def test_what_tells_of_no_device_is_compared():
    """Two points, or a template that was made before anybody looked."""
    two_points = watched().receive(strokes(1.0, 1.0))
    known = Play().session(replace(template(), devices=("frame",))).receive(strokes(1.0, 1.0))

    assert [scored(0.1, 1.0, 1)] == two_points == known


TOUCH, MOUSE = 2, 0


def every(gap, start, score, press=None, screen="medium"):
    """Four points at this interval, of a score; a press before them names its pointer."""
    found = moves(*(start + gap * i for i in range(4)), score=score)
    if press is not None:
        found = [Event(Kind.DOWN, 0, start - 0.01, score, 0.0), *found]
    rows = list(zip(*found, strict=True))
    return Samples(0, rows[0], *rows[2:]).telling([] if press is None else [press], screen)


def known(*devices):
    """A session of a user with a template of each class; the n-th adds n to a score."""
    learnt = [
        replace(template(version=1 + n, bias=float(n)), devices=(name,))
        for n, name in enumerate(devices)
    ]
    return Play(points=4, size=1, limit=1).session().take(learnt)


def test_a_trajectory_is_compared_with_the_template_of_its_device():
    """On what page and screen it was drawn, with which pointer, and how often looked at."""
    session = known("frame/mouse/medium", "dense/mouse/medium", "frame/touch/medium")
    batches = [
        every(0.017, 1.0, 1.0, MOUSE), every(0.008, 5.0, 1.0), every(0.017, 9.0, 1.0, TOUCH),
        every(0.017, 13.0, 1.0, MOUSE, "large"), every(0.11, 17.0, 1.0), moves(30.0),
    ]  # fmt: skip
    found = [one for batch in batches for one in session.receive(batch)]
    scores = [(one.score, one.version) for one in found if isinstance(one, Scored)]
    dropped = [one for one in found if isinstance(one, Dropped)]

    assert [(1.0, 1), (2.0, 2), (3.0, 3)] == scores
    assert [("unknown_device", 4), ("unknown_device", 5)] == [
        (one.reason, one.number) for one in dropped
    ]
    assert ["frame/mouse/large", "sparse/mouse/medium"] == [
        one.trajectory.device for one in dropped
    ]


def test_a_movement_too_short_to_tell_is_of_the_device_before_it():
    """Also after a restart: two points at a remote desktop are nobody's low score."""
    play = Play()
    recipe = replace(play.recipes[0], segmenter=lambda: SEGMENTERS["movement"](Cut(0.5)))
    learnt = replace(template(), devices=("frame",))
    straight, stored, fresh = (Session([Lane(recipe, learnt)]) for _ in range(3))
    slow = [Event(Kind.MOVE, 0, 0.11 * i, -1.0, 9.0 * i) for i in range(9)]
    short, then = [Event(Kind.MOVE, 0, t, -1.0, 100 * t) for t in (5.0, 5.11)], moves(9.0)

    straight.receive(slow)
    stored.restore(straight.to_bytes())
    found = [session.receive([*short, *then]) for session in (straight, stored, fresh)]

    assert [["unknown_device", "unknown_device"]] * 2 == [
        [one.reason for one in each] for each in found[:2]
    ]
    assert [-1.0] == [one.score for one in found[2]]  # of a session in which nothing else was told


def test_each_device_has_a_verdict_of_its_own():
    """Low scores on one say nothing of the other; the verdict names the template that it rests on.
    """
    session = known("frame/?/?", "dense/?/?")
    low, high = every(0.017, 1.0, -1.0), every(0.008, 5.0, 1.0)
    found = [*session.receive(low), *session.receive(high), *session.receive(moves(9.0))]

    assert [(False, 1), (True, 2)] == [
        (one.genuine, one.version) for one in found if isinstance(one, Verdict)
    ]


def test_what_nobody_told_decides_nothing_and_the_likest_class_is_taken():
    """A recording knows no screen; of two templates that fit it is the one that says more."""
    recorded, told = known("frame/mouse/large"), known("?/?/?", "frame/?/medium")
    recorded.receive(every(0.017, 1.0, 1.0, screen=None))
    told.receive(every(0.017, 1.0, 1.0))

    assert [[1.0], [2.0]] == [
        [one.score for one in session.rest() if isinstance(one, Scored)]
        for session in (recorded, told)
    ]


def test_a_further_device_takes_its_first_template_and_keeps_it():
    """What is learnt meanwhile is compared at once; another version is for the next session."""
    session = known("frame/?/?")
    for version, name in ((5, "dense/?/?"), (6, "dense/?/?"), (7, "frame/?/?")):
        session.take([replace(template(version=version), devices=(name,))])

    assert [1, 5] == pinned(session.to_bytes())


def test_a_session_on_several_devices_comes_back():
    """With every verdict, every count, the pages, and the movement that is open."""
    devices = "frame/mouse/medium", "dense/mouse/medium"
    batches = [
        every(0.017, 1.0, -1.0, MOUSE), every(0.008, 5.0, 1.0), every(0.017, 9.0, -1.0),
        every(0.017, 13.0, 2.0), moves(30.0),
    ]  # fmt: skip
    straight, stored = known(*devices), known(*devices)
    for batch in batches:
        again = known(*devices)
        again.restore(stored.to_bytes())
        assert straight.receive(batch) == again.receive(batch)
        stored = again

    assert straight.to_bytes() == stored.to_bytes()
    assert 4 == stored.lanes[0].number


@pytest.mark.parametrize("other", [(), ("frame/?/?",), ("frame/?/?", "dense/?/?", "sparse/?/?")])
def test_a_session_with_other_templates_takes_no_state(other):
    """Scores of one device would go on as another's."""
    state = known("frame/?/?", "dense/?/?").to_bytes()

    with pytest.raises(TemplateError):
        known(*other).restore(state)


def test_a_state_of_an_older_version_is_not_guessed_at():
    """The session begins anew."""
    state = known("frame/?/?").to_bytes()

    with pytest.raises(TemplateError, match="another version"):
        pinned(b"\1" + state[1:])
    assert [] == pinned(Session([]).to_bytes())


# The real lane


def _default(points=10):
    return Recipe(
        HERE,
        lambda: PauseSegmenter(0.5, points, 0.025),
        FEATURE_SETS["medvet"],
        VERIFIERS["svm"],
        lambda learnt: WindowPolicy.fitted(learnt, 10),
    )


def test_the_default_lane_tells_a_takeover(alice):
    """The owner is genuine while she moves; another hand at the same desk is not."""
    session, rng = Session([Lane(_default(), alice)]), np.random.default_rng(5)
    own = session.receive(ALICE.draw(40, rng)) + session.rest()
    other = session.receive(MALLORY.draw(40, rng, start=90.0)) + session.rest()

    assert [True] == [one.genuine for one in own if isinstance(one, Verdict)]
    assert [False] == [one.genuine for one in other if isinstance(one, Verdict)]


def test_the_default_lane_scores_alike_in_any_company(alice):
    """Sums over a batch differ in the last bits from sums over one; outcomes do not."""
    hands, rng = [ALICE, MALLORY, ALICE], np.random.default_rng(6)
    drawn = [hand.draw(12, rng) for hand in hands]
    together = step_many([(Session([Lane(_default(), alice)]), events) for events in drawn])

    assert together == [Session([Lane(_default(), alice)]).receive(events) for events in drawn]


# Real people


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("verifier", ["svm", "movement"])
def test_a_real_users_new_device_is_no_impostor(data, verifier):
    """Balabit's user20 at a remote desktop sampled at 110 ms, after six sessions at 16 ms (G8).

    Whoever compares it all the same takes its owner for somebody else.
    """
    options = Options(verifier=VERIFIERS[verifier], features=features_for(verifier), windows=())
    cut = SEGMENTERS[options.features.segmenter]
    found, played = {}, {}
    for user, name, drawn in open_dataset(data, "balabit_train"):
        segmenter = cut(Cut())
        played[name] = drawn
        if name != "session_9673196280":
            units = [unit for _, unit in segmenter.feed_many(drawn)] + segmenter.close()
            found.setdefault(user, []).append(units)
    genuine = [session[-100:] for session in found.pop("user20")]
    others = {user: [session[-30:] for session in sessions] for user, sessions in found.items()}
    learnt = learn("user20", genuine, others, options, np.random.default_rng(1), 0.0)

    recipe = Recipe(
        HERE, lambda: cut(Cut()), options.features, options.verifier,
        lambda made: WindowPolicy.fitted(made, 100),
    )  # fmt: skip
    anywhere = replace(learnt, devices=())
    known, blind = (
        [*session.receive(played["session_9673196280"]), *session.rest()]
        for session in (Session([Lane(recipe, made)]) for made in (learnt, anywhere))
    )
    dropped = [one.reason for one in known if isinstance(one, Dropped)]

    assert ("frame/?/?",) == learnt.devices
    assert [] == [one for one in known if isinstance(one, Verdict)]
    assert dropped.count("unknown_device") > 0.97 * len(known) > 1000
    assert False in [one.genuine for one in blind if isinstance(one, Verdict)]
