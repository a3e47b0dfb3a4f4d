"""HTTP in: sealed groups of batches from the proxy; the control stream out.

It listens on a Unix socket or loopback and believes a sender by its seal alone. The answer to a
group is sent when every batch in it has been stored or refused: 204 in it means stored. It is
sealed as well: while we are down, our port is anybody's on this machine.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from aiohttp import web

from reauth.admission import Admission
from reauth.claim import (
    ANSWER_SEAL,
    Claim,
    Keys,
    Note,
    TokenVerdict,
    seal_answer,
    seal_control,
    unseal,
    unseal_control,
)
from reauth.errors import ClaimError, Overloaded, StoreError
from reauth.ports import Accepted, Intake, Receipt
from reauth.settings import Ingest
from reauth.tunnels import Tunnels

log = logging.getLogger(__name__)

GROUP_BYTES = 16 * 1024 * 1024
"""Largest sealed group: 256 batches of the largest size."""
_HEARTBEAT = 15.0
"""s between signs of life on the control stream."""
_BUSY = 0.5
"""Share of the intake's queue above which clients are asked to send less often (ingest.md, 3)."""
_BUSY_INTERVAL_MS = 10_000
"""Twice the observer's own: half as many requests, with as many samples (observer.md, 4)."""

Result = dict[str, int | float | str]

_TOLD: dict[Receipt, Result] = {
    Receipt.STORED: {"status": 204},
    Receipt.MALFORMED: {"status": 400, "reason": Receipt.MALFORMED.value},
}
_NOTES = frozenset(Note)
_BESIDE = _NOTES | {TokenVerdict.BAD}
"""What a claim says that comes without a batch."""
_SHED = {"queue_high": "later", "queue_full": "refused"}
"""Reasons of a batch that is refused for our own load, as steps of the ladder (ingest.md §6)."""
_TOLD[Receipt.DUPLICATE] = _TOLD[Receipt.FORKED] = _TOLD[Receipt.STORED]


class Control:
    """What the proxy processes must be told: a versioned snapshot, then changes.

    Parameters
    ----------
    snapshot
        `address_map`, `exclude`, `closed`, `default_user`, `observe`, `tunnels`.
    version
        Where to begin counting; must grow over restarts, so the wall clock in ms is a good one.
    """

    def __init__(self, snapshot: Mapping[str, Any], version: int) -> None:
        self._snapshot = dict(snapshot)
        self._changed = asyncio.Event()
        self.version = version
        self.stopped = False

    def change(self, **values: Any) -> None:
        """Set some of the snapshot's entries and tell every listener; no change tells nobody."""
        if any(self._snapshot.get(name) != value for name, value in values.items()):
            self._snapshot.update(values)
            self.version += 1
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def snapshot(self) -> dict[str, Any]:
        """All that holds now."""
        return {"kind": "snapshot", **self._snapshot}

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until the version is no longer the one seen, at most so many seconds."""
        if self.version == seen and not self.stopped:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    def stop(self) -> None:
        """End every listener's stream."""
        self.stopped = True
        self._changed.set()


class Receiver:
    """The handlers of the ingest's two paths."""

    def __init__(
        self,
        intake: Intake,
        keys: Keys,
        settings: Ingest,
        control: Control,
        clock: Callable[[], float],
    ) -> None:
        self._intake = intake
        self._keys = keys
        self._settings = settings
        self._control = control
        self._clock = clock
        self._admission = Admission(
            settings.batches_per_second, settings.burst, settings.bytes_per_second
        )
        self._tunnels = Tunnels()
        self.stopping = False
        self._failing = False
        self.counters: Counter[str] = Counter()
        """Ours."""
        self.proxy_counters: Counter[str] = Counter()
        """The proxy processes', which ride along with the batches."""

    async def post_batches(self, request: web.Request) -> web.Response:
        """Take a sealed group; answer when each batch is stored or refused."""
        if self.stopping:
            return self._answer({"reason": "stopping"}, 503, {"Retry-After": "5"})
        try:
            group = await request.read()
            items, counters = unseal(
                self._keys, group, self._clock(), self._settings.claim_age
            )
        except ClaimError as error:
            self.counters["bad_claims_total"] += 1
            return self._answer({"reason": str(error)}, 403)
        except web.HTTPRequestEntityTooLarge:
            return self._answer({"reason": "too_large"}, 413)
        now = self._clock()
        if counters:
            self._count(counters, now)
        self.counters["ingest_bytes_total"] += len(group)
        results = [self._refusal(claim, body, now) for claim, body in items]
        await self._note([claim for claim, _ in items], results)
        admitted = [place for place, refused in enumerate(results) if refused is None]
        stored = await self._store([Accepted(*items[place]) for place in admitted])
        for place, result in zip(admitted, stored, strict=True):
            results[place] = result
        told = _told(results, self._interval_ms())
        return self._answer(told, 200, {ANSWER_SEAL: seal_answer(self._keys, group, told)})

    def _count(self, counters: Mapping[str, Any], now: float) -> None:
        """Take the counters of a proxy process, and what it saw of clients who trust us not."""
        rest, learnt = self._tunnels.note(counters, now)
        self.proxy_counters.update(rest)
        self._control.change(tunnels=self._tunnels.at(now))
        for key in learnt:
            self.counters["tunnels_learnt_total"] += 1
            log.warning("tunnel_learnt", extra={"key": key})

    def _interval_ms(self) -> int | None:
        """How often clients are asked to send; None leaves it to them."""
        busy = self._intake.depth > _BUSY * self._settings.queue
        self.counters['shed_total{level="slower"}'] += busy
        return _BUSY_INTERVAL_MS if busy else None

    def _answer(
        self,
        told: Mapping[str, Any] | bytes,
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        self.counters[f'ingest_requests_total{{code="{status}"}}'] += 1
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return web.Response(
            body=body, status=status, headers=headers, content_type="application/json"
        )

    def _refusal(self, claim: Claim, body: bytes, now: float) -> Result | None:
        """Why a batch is not even tried, as its answer to the browser."""
        if claim.token in _BESIDE:
            return _TOLD[Receipt.STORED]  # the proxy has refused it, or only tells of something
        if len(body) > self._settings.body:
            return self._refused("too_large", 413)
        identity = claim.client if claim.user is None else f"user:{claim.user}"
        try:
            self._admission.admit(identity, len(body), now)
        except Overloaded as error:
            return self._refused(error.reason, error.status, error.retry_after)
        return None

    async def _note(self, claims: Sequence[Claim], results: Sequence[Result | None]) -> None:
        """Tell the engine what came beside the batches, and of those that are refused unread."""
        refused = [claim for claim in claims if claim.token == TokenVerdict.BAD]
        notes = [claim for claim in claims if claim.token in _NOTES]
        for claim, result in zip(claims, results, strict=True):
            if result is not None and claim.token not in _BESIDE:
                notes.append(replace(claim, token=Note.LOST))
        try:
            if refused:
                await self._intake.refused(refused)
            if notes:
                await self._intake.noted(notes)
        except StoreError as error:
            self._failed(str(error))

    async def _store(self, batches: Sequence[Accepted]) -> list[Result]:
        """What becomes of the admitted batches of a group."""
        if not batches:
            return []
        try:
            receipts = await self._intake.accept(batches)
        except Overloaded as error:
            refused = (error.reason, error.status, error.retry_after)
        except StoreError as error:
            refused = ("store", 503, 5.0)
            self._failed(str(error))
        else:
            self._failed(None)
            return [_TOLD[receipt] for receipt in receipts]
        return [self._refused(*refused) for _ in batches]

    def _failed(self, fault: str | None) -> None:
        """Say that the store fails, or works again; once, and not with every group."""
        if fault is not None and not self._failing:
            log.error("store_failed", extra={"fault": fault})
        elif fault is None and self._failing:
            log.warning("store_back")
        self._failing = fault is not None

    def _refused(self, reason: str, status: int, retry_after: float | None = None) -> Result:
        self.counters[f'ingest_dropped_total{{cause="{reason}"}}'] += 1
        if reason in _SHED:
            self.counters[f'shed_total{{level="{_SHED[reason]}"}}'] += 1
        result: Result = {"status": status, "reason": reason}
        if retry_after is not None:
            # Clients that were refused together shall not come back together.
            spread = random.uniform(1.0, 1.5)  # noqa: S311 - nothing secret about it
            result["retry_after"] = round(max(1.0, retry_after) * spread, 1)
        return result

    async def get_control(self, request: web.Request) -> web.StreamResponse:
        """Stream the snapshot, then changes, a sealed line each."""
        try:
            scheme, _, line = request.headers.get("Authorization", "").partition(" ")
            _, asked = unseal_control(self._keys, line, 0)
        except ClaimError as error:
            self.counters["bad_claims_total"] += 1
            return self._answer({"reason": str(error)}, 403)
        if scheme != "Reauth" or asked.get("ask") != "control":
            return self._answer({"reason": "not_asked"}, 403)
        stream = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await stream.prepare(request)
        told = None
        while not self._control.stopped:
            version = self._control.version
            said = {"kind": "set"} if version == told else self._control.snapshot()
            told = version
            sealed = seal_control(self._keys, version, said, self._clock())
            await stream.write(sealed.encode() + b"\n")
            await self._control.wait(version, _HEARTBEAT)
        return stream


def _told(results: Sequence[Result | None], interval_ms: int | None) -> bytes:
    """The answer to a group."""
    stored = _TOLD[Receipt.STORED]
    if all(result is stored for result in results):
        return _all_stored(len(results), interval_ms)
    return json.dumps({"results": results, "interval_ms": interval_ms}).encode()


@lru_cache(1024)
def _all_stored(count: int, interval_ms: int | None) -> bytes:
    """What nearly every answer is."""
    stored = [{"status": 204}] * count
    return json.dumps({"results": stored, "interval_ms": interval_ms}).encode()


RECEIVER = web.AppKey("receiver", Receiver)


def application(
    intake: Intake,
    keys: Keys,
    settings: Ingest,
    control: Control,
    clock: Callable[[], float],
) -> web.Application:
    """The ingest as an aiohttp application."""
    receiver = Receiver(intake, keys, settings, control, clock)
    app = web.Application(client_max_size=GROUP_BYTES)
    app[RECEIVER] = receiver
    app.router.add_post("/v1/batches", receiver.post_batches)
    app.router.add_get("/v1/control", receiver.get_control)
    return app


__all__ = ["RECEIVER", "Control", "Receiver", "application"]
