"""A support vector machine per user, kept as arrays."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

from reauth.errors import NotEnrolled
from reauth.verify.calibrate import ratios
from reauth.verify.learn import MIN_GENUINE, UNUSUAL
from reauth.verify.normal import knots_of, normal_scores
from reauth.verify.svm import Svm, decision

PLAIN = Svm()


def cloud(count, centre, seed):
    """Features of somebody, (count, 6), around a centre of their own, in odd units."""
    return np.random.default_rng(seed).normal(centre, 1.0, (count, 6)) * [1, 10, 0.1, 1, 1, 1] + 5


OWN = [cloud(40, 0.0, 1), cloud(40, 0.0, 2)]
OTHERS = [[cloud(30, 2.0, 3)], [cloud(10, -1.5, 4), cloud(20, -1.5, 5)], [cloud(30, 1.5, 6)]]


def learnt(svm=PLAIN, own=OWN, others=OTHERS, seed=0):
    return svm.enrol(own, others, np.random.default_rng(seed))


def template_of(found, template):
    return replace(
        template,
        arrays=found.arrays,
        calibration=found.calibration,
        provisional=found.provisional,
    )


def test_the_arrays_score_as_scikit_learn_does():
    """The kernel expansion is the classifier: equal to 1e-9, scaler included."""
    own, others = np.concatenate(OWN), np.concatenate([each for user in OTHERS for each in user])
    estimator = make_pipeline(
        StandardScaler(), SVC(C=10.0, kernel="rbf", gamma="scale", class_weight="balanced")
    )
    estimator.fit(np.concatenate((own, others)), np.repeat((1, 0), (len(own), len(others))))
    new = np.concatenate((cloud(50, 0.3, 7), 1e3 * cloud(5, 0.0, 8)))

    found = decision(learnt().arrays, new)

    # The sample is drawn evenly from the others' arrays, here all of it: the same training set.
    assert np.allclose(estimator.decision_function(new), found, rtol=0, atol=1e-9)


def test_a_trajectory_scores_alike_alone_and_among_others():
    """One takes another way through the arithmetic: equal to 1e-9, and once it is calibrated."""
    found = learnt()
    new = np.concatenate((cloud(50, 0.3, 7), 1e3 * cloud(5, 0.0, 8)))

    alone = np.concatenate([decision(found.arrays, each[None]) for each in new])
    among = decision(found.arrays, new)

    assert np.allclose(alone, among, rtol=0, atol=1e-9)
    assert np.array_equal(ratios(alone, found.calibration), ratios(among, found.calibration))


def test_the_one_class_arrays_score_as_scikit_learn_does():
    """The provisional template too."""
    estimator = make_pipeline(StandardScaler(), OneClassSVM(nu=UNUSUAL, gamma="scale"))
    estimator.fit(np.concatenate(OWN))
    new = cloud(50, 0.3, 7)

    found = decision(learnt(others=[]).arrays, new)

    assert np.allclose(estimator.decision_function(new), found, rtol=0, atol=1e-9)


def test_with_too_few_others_it_learns_the_user_alone():
    """A fresh installation is useful on its first day, and says that it is provisional."""
    two = learnt(Svm(min_users=3), others=OTHERS[:2])
    three = learnt(Svm(min_users=3), others=OTHERS)

    assert (True, 0) == (two.provisional, two.n_impostor)
    assert (False, 90) == (three.provisional, three.n_impostor)
    assert [30, 30] == [len(part) for part in two.impostors], "the others still show its quality"


def test_one_other_user_is_never_enough_for_two_classes():
    """Somebody must train while somebody else calibrates, whatever the settings say."""
    assert learnt(Svm(min_users=0), others=OTHERS[:1]).provisional
    assert not learnt(Svm(min_users=0), others=OTHERS[:2]).provisional


def test_users_without_a_trajectory_are_not_counted():
    """They would make a population out of nothing."""
    assert learnt(others=[*OTHERS[:2], [np.empty((0, 6))], []]).provisional


def test_every_own_trajectory_is_judged_once():
    """Held-out ratios come by session, all of them from estimators that had not seen them."""
    found = learnt()

    assert [40, 40] == [len(part) for part in found.held_out]
    assert [30, 30, 30] == [len(part) for part in found.impostors]
    assert (80, 90) == (found.n_genuine, found.n_impostor)


def test_training_is_bounded_by_the_cap():
    """Its time grows with the square of what it takes."""
    found = learnt(Svm(cap=30))

    assert len(found.arrays["support"]) <= 60


def test_too_few_trajectories_are_refused():
    """The message says how many are missing."""
    with pytest.raises(NotEnrolled, match="5 more"):
        learnt(own=[cloud(MIN_GENUINE - 5, 0.0, 1)])


def test_a_feature_that_never_changes_does_no_harm():
    """Its deviation is 0; dividing by that would be the end."""
    own = [np.column_stack((part, np.full(len(part), 3.0))) for part in OWN]
    others = [[np.column_stack((p, np.full(len(p), 3.0))) for p in user] for user in OTHERS]

    assert np.isfinite(np.concatenate(learnt(own=own, others=others).held_out)).all()


def test_the_score_is_the_calibrated_decision(alice):
    """Nats, one by one or many; rounded beyond what a batch could change."""
    found = learnt()
    template = template_of(found, alice)
    new = cloud(20, 0.0, 9)

    scores = Svm().score_many(template, new)

    assert ratios(decision(found.arrays, new), found.calibration).tolist() == scores.tolist()
    assert [Svm().score(template, each) for each in new] == scores.tolist()
    assert Svm().calibrated(template)
    assert not Svm().calibrated(template_of(learnt(others=[]), alice))


def test_ranked_features_score_as_scikit_learn_does_on_normal_scores():
    """The quantiles are those of what trained, and are part of the template."""
    ranked = Svm(ranked=True)
    own, others = np.concatenate(OWN), np.concatenate([each for user in OTHERS for each in user])
    both = np.concatenate((own, others))
    knots = knots_of(both)
    estimator = make_pipeline(
        StandardScaler(), SVC(C=10.0, kernel="rbf", gamma="scale", class_weight="balanced")
    )
    estimator.fit(normal_scores(knots, both), np.repeat((1, 0), (len(own), len(others))))
    new = np.concatenate((cloud(50, 0.3, 7), 1e3 * cloud(5, 0.0, 8)))

    found = learnt(ranked).arrays

    assert set(ranked.arrays) == set(found) == {*PLAIN.arrays, "knots"}
    assert np.allclose(
        estimator.decision_function(normal_scores(knots, new)),
        decision(found, new),
        rtol=0,
        atol=1e-9,
    )


def test_ranked_features_work_alone_too():
    """Without others the user's own numbers are those that rank."""
    found = learnt(Svm(ranked=True), others=[])

    assert found.provisional
    assert "knots" in found.arrays


def test_others_have_a_cap_of_their_own():
    """The user's movements are fewer than everybody else's."""
    found = learnt(Svm(cap=30, cap_others=20))

    assert len(found.arrays["support"]) <= 50
