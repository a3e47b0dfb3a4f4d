"""How far somebody is, as the interface tells it; `Enroller.status` has the rest."""

from dataclasses import replace

import pytest

from reauth.enrolment_document import enrolment_document
from reauth.person import DeviceRow, PersonRow
from reauth.settings import IdentityLane, Settings

QUALITY = {"10": {"window": 10, "far": 0.1, "frr": None, "policy": "cusum"}}
SETTINGS = Settings(identity_lane=IdentityLane(window=10, policy="cusum"))
ROWS = (
    DeviceRow("frame/mouse/small", 340, 3, 2, 2, True, QUALITY, 5.0),
    DeviceRow("sparse/mouse/small", 60, 60),
)
ANNA = PersonRow("anna", 400, 0.0, 1000.0, 2, 2, True, False, QUALITY, 5.0, ROWS)


def test_a_person_is_told_in_all_and_on_each_device():
    """With how often nobody was compared, as the device was unknown."""
    told = enrolment_document(ANNA, SETTINGS, 2000.0)

    assert ("anna", "provisional", 400, 2, 63) == tuple(
        told[key] for key in ("user", "state", "trajectories", "version", "unknown_device")
    )
    assert QUALITY["10"] == told["quality"]
    assert [
        {
            "device": "frame/mouse/small", "state": "provisional", "trajectories": 340,
            "unknown_device": 3, "version": 2, "quality": QUALITY["10"],
        },
        {
            "device": "sparse/mouse/small", "state": "gathering", "trajectories": 60,
            "unknown_device": 60, "version": 0, "quality": None,
        },
    ] == told["devices"]  # fmt: skip


def test_who_is_paused_is_so_on_every_device():
    """There is one switch a user."""
    told = enrolment_document(replace(ANNA, paused=True), SETTINGS, 2000.0)

    assert ["paused"] * 3 == [told["state"], *(row["state"] for row in told["devices"])]


@pytest.mark.parametrize("lane", [{"policy": "window"}, {"policy": "cusum", "window": 20}])
def test_a_quality_of_another_rule_is_left_out(lane):
    """It promises what nobody keeps."""
    other = Settings(identity_lane=IdentityLane(**{"window": 10, **lane}))

    assert enrolment_document(ANNA, other, 2000.0)["quality"] is None
