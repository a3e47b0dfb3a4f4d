"""An evaluation from recordings to figures, by the shipped code and behind the gates.

The order is the point. What enrols is cut and learnt; templates and what they were made from are
frozen; only then are test recordings opened, by processes that have nothing but the templates and
these recordings; what they wrote is judged by the policies last. Each step keeps its units in
`work`, by keys of all that they rest on, so that a second start goes on where the first one ended.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reauth import __version__
from reauth.errors import NotEnrolled, SettingsError
from reauth.lab import summary
from reauth.lab.cutting import UNKNOWN, Facts, glance
from reauth.lab.datasets import Archive, Folder
from reauth.lab.drifting import Drifting, drifts_of, measure_one
from reauth.lab.episodes import owned, takeovers
from reauth.lab.learning import Cutting, Enrolment, Kept, Shuffle, cut_one, draws, enrol_one
from reauth.lab.method import Method, code, key_of
from reauth.lab.scoring import Scored, Trial, confine, read_scores, score_one
from reauth.lab.seconds import rates_by_seconds
from reauth.lab.shelf import Codec, Shelf
from reauth.lab.splits import (
    LEAST_IN_FOLD,
    Match,
    Person,
    Source,
    deal,
    matches,
    people_of,
    whole,
)
from reauth.lab.streams import on_unknown_devices, streams_of
from reauth.lab.summary import Victim
from reauth.lab.work import Watch, finished, unwatched
from reauth.template import Drifts, Template
from reauth.trajectory import Floats

SHUFFLED = 12
"""Users who are learnt a second time with shuffled labels: with the few hundred units that each
has, the mean of so many is within 2 % of a half (standard deviation, H-BRS)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    data
        A folder of `<user>/<session>.csv`, or a `.tar.gz` of one.
    out
        Where the report goes; `work` in it keeps finished units.
    windows
        Units in a window, for error rates.
    unseen
        Whether impostors must not have been in training, calibration or limits.
    same_class
        Whether background and impostors are of the user's device class only.
    seed
        Of folds, draws and intervals.
    jobs
        Processes at a time.
    codec
        How templates become bytes.
    shuffled
        Users at most who are learnt a second time, with shuffled labels.
    fold
        Users in a fold at least, where impostors are unseen.
    users
        Who takes part; everybody where nobody is named.
    backwards
        Whether recordings are taken from the last to the first: the last enrol.
    victims
        Who is enrolled and attacked; everybody who can be where nobody is named.
    seconds
        Active seconds in a window, for error rates beside those by units.
    work
        Where finished units are kept; `work` in `out` where nothing is said.
    """

    data: Path
    out: Path
    method: Method
    windows: tuple[int, ...]
    unseen: bool
    same_class: bool
    seed: int
    jobs: int
    codec: Codec
    shuffled: int = SHUFFLED
    fold: int = LEAST_IN_FOLD
    users: tuple[str, ...] = ()
    backwards: bool = False
    victims: tuple[str, ...] = ()
    seconds: tuple[int, ...] = ()
    work: Path | None = None

    @property
    def kept(self) -> Path:
        """The folder of finished units."""
        return self.work or self.out / "work"


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """What came out: `report` as interfaces.md §7 has it, and what the pictures are drawn from."""

    report: dict[str, Any]
    victims: tuple[Victim, ...]


@contextmanager
def recordings(data: Path) -> Iterator[Path]:
    """A folder of recordings; an archive is unpacked for as long as it is needed.

    Raises
    ------
    SettingsError
        If there is neither.
    """
    if data.is_dir():
        yield data
    elif data.is_file() and data.name.endswith((".tar.gz", ".tgz")):
        with tempfile.TemporaryDirectory(prefix="reauth-lab-") as folder:
            Archive(data).unpack(Path(folder))
            yield Path(folder)
    else:
        raise SettingsError(f"--data {data} is neither a folder of recordings nor a .tar.gz")


def people_in(
    folder: Path, data: Path, users: Sequence[str] = (), *, backwards: bool = False
) -> list[Person]:
    """Who is in a folder, and what of theirs is for what; no recording is opened.

    Parameters
    ----------
    users
        Who takes part; everybody where nobody is named.
    backwards
        Whether a user's recordings are taken from the last to the first.

    Raises
    ------
    SettingsError
        If there is nobody to evaluate, or somebody who is named is not there.
    """
    files = Folder(folder).files()
    if not files:
        raise SettingsError(f"--data {data} holds no <user>/<session>.csv")
    missing = sorted({*users} - {file.parent.name for file in files})
    if missing:
        raise SettingsError(f"--data {data} holds nobody called {', '.join(missing)}")
    files = [file for file in files if not users or file.parent.name in users]
    sources = [Source(file.parent.name, file.stem, file) for file in files]
    people = people_of(sources, backwards=backwards)
    if all(person.single for person in people):
        raise SettingsError(
            f"nobody in {data} has two recordings: one is needed to enrol, another one to test"
        )
    return people


def evaluate(request: Request, watch: Watch = unwatched) -> Result:
    """Evaluate a method on recordings; the same request, the same result.

    Parameters
    ----------
    watch
        Shown each finished unit.

    Raises
    ------
    SettingsError
        If there is nobody to evaluate.
    RecordingError
        If a recording breaks the format.
    GateError
        If the evaluation would not be honest.
    """
    with recordings(request.data) as folder:
        people = people_in(folder, request.data, request.users, backwards=request.backwards)
        enrolled = Enrolled(request, people, watch)
        scores = score_tests(request, enrolled, watch)
        read = sorted({digest_of(one.path) for each in people for one in each.background})
        read += sorted({digest_of(source.path) for source in scores})
    report = _report(request, enrolled, scores, watch)
    report.report["protocol"]["data_sha256"] = hashlib.sha256("".join(read).encode()).hexdigest()
    return report


class Enrolled:
    """Everybody learnt, and frozen: the first half of an evaluation, which opens no test data.

    Parameters
    ----------
    people
        As `people_in` gives them.
    """

    def __init__(self, request: Request, people: Sequence[Person], watch: Watch) -> None:
        self.people = people
        self._request = request
        self._work = request.kept
        self.shelf = Shelf(self._work / "templates", request.codec)
        self.kept, self.devices = self._cut(watch)
        classes = {user: class_of(facts) for user, facts in self.devices.items()}
        self.classes: Mapping[str, str] = classes
        dealt = partial(deal, people, classes, request.seed, request.fold)
        folds = dealt() if request.unseen else None
        found = matches(people, classes, folds, same_class=request.same_class)
        chosen = request.victims
        self.matches = [match for match in found if not chosen or match.victim in chosen]
        self.drifts = self._drifts(watch)
        self.shuffles = self._shuffles()
        jobs = {match.victim: self._job(match) for match in self.matches}
        mixed = {victim: self._mixed(victim) for victim in self.shuffles}
        for match in self.matches:
            whole(match, folds, jobs)
        self._learn([*jobs.values(), *mixed.values()], watch)
        self.names = {user: job.name for user, job in jobs.items() if self._fits(job)}
        self.mixed = {user: job.name for user, job in mixed.items() if self._fits(job)}
        names = [*self.names.values(), *self.mixed.values()]
        self.frozen: Mapping[str, str] = {name: self.shelf.digest(name) for name in names}

    def _cut(self, watch: Watch) -> tuple[dict[str, tuple[Kept, ...]], dict[str, list[Facts]]]:
        """What enrols or is background, by user: units, and facts of the device."""
        method = self._request.method
        kept = {
            person.user: [
                (source, Kept(self._units(digest), digest))
                for source in person.background
                for digest in (digest_of(source.path),)
            ]
            for person in self.people
        }
        jobs = {
            one.path: Cutting(source.path, method, one.path)
            for each in kept.values()
            for source, one in each
        }
        done = finished(list(jobs.values()), cut_one, self._request.jobs)
        _exhaust(watch(done, len(jobs), "recording"))
        seen = {path: glance(path) for path in jobs}
        return (
            {
                user: tuple(one for _, one in each if seen[one.path][1])
                for user, each in kept.items()
            },
            {user: [seen[one.path][0] for _, one in each] for user, each in kept.items()},
        )

    def _units(self, digest: str) -> Path:
        key = key_of([digest, self._request.method.cutting_key])
        return self._work / "enrolment" / f"{key}.npz"

    def _drifts(self, watch: Watch) -> dict[str, Drifts | None]:
        """How later sessions of each user's background differ; None where too few are there."""
        everybody = tuple(self.kept)
        groups = {
            match.victim: match.background if self._request.unseen else everybody
            for match in self.matches
        }
        jobs = {
            group: [self._drifting(user, group) for user in group if len(self.kept[user]) > 1]
            for group in set(groups.values())
        }
        every = [job for each in jobs.values() for job in each]
        _exhaust(watch(finished(every, measure_one, self._request.jobs), len(every), "drift"))
        found = {group: drifts_of(each, self._request.method) for group, each in jobs.items()}
        return {victim: found[group] for victim, group in groups.items()}

    def _drifting(self, user: str, group: tuple[str, ...]) -> Drifting:
        method, seed = self._request.method, self._request.seed
        background = self._of(one for one in group if one != user)
        digests = {name: [one.digest for one in each] for name, each in background.items()}
        own = [one.digest for one in self.kept[user]]
        key = key_of([method.enrolling_key, seed, user, own, digests, "drift"])
        out = self._work / "drifts" / f"{key}.json"
        return Drifting(user, self.kept[user], background, method, seed, out)

    def _learn(self, jobs: Sequence[Enrolment], watch: Watch) -> None:
        _exhaust(watch(finished(jobs, enrol_one, self._request.jobs), len(jobs), "user"))

    def _job(self, match: Match) -> Enrolment:
        own = {match.victim: self.kept[match.victim]}
        return self._named(match.victim, own, self._of(match.background), None)

    def _mixed(self, victim: str) -> Enrolment:
        """The same user learnt from units whose labels were shuffled."""
        shuffles = self.shuffles[victim]
        own, background = (self._of(shuffle.users) for shuffle in shuffles)
        return self._named(victim, own, background, shuffles)

    def _named(
        self,
        user: str,
        own: Mapping[str, tuple[Kept, ...]],
        background: Mapping[str, tuple[Kept, ...]],
        shuffles: tuple[Shuffle, Shuffle] | None,
    ) -> Enrolment:
        method, seed = self._request.method, self._request.seed
        digests = [
            {name: [one.digest for one in each] for name, each in part.items()}
            for part in (own, background)
        ]
        shuffled = None if shuffles is None else [list(each.users) for each in shuffles]
        drifts = self.drifts[user]
        told = None if drifts is None else asdict(drifts)
        name = key_of([method.enrolling_key, seed, user, digests, shuffled, told])
        return Enrolment(name, user, own, background, method, seed, self.shelf, shuffles, drifts)

    def _of(self, users: Iterable[str]) -> dict[str, tuple[Kept, ...]]:
        return {user: self.kept[user] for user in users if self.kept[user]}

    def _shuffles(self) -> dict[str, tuple[Shuffle, Shuffle]]:
        """Some users by the seed, each with those among whom his labels are shuffled.

        With unseen impostors those of his fold who have two recordings or more share his labels,
        and his background shares its own: no unit crosses over. With seen ones everybody shares.
        """
        seed, single = self._request.seed, {one.user for one in self.people if one.single}
        found = {}
        for match in self.matches:
            mine = (match.victim, *(one for one in match.impostors if one not in single))
            theirs = match.background
            if not self._request.unseen:
                mine = theirs = (match.victim, *match.background)
            if len(mine) > 1 and theirs:
                found[match.victim] = Shuffle(seed, mine), Shuffle(seed, theirs)
        drawn = sorted(found, key=lambda user: key_of([seed, user, "shuffled"]))
        return {user: found[user] for user in sorted(drawn[: self._request.shuffled])}

    def _fits(self, job: Enrolment) -> bool:
        try:
            self.shelf.units(job.name)
        except NotEnrolled:
            return False
        return True

    def refused(self) -> list[dict[str, Any]]:
        """Who had two recordings and could not be enrolled, and why."""
        found = []
        for match in self.matches:
            if match.victim not in self.names:
                job = self._job(match)
                try:
                    self.shelf.units(job.name)
                except NotEnrolled as error:
                    found.append({"user": match.victim, "reason": str(error)})
        return found

    def background(self) -> int:
        """How many users were background of somebody."""
        return len({user for name in self.names.values() for user in self.shelf.made(name).others})


def class_of(facts: Sequence[Facts]) -> str:
    """Give the device class of a user: that of the median period of the recordings."""
    periods = [one.period for one in facts if np.isfinite(one.period)]
    if not periods:
        return UNKNOWN
    return replace(facts[0], period=float(np.median(periods))).device_class


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def score_tests(request: Request, enrolled: Enrolled, watch: Watch) -> dict[Source, Scored]:
    """Compare every test recording with the templates that it may meet; the rest is not opened."""
    jobs = {
        source: _trial(request, enrolled, source, names)
        for person in enrolled.people
        if (names := _met(enrolled, person))
        for source in person.test
    }
    out = request.kept / "scores"
    out.mkdir(parents=True, exist_ok=True)
    given = [str(source.path) for source in jobs], [str(enrolled.shelf.folder), str(out)]
    done = finished(list(jobs.values()), score_one, request.jobs, (confine, given))
    _exhaust(watch(done, len(jobs), "test recording"))
    return {source: read_scores(job.out) for source, job in jobs.items()}


def _met(enrolled: Enrolled, person: Person) -> tuple[str, ...]:
    """The templates that somebody's test recordings meet: the own, and those under attack."""
    user = person.user
    names = [
        enrolled.names[match.victim]
        for match in enrolled.matches
        if match.victim in enrolled.names and user in {match.victim, *match.impostors}
    ]
    names += [
        name
        for victim, name in enrolled.mixed.items()
        if not person.single and user in enrolled.shuffles[victim][0].users
    ]
    return tuple(names)


def _trial(request: Request, enrolled: Enrolled, source: Source, names: tuple[str, ...]) -> Trial:
    then = {name: enrolled.frozen[name] for name in names}
    digest = digest_of(source.path)
    key = key_of([digest, source.user, request.method.cutting_key, then, request.unseen])
    out = request.kept / "scores" / f"{key}.npz"
    method, unseen = request.method, request.unseen
    return Trial(source, digest, names, method, unseen, enrolled.shelf, then, out)


def _report(
    request: Request, enrolled: Enrolled, scores: Mapping[Source, Scored], watch: Watch
) -> Result:
    by_user = scored_by_user(scores)
    able = [match for match in enrolled.matches if match.victim in enrolled.names]
    judged = (_victim(request, enrolled, match, by_user) for match in able)
    victims = tuple(watch(judged, len(able), "user judged"))
    rng = draws(request.seed, "intervals")
    report = {
        "protocol": _protocol(request, enrolled, scores),
        **summary.rates(victims, request.windows, rng),
        "by_seconds": rates_by_seconds(victims, request.seconds, draws(request.seed, "seconds")),
        "takeover": summary.takeover(victims, rng),
        **summary.calibration(victims),
        "drift": summary.drift(victims),
        "device_probe_auc": _device_probe(enrolled, able, by_user),
        "shuffled_label_eer": summary.shuffled_eer(_mixed(enrolled, by_user)),
        **acquired(enrolled, scores),
        "attacks_on_unknown_devices": on_unknown_devices(
            [(enrolled.names[match.victim], match) for match in able], by_user
        ),
        "per_user": summary.by_user(victims, request.windows),
        "failed_to_enrol": enrolled.refused(),
    }
    return Result(report, victims)


def scored_by_user(scores: Mapping[Source, Scored]) -> dict[str, list[Scored]]:
    """Group the scores of test recordings by whose they are."""
    found: dict[str, list[Scored]] = {}
    for source, scored in scores.items():
        found.setdefault(source.user, []).append(scored)
    return found


def _victim(
    request: Request,
    enrolled: Enrolled,
    match: Match,
    by_user: Mapping[str, Sequence[Scored]],
) -> Victim:
    name = enrolled.names[match.victim]
    template = enrolled.shelf.get(name)
    own, attacks = streams_of(name, match, by_user)
    make = partial(request.method.policy, template)
    after = [(attack.impostor, attack.stream) for attack in attacks]
    return Victim(
        user=match.victim,
        device_class=enrolled.classes[match.victim],
        enrol_units=enrolled.shelf.units(name),
        threshold=template.threshold,
        usual=usual(template),
        drift=template.drift,
        calibrated=request.method.verifier.calibrated(template),
        genuine=own,
        attacks=attacks,
        owned=owned(make, own),
        episodes=tuple(takeovers(make, own, after, draws(request.seed, match.victim))),
    )


def usual(template: Template) -> tuple[float, float]:
    """Mean and standard deviation of the held-out scores, nats; not a number of none."""
    held = np.concatenate((*template.held_out, np.empty(0)))
    return (float(held.mean()), float(held.std())) if len(held) else (np.nan, np.nan)


def _mixed(
    enrolled: Enrolled, by_user: Mapping[str, Sequence[Scored]]
) -> list[tuple[Floats, Floats]]:
    """Scores of users with shuffled labels: what is said to be theirs, and the rest."""
    found = []
    for victim, name in enrolled.mixed.items():
        shuffle = enrolled.shuffles[victim][0]
        own, rest = [np.empty(0)], [np.empty(0)]
        for scored in (one for user in shuffle.users for one in by_user.get(user, ())):
            if name not in scored.scores:
                continue
            scores = scored.scores[name]
            said = np.array([shuffle.owner(unit) == victim for unit in scored.ids], dtype=bool)
            own.append(scores[said & np.isfinite(scores)])
            rest.append(scores[~said & np.isfinite(scores)])
        found.append((np.concatenate(own), np.concatenate(rest)))
    return found


def _device_probe(
    enrolled: Enrolled, able: Sequence[Match], by_user: Mapping[str, Sequence[Scored]]
) -> float | None:
    tests = [
        (match.victim, user, scored.facts)
        for match in able
        for user in (match.victim, *match.impostors)
        for scored in by_user.get(user, ())
    ]
    return summary.device_probe(enrolled.devices, tests)


def acquired(enrolled: Enrolled, scores: Mapping[Source, Scored]) -> dict[str, Any]:
    """Tell how much could be compared, and who could be enrolled."""
    names = {*enrolled.names.values()}
    known = [
        (~np.isnan(own), scored.facts.active)
        for scored in scores.values()
        for own in [next((row for name, row in scored.scores.items() if name in names), None)]
        if own is not None
    ]
    units = sum(len(there) for there, _ in known)
    compared = sum(int(there.sum()) for there, _ in known)
    hours = sum(active for _, active in known) / 3600
    tried = len(enrolled.matches)
    own = [
        np.isneginf(scored.scores[name])
        for source, scored in scores.items()
        for name in [enrolled.names.get(source.user, "")]
        if name in scored.scores
    ]
    unknown = np.concatenate([np.empty(0), *own])
    return {
        "fta": (units - compared) / units if units else None,
        "unknown_device": float(unknown.mean()) if len(unknown) else None,
        "fte": (tried - len(enrolled.names)) / tried if tried else None,
        "units_per_active_hour": compared / hours if hours else None,
    }


def _protocol(
    request: Request, enrolled: Enrolled, scores: Mapping[Source, Scored]
) -> dict[str, Any]:
    method = request.method
    lane = method.settings.identity_lane
    return {
        "verifier": lane.verifier,
        "policy": lane.policy,
        "unseen_impostors": request.unseen,
        "seed": request.seed,
        "users_enrolled": len(enrolled.names),
        "users_background": enrolled.background(),
        "same_device_class_only": request.same_class,
        "data": str(request.data),
        "features": method.features.name,
        "policy_window": lane.window,
        "windows": list(request.windows),
        "seconds": list(request.seconds),
        "resampled_ms": round(1e3 * method.variant.resample, 3) or None,
        "without": list(method.variant.without),
        "only_users": sorted(request.users) or None,
        "backwards": request.backwards,
        "min_enrol": method.least,
        "users": len(enrolled.people),
        "test_recordings": len(scores),
        "versions": {
            "reauth": __version__,
            "features": method.features.version,
            "verifier": method.verifier.version,
            "code": code(),
        },
    }


def _exhaust(items: Iterable[Any]) -> None:
    for _ in items:
        pass
