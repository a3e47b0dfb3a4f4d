"""Messages are made without reflection."""

import pytest
from mitmproxy.http import MessageData, Response

from proxy_addon.compat import bare_messages


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    monkeypatch.setattr(MessageData, "__post_init__", MessageData.__post_init__)


@pytest.mark.usefixtures("stock")
def test_no_field_is_looked_at_with_the_patch():
    """A field of another type shows whether anybody looks; mitmproxy's parsers make none."""
    bare_messages.apply()
    bare_messages.apply()

    assert "200" == Response(b"HTTP/1.1", "200", b"OK", (), b"", None, 0.0, 0.0).status_code


@pytest.mark.usefixtures("stock")
def test_without_the_patch_each_field_is():
    """When this fails, mitmproxy does without: the row in the table goes."""
    with pytest.raises(TypeError):
        Response(b"HTTP/1.1", "200", b"OK", (), b"", None, 0.0, 0.0)
