"""Rules of what no log may hold; `tests/reauth/cli/test_log.py` plants secrets in lines."""

from pathlib import Path

import pytest

from reauth.redaction import GONE, MOST, redacted, text


@pytest.mark.parametrize(
    "said",
    [
        "the store cannot go on: disk I/O error",
        "raw-2026-12-01.db",
        "unix:/run/reauth/ingest.sock",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "what now? try again",
    ],
)
def test_plain_words_stay(said):
    """A log from which everything is taken helps nobody."""
    assert said == text(said)


def test_a_field_is_bounded():
    """A thousand items are no line."""
    assert MOST == len(redacted([str(n) for n in range(1000)]))
    assert MOST == len(redacted({str(n): n for n in range(1000)}))


def test_types_of_json_stay_what_they_are():
    """And a path is its text."""
    values = [None, True, 3, 0.5, "a"]

    assert values == [redacted(each) for each in values]
    assert "/a/b" == redacted(Path("/a/b"))
    assert "<bytes>" == redacted(b"secret")


def test_names_say_what_is_secret():
    """Whatever is in front, and as headers write it."""
    names = ["Set-Cookie", "page_token", "claim_secret", "password", "x", "ys"]

    assert [GONE] * len(names) == [redacted("a", name) for name in names]
    assert "a" == redacted("a", "tokens_learnt")
