"""What is done with one page: heads are decided and edited, the body goes through an injector.

The rim around the pure half: it reads heads from mitmproxy, asks `policy`, writes back what
`headers` and `csp` make of them, and sets up the stream. A site named `closed` is buffered instead,
up to a cap, as whether its page can be watched must be known before its first byte leaves.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mitmproxy import http

from proxy_addon import csp, headers
from proxy_addon.codec import decoder, encoder
from proxy_addon.compat import RESPONSE_BOUND, Bound
from proxy_addon.inject import Injector, tag
from proxy_addon.locate import Locator
from proxy_addon.meta import MetaFilter
from proxy_addon.notes import Notes
from proxy_addon.policy import (
    HTML,
    Action,
    Decision,
    Reason,
    RequestHead,
    ResponseHead,
    Site,
    Standing,
    combine,
    decide,
    decide_request,
    is_navigation,
    media_type,
)
from proxy_addon.prelude import Front, prelude, version_of
from proxy_addon.route import Route, Sender
from proxy_addon.watch import Watch
from reauth.claim import Keys, site_of
from reauth.settings import Settings

log = logging.getLogger(__name__)

_CSP = b"content-security-policy"
_CSP_REPORT = b"content-security-policy-report-only"
_XHTML = "application/xhtml+xml"
_SEEN = (Reason.DOCUMENT, Reason.SUBRESOURCE)
"""Requests of people who are observed, of sites that are."""
_EDITED = (Action.INJECT, Action.WORKER_PRELUDE)
_PRELUDE = Path(__file__).with_name("worker_prelude.js")
_REPORTS = ("application/csp-report", "application/reports+json")
"""Of violated policies (CSP 3, 5.3; Reporting API, 3.6)."""
_STREAMED_ABOVE = 65536
"""Larger requests are streamed (proxy-performance.md, 6: small ones cost less in one piece)."""
_REPORTS_ABOVE = 1 << 20
"""And larger reports, unread. One is a few KiB; browsers put no more than 100 into one request
(`max_report_count` of Chromium, `dom.reporting.delivering.maxReports` of Firefox)."""
_RESULTS = {
    Reason.INJECTED: "injected",
    Reason.SAFE_PLACE: "injected",
    Reason.EXCLUDED: "excluded",
    Reason.CSP_SANDBOX: "skipped_csp",
    Reason.CSP_UNREADABLE: "skipped_csp",
    Reason.CSP_INEXPRESSIBLE: "skipped_csp",
}


@dataclass(slots=True)
class Visit:
    """One request and its answer, from the first hook to the last."""

    head: RequestHead
    sender: Sender
    site: Site
    standing: Standing
    ours: str | None = None
    answered: bool = False
    """By us: the rest of the hooks leaves it alone."""
    injector: Injector | None = None
    """Of a closed site's page, which is buffered."""


class Pages:
    """Pages of all sites."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        route: Route,
        counters: Counter[str],
        notes: Notes | None = None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._route = route
        self._counters = counters
        self._notes = notes
        script, observer = _PRELUDE.read_text("ascii"), route.observer
        self._preludes = {
            honoured: prelude(
                script,
                prefix=route.prefix,
                version=observer.version,
                integrity=observer.integrity,
                honoured=honoured,
            )
            for honoured in (False, True)
        }

    def request(self, flow: http.HTTPFlow, visit: Visit) -> None:
        """Prepare a request for its origin."""
        decision = decide_request(visit.head, visit.site, visit.standing)
        if decision.action in _EDITED:
            flow.request.headers.fields = headers.edit_request(
                flow.request.headers.fields,
                version=self._version(decision.action, visit.site),
                navigation=is_navigation(visit.head),
            )
        elif decision.action is Action.PASS and "if-none-match" in visit.head.headers:
            flow.request.headers.fields = headers.forget_ours(flow.request.headers.fields)
        if self._notes and decision.reason in _SEEN:
            self._notes.requested(visit.head, visit.sender)
        length = flow.request.headers.get("content-length", "")
        most = _REPORTS_ABOVE if _is_report(visit.head) else _STREAMED_ABOVE
        flow.request.stream = not length.isdecimal() or int(length) > most

    def report(self, flow: http.HTTPFlow, visit: Visit) -> None:
        """Take our sources out of a report of a violated policy: it quotes what we made of it."""
        if _is_report(visit.head) and flow.request.raw_content:
            flow.request.content = csp.conceal(
                flow.request.raw_content,
                connect_prefix=self._route.prefix,
                integrity_hash=self._route.observer.integrity,
            )

    def response(self, flow: http.HTTPFlow, visit: Visit) -> None:
        """Decide on an answer whose head has come; its headers are final after this."""
        assert flow.response is not None
        fields = headers.strip_alt_svc(flow.response.headers.fields)
        flow.response.headers.fields = self._reframed(flow, fields)
        flow.response.stream = True
        wanted = decide_request(visit.head, visit.site, visit.standing)
        if wanted.action not in _EDITED:
            if wanted.reason is Reason.SUBRESOURCE:
                self._keep_apart(flow, visit)
            return  # most answers: their heads need not be read
        head = ResponseHead(flow.response.status_code, combine(flow.response.headers.fields))
        decision = decide(visit.head, head, visit.site, visit.standing)
        if decision.action is Action.INJECT:
            self._inject(flow, head, visit, decision)
        elif decision.action is Action.WORKER_PRELUDE:
            self._guard_worker(flow, head, visit, decision)
        elif wanted.action is Action.INJECT:
            self._count(decision.reason, visit)
            if visit.site.closed and decision.reason.unwatched:
                self.refuse(flow)

    def _keep_apart(self, flow: http.HTTPFlow, visit: Visit) -> None:
        """See that a page which a script or a prefetch fetches is not shown as a page later."""
        assert flow.response is not None
        asked = visit.head.headers.get("sec-fetch-dest", "empty")
        if asked != "empty" or visit.head.method != "GET":
            return
        status, kind = flow.response.status_code, flow.response.headers.get("content-type", "")
        if status == 304 or media_type(kind)[0] in HTML:
            flow.response.headers.fields = headers.keep_apart(
                flow.response.headers.fields, by=_told_by(visit.head), status=status
            )

    def _reframed(self, flow: http.HTTPFlow, fields: headers.Fields) -> headers.Fields:
        """The fields of an answer that passes, where its client speaks another version."""
        assert flow.response is not None
        client, origin = flow.request.http_version, flow.response.http_version
        bodiless = flow.request.method == "HEAD" or flow.response.status_code in (101, 204, 304)
        if client == origin or bodiless:
            return fields
        return headers.reframe(fields, client_http=client, origin_http=origin)

    def finish(self, flow: http.HTTPFlow, visit: Visit) -> None:
        """Inject a closed site's page, now that all of it has come; 503 where that fails."""
        if flow.response is None:
            return
        if flow.response.trailers and isinstance(flow.response.stream, Injector):
            trailers = flow.response.trailers
            trailers.fields = headers.without_digests(trailers.fields)
        if visit.injector is None:
            return
        content = flow.response.raw_content or b""
        injector = visit.injector
        watched = b"".join((*injector(content), *injector(b"")))
        if injector.outcome is None or injector.outcome.unwatched or injector.cut:
            flow.response = self.refusal()
        else:
            flow.response.raw_content = watched

    def refusal(self) -> http.Response:
        """What a closed site's page is answered with when it cannot be watched."""
        wait = str(round(self._settings.proxy.retry_after))
        return http.Response.make(503, b"", {"Cache-Control": "no-store", "Retry-After": wait})

    def refuse(self, flow: http.HTTPFlow) -> None:
        """Answer 503 in place of an answer that is about to come; its body is dropped."""
        flow.response = self.refusal()
        flow.response.stream = lambda _: []

    def _hold(self, flow: http.HTTPFlow, visit: Visit, injector: Injector) -> None:
        """Let a closed site's page be buffered; the bound holds where no length was said."""
        assert flow.response is not None

        def refuse(flow: http.HTTPFlow) -> None:
            visit.injector = None
            self._count(Reason.TOO_LARGE, visit)
            self.refuse(flow)

        visit.injector = injector
        flow.response.stream = False
        flow.metadata[RESPONSE_BOUND] = Bound(self._settings.proxy.closed_buffer, refuse)

    def _inject(
        self, flow: http.HTTPFlow, head: ResponseHead, visit: Visit, decision: Decision
    ) -> None:
        assert flow.response is not None
        watch, fields = Watch(self._counters), flow.response.headers.fields
        told = headers.values(fields, _CSP), headers.values(fields, _CSP_REPORT)
        relaxed = csp.relax(
            *told,
            origin=visit.sender.origin,
            script_path=self._route.prefix + self._route.observer.file,
            integrity_hash=self._route.observer.integrity,
            connect_prefix=self._route.prefix,
        )
        self._count_policies(told, relaxed)
        if relaxed.skip is not None:
            self._count(Reason(relaxed.skip), visit)
            if visit.site.closed:
                self.refuse(flow)
            return
        encoding = self._encoding(visit)
        fields = headers.replace(fields, _CSP, relaxed.enforced)
        fields = headers.replace(fields, _CSP_REPORT, relaxed.report_only)
        edited = headers.edit_response(
            fields,
            version=self._route.observer.version,
            encoding=encoding,
            client_http=flow.request.http_version,
            origin_http=flow.response.http_version,
            body=decision.body,
        )
        if decision.body:
            injector = self._injector(head, visit, relaxed.nonce, encoding)
            if visit.site.closed and self._is_too_large(head):
                self._count(Reason.TOO_LARGE, visit)
                self.refuse(flow)
                return
            if visit.site.closed:
                self._hold(flow, visit, injector)
            else:
                injector.watch, flow.response.stream = watch, injector
        by, status = _told_by(visit.head), head.status
        _take(flow.response, headers.keep_apart(edited, by=by, status=status))
        if decision.reason is Reason.NO_TRANSFORM:
            self._counters["no_transform_total"] += 1

    def _guard_worker(
        self, flow: http.HTTPFlow, head: ResponseHead, visit: Visit, decision: Decision
    ) -> None:
        """Put the prelude in front of a service worker's script; never a token: it is stored."""
        assert flow.response is not None
        encoding = self._encoding(visit)
        edited = headers.edit_response(
            flow.response.headers.fields,
            version=self._version(decision.action, visit.site),
            encoding=encoding,
            client_http=flow.request.http_version,
            origin_http=flow.response.http_version,
            body=decision.body,
        )
        _take(flow.response, edited)
        if decision.body:
            made = self._prelude(visit.site)
            flow.response.stream = Injector(
                lambda: made,
                Front(),
                decoder(head.headers.get("content-encoding", "")),
                encoder(encoding),
                self._count_worker,
            )

    def _prelude(self, site: Site) -> bytes:
        return self._preludes[site.honour_no_transform and not site.closed]

    def _version(self, action: Action, site: Site) -> str:
        """Of our change, for the validators; a worker's script changes with the prelude."""
        version = self._route.observer.version
        if action is not Action.WORKER_PRELUDE:
            return version
        return version_of(version, self._prelude(site))

    def _is_too_large(self, head: ResponseHead) -> bool:
        length = head.headers.get("content-length", "0")
        return not length.isdecimal() or int(length) > self._settings.proxy.closed_buffer

    def _encoding(self, visit: Visit) -> str:
        accepted = visit.head.headers.get("accept-encoding", "")
        gzip = self._settings.proxy.compress and "gzip" in accepted and not visit.site.closed
        return "gzip" if gzip else "identity"

    def _injector(
        self, head: ResponseHead, visit: Visit, nonce: str | None, encoding: str
    ) -> Injector:
        essence, charset = media_type(head.headers.get("content-type", ""))
        xhtml = essence == _XHTML
        observer = self._route.observer
        token = self._route.token(visit.sender)
        return Injector(
            lambda: tag(
                self._keys.installation, observer.version, observer.integrity, token, nonce, xhtml
            ),
            Locator(
                charset,
                xhtml=xhtml,
                sniffed=not essence,
                budget=int(self._settings.proxy.head_budget),
            ),
            decoder(
                head.headers.get("content-encoding", ""),
                self._settings.proxy.closed_buffer if visit.site.closed else None,
            ),
            encoder(encoding),
            self._reporter(visit, token),
            None if xhtml else self._behind(visit),
        )

    def _behind(self, visit: Visit) -> MetaFilter:
        origin, prefix = visit.sender.origin, self._route.prefix
        return MetaFilter(
            lambda content: csp.relax_meta(content, origin=origin, connect_prefix=prefix),
            int(self._settings.proxy.head_budget),
        )

    def _reporter(self, visit: Visit, token: str) -> Callable[[Reason], None]:
        def report(reason: Reason) -> None:
            self._count(reason, visit)
            if self._notes and _RESULTS.get(reason) == "injected":
                self._notes.served(visit.head, visit.sender, token)

        return report

    def _count_worker(self, reason: Reason) -> None:
        if reason is Reason.INJECTED:
            self._counters["worker_prelude_total"] += 1

    def _count_policies(
        self, told: tuple[Sequence[str], Sequence[str]], relaxed: csp.Relaxed
    ) -> None:
        if any(told):
            same = told == (relaxed.enforced, relaxed.report_only)
            action = "skipped" if relaxed.skip else "unchanged" if same else "relaxed"
            self._counters[f'csp_rewrites_total{{action="{action}"}}'] += 1

    def _count(self, reason: Reason, visit: Visit) -> None:
        """Count what became of a document; one that went unwatched by fault is told aloud."""
        if reason is Reason.CUT:  # of a page that is counted already
            self._counters["cut_total"] += 1
            return
        result = _RESULTS.get(reason, "error" if reason.unwatched else "skipped_type")
        self._counters[f'inject_total{{result="{result}"}}'] += 1
        if reason.unwatched:
            self._counters[f'unwatched_total{{reason="{reason.value}"}}'] += 1
            site = site_of(self._keys, visit.sender.origin)
            log.warning("unwatched", extra={"fields": {"reason": reason.value, "site": site}})


def _told_by(head: RequestHead) -> str:
    """The header by which a page is known from what a script fetches."""
    return "Sec-Fetch-Dest" if "sec-fetch-dest" in head.headers else "Accept"


def _take(response: http.Response, edited: headers.Fields) -> None:
    """Write the fields of a changed body, in a version that knows its framing."""
    response.headers.fields = edited
    if response.http_version == "HTTP/1.0":
        response.http_version = "HTTP/1.1"


def _is_report(head: RequestHead) -> bool:
    if head.method != "POST" or "content-encoding" in head.headers:
        return False
    return media_type(head.headers.get("content-type", ""))[0] in _REPORTS
