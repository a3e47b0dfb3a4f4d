"""News -> Splunk's HTTP event collector (Splunk Enterprise 9, "HTTP Event Collector REST API").

With `channel=UUID` in the URL the event counts as delivered once the indexer has acknowledged it;
only Splunk Enterprise does that.
"""

import asyncio
import json
import re
from urllib.parse import parse_qs

from reauth.errors import SettingsError, SinkError
from reauth.news import News, when
from reauth.ocsf import finding
from reauth.sinks.calling import caller, taken
from reauth.sinks.opening import Opening
from reauth.sinks.thin import thin

_EVENT, _ACK = "/services/collector/event", "/services/collector/ack"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
SOURCETYPE = "reauth:alert"
"""What config/splunk/props.conf and its field mapping are for."""

POLL = 1.0
"""s between questions whether an event is indexed."""
POLLS = 10


class Hec:
    """Posts one event each time.

    Raises
    ------
    SettingsError
        If the URL names no host or more than that, or there is no token.
    """

    def __init__(self, found: Opening) -> None:
        if not found.parts.hostname or found.parts.path.strip("/"):
            raise SettingsError(f"sinks.urls: {found.scheme} is {found.scheme}://HOST:8088")
        self._channel = parse_qs(found.parts.query).get("channel", [None])[0]
        if self._channel is not None and not _UUID.fullmatch(self._channel):
            raise SettingsError("sinks.urls: the channel of a collector is a UUID")
        self._base = found.address.partition("?")[0].rstrip("/")
        self._token = found.secret("hec_token_file")
        self._head = found.head
        self._ocsf = found.choice("format", "json", "ocsf") == "ocsf"
        self._caller = caller(found.settings)
        self.name = found.name

    def render(self, news: News) -> bytes:
        """The event in its envelope; `time` is what Splunk orders by."""
        event = finding(news, self._head) if self._ocsf else thin(news, self._head)
        document = {
            "time": round(when(news), 3),
            "host": self._head.host,
            "source": "reauth",
            "sourcetype": SOURCETYPE,
            "event": {"id": news.id, **event} if self._ocsf else event,
            "fields": {"message_id": news.id},
        }
        return json.dumps(document, separators=(",", ":")).encode()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it, and wait for the indexer where it gives receipts.

        Raises
        ------
        SinkError
            If it was not taken, or no receipt came.
        """
        status, answer = await self._caller.post(self._base + _EVENT, self._headers(), payload)
        taken(status)
        number = _read(answer).get("ackId")
        if self._channel is not None and isinstance(number, int):
            await self._acknowledged(number)

    async def _acknowledged(self, number: int) -> None:
        body = json.dumps({"acks": [number]}).encode()
        for turn in range(POLLS):
            if turn:
                await asyncio.sleep(POLL)
            status, answer = await self._caller.post(self._base + _ACK, self._headers(), body)
            taken(status)
            acks = _read(answer).get("acks")
            if isinstance(acks, dict) and acks.get(str(number)) is True:
                return
        raise SinkError("taken, but not indexed yet")

    def _headers(self) -> dict[str, str]:
        headers = {"authorization": f"Splunk {self._token}", "content-type": "application/json"}
        if self._channel is not None:
            headers["x-splunk-request-channel"] = self._channel
        return headers


def _read(answer: bytes) -> dict[str, object]:
    """The collector's answer.

    Raises
    ------
    SinkError
        If it is none: something else answers there.
    """
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SinkError("what answered is no event collector")
    return found
