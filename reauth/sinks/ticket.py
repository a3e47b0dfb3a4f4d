"""News -> whatever JSON a template makes of it: Jira, ServiceNow, PagerDuty, Alertmanager.

A template is a file NAME.json.j2 in which each {{ expression }} becomes JSON, quotes and all: text
that came from outside can end no string. Templates run in Jinja's sandbox.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reauth.alert import Alert, Evidence
from reauth.alert_document import rfc3339
from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News, when
from reauth.ocsf import finding
from reauth.sinks.calling import caller, taken
from reauth.sinks.opening import Opening
from reauth.sinks.thin import thin
from reauth.wording import CAUTION, bars, facts, title

DAY = 86400.0
_OPTION = "x_"
"""Options of the URL that begin so are the template's: `x_project=SEC` is {{ option.project }}."""

_SAMPLE = Alert(
    "5e1f", None, "192.0.2.1", None, None, "impostor", "", 1, 0.0, 0.0, -2.5, -0.5, 100, 61, 60,
    evidence=(Evidence("", 1, 0.0, -1.0, True),),
)  # fmt: skip
"""What a template is tried on when it is opened; the address is one of examples (RFC 5737)."""


class Ticket:
    """Posts what a template makes of the news.

    Raises
    ------
    SettingsError
        If there is no such template, or what it makes is no JSON.
    """

    def __init__(self, found: Opening) -> None:
        query = dict(parse_qsl(found.parts.query, keep_blank_values=True))
        name = query.pop("template", "")
        if not found.parts.hostname or not re.fullmatch(r"\w+", name):
            raise SettingsError(
                f"sinks.urls: {found.scheme} is {found.scheme}://HOST/PATH?template=NAME"
            )
        own = {key for key in query if key.startswith(_OPTION)}
        self._options = {key.removeprefix(_OPTION): query.pop(key) for key in own}
        self._url = _with_query(found.address, query)
        self._head = found.head
        self._secret = None
        if found.options.get("secret_file") or found.settings.ticket_secret_file:
            self._secret = found.secret("ticket_secret_file")
        self._template = _template(Path(found.settings.ticket_templates) / f"{name}.json.j2")
        self._caller = caller(found.settings)
        self.name = found.name
        try:
            for event in Event:
                self._made(News(_SAMPLE, event), "a secret")
        except (TemplateError, ValueError, TypeError) as error:
            raise SettingsError(f"sinks.urls: template {name}: {type(error).__name__}") from error

    def render(self, news: News) -> bytes:
        """What the template makes, in which a secret that stands in the body is left out."""
        return self._made(news, None)

    def _made(self, news: News, secret: str | None) -> bytes:
        text = self._template.render(
            event=news.event.value,
            id=news.id,
            title=title(news),
            caution=CAUTION,
            facts=facts(news),
            bars=bars(news.alert.evidence),
            link=self._head.link(news.alert),
            tomorrow=rfc3339(when(news) + DAY),
            alert=thin(news, self._head),
            finding=finding(news, self._head),
            option=self._options,
            secret=secret,
        )
        return json.dumps(json.loads(text), separators=(",", ":")).encode()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it; the secret is put in on the way, as a header or where the template wants it.

        Raises
        ------
        SinkError
            If it was not taken, or the template cannot be made of these news.
        """
        headers = {"content-type": "application/json", "accept": "application/json"}
        body = payload
        if self._secret is not None:
            try:
                body = self._made(news, self._secret)
            except (TemplateError, ValueError, TypeError) as error:
                raise SinkError(f"the template failed: {type(error).__name__}") from error
            if body == payload:
                headers["authorization"] = self._secret
        status, _ = await self._caller.post(self._url, headers, body)
        taken(status)


def _template(path: Path) -> Any:
    """A compiled template.

    Raises
    ------
    SettingsError
        If there is none, or Jinja cannot read it.
    """
    try:
        return _environment().from_string(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"sinks.ticket_templates: cannot read {path}: {error.strerror}; config/tickets has some"
        ) from error
    except (TemplateError, UnicodeDecodeError) as error:
        raise SettingsError(f"sinks.ticket_templates: {path}: {type(error).__name__}") from error


def _environment() -> ImmutableSandboxedEnvironment:
    """Jinja, in which nothing can be reached but what is given, and all output is JSON."""
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_json, autoescape=False, trim_blocks=True
    )


def _json(value: object) -> str:
    return json.dumps(value)


def _with_query(address: str, query: dict[str, str]) -> str:
    bare = address.partition("?")[0]
    return f"{bare}?{urlencode(query)}" if query else bare
