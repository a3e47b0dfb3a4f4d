"""Headers are found as mitmproxy finds them, in one go."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.coretypes.multidict import _MultiDict
from mitmproxy.http import Headers

from proxy_addon.compat import quick_headers

NAMES = ("get", "get_all", "__getitem__", "__contains__")
STOCK = {name: getattr(Headers, name) for name in NAMES}
KEYS = st.sampled_from([b"A", b"a", b"ab", b"B", b"\xe9"])
FIELDS = st.lists(st.tuples(KEYS, st.binary(max_size=3)))


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    for name, stood in STOCK.items():
        monkeypatch.setattr(Headers, name, stood)


def conversions(monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a name is converted to find one of two fields."""
    asked: list[bytes] = []

    def convert(key: bytes) -> bytes:
        asked.append(key)
        return key.lower()

    monkeypatch.setattr(Headers, "_kconv", staticmethod(convert))
    assert "1" == Headers([(b"A", b"1"), (b"B", b"2")])["a"]
    return len(asked)


def test_no_name_is_converted_by_the_dictionary_with_the_patch(monkeypatch: pytest.MonkeyPatch):
    """Each field is looked at once, where it stands."""
    quick_headers.apply()
    quick_headers.apply()

    assert 0 == conversions(monkeypatch)


def test_without_the_patch_each_is(monkeypatch: pytest.MonkeyPatch):
    """When this fails, mitmproxy does it itself: the row in the table goes."""
    assert issubclass(Headers, _MultiDict)
    assert 3 == conversions(monkeypatch)


def said(call: Any, *given: Any) -> Any:
    """What a call gives, or the error that it raises."""
    try:
        return call(*given)
    except KeyError as error:
        return repr(error)


@given(FIELDS, st.sampled_from(["a", "A", b"a", "AB", "b", "c", "\udce9", b"\xe9", ""]))
def test_what_is_found_is_what_mitmproxy_finds(fields: list[tuple[bytes, bytes]], name: Any):
    """Whatever the case, the number of lines, and the bytes: by all four ways of asking."""
    headers = Headers(fields)
    before = [said(STOCK[each], headers, name) for each in NAMES]
    quick_headers.apply()
    after = [said(getattr(Headers, each), headers, name) for each in NAMES]

    assert before == after
    assert STOCK["get"](headers, "none", 7) == headers.get("none", 7) == 7
