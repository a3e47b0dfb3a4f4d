"""Cases 59 to 76: under every policy a page does what it did without us, and is watched."""

import pytest

from tests.cases.policies import CSP, HASH, REPORT, digest, is_transparent, serve
from tests.cases.registry import case, plant
from tests.cases.served import got, put

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILE, PAGE, INJECT = "proxy_addon/csp.py", "proxy_addon/page.py", "proxy_addon/inject.py"
REPORTED = "; report-uri /report"


async def under(town, *lines, **more):
    """What works under enforced policies, the same directly and behind the proxy."""
    return await is_transparent(town, serve(town, [(CSP, line) for line in lines]), **more)


async def head_of(town, *policy):
    """A page's policies as they leave the proxy."""
    answer = await got(town, put(town.secure, "/head", b"<!doctype html><p>", headers=policy))
    lines = [*answer.values(CSP), *answer.values(REPORT)]
    return [line.encode("latin-1").decode() for line in lines]


@case(59, plant(PAGE, "        if relaxed.skip is not None:", "        if relaxed.skip is None:"))
async def test_without_a_policy_everything_runs(town):
    """And no policy is made up."""
    found = await is_transparent(town, serve(town, []))

    assert [1] * 12 == [name and 1 for name in found["ran"][:12]]
    assert [] == found["told"] == await head_of(town)


@case(60, plant(FILE, """        if lowered in ("*", "'self'", f"{self._scheme}:", "http:"):""",
                """        if lowered in ("*", f"{self._scheme}:", "http:"):"""))  # fmt: skip
async def test_a_policy_of_self_stays_as_it_is(town):
    """Our script and our path are of the page's own origin."""
    policy = "default-src 'self'; script-src 'self'"
    await under(town, policy)

    assert [policy] == await head_of(town, (CSP, policy))


@case(61, plant(FILE, '        policy.allow(name, "script-src-elem", ours.url(path))',
                "        policy.add(name, digest)"))  # fmt: skip
async def test_inline_scripts_run_on_that_live_by_unsafe_inline(town):
    """A nonce or a hash of ours would switch it off."""
    found = await under(town, "script-src 'unsafe-inline' {other}; connect-src {other}")

    assert [1, 1, 1, 1, None, 1] == found["ran"][:6]


@case(62, plant(FILE, '_CONNECT: Final = ("connect-src", "default-src")',
                '_CONNECT: Final = ("connect-src",)'))  # fmt: skip
@pytest.mark.parametrize("origin", ["secure", "plain"])
async def test_where_nothing_is_allowed_only_we_are(town, origin):
    """Over http too, where our own address begins otherwise."""
    url = serve(town, [(CSP, "default-src 'none'")], origin=getattr(town, origin))
    found = await is_transparent(town, url)

    assert [None] * 12 == found["ran"][:12]


@case(63, plant(FILE, "        return chosen or nonces[0]", "        return chosen"))
async def test_the_nonce_of_the_page_is_ours_too(town):
    """Its header stays as it is."""
    policy = "script-src 'nonce-r4nd0m'"
    found = await under(town, f"{policy}; connect-src 'none'")

    assert [1, None, None] == found["ran"][:3]
    assert [policy] == await head_of(town, (CSP, policy))


@case(64, plant(FILE, """any(source.lower() == "'strict-dynamic'" for source in sources)""",
                "False"))  # fmt: skip
async def test_under_strict_dynamic_the_nonce_counts_and_no_address(town):
    """Though it stands there, for browsers of old."""
    policy = "script-src 'nonce-r4nd0m' 'strict-dynamic' https: 'self' 'unsafe-inline'"
    found = await under(town, f"{policy}; object-src 'none'; base-uri 'none'")

    assert [1, None, None, None, None, 1, None, 1] == [*found["ran"][:1], *found["ran"][2:9]]
    assert [policy] == await head_of(town, (CSP, policy))


@case(65, plant(FILE, "        policy.add(name, digest)",
                "        policy.add(name, ours.url(path))"))  # fmt: skip
async def test_where_hashes_are_the_only_keys_ours_is_one(town):
    """An external script is matched by it in both browsers: `integrity` says the same hash."""
    found = await under(town, f"script-src '{HASH}' 'strict-dynamic'; connect-src 'none'")

    assert [None, 1, None] == found["ran"][:3]


@case(66, plant(FILE, "    if nonces and chosen in (None, *nonces):", "    if nonces:"))
async def test_every_header_line_lets_us_pass(town):
    """Though they ask for different nonces, and one element has one."""
    await under(town, "script-src 'nonce-r4nd0m' {other}", "script-src 'nonce-other' 'self'",
                "script-src 'nonce-third'; connect-src 'none'")  # fmt: skip


@case(67, plant(FILE, '    texts = [line.split(",") for line in lines]',
                "    texts = [[line] for line in lines]"))  # fmt: skip
async def test_policies_that_a_comma_joins_are_two(town):
    """As some servers send them."""
    await under(town, "script-src 'self' 'unsafe-inline', connect-src 'none', default-src *")


@case(68, plant(FILE, "        lines = [_read(enforced), _read(report_only)]",
                "        lines = [_read(enforced), []]"),
      plant(PAGE, "        if _is_report(visit.head) and flow.request.raw_content:",
            "        if False:"))  # fmt: skip
async def test_no_report_is_sent_of_us_and_none_names_us(town):
    """As many as without us, of the same things, and the policy that they quote is the site's."""
    policies = [(REPORT, "default-src 'none'; script-src 'nonce-x'" + REPORTED),
                (CSP, "script-src {other} 'unsafe-inline'; connect-src 'none'" + REPORTED)]
    found = await is_transparent(town, serve(town, policies))

    assert {"enforce", "report"} == {disposition for disposition, *_ in found["reported"]}


METAS = [
    "default-src 'none'",
    "script-src 'unsafe-inline' {other}; connect-src {other}",
    "script-src 'nonce-r4nd0m'; connect-src &#39;self&#39; {other}, connect-src 'none'",
]


@case(69, plant(PAGE, "            None if xhtml else self._behind(visit),", "            None,"))
@pytest.mark.parametrize("policy", METAS)
async def test_a_policy_in_the_page_lets_every_batch_pass(town, policy):
    """The first passes in any case; our tag stands before it even where no head is written."""
    meta = f'<meta charset=utf-8><META Http-Equiv="Content-Security-Policy" content="{policy}">'
    for head in ("<head>", ""):
        await is_transparent(town, serve(town, [], meta, head=head), goes=2)


@case(70, plant(FILE, '_SCRIPT: Final = ("script-src-elem", "script-src", "default-src")',
                '_SCRIPT: Final = ("script-src", "default-src")'))  # fmt: skip
async def test_elements_and_attributes_have_lists_of_their_own(town):
    """Ours is the elements'; handlers and eval keep theirs."""
    found = await under(town, "script-src 'self' 'unsafe-eval'; script-src-elem {other};"
                              "script-src-attr 'unsafe-inline'")  # fmt: skip

    assert [None, 1, 1, 1] == [found["ran"][n] for n in (4, 5, 9, 10)]
    assert 1 == found["verdicts"]["eval"]


BARE = b"<!doctype html><head><title>bare</title></head><body>no scripts"


@case(71, plant(FILE, '    return name is not None and "allow-scripts" not in map(',
                "    return name is not None and None not in map("))  # fmt: skip
@pytest.mark.parametrize("flags", ["allow-scripts", "allow-scripts allow-same-origin allow-forms"])
@pytest.mark.parametrize("rest", ["", "; default-src 'none'"])
async def test_a_sandbox_that_runs_scripts_runs_ours(town, flags, rest):
    """In an origin of its own too: there our script is another origin's, and so is our path."""
    found = await under(town, f"sandbox {flags}{rest}")

    assert ("null" == found["isolated"][1]) is ("same-origin" not in flags)


@case(71, plant(FILE, "            raise _Refused(Skip.SANDBOX)", "            pass"))
@pytest.mark.parametrize("policy", ["sandbox", "img-src *, sandbox allow-forms"])
async def test_a_sandbox_without_scripts_is_left_alone(town, policy):
    """It is not made weaker for us: the page is the origin's, byte for byte."""
    url = put(town.secure, "/bare", BARE, headers=[(CSP, policy)])
    answer = await got(town, url)
    assert (BARE, [policy]) == (answer.body, answer.values(CSP))
    async with town.both(url) as (bare, seen):
        assert await bare.content() == await seen.content()


@case(72, plant(FILE, '        self._directives = text.split(";")',
                '        self._directives = text.split(";")[:1]'))  # fmt: skip
@pytest.mark.parametrize("types", ["'none'", "mine 'allow-duplicates'", ""])
async def test_trusted_types_are_as_strict_as_they_were(town, types):
    """We have no need of a sink, so nothing is allowed for us."""
    policy = f"script-src * 'unsafe-inline' 'unsafe-eval'; trusted-types {types}"
    found = await under(town, f"{policy}; require-trusted-types-for 'script'")

    assert "TypeError" == found["verdicts"]["markup"]


INTEGRITY = [
    [("Integrity-Policy", "blocked-destinations=(script)")],
    [("Integrity-Policy", "blocked-destinations=(script style), endpoints=(reports)")],
    [("Integrity-Policy-Report-Only", "blocked-destinations=(script)"), (CSP, "img-src *")],
]


@case(73, plant(INJECT, '        rest = f" crossorigin=anonymous data-k={token}></script>"',
                '        rest = f" data-k={token}></script>"'))  # fmt: skip
@pytest.mark.parametrize("policy", INTEGRITY)
async def test_scripts_must_have_integrity_and_ours_has(town, policy):
    """And is asked for by CORS, without which it would not count."""
    found = await is_transparent(town, serve(town, policy))

    assert (1 if policy[1:] else None) == found["ran"][4]  # the page's own, which has none
    assert 1 == found["ran"][7]


@case(74, plant("proxy_addon/headers.py", 'b"use-as-dictionary", b"signature", ',
                'b"cross-origin-embedder-policy", '))  # fmt: skip
@pytest.mark.parametrize("embedder", ["require-corp", "credentialless"])
async def test_a_page_that_isolates_itself_stays_isolated(town, embedder):
    """Our script is its own origin's, and says that anybody may have it."""
    policy = [("Cross-Origin-Embedder-Policy", embedder),
              ("Cross-Origin-Opener-Policy", "same-origin"),
              ("Document-Policy", "unsized-media=?0"), ("Permissions-Policy", "geolocation=()")]
    found = await is_transparent(town, serve(town, policy))

    assert found["isolated"][0] is True


MATRIX = {
    "eval": "script-src 'unsafe-eval' 'unsafe-inline' {other}; connect-src {other}",
    "wasm": "script-src 'wasm-unsafe-eval' 'report-sample' {other} 'inline-speculation-rules'",
    "handlers": f"script-src 'unsafe-hashes' '{digest(b'window.clicked = 1')}'; connect-src https:",
    "workers": "default-src 'none'; worker-src 'self' blob:; child-src 'none'",
    "children": "script-src {other} 'unsafe-eval'; child-src blob: data:; connect-src wss:",
    "frames": "default-src 'unsafe-inline'; frame-src {other}; form-action 'none'; base-uri 'none'",
    "attributes": "script-src 'none'; script-src-attr 'unsafe-inline'; style-src-attr 'none'",
    "keyed": "default-src 'nonce-r4nd0m' {other} 'unsafe-inline'",
    "strict": f"default-src 'strict-dynamic' '{HASH}' 'unsafe-inline' https:",
    "hashed": f"script-src '{HASH}' data:; connect-src 'none'",
    "paths": "script-src {other}/free.js blob:; connect-src {other}/obs/ *:1",
    "quiet": "font-src 'none'; img-src 'none'; manifest-src 'none'; frame-ancestors 'none'",
    "sheets": "style-src 'nonce-r4nd0m'; script-src-elem 'unsafe-inline'",
}


@case(75, plant(FILE, '" ".join([name, *_without_none(sources), source])',
                '" ".join([name, "https: http:", source])'),
      plant(FILE, "            self.append(wanted, self.sources(name), source)",
            "            self.add(name, source.partition('/obs')[0])"))  # fmt: skip
@pytest.mark.parametrize("policy", MATRIX.values(), ids=MATRIX)
async def test_what_was_blocked_stays_blocked(town, policy):
    """Eval, workers, handlers, frames, forms, other hosts and our origin's other paths."""
    await under(town, policy, goes=0)


ODD = {
    "case": "DEFAULT-SRC 'NONE'; Script-Src 'Nonce-r4nd0m'; CONNECT-SRC 'None'",
    "twice": "script-src 'none'; script-src *; connect-src 'none'; connect-src *",
    "unknown": "  x-unknown 1 2;;default-src\t'none' ;script-src: *; garbage' ; ",
    "not ascii": "img-src * \xe9; script-src 'none'; report-uri /\xe9; connect-src 'none'",
    "invalid": "script-src 'none' {other} 'x' / :// 'nonce-' ; connect-src ;",
    "empty": ", ;, ,default-src 'none',;",
}


@case(76, plant(FILE, "                self._places.setdefault(words[0].lower(), place)",
                "                self._places.setdefault(words[0], place)"),
      plant(FILE, "                self._places.setdefault(words[0].lower(), place)",
            "                self._places[words[0].lower()] = place"))  # fmt: skip
@pytest.mark.parametrize("policy", ODD.values(), ids=ODD)
async def test_an_odd_policy_is_read_as_browsers_read_it(town, policy):
    """And what we made of it is made of it once: a second proxy would change nothing."""
    await under(town, policy, goes=0)

    first = await head_of(town, (CSP, policy.replace("{other}", town.other.url)))
    assert first == await head_of(town, *((CSP, line) for line in first))
