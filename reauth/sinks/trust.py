"""Whom a sink over TLS believes."""

import ssl

from reauth.errors import SettingsError


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """A client's context: the system's CAs, and those of a file beside them.

    Raises
    ------
    SettingsError
        If the file holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError):
            raise SettingsError(f"sinks.ca_file: {ca_file} holds no PEM certificate") from None
    return context
