"""Slow poisoning: somebody sits at a user's account and teaches the template to like him.

The attacker knows everything: the template of the moment, the policy, and which of his own
movements they like best. In each round he adds to the user's genuine sessions the stretches of his
that are liked best and raise no alarm. Two arms learn from what they are offered: one takes all
that raised no alarm, the other is the shipped adaptation (`reauth.drift`). After each round both
are asked about movement that neither arm has seen: how well the two people are still told apart
(equal error rate of windows' mean ratios), how much of the attacker's passes the policy, and how
much of the owner's is refused.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from reauth.drift import refusal, teaches
from reauth.enrol import learn
from reauth.errors import SettingsError
from reauth.features import rows_of
from reauth.lab.cutting import whole
from reauth.lab.datasets import read_file
from reauth.lab.learning import Sessions, draws, newest
from reauth.lab.method import Method, key_of
from reauth.lab.metrics import Interval, Ranked, alone, eer, interval
from reauth.lab.work import Watch, finished
from reauth.template import Template
from reauth.trajectory import Floats, Trajectory

ROUNDS = 4
STRETCH = 40
"""Units of one session of the attack: twice what may teach at least, as short ones please best."""
SHARE = 0.6
"""Of a user's recordings, in order, that enrol; interfaces.md §7."""
LEAST_SESSIONS = 4
"""Two that enrol, one that goes on, one that tests."""

ARMS = ("guarded", "open")
SHARES = ("eer", "accepted", "refused")


@dataclass(frozen=True, slots=True)
class Attack:
    """A job: one attacker at one user's account.

    Parameters
    ----------
    user, attacker
        Whose account, and who sits at it; the attacker is in no background.
    recordings
        Every user's, in order.
    window
        Units that the policy decides on.
    """

    user: str
    attacker: str
    recordings: Mapping[str, tuple[Path, ...]]
    method: Method
    window: int
    seed: int
    folder: Path

    @property
    def out(self) -> Path:
        """Where the rounds are kept."""
        files = {user: list(map(str, each)) for user, each in self.recordings.items()}
        rest = [self.user, self.attacker, self.window, self.seed, self.method.enrolling_key]
        return self.folder / f"poison-{key_of([rest, files])}.json"


@dataclass(slots=True)
class Arm:
    """What one arm has learnt so far: its template, and what taught it."""

    guarded: bool
    anchor: Template
    active: Template
    taught: Sessions
    hostile: int = 0
    """Stretches of the attacker among it."""


def attack_one(job: Attack) -> None:
    """Play all rounds and keep their figures."""
    whole(job.out, json.dumps(list(rounds(job))).encode())


def rounds(job: Attack) -> Iterator[dict[str, Any]]:
    """Play a job; give the figures of each round, the first before anything was taught."""
    units = {user: _units(job, files) for user, files in job.recordings.items()}
    own, theirs = units.pop(job.user), units.pop(job.attacker)
    enrols = max(2, round(SHARE * len(own)))
    later, owners = own[enrols:-1], own[-1]
    offered, attackers = _stretches(theirs[:-1]), theirs[-1]
    most = job.method.most(len(units))
    background = {user: newest(sessions, most) for user, sessions in units.items()}

    def learnt(sessions: Sessions, number: int) -> Template:
        rng = draws(job.seed, f"{job.user}/{job.attacker}/{number}")
        options = replace(job.method.options, windows=(job.window,))
        limit = job.method.settings.enrolment.max_trajectories
        kept = newest(sessions, limit)
        return learn(job.user, kept, background, options, rng, now=0.0)

    first = learnt(own[:enrols], 0)
    arms = {name: Arm(name == "guarded", first, first, list(own[:enrols])) for name in ARMS}
    genuine = _stretches(later)
    share = max(1, len(genuine) // ROUNDS)
    for number in range(ROUNDS + 1):
        if number:
            mine = genuine[(number - 1) * share : number * share]
            for arm in arms.values():
                _teach(job, arm, mine, _liked(job, arm.active, offered)[: len(mine) or 1])
                candidate = learnt(arm.taught, number)
                if not (arm.guarded and refusal(arm.active, candidate, job.window)):
                    arm.active = candidate
        yield {
            name: {
                "eer": _told_apart(job, arm.active, owners, attackers),
                "accepted": _passes(job, arm.active, attackers),
                "refused": 1 - _passes(job, arm.active, owners),
                "hostile": arm.hostile,
            }
            for name, arm in arms.items()
        }


def _teach(job: Attack, arm: Arm, genuine: Sessions, hostile: Sessions) -> None:
    """Let an arm take what it takes of a round's sessions."""
    for sessions, count in ((genuine, 0), (hostile, 1)):
        for session in sessions:
            if _alarms(job, arm.active, session):
                continue
            if arm.guarded and not teaches(arm.anchor, _ratios(job, arm.anchor, session)):
                continue
            arm.taught.append(session)
            arm.hostile += count


def _liked(job: Attack, template: Template, stretches: Sessions) -> Sessions:
    """The stretches, those first that a template likes best."""
    order = np.argsort([-_ratios(job, template, each).mean() for each in stretches], kind="stable")
    return [stretches[place] for place in order]


def _alarms(job: Attack, template: Template, session: Sequence[Trajectory]) -> bool:
    policy = job.method.policy(template)
    return any(policy.update(score) is False for score in _ratios(job, template, session).tolist())


def _passes(job: Attack, template: Template, session: Sequence[Trajectory]) -> float:
    """Give the share of windows, which do not overlap, that raise no alarm."""
    passed = []
    for each in _windows(job, template, session):
        policy = job.method.policy(template)
        passed.append(all(policy.update(score) is not False for score in each.tolist()))
    return fmean(passed)


def _told_apart(
    job: Attack, template: Template, owners: Sequence[Trajectory], attackers: Sequence[Trajectory]
) -> float:
    means = [
        np.array([each.mean() for each in _windows(job, template, session)])
        for session in (owners, attackers)
    ]
    det = Ranked(alone(*means)).det()
    assert det is not None  # both sides have a window
    return eer(det)


def _windows(job: Attack, template: Template, session: Sequence[Trajectory]) -> list[Floats]:
    """The ratios of windows that do not overlap; a session that is shorter is one."""
    ratios = _ratios(job, template, session)
    whole = len(ratios) // job.window
    return np.array_split(ratios[: whole * job.window] if whole else ratios, max(1, whole))


def _ratios(job: Attack, template: Template, session: Sequence[Trajectory]) -> Floats:
    return job.method.verifier.score_many(template, rows_of(job.method.features, session))


def _units(job: Attack, files: Sequence[Path]) -> Sessions:
    found = [job.method.cut(read_file(file)) for file in files]
    return [list(units.trajectories) for units in found if len(units.trajectories) >= STRETCH]


def _stretches(sessions: Sessions) -> Sessions:
    return [
        session[at : at + STRETCH]
        for session in sessions
        for at in range(0, len(session) - STRETCH + 1, STRETCH)
    ]


def attacks(
    recordings: Mapping[str, tuple[Path, ...]], method: Method, window: int, seed: int, out: Path
) -> list[Attack]:
    """One attack on everyone who has recordings enough, by the next one who has.

    Raises
    ------
    SettingsError
        If fewer than four people have `LEAST_SESSIONS` recordings: two of them are in the attack,
        and a template needs others.
    """
    able = [user for user, files in sorted(recordings.items()) if len(files) >= LEAST_SESSIONS]
    if len(able) < 4:
        raise SettingsError(
            f"{len(able)} people have {LEAST_SESSIONS} recordings or more; an attack needs four"
        )
    return [
        Attack(user, able[(place + 1) % len(able)], recordings, method, window, seed, out / "work")
        for place, user in enumerate(able)
    ]


def poison(jobs: Sequence[Attack], processes: int, watch: Watch) -> dict[str, Any]:
    """Play attacks; give their figures, means over users with 95 % intervals by bootstrap.

    Returns
    -------
    dict
        `{"attacks", "window", "rounds": [{arm: {"eer", "eer_ci", "accepted", "accepted_ci",
        "refused", "refused_ci", "hostile"}}]}`; shares in 0..1, `hostile` the stretches of the
        attacker that taught a template.
    """
    done = finished(jobs, attack_one, processes)
    played = [json.loads(job.out.read_text("utf-8")) for job in watch(done, len(jobs), "attack")]
    rng = draws(jobs[0].seed, "poison")
    told: list[dict[str, Any]] = []
    for each in zip(*played, strict=True):
        figures: dict[str, Any] = {}
        for arm in ARMS:
            values = {
                name: np.array([one[arm][name] for one in each])
                for name in (*SHARES, "hostile")
            }
            figures[arm] = {name: float(value.mean()) for name, value in values.items()}
            for name in SHARES:
                figures[arm][f"{name}_ci"] = list(_spread(values[name], rng))
        told.append(figures)
    return {"attacks": len(jobs), "window": jobs[0].window, "rounds": told}


def _spread(values: Floats, rng: np.random.Generator) -> Interval:
    """Give the 95 % interval of a mean over users."""

    def mean(weights: Floats) -> float:
        return float(np.average(values, weights=weights))

    return interval(len(values), mean, rng)


def markdown(told: Mapping[str, Any]) -> str:
    """Write the figures for a reader."""
    lines = [
        f"# Slow poisoning: {told['attacks']} attacks, windows of {told['window']}",
        "",
        "| round | adaptation | EER | attacker's windows accepted | owner's refused | taught |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, figures in enumerate(told["rounds"]):
        for arm, each in figures.items():
            low, high = each["eer_ci"]
            lines.append(
                f"| {number} | {arm} | {each['eer']:.1%} ({low:.1%} to {high:.1%}) |"
                f" {each['accepted']:.1%} | {each['refused']:.1%} | {each['hostile']:.1f} |"
            )
    return "\n".join(lines) + "\n"
