"""How far a user's enrolment has come, as plain values for JSON, the command line and the console.

Keys are those of interfaces.md §4, and more: scripts rely on them.
"""

from collections.abc import Mapping
from typing import Any

from reauth.pace import MEASURABLE, progress
from reauth.person import DeviceRow, Enrolled, PersonRow
from reauth.settings import Settings


def enrolment_document(person: PersonRow, settings: Settings, now: float) -> dict[str, Any]:
    """Tell how far a user has come, in all and on each device class.

    A quality that is another policy's is left out. `unknown_device` counts trajectories that were
    not compared, as their user was not known on their device class.

    Parameters
    ----------
    now
        s since 1970.
    """
    needed = settings.enrolment.min_trajectories
    spread = (person.last or 0.0) - (person.first or 0.0)
    since = person.first if spread >= MEASURABLE else None
    come = progress(person.trajectories, needed, since, now)
    learnt = person.version > 0
    return {
        "user": person.user,
        "state": _state(person, person.paused).value,
        "trajectories": come.trajectories,
        "needed": come.needed,
        "eta_s": 0.0 if learnt else come.eta_s,
        "version": person.version,
        "quality": _quality(person.quality, settings) if learnt else None,
        "unknown_device": sum(row.unknown for row in person.devices),
        "devices": [
            {
                "device": row.device,
                "state": _state(row, person.paused).value,
                "trajectories": row.trajectories,
                "unknown_device": row.unknown,
                "version": row.version,
                "quality": _quality(row.quality, settings),
            }
            for row in person.pooled()
        ],
    }


def _state(learnt: PersonRow | DeviceRow, paused: bool) -> Enrolled:
    if paused:
        return Enrolled.PAUSED
    if learnt.version:
        return Enrolled.PROVISIONAL if learnt.provisional else Enrolled.ACTIVE
    return Enrolled.GATHERING if learnt.trajectories else Enrolled.NONE


def _quality(quality: Mapping[str, Any] | None, settings: Settings) -> dict[str, Any] | None:
    """What is stored of the live window, if it has a figure, of the policy that decides."""
    lane = settings.identity_lane
    found = (quality or {}).get(str(lane.window))
    if found is None or (found["far"] is None and found["frr"] is None):
        return None
    return dict(found) if found.get("policy", "window") == lane.policy else None
