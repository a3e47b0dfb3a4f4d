"""The attack that tries to teach a template, on generated people."""

import json

import pytest

from reauth.errors import SettingsError
from reauth.lab.method import method_of
from reauth.lab.poison import ARMS, ROUNDS, Attack, attacks, markdown, poison, rounds
from reauth.lab.work import unwatched
from reauth.settings import Enrolment, Settings
from tests.reauth.lab.towns import write_session

METHOD = method_of(Settings(enrolment=Enrolment(min_background_users=2)), "svm", "window", 20)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Five people with five recordings each."""
    folder = tmp_path_factory.mktemp("town")
    return {
        f"p{seed:02}": tuple(write_session(folder, seed, each) for each in range(1, 6))
        for seed in range(5)
    }


def test_everybody_is_attacked_once_by_somebody_else(town, tmp_path):
    """By a person whom no template has seen: attacker and user are in no background."""
    jobs = attacks(town, METHOD, 20, 1, tmp_path)

    assert sorted(town) == [job.user for job in jobs] == sorted(job.attacker for job in jobs)
    assert all(job.user != job.attacker for job in jobs)
    assert len({job.out for job in jobs}) == len(jobs)


def test_too_few_people_are_refused(town, tmp_path):
    """Who has three recordings cannot enrol, go on and be tested."""
    few = {user: files[:3] for user, files in town.items()}

    with pytest.raises(SettingsError, match="0 people have 4 recordings"):
        attacks(few, METHOD, 20, 1, tmp_path)


@pytest.mark.slow
def test_the_guard_takes_nothing_of_a_stranger_and_the_owner_still_passes(town, tmp_path):
    """Generated people differ much: nothing of one is ever liked by another's anchor."""
    job = attacks(town, METHOD, 20, 1, tmp_path)[0]

    played = list(rounds(job))

    assert 1 + ROUNDS == len(played)
    assert set(ARMS) == set(played[0])
    assert [0] * (1 + ROUNDS) == [each["guarded"]["hostile"] for each in played]
    assert played[-1]["open"]["hostile"] > 0
    assert played[-1]["guarded"]["accepted"] <= played[0]["guarded"]["accepted"]
    assert played[-1]["guarded"]["eer"] <= 0.2


def test_figures_are_means_over_users_with_intervals(tmp_path):
    """Read from what was kept; a second start does nothing again."""
    jobs = [Attack("a", "b", {}, METHOD, 50, seed, tmp_path) for seed in (1, 2)]
    for job, accepted in zip(jobs, (0.2, 0.4), strict=True):
        arm = {"eer": 0.1, "accepted": accepted, "refused": 0.0, "hostile": 2}
        job.out.write_text(json.dumps([{name: arm for name in ARMS}]))

    told = poison(jobs, 1, unwatched)

    [first] = told["rounds"]
    assert (2, 50) == (told["attacks"], told["window"])
    assert pytest.approx(0.3) == first["open"]["accepted"]
    assert pytest.approx([0.2, 0.4]) == first["open"]["accepted_ci"]
    assert "| 0 | guarded | 10.0% (10.0% to 10.0%) | 30.0% | 0.0% | 2.0 |" in markdown(told)
