"""Errors say whose fault it is."""

import inspect

import pytest

from reauth import errors
from reauth.errors import Overloaded, ReauthError

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("error", CLASSES, ids=lambda one: one.__name__)
def test_every_error_of_ours_can_be_caught_as_one(error):
    """One `except ReauthError` at the rim tells what we raise on purpose from a bug."""
    assert issubclass(error, ReauthError)


@pytest.mark.parametrize("error", CLASSES, ids=lambda one: one.__name__)
def test_every_error_says_whose_fault_it_is(error):
    """The docstring of an error is the answer to the one question that it stands for."""
    assert error.__doc__


def test_an_overload_carries_what_the_client_must_be_told():
    """Reason for the counter, status and time for the answer; the text is the reason alone."""
    error = Overloaded("queue_full", 503, 5.0)

    assert ("queue_full", 503, 5.0) == (error.reason, error.status, error.retry_after)
    assert "queue_full" == str(error)
