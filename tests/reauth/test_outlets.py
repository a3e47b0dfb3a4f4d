"""The sinks of the settings: the daily ones, those further up, and the head of what they send."""

from dataclasses import replace

import pytest

from reauth.errors import SettingsError
from reauth.outlets import letterhead, open_higher, open_sinks
from reauth.settings import Alerts, Console, IdentityLane, Settings, Sinks, State


@pytest.fixture
def settings(tmp_path):
    return replace(
        Settings(),
        state=State(path=str(tmp_path)),
        sinks=Sinks(urls=("jsonl:stderr", f"jsonl:{tmp_path}/alerts")),
        alerts=Alerts(escalate_to=(f"jsonl:{tmp_path}/higher",)),
        console=Console(url="https://reauth.example"),
    )


def test_who_is_told_daily_and_who_only_of_what_nobody_takes(settings, tmp_path):
    """Two lists that have nothing in common."""
    daily, higher = open_sinks(settings), open_higher(settings)

    assert ["jsonl:stderr", f"jsonl:{tmp_path}/alerts"] == [one.name for one in daily]
    assert [f"jsonl:{tmp_path}/higher"] == [one.name for one in higher]


@pytest.mark.parametrize("opened", [open_sinks, open_higher])
def test_a_url_that_nobody_knows_is_refused(settings, opened):
    """At the start, not at the first alert."""
    wrong = replace(
        settings, sinks=Sinks(urls=("pigeon:loft",)), alerts=Alerts(escalate_to=("pigeon:loft",))
    )

    with pytest.raises(SettingsError, match="pigeon"):
        opened(wrong)


def test_what_is_sent_says_which_model_judged_and_where_to_look(settings):
    """By lane; a link only where there is somewhere to look."""
    lane = IdentityLane(verifier="movement")
    head = letterhead(replace(settings, identity_lane=lane))

    assert ("movement", "movement") == head.models["identity"]
    assert "https://reauth.example" == head.console
