"""What outcomes leave behind: rows of trajectories, and alerts with the scores they rest on."""

from collections.abc import Iterable, Sequence

from reauth.alert import KINDS, Alert, Evidence, Resemblance, alert_id
from reauth.check import CheckLane
from reauth.group import Live
from reauth.lane import Lane, Recipe
from reauth.outcome import Dropped, Gap, Outcome, Scored, Verdict
from reauth.ports import TrajectoryRow
from reauth.risk import risk_of
from reauth.session import AnyLane
from reauth.template import Template, comparable
from reauth.verify.posterior import rank

RESEMBLING = 20
"""Scored units that another user is looked for by: the newest, as a window may hold two hands'."""

LIKELY = 0.9
"""Posterior above which somebody is named: nine times as likely as all others and strangers
together, as a name is an accusation. Of 1638 sequences of 20 strokes (H-BRS and SapiMouse in two
deals, Balabit in one) it names 33 where their user is enrolled, all rightly, and 6 where not: 33 of
39 names are right if every other intruder is enrolled, 85 % (95 %: 69 to 94 %); of 24 users of
SapiMouse alone 6 of 12. By 20 whole movements of H-BRS, the one set tried, 66 of 70 are (86 to
98 %). So nobody is named unless the settings ask for it. By strokes with 0.8 and a correlation of
0.1 it was 43 % of 467 names."""


def row_of(live: Live, outcome: Outcome, now: float) -> TrajectoryRow | None:
    """The row of a trajectory; None for what is none, and for a user whom nobody can name.

    Without a name a movement can neither enrol nor be compared; nothing of it is kept but the
    batch as it came. A movement that several lanes judge is kept for the first of them, and for
    another only if it speaks against the user there, or comes while something does: an alert shows
    what spoke for the user in between, too.
    """
    user = live.key[0]
    if user is None or isinstance(outcome, Verdict | Gap):
        return None
    lane = lane_of(live, outcome.lane)
    if isinstance(lane, CheckLane) and not _kept(lane, outcome):
        return None
    score, reason, version = None, None, 0
    if isinstance(outcome, Scored):
        score, version = outcome.score, outcome.version
    else:
        reason = outcome.reason
    whose = (live.id, user, outcome.lane, outcome.number, live.claim.site, now)
    return TrajectoryRow(*whose, outcome.trajectory, score, reason, version)


def _kept(lane: CheckLane, outcome: Scored | Dropped) -> bool:
    if isinstance(outcome, Dropped):
        return False
    return not lane.borrows or outcome.score < 0 or float(lane.opinion.evidence()["level"]) > 0


def lane_of(live: Live, name: str) -> AnyLane:
    """The session's lane of that name, which is in `reauth.lanes`."""
    return next(lane for lane in live.session.lanes if lane.recipe.name == name)


def judged_by(live: Live, outcome: Scored | Verdict) -> tuple[Recipe, Template] | None:
    """How an outcome's lane is made, and the template that its scores are of; None without one."""
    found = (
        (lane.recipe, lane.template)
        for first in live.session.lanes
        for lane in first.devices
        if isinstance(lane, Lane)
        and lane.recipe.name == outcome.lane
        and lane.template is not None
        and lane.template.version == outcome.version
    )
    return next(found, None)


def evidence_of(rows: Iterable[TrajectoryRow], threshold: float) -> tuple[Evidence, ...]:
    """The scored rows as an alert quotes them: names, times and scores, no coordinate."""
    return tuple(
        Evidence(
            trajectory=row.trajectory.id,
            number=row.number,
            at=float(row.trajectory.t[-1]),
            score=row.score,
            low=comparable(row.score) < threshold,
        )
        for row in rows
        if row.score is not None
    )


def alert_of(
    live: Live,
    verdict: Verdict,
    template: Template | None,
    rows: Sequence[TrajectoryRow],
    now: float,
) -> Alert:
    """The alert that a verdict against the user is.

    Parameters
    ----------
    template
        What the lane compares with; None for a lane that asks the same of everybody.
    rows
        The lane's rows that the verdict rests on, oldest first.
    now
        s since 1970, when it is raised.
    """
    threshold = template.threshold if template else 0.0
    version = template.version if template else 0
    evidence = evidence_of(rows, threshold)[-verdict.window :]
    lows = [item.at for item in evidence if item.low]
    scores = [item.score for item in evidence]
    counted = f"{verdict.limit}/{verdict.window}" if verdict.limit else verdict.rule
    rule = f"{verdict.lane}:{counted}"
    return Alert(
        id=alert_id(live.id, verdict.number, rule, version),
        user=live.key[0],
        client=live.key[1],
        session=live.id,
        lane=verdict.lane,
        kind=KINDS[verdict.lane],
        site=live.claim.site,
        template_version=version,
        first_anomaly_at=lows[0] if lows else verdict.t,
        raised_at=now,
        score=sum(scores) / len(scores) if scores else 0.0,
        threshold=threshold,
        window=verdict.window,
        low=verdict.low,
        limit=verdict.limit,
        provisional=template is not None and template.provisional,
        evidence=evidence,
        rule=verdict.rule,
        level=verdict.level,
        bound=verdict.bound,
        risk=risk_of(lane for first in live.session.lanes for lane in first.devices),
    )


def resemblance_of(
    alert: Alert, rows: Sequence[TrajectoryRow], enrolled: Sequence[Template], recipe: Recipe
) -> Resemblance | None:
    """Tell whom else the movement under an alert resembles; None where nobody is likely.

    It is evidence, no proof: a stranger resembles somebody too, now and then.

    Parameters
    ----------
    rows
        The lane's rows that the alert rests on, oldest first.
    enrolled
        Templates to compare with, the user's own among them: who resembles himself most, or
        nobody, resembles nobody else.
    recipe
        The lane's.
    """
    units = [row.trajectory for row in rows if row.score is not None][-RESEMBLING:]
    made = (recipe.features.name, recipe.verifier.name)
    alike = [each for each in enrolled if (each.feature_set, each.verifier) == made]
    if not units or not alike:
        return None
    likeliest = rank(alike, recipe.verifier, recipe.features.extract_many(units))[:1]
    return next(
        (
            Resemblance(user, posterior)
            for user, posterior in likeliest
            if user != alert.user and posterior > LIKELY
        ),
        None,
    )
