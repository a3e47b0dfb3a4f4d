"""News -> a letter by SMTP (RFC 5321): text, HTML, and the scores as a picture in it."""

import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import aiosmtplib

from reauth.alert_document import instant
from reauth.errors import SettingsError, SinkError
from reauth.news import Letterhead, News, when
from reauth.sinks.chart import png
from reauth.sinks.opening import Opening
from reauth.sinks.trust import trusting
from reauth.wording import CAUTION, bars, facts, title

_PORTS = {"smtp": 587, "smtps": 465}
"""Submission with STARTTLS, and over TLS (RFC 8314)."""

LINE = 78
"""Letters of a subject (RFC 5322 section 2.1.1)."""

_POLICY = policy.SMTP.clone(cte_type="7bit")
"""Seven bits: every server takes it, and nobody on the way must change it."""


def letter(news: News, head: Letterhead, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    """The letter; its id and its boundaries are the same at every attempt."""
    found = EmailMessage(policy=_POLICY)
    subject = re.sub(r"\s+", " ", title(news))
    found["Subject"] = subject if len(subject) <= LINE else subject[: LINE - 1] + "…"
    found["From"] = sender
    found["To"] = ", ".join(receivers)
    found["Date"] = format_datetime(instant(when(news)))
    domain = sender.rpartition("@")[2]
    found["Message-ID"] = f"<{news.id}@{domain}>"
    if news.id != news.alert.id:
        found["References"] = f"<{news.alert.id}@{domain}>"
    found["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    found.set_content(_text(news, head))
    found.add_alternative(_html(news, head), subtype="html")
    if news.alert.evidence:
        html = found.get_payload()[1]  # type: ignore[index] # of a multipart it is a list
        assert isinstance(html, EmailMessage)
        picture = png(news.alert.evidence, news.alert.threshold)
        html.add_related(
            picture, "image", "png", cid="<scores@reauth.invalid>", filename="scores.png",
            disposition="inline",
        )  # fmt: skip
    for number, part in enumerate(part for part in found.walk() if part.is_multipart()):
        part.set_boundary(f"=_{news.id}_{number}")
    return found


def _text(news: News, head: Letterhead) -> str:
    width = max(len(name) for name, _ in facts(news))
    rows = [f"{name.ljust(width)}  {value}" for name, value in facts(news)]
    link = head.link(news.alert)
    shown = [title(news), "", *rows, "", bars(news.alert.evidence), CAUTION, link or ""]
    return "\n".join(shown).rstrip() + "\n"


def _html(news: News, head: Letterhead) -> str:
    rows = "".join(
        f"<tr><th align=left>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in facts(news)
    )
    told = f"Scores, newest last: {bars(news.alert.evidence)}"
    picture = f'<p><img src="cid:scores@reauth.invalid" alt="{told}" width="600"></p>'
    link = head.link(news.alert)
    return (
        f'<!doctype html><html lang="en"><head><title>{escape(title(news))}</title></head><body>'
        f"<h1>{escape(title(news))}</h1><table cellpadding=4>{rows}</table>"
        f"{picture if news.alert.evidence else ''}<p>{escape(CAUTION)}</p>"
        + (f'<p><a href="{escape(link)}">Look at it</a></p>' if link else "")
        + "</body></html>\n"
    )


class Mail:
    """Sends one letter each time.

    Raises
    ------
    SettingsError
        If there is no sender or receiver, one of them is no address, or a name has no password.
    """

    def __init__(self, found: Opening) -> None:
        settings = found.settings
        if not found.parts.hostname or found.parts.path.strip("/"):
            raise SettingsError(f"sinks.urls: {found.scheme} is {found.scheme}://[NAME@]HOST[:PORT]")
        for address in (settings.mail_from, *(settings.mail_to or ("",))):
            _see(address)
        self._sender, self._receivers = settings.mail_from, settings.mail_to
        self._head = found.head
        name = found.parts.username
        self._line = {
            "hostname": found.parts.hostname,
            "port": found.port(_PORTS[found.scheme]),
            "timeout": settings.timeout,
            "use_tls": found.scheme == "smtps",
            # A password, and who is suspected of what, goes over no line that others read.
            "start_tls": found.scheme == "smtp",
            "tls_context": trusting(settings.ca_file),
            "username": name,
            "password": None if name is None else found.secret("smtp_password_file"),
        }
        self.name = found.name

    def render(self, news: News) -> bytes:
        """The letter as it goes over the line."""
        return letter(news, self._head, self._sender, self._receivers).as_bytes()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it, over TLS only.

        Raises
        ------
        SinkError
            If the server has not taken it for everybody.
        """
        try:
            refused, _ = await aiosmtplib.send(
                payload,
                sender=self._sender,
                recipients=list(self._receivers),
                **self._line,  # type: ignore[arg-type] # each is what it takes
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            code = getattr(error, "code", None)
            told = f"{type(error).__name__} {code}" if code else type(error).__name__
            raise SinkError(f"no letter taken: {told}") from error
        if refused:
            raise SinkError(f"{len(refused)} of {len(self._receivers)} receivers were refused")


def _see(address: str) -> None:
    try:
        found = Address(addr_spec=address)
    except (ValueError, IndexError):
        found = Address()
    if not (found.username and found.domain):
        raise SettingsError(
            "sinks.mail_from and sinks.mail_to: each must be an address such as a@example.org"
        )
