"""Whom a sink over TLS believes."""

import ssl

import pytest

from reauth.errors import SettingsError
from reauth.sinks.trust import trusting
from tests.reauth.sinks.receivers import certified


def test_a_file_is_believed_beside_the_system(tmp_path):
    """A SIEM of one's own, and Slack."""
    certificate, _ = certified(tmp_path)
    before = len(trusting(None).get_ca_certs())
    context = trusting(certificate)

    assert before + 1 == len(context.get_ca_certs())
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_a_file_without_a_certificate_is_refused(tmp_path):
    """At start, not when the first alert is to be told."""
    (tmp_path / "empty.pem").write_text("")
    for name in ("absent.pem", "empty.pem"):
        with pytest.raises(SettingsError, match="no PEM certificate"):
            trusting(str(tmp_path / name))
