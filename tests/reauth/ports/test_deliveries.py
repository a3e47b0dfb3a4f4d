"""What is told of deliveries: plain values."""

from reauth.ports.deliveries import Backlog


def test_a_sink_that_was_told_nothing_waits_for_nothing():
    """An empty row of the table, not a missing one."""
    assert (0, 0, None) == (Backlog().waiting, Backlog().given_up, Backlog().last)
