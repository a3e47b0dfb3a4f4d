"""Letters, taken by aiosmtpd over STARTTLS and TLS, and read by Python's own library."""

import email
from email import policy

import pytest
from aiosmtpd.smtp import AuthResult

from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News
from reauth.settings import Sinks
from reauth.sinks import open_sink
from tests.contracts.test_sink import FULL, HEAD, HOSTILE, UNKNOWN
from tests.reauth.sinks.receivers import Letters, certified
from tests.rows import NOON, alarm


@pytest.fixture
def pair(tmp_path):
    return certified(tmp_path)


@pytest.fixture
def settings(pair):
    return {
        "mail_from": "reauth@example.org",
        "mail_to": ("night@example.org", "eva@example.org"),
        "ca_file": pair[0],
        "timeout": 10.0,
    }


@pytest.fixture
def letters(pair):
    found = Letters(pair)
    found.come()
    yield found
    found.go()


async def sent(letters, settings, *news, scheme="smtp", name=""):
    url = f"{scheme}://{name}127.0.0.1:{letters.port}?users=name"
    sink = open_sink(url, Sinks(**settings), HEAD)
    for one in news:
        await sink.deliver(one, sink.render(one), NOON)
    return [email.message_from_bytes(text, policy=policy.default) for text in letters.contents]


async def test_a_letter_arrives_with_text_html_and_picture(letters, settings):
    """To everybody who is named; automatic answers are asked for by nobody."""
    [read] = await sent(letters, settings, News(FULL))

    assert [["night@example.org", "eva@example.org"]] == letters.receivers
    assert ("Movement is not like anna's", "<a1@example.org>", "auto-generated") == (
        read["subject"], read["message-id"], read["auto-submitted"],
    )  # fmt: skip
    assert "61 of the last 100 scores" in read.get_body(("plain",)).get_content()
    assert "cid:scores@reauth.invalid" in read.get_body(("html",)).get_content()
    [picture] = [part for part in read.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True).startswith(b"\x89PNG")


async def test_what_follows_belongs_to_the_first_letter(letters, settings):
    """Mail programs show them as one conversation."""
    first, second = await sent(letters, settings, News(FULL), News(FULL, Event.CLOSED))

    assert first["message-id"] == second["references"]
    assert first["message-id"] != second["message-id"]


async def test_a_name_starts_no_header_and_no_markup(letters, settings):
    """Line breaks in a subject are spaces; in HTML it is text."""
    alert = alarm(user="x\r\nBcc: evil@example.com\r\n\r\n<b>" + "y" * 99)
    [read] = await sent(letters, settings, News(alert))

    assert read["bcc"] is None
    assert len(read["subject"]) <= 78
    assert "<b>" not in read.get_body(("html",)).get_content().replace("<body>", "")
    assert (await sent(letters, settings, News(HOSTILE)))[-1]["subject"].startswith("Movement")


async def test_one_without_scores_has_no_picture(letters, settings):
    """Refused tokens are no trajectories."""
    [read] = await sent(letters, settings, News(UNKNOWN))

    assert [] == [part for part in read.walk() if part.get_content_maintype() == "image"]
    assert "cid:" not in read.get_body(("html",)).get_content()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while")  # aiosmtpd sees no TLS below it
async def test_a_name_and_its_password_go_over_tls_only(pair, settings, tmp_path):
    """From its file; the wrong one is a failure that does not tell it."""
    file = tmp_path / "smtp.password"
    file.write_text("geheim\n")
    file.chmod(0o600)
    settings["smtp_password_file"] = str(file)

    def authenticate(server, session, envelope, mechanism, data):
        good = (b"me", b"geheim") == (data.login, data.password)
        return AuthResult(success=good, handled=good)

    for smtps in (False, True):
        letters = Letters(pair, smtps=smtps, authenticator=authenticate)
        letters.come()
        scheme = "smtps" if smtps else "smtp"
        assert 1 == len(await sent(letters, settings, News(UNKNOWN), scheme=scheme, name="me@"))
        file.write_text("geheimer\n")
        with pytest.raises(SinkError, match="535") as error:
            await sent(letters, settings, News(UNKNOWN), scheme=scheme, name="me@")
        assert "geheim" not in str(error.value)
        file.write_text("geheim\n")
        letters.go()


async def test_a_server_that_cannot_take_it_is_asked_again(letters, settings):
    """Later, under the same id."""
    letters.refuse = "451 later"
    with pytest.raises(SinkError, match="451"):
        await sent(letters, settings, News(UNKNOWN))
    letters.refuse = None
    [read] = await sent(letters, settings, News(UNKNOWN))

    assert "<b2@example.org>" == read["message-id"]


async def test_a_server_that_nobody_vouches_for_gets_no_letter(letters, settings):
    """Neither the system nor the setting's file."""
    del settings["ca_file"]
    with pytest.raises(SinkError, match="no letter taken"):
        await sent(letters, settings, News(UNKNOWN))
    assert [] == letters.contents


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("smtp://", {}),
        ("smtp://mail/path", {}),
        ("smtp://me@mail", {}),
        ("smtp://mail", {"mail_from": ""}),
        ("smtp://mail", {"mail_to": ()}),
        ("smtp://mail", {"mail_to": ("nobody",)}),
        ("smtp://mail", {"mail_from": "a@b\nBcc: c@d"}),
    ],
)
def test_what_could_never_be_sent_is_refused_at_start(url, changes, settings):
    """A host, a sender, receivers, and a password for a name."""
    with pytest.raises(SettingsError, match=r"sinks\."):
        open_sink(url, Sinks(**{**settings, **changes}))
