"""A proxy process: when it is due to be replaced."""

import psutil
import pytest

from proxy_addon.worker import YOUNG, is_due, resident
from reauth.settings import Proxy

MIB = 1 << 20


@pytest.mark.parametrize(
    ("proxy", "served", "size", "age", "due"),
    [
        (Proxy(), 10**9, 100 * MIB, 10**6, False),
        (Proxy(), 0, 513 * MIB, YOUNG, True),
        (Proxy(), 0, 513 * MIB, YOUNG - 1, False),
        (Proxy(recycle_rss=0), 0, 10**12, YOUNG, False),
        (Proxy(recycle_requests=100), 99, MIB, YOUNG, False),
        (Proxy(recycle_requests=100), 100, MIB, 0, True),
    ],
)
def test_a_process_is_due_by_what_it_has_served_or_by_its_size(
    proxy: Proxy, served: int, size: int, age: float, due: bool
):
    """By the size not at once: one that is born too large would be replaced for ever."""
    assert due == is_due(proxy, served, size, age)


def test_the_size_is_what_the_system_says():
    """Resident memory, in bytes."""
    said = psutil.Process().memory_info().rss

    assert 0.8 * said <= resident() <= 1.2 * said
