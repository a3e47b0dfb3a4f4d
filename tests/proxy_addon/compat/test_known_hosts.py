"""Hosts are taken apart once, with the same result."""

from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy.net.http import url

from proxy_addon.compat import known_hosts


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """mitmproxy as it was, afterwards too."""
    monkeypatch.setattr(url, "parse_authority", known_hosts._stock)
    known_hosts._known.cache_clear()
    yield
    known_hosts._known.cache_clear()


def checks(monkeypatch: pytest.MonkeyPatch, host: str = "example.org:80") -> int:
    """How often a host is checked that is parsed three times."""
    checked: list[Any] = []
    monkeypatch.setattr(url, "is_valid_host", lambda name: not checked.append(name))
    for _ in range(3):
        url.parse_authority(host, check=True)
    return len(checked)


def test_a_host_is_checked_once_with_the_patch(monkeypatch: pytest.MonkeyPatch):
    """Unless it is longer than any: what is remembered is bounded in every way."""
    known_hosts.apply()
    known_hosts.apply()

    assert 1 == checks(monkeypatch)
    assert 3 == checks(monkeypatch, "a" * 300)


def test_without_the_patch_it_is_each_time(monkeypatch: pytest.MonkeyPatch):
    """When this fails, mitmproxy does it itself: the row in the table goes."""
    assert 3 == checks(monkeypatch)


def said(authority: str | bytes, check: bool) -> Any:
    """What is made of it, or the error that is raised."""
    try:
        return url.parse_authority(authority, check=check)
    except ValueError as error:
        return repr(error)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "authority", ["a.example:8", b"a.example:8", "[::1]:9", "b\xfccher.example", "a b", "", b"\xff"]
)
def test_what_is_known_is_what_mitmproxy_makes_of_it(authority: str | bytes, check: bool):
    """Each time, errors too; whether it is checked is part of the question."""
    before = said(authority, check)
    known_hosts.apply()

    assert [before] * 3 == [said(authority, check) for _ in range(3)]
