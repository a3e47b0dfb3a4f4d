"""The trimmed mitmproxy: its hooks are called as the stock manager calls them."""

import asyncio

import pytest
from mitmproxy import exceptions, hooks, options
from mitmproxy.addons import core
from mitmproxy.proxy.layers.http import HttpRequestHook
from mitmproxy.test import tflow

from proxy_addon.master import Dispatch


class Teller:
    """An addon that tells what it is asked."""

    def __init__(self, name: str, told: list[str], error: Exception | None = None) -> None:
        self.name = name
        self._told = told
        self._error = error

    def request(self, flow: object) -> None:
        self._told.append(self.name)
        if self._error:
            raise self._error


class AsyncTeller(Teller):
    """The same, asynchronous."""

    async def request(self, flow: object) -> None:
        await asyncio.sleep(0)
        super().request(flow)


class Around:
    """What an addon manager needs of a master."""

    def __init__(self) -> None:
        self.options = options.Options()
        self.commands = type("Commands", (), {"collect_commands": lambda *_: None})()


@pytest.mark.parametrize(
    ("error", "heard"),
    [(None, "abc"), (RuntimeError("x"), "abc"), (exceptions.AddonHalt(), "ab")],
)
async def test_hooks_are_called_in_order_and_none_stops_the_next(
    error: Exception | None, heard: str, caplog: pytest.LogCaptureFixture
):
    """As mitmproxy's own manager does; what raises is logged by its kind."""
    around, told = Around(), []
    dispatch = Dispatch(around)
    dispatch.add(Teller("a", told), AsyncTeller("b", told, error), Teller("c", told), core.Core())
    dispatch.freeze()
    await dispatch.handle_lifecycle(HttpRequestHook(tflow.tflow()))

    assert heard == "".join(told)
    assert isinstance(error, RuntimeError) == ("addon_failed" in caplog.text)
    assert "running" in hooks.all_hooks


@pytest.mark.parametrize("error", [None, RuntimeError("x")])
async def test_a_hook_begins_at_once_and_what_waits_is_left_for_later(error: Exception | None):
    """Each addon is called once; nobody is called before who stands in front of it."""
    told: list[str] = []
    dispatch = Dispatch(Around())
    dispatch.add(Teller("a", told), AsyncTeller("b", told, error), Teller("c", told), core.Core())
    dispatch.freeze()
    hook = HttpRequestHook(tflow.tflow())
    left = dispatch.begin(hook)
    at_once = list(told)
    await dispatch.handle_lifecycle(hook)

    assert left is not None
    assert (["a"], ["a", "b", "c"]) == (at_once, told)


async def test_a_hook_that_nobody_waits_in_is_over_when_it_has_begun():
    """Nothing is left for a task."""
    told: list[str] = []
    dispatch = Dispatch(Around())
    dispatch.add(Teller("a", told), Teller("b", told), core.Core())
    dispatch.freeze()

    assert dispatch.begin(HttpRequestHook(tflow.tflow())) is None
    assert ["a", "b"] == told
