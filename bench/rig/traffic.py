"""People who move, as the requests of the proxy: bodies of wire format v1 under sealed claims.

Everybody moves without end: a batch each 5 s, in it two or three aimed movements at 40 Hz that make
about 80 events and one trajectory, from the documented model of `reauth.lab.synth`. Of the 76
people of H-BRS the default lane gets 78 events and 0.6 trajectories in 5 s of activity. Their
clocks run ahead of ours, because a round sends in seconds what people move in minutes; nothing in
the ingest or the engine waits for the wall clock on that account.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from reauth.claim import Claim, Keys, seal
from reauth.event import Event
from reauth.lab.synth import draw_person, recording
from reauth.wire import Batch, Header, encode

PERIOD = 5.0
"""s of movement in a batch: the observer's default."""
SAMPLED = 0.025
"""s between samples, 40 Hz: the rate that the papers and the wire's goal speak of."""
_TOKEN = b"t" * 44
"""As long as a page token in base64; the ingest does not look into it, the proxy has."""
_HEAD = 27
"""Bytes before the records of a batch without token whose seq and dropped are below 128."""
_LOOPS = 16
"""Recordings that everybody repeats: all of one generated person, whose template everybody has, so
that alerts are as rare as in a house where everybody is who they say."""
_LENGTH = 24
"""Batches until a recording begins anew."""
_SHORT = 0.2
"""s of rest that is no pause, between the movements of a batch."""


def moving(seed: int, sample: int, batches: int = _LENGTH) -> list[Event]:
    """Movement of generated person `seed` at 40 Hz, two or three aims in 5 s, from time 0."""
    person = replace(draw_person(np.random.default_rng(seed)), period=SAMPLED)
    rng = np.random.default_rng([seed, sample])
    events: list[Event] = []
    for batch in range(batches):
        start = batch * PERIOD + rng.uniform(0.0, 1.0)
        aimed = recording(person, 2 + batch % 2, rng, _SHORT)
        events += [event._replace(t=start + event.t) for event in aimed]
    return events


def _records(events: list[Event]) -> list[bytes]:
    """The records of each 5 s, timed from the beginning of those 5 s."""
    found = []
    for start in np.arange(0.0, events[-1].t, PERIOD):
        part = [event for event in events if start <= event.t < start + PERIOD]
        batch = Batch(
            version=1,
            token=b"",
            tab=bytes(16),
            seq=0,
            base_ms=0,
            dropped=0,
            held=False,
            header=Header(),
            kinds=[int(event.kind) for event in part],
            times=[event.t - start for event in part],
            xs=[int(event.x) for event in part],
            ys=[int(event.y) for event in part],
            exts=[0] * len(part),
        )
        found.append(encode(batch)[_HEAD:])
    return found


class Traffic:
    """What so many people send, one batch each in turn.

    Parameters
    ----------
    users
        How many people; each has one client and one tab.
    known
        Whether the proxy knows who they are.
    """

    def __init__(self, keys: Keys, users: int, known: bool = True) -> None:
        self._keys = keys
        self._users = users
        self._known = known
        self._loops = [_records(moving(0, sample)) for sample in range(10, 10 + _LOOPS)]
        self.began = time.time() - 60.0
        self._sent = 0
        self.bytes = 0

    def items(self, count: int) -> Iterator[tuple[Claim, bytes]]:
        """The next so many batches with their claims."""
        for place in range(self._sent, self._sent + count):
            seq, user = divmod(place, self._users)
            start = self.began + PERIOD * seq + user / self._users
            loop = self._loops[user % _LOOPS]
            head = b"\x01" + bytes((len(_TOKEN),)) + _TOKEN + (b"tab%013d" % user) + _varint(seq)
            base = int(start * 1000).to_bytes(6, "big")
            body = head + base + b"\0\0" + loop[seq % len(loop)]
            self.bytes += len(body)
            yield self._claim(user, start + PERIOD), body
        self._sent += count

    def _claim(self, user: int, at: float) -> Claim:
        return Claim(
            user=name(user) if self._known else None,
            client=f"10.{user >> 16}.{user >> 8 & 255}.{user & 255}",
            site="0123456789abcdef",
            issued=at,
            received=at,
            source="htpasswd",
            confidence=1.0,
            page=f"{user:016x}",
            token="ok",
        )

    def requests(self, count: int, each: int) -> list[bytes]:
        """The next so many batches as HTTP requests, `each` batches in one sealed group."""
        now, found, group = time.time(), [], []
        for item in self.items(count):
            group.append(item)
            if len(group) == each:
                found.append(_post(seal(self._keys, group, {}, now)))
                group = []
        if group:
            found.append(_post(seal(self._keys, group, {}, now)))
        return found


def name(user: int) -> str:
    """What the proxy calls a person."""
    return f"user{user:05d}@example.org"


def _post(body: bytes) -> bytes:
    return (
        b"POST /v1/batches HTTP/1.1\r\nHost: ingest\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


def _varint(value: int) -> bytes:
    return bytes((value,)) if value < 128 else bytes((value & 127 | 128, value >> 7))
