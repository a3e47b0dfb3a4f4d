"""Policies whose bound is given and not learnt: for what is asked of everybody alike."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from reauth.decide import Policy
from reauth.decide.cusum import CusumPolicy
from reauth.decide.sprt import SprtPolicy

FIXED: Final[Mapping[str, Callable[[float], Policy]]] = {
    "cusum": CusumPolicy,
    "sprt": lambda bound: SprtPolicy(bound, -bound),
}
"""By name: from the nats that are an alarm to a fresh policy."""


def patience_of(bound: float) -> int:
    """Give the scores after which silence speaks for somebody: an alarm's at a nat each.

    Examples
    --------
    >>> patience_of(10.0)
    10
    """
    return ceil(bound)
