"""A sink's URL taken apart: what is ours, what is sent, what nobody may see."""

import pytest

from reauth.errors import SettingsError
from reauth.news import Event, Letterhead
from reauth.settings import Sinks
from reauth.sinks.opening import events_of, opening


def opened(url, **settings):
    return opening(url, Sinks(**settings), Letterhead())


def test_our_options_are_not_sent_and_others_are():
    """A receiver's own query stays as it is written."""
    found = opened("webhook+https://me:geheim@siem:8443/hook?key=a%2Fb&events=closed&format=ocsf#x")

    assert "https://me:geheim@siem:8443/hook?key=a%2Fb" == found.address
    assert {"events": "closed", "format": "ocsf"} == found.options
    assert "siem:8443" == found.host


def test_an_option_of_ours_makes_no_other_sink():
    """What waits for it is not lost because it asks for more; another path is another sink."""
    names = {
        opened(f"hec+https://splunk{rest}").name for rest in ("", "?events=raised", "?users=name")
    }

    assert 1 == len(names)
    assert names.isdisjoint({opened("hec+https://splunk/x").name})


def test_a_scheme_without_a_plus_is_its_own():
    """`smtp` is called by that name."""
    assert "smtp://mail:2525" == opened("smtp://mail:2525").address
    assert 2525 == opened("smtp://mail:2525").port(587)
    assert 587 == opened("smtp://mail").port(587)


@pytest.mark.parametrize("url", ["hec+https://[::1", "webhook+https://[x]/"])
def test_what_is_no_url_is_refused(url):
    """The message does not repeat it."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        opened(url)


def test_a_port_that_is_none_is_refused():
    """When it is asked for."""
    with pytest.raises(SettingsError, match="no port"):
        opened("syslog+tcp://log:99999").port(1)


def test_a_choice_is_one_of_those_known():
    """The first where nothing is said."""
    assert "cef" == opened("syslog+tcp://log").choice("format", "cef", "json")
    assert "json" == opened("syslog+tcp://log?format=json").choice("format", "cef", "json")
    with pytest.raises(SettingsError, match=r"format of syslog.tcp is cef or json, not 'xml'"):
        opened("syslog+tcp://log?format=xml").choice("format", "cef", "json")


def test_events_are_asked_for_by_their_last_word():
    """That an alert was raised, unless it says otherwise."""
    assert {Event.RAISED} == events_of(opened("jsonl:stderr"))
    assert {Event.RAISED, Event.CLOSED} == events_of(opened("jsonl:stderr?events=raised,closed"))
    with pytest.raises(SettingsError, match="raised,acknowledged,closed"):
        events_of(opened("jsonl:stderr?events=opened"))


def test_a_secret_stands_in_a_file_that_the_url_or_a_setting_names(tmp_path):
    """The URL's own first; mode 0600, and not empty."""
    one, other = tmp_path / "one", tmp_path / "other"
    for file in (one, other):
        file.write_text(f"{file.name}\n")
        file.chmod(0o600)
    found = opened(f"hec+https://splunk?secret_file={other}", hec_token_file=str(one))

    assert "other" == found.secret("hec_token_file")
    assert "one" == opened("hec+https://splunk", hec_token_file=str(one)).secret("hec_token_file")
    with pytest.raises(SettingsError, match=r"sinks\.hec_token_file: hec.https needs it"):
        opened("hec+https://splunk").secret("hec_token_file")
    one.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        opened("hec+https://splunk", hec_token_file=str(one)).secret("hec_token_file")
    one.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        opened("hec+https://splunk", hec_token_file=str(one)).secret("hec_token_file")
