"""Rules of the hand at a browser."""

import asyncio
import shutil

import pytest

from reauth.errors import SettingsError
from reauth.event import Event, Kind
from reauth.lab import bot
from reauth.lab.bot import Hand, Timing, trust


class Wire:
    """What a CDP session is asked to send."""

    def __init__(self):
        self.sent = []

    async def send(self, method, said):
        await asyncio.sleep(0.01)
        self.sent.append((method, said))


async def test_events_are_sent_in_time_and_without_waiting_for_each_other():
    """The second goes out while the first is still under way."""
    wire = Wire()
    hand = Hand(wire)
    events = [Event(Kind.MOVE, 0, 0.0, 1.0, 2.0), Event(Kind.DOWN, 0, 0.001, 1.0, 2.0)]
    events.append(Event(Kind.UP, 0, 0.002, 1.0, 2.0))
    await hand.play(events, asyncio.get_running_loop().time())
    assert wire.sent == []
    await hand.settle()

    kinds = [(said["type"], said["button"], said["buttons"]) for _, said in wire.sent]
    assert kinds == [
        ("mouseMoved", "none", 0),
        ("mousePressed", "left", 1),
        ("mouseReleased", "left", 0),
    ]
    assert hand.timing.summary()["events"] == 3
    await hand.settle()


def test_timing_is_told_even_when_nothing_was_sent():
    """Median and 95th percentile, in milliseconds."""
    assert Timing().summary() == {"events": 0, "late_ms_median": 0.0, "late_ms_p95": 0.0}
    assert Timing([0.001, 0.002, 0.003]).summary()["late_ms_median"] == 2.0


@pytest.mark.parametrize("missing", ["certutil", bot.CHROMIUM])
async def test_what_is_missing_is_named(missing, monkeypatch, tmp_path):
    """One line, with the package to install."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else which(name))

    with pytest.raises(SettingsError, match=r"is missing: apt-get install"):
        async with bot.browser_page("http://127.0.0.1:1", (800, 600), tmp_path / "ca.pem"):
            pass


async def test_a_certificate_that_cannot_be_trusted_is_refused(tmp_path):
    """A browser that would show warnings shows nothing of the product."""
    with pytest.raises(SettingsError, match="certutil -A failed"):
        await trust(tmp_path, tmp_path / "absent.pem")
