"""Policies before and after, and what no change may ever do."""

import html
import json
import re
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon.csp import Skip, conceal, relax, relax_meta
from tests.proxy_addon.reference_csp import FALLBACKS, Probe, allows

GOLDEN = Path(__file__).parents[1] / "golden" / "csp"
ORIGIN = "https://site.example"
PREFIX = "/obs/0123456789abcdef/"
SCRIPT = PREFIX + "observer.1.js"
DIGEST = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['rule']}")
    for path in sorted(GOLDEN.glob("*.json"))
    for case in json.loads(path.read_text())
]


def relaxed(enforced, report_only=(), origin=ORIGIN):
    return relax(
        enforced,
        report_only,
        origin=origin,
        script_path=SCRIPT,
        integrity_hash=DIGEST,
        connect_prefix=PREFIX,
    )


@pytest.mark.parametrize("case", CASES)
def test_policies_change_as_the_golden_pairs_say(case):
    """Every row of the measured table, and what real sites send."""
    before, after = case["before"], case["after"]
    origin = case.get("origin", ORIGIN)
    found = relaxed(before["enforced"], before["report_only"], origin)
    told = {
        "enforced": list(found.enforced),
        "report_only": list(found.report_only),
        "nonce": found.nonce,
        "skip": found.skip,
    }
    assert after == told


# Differentially: `reference_csp` says what is allowed before and after.

OTHERS = (
    "https://cdn.example", "https://evil.example", "http://site.example", "https://site.example",
    "https://www.site.example", "https://site.example:8443", "wss://site.example",
    "ws://site.example", "http://site.example:8080", "https://192.0.2.1",
)  # fmt: skip
ORIGINS = st.sampled_from(
    ["https://site.example", "http://site.example", "http://site.example:8080", "http://192.0.2.1"]
)
PATHS = (
    "/", "/app.js", "/js/a.js", "/obs/", "/obs/0123456789abcdef", "/obs/0123456789abcdef0/b",
    "/obs/fedcba9876543210/", PREFIX, PREFIX + "b", PREFIX + "other.js", SCRIPT, SCRIPT + "/x",
    SCRIPT[:-1], "/x" + SCRIPT, SCRIPT.replace("obs", "%6fbs"), SCRIPT.upper(),
)  # fmt: skip
URLS = [
    *(host + path for host, path in product(OTHERS, PATHS)),
    "data:text/javascript,1",
    "blob:https://site.example/1",
]
NONCES = (None, "a", "A", "guess")
DIGESTS = (None, "sha256-abc=", "sha256-other=", "sha256-a+c/")
ALL = [
    *(Probe(kind, url) for kind, url in product([*FALLBACKS, "prefetch"], URLS)),
    *(
        Probe(kind, url, False, nonce, digest, parsed)
        for kind, url, nonce, digest, parsed in product(
            ("script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "eval"),
            (None, *URLS[::7]), NONCES, DIGESTS, (True, False),
        )
    ),
]  # fmt: skip
PROBES = st.sampled_from(ALL)

USUAL = st.sampled_from(
    ["'none'", "'self'", "'unsafe-inline'", "'strict-dynamic'", "'nonce-a'", "'nonce-b'",
     "'sha256-abc='", "https://cdn.example"]
)  # fmt: skip
SOURCES = USUAL | st.sampled_from(
    ["'none'", "'self'", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'", "'nonce-a'",
     "'nonce-b'", "'Nonce-A'", "'sha256-abc='", "'SHA384-abc'", "'sha256-a-c_'", "https:", "http:",
     "wss:", "data:", "blob:", "*", "*:*", "https://*", "https://cdn.example", "cdn.example",
     "site.example", "SITE.example:*", "https://site.example/js/", "*.example", "*.site.example",
     "'NONE'", "site.example/obs/", "site.example:8080/obs", f"site.example{SCRIPT}", "192.0.2.1",
     f"http://site.example:80{PREFIX}", "'report-sample'", "'unsafe-hashes'", "'wasm-unsafe-eval'",
     "'inline-speculation-rules'", "'report-sha256'", "'trusted-types-eval'", "garbage'", "\xe9",
     f"'{DIGEST}'", "'nonce-r4nd0m+/=='", "'nonce-a\"x'", "'x", "/", "://", "allow-scripts"]
)  # fmt: skip
NAMES = st.sampled_from(["default-src", "script-src", "connect-src"]) | st.sampled_from(
    ["default-src", "script-src", "script-src-elem", "script-src-attr", "connect-src", "img-src",
     "Script-Src", "worker-src", "child-src", "frame-src", "style-src", "STYLE-src-elem",
     "form-action", "base-uri", "report-uri", "x-unknown", "default-src:", "sandbox",
     "require-trusted-types-for", "upgrade-insecure-requests"]
)  # fmt: skip
SPACES = st.sampled_from([" ", "  ", "\t", " \n ", "\f"])
DIRECTIVES = st.builds(
    lambda space, name, sources, lead, trail: lead + space.join([name, *sources]) + trail,
    SPACES, NAMES, st.lists(SOURCES, max_size=5), st.sampled_from(["", " "]), SPACES | st.just(""),
)  # fmt: skip
POLICY = st.lists(DIRECTIVES | st.sampled_from(["", " "]), max_size=4).map(";".join)
LINES = st.lists(st.lists(POLICY, max_size=2).map(",".join), max_size=3)


def policies(lines):
    return [policy for line in lines for policy in line.split(",")]


@given(LINES, LINES, ORIGINS)
def test_relaxing_twice_is_relaxing_once(enforced, report_only, origin):
    """A page may come through us twice, and a 304 must say what the 200 said."""
    once = relaxed(enforced, report_only, origin)
    twice = relaxed(once.enforced, once.report_only, origin)
    assert once == twice
    assert once == relaxed(enforced, report_only, origin)


@given(LINES, LINES, ORIGINS)
def test_our_script_runs_and_sends_wherever_the_page_is_not_skipped(enforced, report_only, origin):
    """Under every policy, or one that reports would tell the site of us."""
    found = relaxed(enforced, report_only, origin)
    script = Probe("script-src-elem", origin + SCRIPT, nonce=found.nonce, digest=DIGEST)
    if found.skip is None:
        for policy in policies([*found.enforced, *found.report_only]):
            assert allows(policy, script, origin)
            assert allows(policy, Probe("connect-src", origin + PREFIX + "b"), origin)


def is_ours(probe, origin):
    """Whether it is our script or a request to our path, perhaps by a safer scheme."""
    place = origin.partition("://")[2]
    _, _, at = unquote(probe.url or "").partition("://" + place)
    if probe.kind in ("connect-src", "prefetch"):  # what any list allows may be fetched beforehand
        return at.startswith(PREFIX)
    return probe.kind == "script-src-elem" and at == SCRIPT


@given(LINES, LINES, ORIGINS, st.lists(PROBES, min_size=30, max_size=60))
def test_nothing_else_becomes_allowed_or_forbidden(enforced, report_only, origin, probes):
    """Elements, handlers, eval, workers, frames, forms, other hosts and other paths of our own."""
    found = relaxed(enforced, report_only, origin)
    before = policies([*enforced, *report_only])
    after = policies([*found.enforced, *found.report_only])
    for was, now in zip(before, after, strict=True):
        for probe in probes:
            verdicts = allows(was, probe, origin), allows(now, probe, origin)
            assert verdicts[0] == verdicts[1] or is_ours(probe, origin), (was, now, probe)


@given(LINES, ORIGINS, PROBES)
def test_behind_a_redirect_our_address_means_our_origin_and_no_more(enforced, origin, probe):
    """There browsers look at no path (CSP 3, 7.6), so our entry is as wide as any site's own."""
    probe = replace(probe, url=probe.url or origin + "/x", redirected=True)
    found = relaxed(enforced, origin=origin)
    for was, now in zip(policies(enforced), policies(found.enforced), strict=True):
        if allows(was, probe, origin) != allows(now, probe, origin):
            assert probe.kind in ("script-src-elem", "connect-src", "prefetch")
            assert probe.url.partition("://")[2].startswith(origin.partition("://")[2] + "/")


@given(LINES)
def test_no_directive_is_dropped_and_none_is_reordered(enforced):
    """Unknown ones too: another browser may know them."""
    found = relaxed(enforced)
    for was, now in zip(policies(enforced), policies(found.enforced), strict=True):
        names = [words[0] for words in map(str.split, was.split(";")) if words]
        kept = [words[0] for words in map(str.split, now.split(";")) if words]
        assert names == kept[: len(names)]
        assert set(kept[len(names) :]) <= {"script-src-elem", "connect-src"}


@given(POLICY, ORIGINS, PROBES)
def test_a_policy_in_the_page_changes_in_what_it_says_of_our_path_only(policy, origin, probe):
    """By the same measure; twice is once."""
    content = html.escape(policy)
    found = relax_meta(content, origin=origin, connect_prefix=PREFIX)
    now = html.unescape(found)
    sent = Probe("connect-src", origin + PREFIX + "b")
    assert found == relax_meta(found, origin=origin, connect_prefix=PREFIX)
    assert allows(policy, probe, origin) == allows(now, probe, origin) or is_ours(probe, origin)
    assert allows(now, sent, origin) or not policy.isascii()


@given(st.lists(st.text(max_size=60), max_size=3), st.lists(st.text(max_size=60), max_size=2))
def test_no_header_is_too_strange(enforced, report_only):
    """What is not understood is left as it was, with a reason; nothing is ever raised."""
    found = relaxed(enforced, report_only)
    assert (len(enforced), len(report_only)) == (len(found.enforced), len(found.report_only))
    if found.skip is not None:
        assert (tuple(enforced), tuple(report_only)) == (found.enforced, found.report_only)
        assert isinstance(found.skip, Skip)


@pytest.mark.parametrize(
    ("enforced", "skip"),
    [
        (["script-src 'none'\x01"], Skip.UNREADABLE),
        (["img-src a\x7f"], Skip.UNREADABLE),
        (["script-src\x0b'none'"], Skip.UNREADABLE),
        (["img-src a; script-src 'none' \xe9"], Skip.UNREADABLE),
        (["\xa0; img-src \xe9"], None),
        (["," * 99], None),
        (["," * 100], Skip.UNREADABLE),
        (["default-src," * 60] * 2, Skip.UNREADABLE),
        (["default-src " + "a.example " * 9999], None),
    ],
)
def test_what_no_site_sends_is_left_alone(enforced, skip):
    """Control characters, and so many policies that their answer would outgrow browsers."""
    found = relaxed(enforced)
    assert skip == found.skip
    assert skip is None or tuple(enforced) == found.enforced


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("default-src &quot;", f"default-src &quot;; connect-src &quot; {ORIGIN}{PREFIX}"),
        ("script-src 'none'", "script-src 'none'"),
        ("connect-src &#x27;self&#x27;", "connect-src &#x27;self&#x27;"),
        ("default-src 'self' &amp;", "default-src 'self' &amp;"),
        ("connect-src 'none'; report-uri /é", "connect-src 'none'; report-uri /é"),
        ("connect-src 'none'; report-uri /&nbsp;", "connect-src 'none'; report-uri /&nbsp;"),
        ("connect-src 'none'" + "," * 100, "connect-src 'none'" + "," * 100),
        ("img-src &amp;; connect-src a", f"img-src &amp;; connect-src a {ORIGIN}{PREFIX}"),
    ],
)  # fmt: skip
def test_a_meta_policy_may_send_and_needs_no_script(before, after):
    """Our script ran before it was read; entities stay entities."""
    assert after == relax_meta(before, origin=ORIGIN, connect_prefix=PREFIX)


def test_a_meta_policy_of_an_ipv6_page_is_left_alone():
    """There is no way to say it, and the page is not ours to break."""
    content = "connect-src 'none'"
    assert content == relax_meta(content, origin="http://[::1]", connect_prefix=PREFIX)


POLICY_OF_OURS = (
    "default-src 'none'; script-src 'sha256-x' 'strict-dynamic' '{hash}', "
    "script-src-elem a.example {url}observer.1.js; connect-src {url}"
)


@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_a_report_does_not_tell_of_us(slash):
    """It quotes the policy that the browser was given; the rest of it is as it was."""
    url, digest = "https://h.example:8443/obs/0123abcd/", "sha256-ab+/cd="
    quoted = POLICY_OF_OURS.format(hash=digest, url=url)
    told = (
        "default-src 'none'; script-src 'sha256-x' 'strict-dynamic', "
        "script-src-elem a.example; connect-src 'none'"
    )
    others = "https://h.example/obs/4567abcd/ /obs/ 'sha256-y'"
    report = '{"age":1,"body":{"originalPolicy":"%s","blockedURL":"eval","x":"%s"}}'

    def concealed(policy):
        text = (report % (policy, others)).replace("/", slash).encode()
        return conceal(text, connect_prefix="/obs/0123abcd/", integrity_hash=digest)

    expected = (report % (told, others)).replace("/", slash).encode()
    assert expected == concealed(quoted) == concealed(told)


def best_time(report):
    """Process time of one call, without what else the machine does."""
    times = []
    for _ in range(3):
        start = time.process_time()
        conceal(report, connect_prefix="/obs/0123abcd/", integrity_hash="sha256-x")
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("unit", ["a", "a:", "http://a", "/obs/0123abcd/", "'sha256-", " ", "\\/"])
def test_a_report_costs_no_more_than_its_length(unit):
    """Anybody may send one, and it is read where everybody else's pages are served."""
    report = (unit * 65536)[:65536].encode()

    assert best_time(report * 2) < 3 * best_time(report) + 0.01


@given(POLICY.filter(str.isascii), ORIGINS)
def test_a_report_quotes_the_policy_that_the_site_wrote(policy, origin):
    """But for what stands between words, and an empty list, which says `'none'`."""
    policy = re.sub(r"\s", " ", policy)
    found = relaxed([policy], origin=origin)
    report = json.dumps({"blocked-uri": "eval", "original-policy": found.enforced[0]})
    told = conceal(report.encode(), connect_prefix=PREFIX, integrity_hash=DIGEST).decode()
    assert written(policy) == written(json.loads(told)["original-policy"])


def written(policy):
    """What a policy says, in its own words; `'none'` says no more than its absence does, and a list
    like the one that would govern in its place no more than that."""
    known = f"'{DIGEST.lower()}'", PREFIX, "'none'"
    found = {}
    for directive in policy.replace(DIGEST, DIGEST.lower()).split(";"):
        name, *words = directive.split() or [""]
        words = [word for word in words if not any(one in word.lower() for one in known)]
        others = [one for one in FALLBACKS.get(name.lower(), ()) if one in found]
        if name and words != found.get(others[0] if others else None):
            found.setdefault(name.lower(), words)
    return found


def test_a_report_may_be_of_a_request_to_our_path():
    """Its address goes, whole; the rest is what it was."""
    report = b'{"blocked-uri":"https://a.example%sb?x","age":1}' % PREFIX.encode()

    assert b'{"blocked-uri":"","age":1}' == conceal(
        report, connect_prefix=PREFIX, integrity_hash=DIGEST
    )
