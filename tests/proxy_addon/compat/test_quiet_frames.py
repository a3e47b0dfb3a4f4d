"""Frames have a text that costs nothing."""

import h2.config
import h2.connection
import pytest
from hyperframe.frame import DataFrame, Frame

from proxy_addon.compat import quiet_frames


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """hyperframe as it was, afterwards too."""
    monkeypatch.setattr(Frame, "__repr__", Frame.__repr__)


def asked(monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the bytes of a frame are written out while a connection reads one."""
    times: list[Frame] = []
    body = DataFrame._body_repr
    monkeypatch.setattr(DataFrame, "_body_repr", lambda frame: times.append(frame) or body(frame))
    near = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    far = h2.connection.H2Connection(h2.config.H2Configuration())
    near.initiate_connection()
    far.initiate_connection()
    names = {":method": "POST", ":path": "/", ":scheme": "https", ":authority": "a"}
    far.send_headers(1, list(names.items()))
    far.send_data(1, b"x" * 100)
    near.receive_data(far.data_to_send())
    return len(times)


@pytest.mark.usefixtures("stock")
def test_no_frame_is_written_out_with_the_patch(monkeypatch: pytest.MonkeyPatch):
    """Nobody would read it."""
    quiet_frames.apply()
    quiet_frames.apply()

    assert 0 == asked(monkeypatch)


@pytest.mark.usefixtures("stock")
def test_without_the_patch_each_frame_is(monkeypatch: pytest.MonkeyPatch):
    """When this fails, h2 does without: the row in the table goes."""
    assert 1 == asked(monkeypatch)
