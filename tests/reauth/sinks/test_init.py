"""Which URL opens which sink."""

import pytest

from reauth.errors import SettingsError
from reauth.settings import Sinks
from reauth.sinks import open_sink
from tests.reauth.sinks.secrets_of import written


@pytest.mark.parametrize("url", ["jsonl:stderr", "jsonl:/var/log/reauth/alerts.jsonl"])
def test_json_lines_need_nothing_else(url):
    """The default works out of the box."""
    assert url == open_sink(url, Sinks()).name


@pytest.mark.parametrize("scheme", ["webhook+http", "webhook+https"])
def test_a_webhook_is_opened_with_its_secret(tmp_path, scheme):
    """The name is the URL without what is secret in it."""
    settings = Sinks(webhook_secret_file=written(tmp_path))

    assert f"{scheme}://siem:8443/33ad3bda" == open_sink(
        f"{scheme}://me:geheim@siem:8443/hook?key=geheim#x", settings
    ).name


def test_a_webhook_without_a_secret_is_refused():
    """An unsigned alert could be anybody's."""
    with pytest.raises(SettingsError, match="webhook_secret_file"):
        open_sink("webhook+https://siem/hook", Sinks())


@pytest.mark.parametrize(
    "url",
    ["jsonl:relative", "jsonl:", "syslog:host", "https://siem/", "webhook+https://", "webhook:x"],
)
def test_any_other_url_is_refused(url):
    """The message lists the forms there are, and does not repeat what may hold a secret."""
    with pytest.raises(SettingsError, match=r"sinks\.urls: ") as error:
        open_sink(url, Sinks())
    assert "relative" not in str(error.value)
