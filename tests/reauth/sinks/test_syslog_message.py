"""RFC 5424, piece by piece; rsyslog reads whole messages in test_syslog.py."""

import re

import pytest

from reauth.alert import Severity
from reauth.news import Event, News
from reauth.sinks.syslog_message import clipped, framed, message
from tests.rows import alarm


@pytest.mark.parametrize(
    ("severity", "priority"), list(zip(Severity, (86, 85, 84, 83, 82), strict=True))
)
def test_the_priority_is_facility_and_severity(severity, priority):
    """Facility 10, security; severities 6 to 2."""
    octets = message(News(alarm(severity=severity)), "host", "text")

    assert octets.startswith(f"<{priority}>1 2026-05-28T20:26:40.000Z host reauth - ".encode())


def test_the_header_has_its_seven_fields_and_structured_data():
    """The message id is what happened, the structured data the id to know it by."""
    octets = message(News(alarm(), Event.CLOSED), "host", "text")

    assert re.fullmatch(
        rb"<\d+>1 \S+ host reauth - alert\.closed "
        rb'\[alert@32473 id="a1-closed" kind="impostor"\] text',
        octets,
    )


@pytest.mark.parametrize(
    ("host", "told"), [("", "-"), ("höst name\n", "hstname"), ("h" * 999, "h" * 255)]
)
def test_a_name_is_printable_ascii(host, told):
    """Or the nil value."""
    assert f" {told} reauth " in message(News(alarm()), host, "x").decode()


def test_a_frame_counts_octets_not_characters():
    """RFC 6587 section 3.4.1."""
    assert b"2 \xc3\xa9" == framed("é".encode())


def test_what_is_cut_is_text_still():
    """No half of a character at its end."""
    assert b"ab" == clipped("abé".encode(), 3)
    assert "abé".encode() == clipped("abé".encode(), 4)
