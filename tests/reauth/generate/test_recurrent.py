"""Networks that read movements: torch teaches them, numpy can do without it."""

import sys

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.generate.gan import said
from reauth.generate.recurrent import (
    Sequences,
    arrays_of,
    judged,
    network,
    shares,
    through,
    torch_or_error,
)


def shown(rng, m=7, n=12):
    """Movements of random steps, of different lengths."""
    counts = rng.integers(3, n + 1, m)
    steps = rng.normal(size=(m, n, 2)) * (np.arange(n) < counts[:, None])[..., None]
    return Sequences(steps, rng.normal(size=m), counts)


def test_numpy_says_what_torch_says():
    """Step by step, to a millionth."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    net = network(5, (8, 6), 2).double()
    given = np.random.default_rng(1).normal(size=(3, 20, 5))

    with torch.no_grad():
        wanted = through(net, torch.as_tensor(given)).numpy()

    assert wanted == pytest.approx(said(arrays_of(net), given), abs=1e-6)


def test_numpy_judges_as_torch_does():
    """At the last step of each, whatever stands behind it."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    net = network(3, (8, 6), 1)
    some = shown(np.random.default_rng(1))
    garbage = some.steps + 9.0 * (np.arange(12) >= some.counts[:, None])[..., None]

    wanted = shares(net, some)
    assert wanted == pytest.approx(judged(arrays_of(net), some), abs=1e-6)
    assert wanted == pytest.approx(shares(net, Sequences(garbage, some.ways, some.counts)))
    assert 0 == len(shares(net, some.take(np.arange(0))))


def test_some_are_no_longer_than_the_longest():
    """Padding is work."""
    some = shown(np.random.default_rng(1))
    part = some.take(np.flatnonzero(some.counts < 10))

    assert len(part) == (some.counts < 10).sum()
    assert part.counts.max() == part.steps.shape[1]


def test_without_torch_one_line_says_what_to_do(monkeypatch):
    """An extra is named by the command that installs it."""
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(SettingsError, match=r"torch is missing: pip install 'reauth\[torch\]'"):
        torch_or_error()
