"""Whole evaluations, on people who do not exist; and attempts at dishonest ones."""

import json
import shutil
import tarfile
from dataclasses import replace

import pytest

from reauth.errors import RecordingError, SettingsError
from reauth.lab.evaluate import Enrolled, evaluate, people_in, score_tests
from reauth.lab.method import Variant, method_of
from reauth.lab.splits import GateError, matches
from reauth.lab.work import unwatched
from reauth.settings import Settings
from tests.reauth.lab.towns import build, request, write_session

KEYS = {
    "protocol", "eer", "eer_same_device_class", "auc", "takeover", "calibration_error",
    "device_probe_auc", "shuffled_label_eer", "fta", "fte", "units_per_active_hour", "per_user",
    "unknown_device",
}  # fmt: skip
PROTOCOL = {
    "verifier", "policy", "unseen_impostors", "seed", "users_enrolled", "users_background",
    "same_device_class_only", "data",
}  # fmt: skip
TAKEOVER = {
    "false_alarms_per_8h", "median_minutes", "median_units", "caught_within_min", "episodes",
}  # fmt: skip
ROW = {
    "user", "enrol_units", "test_units", "eer", "false_alarms", "detected", "device_class",
}  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def asked(town, tmp_path_factory):
    lane = replace(Settings().identity_lane, window=20)
    wanted = replace(Settings().enrolment, false_alarms_per_8h=4.0)  # they move twice as often
    settings = replace(Settings(), identity_lane=lane, enrolment=wanted)
    method = method_of(settings, "svm", "window", 20)
    return request(town, tmp_path_factory.mktemp("out"), method=method)


@pytest.fixture(scope="module")
def result(asked):
    return evaluate(asked)


def enrolled(asked):
    return Enrolled(asked, people_in(asked.data, asked.data), unwatched)


def scores_of(found):
    return {
        (source.user, source.session): {
            name: row.tolist() for name, row in scored.scores.items()
        }
        for source, scored in found.items()
    }


def test_a_report_has_the_keys_that_others_rely_on(result):
    """interfaces.md §7, to the letter; more may be there; all of it is JSON."""
    report = json.loads(json.dumps(result.report, allow_nan=False))

    assert KEYS <= set(report)
    assert PROTOCOL <= set(report["protocol"])
    assert TAKEOVER <= set(report["takeover"])
    assert ["3", "6", "10", "20", "30", "80"] == list(report["takeover"]["caught_within_min"])
    assert all(ROW <= set(row) for row in report["per_user"])
    assert {"5", "20", "500"} == set(report["eer"]) == set(report["auc"])
    for size in ("5", "20"):
        assert {"pooled", "per_user_mean", "ci", "genuine_windows"} <= set(report["eer"][size])
    assert {"value": None} == {
        key: value for key, value in report["eer"]["500"].items() if key != "reason"
    }


def test_generated_people_are_told_apart_and_caught(result):
    """They are easy; a report that could not say so would measure nothing."""
    report = result.report

    assert (8, 10) == (report["protocol"]["users_enrolled"], report["protocol"]["users_background"])
    assert report["eer"]["20"]["pooled"] < 0.2
    assert report["auc"]["20"]["pooled"] > 0.85
    assert report["takeover"]["caught_before_session_end"] > 0.5
    assert 0 == report["fte"] == report["fta"] == report["unknown_device"]
    assert 60 == report["per_user"][0]["test_units"] == report["per_user"][0]["enrol_units"]
    assert report["units_per_active_hour"] > 500


def test_shuffled_labels_come_out_at_a_half(result):
    """What is above or below would be a leak, or chance: eight users have 60 units each."""
    assert 0.5 == pytest.approx(result.report["shuffled_label_eer"], abs=0.1)


def test_every_impostor_is_unseen_by_whom_he_attacks(asked, result):
    """As the templates themselves tell it."""
    found = enrolled(asked)

    for victim in result.victims:
        others = set(found.shelf.made(found.names[victim.user]).others)
        attackers = {attack.impostor for attack in victim.attacks}
        assert attackers
        assert not attackers & others
        assert {f"p{n:02}" for n in range(10)} == attackers | others | {victim.user}


def test_the_same_request_gives_the_same_report_and_does_nothing_twice(asked, result):
    """Resumed: not one file of `work` is written anew."""
    work = asked.out / "work"
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*") if path.is_file()}

    again = evaluate(asked)

    assert result.report == again.report
    after = {path: path.stat().st_mtime_ns for path in work.rglob("*") if path.is_file()}
    assert before == after


def test_what_is_missing_is_done_and_comes_out_the_same(asked, result):
    """After a stop in the middle: units, a template and scores are gone."""
    work = asked.out / "work"
    before = {path for path in work.rglob("*") if path.is_file()}
    name = min((work / "templates").glob("*.npz")).stem
    gone = [*(work / "templates").glob(f"{name}.*"), *sorted((work / "scores").iterdir())[:2]]
    for path in [*gone, min((work / "enrolment").iterdir())]:
        path.unlink()

    again = evaluate(asked)

    assert result.report == again.report
    assert before == {path for path in work.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_another_seed_deals_other_folds(asked, result):
    """And says so."""
    other = evaluate(replace(asked, seed=2, shuffled=0))

    assert 2 == other.report["protocol"]["seed"]
    assert other.report["shuffled_label_eer"] is None
    attackers = [
        [{attack.impostor for attack in victim.attacks} for victim in each.victims]
        for each in (result, other)
    ]
    assert attackers[0] != attackers[1]


def test_another_policy_needs_no_new_enrolment(asked, result):
    """Templates are there already; a policy's window is another matter."""
    templates = asked.out / "work" / "templates"
    before = len(list(templates.iterdir()))

    evaluate(replace(asked, method=replace(asked.method), windows=(10,)))

    assert before == len(list(templates.iterdir()))


@pytest.mark.slow
def test_no_test_recording_is_opened_before_all_is_frozen(town, asked, tmp_path):
    """Enrolment comes to its end though every test recording is unreadable."""
    data = shutil.copytree(town, tmp_path / "data")
    for file in data.glob("*/2.csv"):
        file.write_text("this is no recording\n")
    broken = replace(asked, data=data, out=tmp_path / "out", shuffled=1)

    found = enrolled(broken)

    assert 8 == len(found.names)
    with pytest.raises(RecordingError, match=r"2\.csv:1"):
        score_tests(broken, found, unwatched)


@pytest.mark.slow
def test_scoring_needs_nothing_of_the_enrolment_but_templates(town, asked, tmp_path):
    """The recordings that enrolled and their units are deleted before a test is opened."""
    data = shutil.copytree(town, tmp_path / "data")
    here = replace(asked, data=data, out=tmp_path / "out", shuffled=0)
    whole = scores_of(score_tests(here, enrolled(here), unwatched))
    shutil.rmtree(here.out / "work" / "scores")
    found = enrolled(here)
    for file in data.glob("*/1.csv"):
        if file.parent.name < "p08":
            file.unlink()
    shutil.rmtree(here.out / "work" / "enrolment")

    assert whole == scores_of(score_tests(here, found, unwatched))


def test_a_plan_that_lets_an_attacker_train_is_refused_before_anything_is_learnt(
    asked, tmp_path, monkeypatch
):
    """The defect is planted in the plan; the gate does not trust it."""

    def careless(*args, **kwargs):
        return [
            replace(match, background=(*match.background, match.impostors[0]))
            for match in matches(*args, **kwargs)
        ]

    monkeypatch.setattr("reauth.lab.evaluate.matches", careless)
    broken = replace(asked, out=tmp_path / "out")

    with pytest.raises(GateError, match="attacks in its fold"):
        enrolled(broken)
    assert not (tmp_path / "out" / "work" / "templates").exists()


@pytest.mark.slow
def test_a_recording_that_enrolled_cannot_come_back_as_a_test(town, tmp_path):
    """Copied under another name it would test what it taught."""
    data = shutil.copytree(town, tmp_path / "data")
    shutil.copy(data / "p00" / "1.csv", data / "p00" / "2.csv")

    with pytest.raises(GateError, match="one side"):
        evaluate(request(data, tmp_path / "out", shuffled=0))


@pytest.mark.slow
def test_seen_impostors_are_told_and_do_not_attack_with_what_trained(asked):
    """Everybody is background; who has one recording attacks nobody."""
    found = evaluate(replace(asked, unseen=False, shuffled=2))

    assert found.report["protocol"]["unseen_impostors"] is False
    for victim in found.victims:
        attackers = {attack.impostor for attack in victim.attacks}
        assert {f"p{n:02}" for n in range(8)} - {victim.user} == attackers
    assert 0.2 < found.report["shuffled_label_eer"] < 0.8


def test_same_class_only_is_told(asked):
    """All generated people have one device."""
    found = evaluate(replace(asked, same_class=True, shuffled=0))

    assert found.report["protocol"]["same_device_class_only"] is True
    assert found.report["eer"]["20"] == found.report["eer_same_device_class"]["20"] | {
        "ci": found.report["eer"]["20"]["ci"],
        "per_user_ci": found.report["eer"]["20"]["per_user_ci"],
    }


@pytest.mark.slow
def test_some_users_only_and_as_another_clock_would_tell_them(asked, result):
    """Whoever is not named plays no part; enrolment and test are laid on the same grid."""
    few = ("p00", "p02", "p03", "p05", "p08")
    lane = asked.method.settings
    method = method_of(lane, "svm", "window", 20, Variant(resample=0.03, without=("timing",)))

    found = evaluate(replace(asked, users=few, method=method, seconds=(30,), shuffled=0))

    told = found.report["protocol"]
    assert (30.0, ["timing"], list(few)) == (
        told["resampled_ms"], told["without"], told["only_users"],
    )  # fmt: skip
    assert ["p00", "p02", "p03", "p05"] == [row["user"] for row in found.report["per_user"]]
    assert {"native"} == {row["device_class"] for row in found.report["per_user"]}
    attackers = {attack.impostor for victim in found.victims for attack in victim.attacks}
    assert attackers <= set(few)
    assert {"30"} == set(found.report["by_seconds"])
    assert result.report["by_seconds"] == {}
    with pytest.raises(SettingsError, match="nobody called anna, zoe"):
        evaluate(replace(asked, users=("p00", "zoe", "anna")))


def test_an_archive_is_as_good_as_a_folder(town, asked, result, tmp_path):
    """Its recordings are unpacked for as long as they are needed; finished work is found."""
    archive = tmp_path / "town.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        out.add(town, "town")

    found = evaluate(replace(asked, data=archive))

    assert result.report["protocol"] | {"data": str(archive)} == found.report["protocol"]
    assert result.report["per_user"] == found.report["per_user"]


@pytest.mark.slow
def test_who_has_too_little_is_a_failure_to_enrol(tmp_path):
    """Counted, named, with the reason; whoever has nothing at all too."""
    data = build(tmp_path / "data", twice=4, once=0, movements=30)
    write_session(data, 4, 1, 5)
    write_session(data, 4, 2, 30)
    for session in (1, 2):
        write_session(data, 5, session, 1).write_text("t_ms,ev,x,y\n")

    report = evaluate(request(data, tmp_path / "out", shuffled=0)).report

    assert (4, 2 / 6) == (report["protocol"]["users_enrolled"], report["fte"])
    assert ["p04", "p05"] == [one["user"] for one in report["failed_to_enrol"]]
    assert "15 to go" in report["failed_to_enrol"][0]["reason"]


def test_two_people_are_enough_to_try(tmp_path):
    """Little can be told then, and nothing fails: templates are provisional."""
    data = build(tmp_path / "data", twice=2, once=0, movements=30)

    report = evaluate(request(data, tmp_path / "out")).report

    assert 2 == report["protocol"]["users_enrolled"]
    assert report["calibration_error"] is None


def test_nobody_to_evaluate_is_asked_wrongly(tmp_path):
    """No folder, an empty one, nobody with two recordings: each has its word."""
    with pytest.raises(SettingsError, match="neither a folder"):
        evaluate(request(tmp_path / "no", tmp_path / "out"))
    with pytest.raises(SettingsError, match="holds no <user>"):
        evaluate(request(tmp_path, tmp_path / "out"))
    with pytest.raises(SettingsError, match="two recordings"):
        evaluate(request(build(tmp_path / "data", 0, 3), tmp_path / "out"))
