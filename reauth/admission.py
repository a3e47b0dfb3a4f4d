"""How much one identity may send: token buckets that keep their fractions."""

from dataclasses import dataclass

from reauth.errors import Overloaded

_IDENTITIES = 100_000
"""Buckets kept: more than the people of one installation; a full bucket may be forgotten."""


@dataclass(slots=True)
class _Bucket:
    batches: float
    octets: float
    at: float


class Admission:
    """A bucket of batches and one of bytes for each identity.

    Tokens are fractions: rounding elapsed time down to whole seconds would never refill the bucket
    of whoever calls more than once a second.

    Parameters
    ----------
    batches_per_second, bytes_per_second
        Sustained rates.
    burst
        Batches that may come at once; bytes likewise, for the same time.
    """

    def __init__(self, batches_per_second: float, burst: float, bytes_per_second: float) -> None:
        self._rate = batches_per_second
        self._burst = burst
        self._byte_rate = bytes_per_second
        self._byte_burst = bytes_per_second * burst / batches_per_second
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, identity: str, octets: int, now: float) -> None:
        """Take one batch of so many bytes from the identity's buckets; `now` in s.

        Raises
        ------
        Overloaded
            429, with the time after which there will be room again.
        """
        bucket = self._buckets.pop(identity, None)
        if bucket is None:
            bucket = _Bucket(self._burst, self._byte_burst, now)
            self._make_room()
        passed = max(0.0, now - bucket.at)
        bucket.batches = min(self._burst, bucket.batches + passed * self._rate)
        bucket.octets = min(self._byte_burst, bucket.octets + passed * self._byte_rate)
        bucket.at = now
        self._buckets[identity] = bucket
        if bucket.batches < 1 or bucket.octets < octets:
            missing = max(
                (1 - bucket.batches) / self._rate, (octets - bucket.octets) / self._byte_rate
            )
            raise Overloaded("rate", 429, missing)
        bucket.batches -= 1
        bucket.octets -= octets

    def _make_room(self) -> None:
        """Forget the identity that was heard of longest ago: its bucket is the likeliest full."""
        while len(self._buckets) >= _IDENTITIES:
            del self._buckets[next(iter(self._buckets))]
