"""CEF, read back by PyPI's `pycef`."""

import pycef
import pytest

from reauth.news import Event, News
from reauth.sinks.cef import cef
from tests.contracts.test_sink import ALERTS, HEAD, HOSTILE
from tests.rows import alarm


def unescaped(text):
    """A value as a reader has it: pycef leaves escapes in place, and gives values their labels."""
    for escaped, plain in (("\\=", "="), ("\\n", "\n"), ("\\r", "\r"), ("\\\\", "\\")):
        text = text.replace(escaped, plain)
    return text


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
def test_a_reader_finds_every_field(alert, event):
    """One line, a header of seven fields, and what is in the extension by its key."""
    line = cef(News(ALERTS[alert], event), HEAD)
    read = pycef.parse(line)

    assert "\n" not in line
    assert ("0", "reauth", "0.1.0", f"{event.value}.{ALERTS[alert].kind}") == (
        read["CEFVersion"], read["DeviceProduct"], read["DeviceVersion"],
        read["DeviceEventClassID"],
    )  # fmt: skip
    assert News(ALERTS[alert], event).id == read["externalId"]
    assert 0 <= int(read["DeviceSeverity"]) <= 10
    assert "the user" in read["Name"] or ALERTS[alert].kind != "impostor"


def test_a_name_full_of_signs_ends_no_field():
    """Pipes, backslashes, equals signs and line breaks, as the specification escapes them."""
    read = pycef.parse(cef(News(HOSTILE), HEAD))

    assert HOSTILE.user == unescaped(read["suser"])
    assert "2001:db8::1" == read["Source IPv6 Address"]


def test_what_is_not_known_is_not_there():
    """No key without a value: `suser=` would name somebody without a name."""
    read = pycef.parse(cef(News(alarm(user=None, of=None)), HEAD))

    assert not {"suser", "cs1", "verdict", "session", "risk"} & set(read)
    assert "5e1f" == read["dhost"]
