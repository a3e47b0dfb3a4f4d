"""Signed after Standard Webhooks, against a receiver that checks for itself."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import standardwebhooks
from aiohttp import web

from reauth.alert import Evidence
from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News
from reauth.sinks.outbox import SinkGone
from reauth.sinks.webhook import read_secrets, signature
from tests.reauth.sinks.secrets_of import OTHER, SECRET, hook, letters, written
from tests.rows import NOON, alarm


def holds(secret, headers, body):
    """Whether one of the signatures is that of a secret, worked out from the specification."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    given = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    return any(kind == "v1" and value == expected for kind, value in given)


@asynccontextmanager
async def receiver(answer):
    """A receiver on this machine; its address, and what it was asked."""
    asked = []

    async def take(request):
        asked.append((request.headers.copy(), await request.read(), request))
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def answering(status, **headers):
    async def answer(_):
        return web.Response(status=status, headers=headers)

    return answer


async def sent(status, secrets=(SECRET,), **headers):
    """Deliver one alert to a receiver that answers so; what it was asked."""
    async with receiver(answering(status, **headers)) as (host, asked):
        sink = hook(f"webhook+http://{host}/hook", secrets)
        await sink.deliver(News(alarm()), sink.render(News(alarm())), NOON + 0.9)
        return asked


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_answer_of_the_200s_is_success(status):
    """One POST of JSON, signed, under the alert's id and the time of the attempt."""
    [(headers, body, request)] = await sent(status)

    assert ("POST", "/hook") == (request.method, request.path)
    assert "application/json" == headers["content-type"]
    assert "a1" == headers["webhook-id"] == json.loads(body)["id"]
    assert str(int(NOON)) == headers["webhook-timestamp"]
    assert holds(SECRET, headers, body)
    assert not holds(OTHER, headers, body)
    assert not holds(SECRET, headers, body + b" ")


async def test_while_a_secret_is_replaced_both_sign():
    """The receiver may know either."""
    [(headers, body, _)] = await sent(204, (SECRET, OTHER))

    assert holds(SECRET, headers, body) and holds(OTHER, headers, body)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 429, 500, 503])
async def test_any_other_answer_is_a_failure(status):
    """A redirection too: an alert does not go where somebody else says."""
    with pytest.raises(SinkError, match=str(status)) as error:
        await sent(status, Location="/elsewhere")
    assert not isinstance(error.value, SinkGone)


async def test_a_redirection_is_not_followed():
    """The receiver is asked once."""
    async with receiver(answering(307, Location="/elsewhere")) as (host, asked):
        sink = hook(f"webhook+http://{host}/hook")
        with pytest.raises(SinkError):
            await sink.deliver(News(alarm()), b"{}", NOON)
    assert ["/hook"] == [request.path for *_, request in asked]


async def test_a_receiver_that_is_gone_is_given_up():
    """410 means: no more of these."""
    with pytest.raises(SinkGone):
        await sent(410)


async def test_a_receiver_that_hangs_is_left():
    """An answer that takes longer than the time-out is none."""

    async def hang(_):
        await asyncio.Event().wait()

    async with receiver(hang) as (host, _):
        with pytest.raises(SinkError, match="TimeoutError"):
            await hook(f"webhook+http://{host}/", timeout=0.05).deliver(News(alarm()), b"{}", NOON)


async def test_credentials_and_query_are_used_and_not_told():
    """They reach the receiver, and neither the name nor an error."""
    async with receiver(answering(500)) as (host, asked):
        sink = hook(f"webhook+http://me:geheim@{host}/hook?key=geheim")
        with pytest.raises(SinkError) as error:
            await sink.deliver(News(alarm()), b"{}", NOON)
    [(headers, _, request)] = asked
    assert "geheim" == request.query["key"]
    assert "Basic " + base64.b64encode(b"me:geheim").decode() == headers["authorization"]
    assert re.fullmatch(rf"webhook\+http://{host}/[0-9a-f]{{8}}", sink.name)
    assert "geheim" not in str(error.value)


def test_two_receivers_on_one_host_have_two_names():
    """By path or by query; and a password that is replaced is still the same receiver."""
    rests = ["/", "/hook", "/hook?key=1", "/hook?key=2"]
    names = [hook(f"webhook+https://siem{rest}").name for rest in rests]
    again = hook("webhook+https://me:new@siem/hook")

    assert 4 == len(set(names))
    assert names[1] == again.name


async def test_an_address_that_is_none_is_a_failure():
    """It says what kind of failure, not the address."""
    sink = hook("webhook+http://geheim.invalid/hook")
    with pytest.raises(SinkError, match="no answer") as error:
        await sink.deliver(News(alarm()), b"{}", NOON)
    assert "geheim" not in str(error.value)


def test_the_body_stays_thin():
    """Below 20 kB, however much evidence there is and however long the note."""
    evidence = tuple(Evidence("f" * 32, n, NOON + n, -3.125, True) for n in range(500))
    sink = hook("webhook+https://siem/")
    body = sink.render(News(alarm(evidence=evidence, note="\N{MOUSE}" * 99_999)))
    document = json.loads(body)

    assert len(body) < 20_000
    assert list(range(480, 500)) == [item["number"] for item in document["evidence"]]
    assert 500 == document["evidence_total"]


def test_one_or_two_secrets_are_read(tmp_path):
    """One a line."""
    assert (SECRET,) == read_secrets(written(tmp_path))
    assert (SECRET, OTHER) == read_secrets(written(tmp_path, letters(SECRET), letters(OTHER)))


@pytest.mark.parametrize(
    "lines",
    [
        [""],
        [letters(SECRET)[len("whsec_") :]],
        ["whsec_not base64!"],
        [letters(SECRET[:23])],
        [letters(bytes(65))],
        [letters(SECRET)] * 3,
    ],
    ids=["empty", "no prefix", "no base64", "too short", "too long", "three"],
)
def test_anything_else_is_no_secret(tmp_path, lines):
    """The message says what is wanted, and not what is there."""
    with pytest.raises(SettingsError, match=r"webhook_secret_file: .* 24 to 64 bytes") as error:
        read_secrets(written(tmp_path, *lines))
    assert lines[0][6:] == "" or lines[0][6:] not in str(error.value)


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    """Whoever has it can forge alerts."""
    with pytest.raises(SettingsError, match="chmod 600"):
        read_secrets(written(tmp_path, mode=0o644))


async def test_what_follows_has_an_id_and_a_type_of_its_own():
    """A receiver that drops what it has by the id must not drop that an alert is closed."""
    async with receiver(answering(204)) as (host, asked):
        sink = hook(f"webhook+http://{host}/hook")
        for event in Event:
            news = News(alarm(), event)
            await sink.deliver(news, sink.render(news), NOON)
    told = [(headers["webhook-id"], json.loads(body)["type"]) for headers, body, _ in asked]

    assert [
        ("a1", "alert.raised"),
        ("a1-acknowledged", "alert.acknowledged"),
        ("a1-closed", "alert.closed"),
    ] == told


async def test_the_standard_s_own_library_takes_it():
    """`standardwebhooks` of PyPI, by the people who wrote the specification."""
    async with receiver(answering(204)) as (host, asked):
        sink = hook(f"webhook+http://{host}/hook", (OTHER, SECRET))
        await sink.deliver(News(alarm()), sink.render(News(alarm())), datetime.now(UTC).timestamp())
    [(headers, body, _)] = asked
    library = standardwebhooks.Webhook(letters(SECRET))

    assert "a1" == library.verify(body.decode(), dict(headers))["id"]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        library.verify(body.decode().replace("a1", "a2"), dict(headers))


def test_every_part_is_signed():
    """Another id, time or body is another signature."""
    signatures = {
        signature([SECRET], message, at, body)
        for message in ("a", "b")
        for at in (1, 2)
        for body in (b"x", b"y")
    }
    assert 8 == len(signatures)
