"""Header fields before and after: validators, lengths, codings, digests, ages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon import codec, headers
from proxy_addon.headers import AGE_CAP, edit_request, edit_response, replace, values

LM = b"Wed, 21 Oct 2015 07:28:00 GMT"


def fields(*lines):
    """ "A: b" lines as fields."""
    return tuple(tuple(line.encode("latin-1").split(b": ", 1)) for line in lines)


def asked(*lines, **settings):
    return edit_request(fields(*lines), version="1", **settings)


def answered(*lines, encoding="identity", client="HTTP/2.0", body=True):
    return edit_response(
        fields(*lines), version="1", encoding=encoding, client_http=client, body=body
    )


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        ("gzip, deflate, br, zstd", "gzip, deflate, br, zstd"),
        ("gzip,br;q=0.5 , dcb, dcz", "gzip, br;q=0.5"),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", "br;q=1.0, GZIP;q=0.8"),
        ("sdch", "identity"),
        ("", "identity"),
        ("dcb, identity", "identity"),
    ],
)
def test_only_codings_that_we_can_undo_are_offered(offered, kept):
    """In the browser's order, so that the site sees an ordinary browser."""
    assert (kept,) == values(asked(f"accept-encoding: {offered}"), b"accept-encoding")


def test_what_is_offered_can_be_undone():
    """The list here and the one in `codec` are two; this holds them together."""
    for name in headers._OFFERED:
        codec.decoder(name.decode())


def test_no_offer_stays_no_offer():
    """curl offers nothing; then nothing is what the origin is told."""
    assert fields("Accept: */*") == asked("Accept: */*")


def test_dictionaries_are_not_offered_for_pages():
    """A body coded by a dictionary of the browser cannot be read by anybody between."""
    assert fields("A: 1") == asked("Available-Dictionary: :x:", "A: 1", 'Dictionary-ID: "a"')


def test_ranges_are_dropped_on_navigations_only():
    """A page is changed as a whole; a plug-in asks for parts of a document."""
    lines = ("Range: bytes=0-1", 'If-Range: "a"', "A: 1")
    assert fields("A: 1") == asked(*lines)
    assert fields(*lines) == asked(*lines, navigation=False)


@pytest.mark.parametrize(
    ("lines", "forwarded"),
    [
        (['If-None-Match: W/"obs1:abc"'], ['If-None-Match: "abc"']),
        (['If-None-Match: W/"obs1:W/abc"'], ['If-None-Match: W/"abc"']),
        (['if-none-match: W/"obs1:=lm:x"'], ['if-none-match: "lm:x"']),
        (
            ['If-None-Match: "mine", W/"obs1:a,b"', "A: 1", 'If-None-Match: W/"obs1:W/c"'],
            ['If-None-Match: "a,b", W/"c"', "A: 1"],
        ),
        (
            ["If-Modified-Since: x", 'If-None-Match: W/"obs1:abc"'],
            ["If-Modified-Since: x", 'If-None-Match: "abc"'],
        ),
        (
            ['If-None-Match: W/"obs1:lm:Wed,_21_Oct_2015_07:28:00_GMT"', "If-Modified-Since: y"],
            ["If-Modified-Since: " + LM.decode()],
        ),
        (['if-none-match: W/"obs1:lm:a_b"'], ["if-modified-since: a b"]),
        (['If-None-Match: "abc"', "If-Modified-Since: x", "A: 1"], ["A: 1"]),
        (['If-None-Match: W/"obs0:abc"', "If-Modified-Since: x"], []),
        (['If-None-Match: "obs1:abc"'], []),
        (["If-None-Match: *"], []),
        (["If-Modified-Since: x"], []),
        (['If-Match: "a"'], ['If-Match: "a"']),
    ],
)
def test_only_our_own_validators_reach_the_origin_and_as_its_own(lines, forwarded):
    """Of this version; all others were stored before us, and must come anew."""
    assert fields(*forwarded) == asked(*lines)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['ETag: "abc"'], ['ETag: W/"obs1:abc"']),
        (['etag: W/"abc"'], ['etag: W/"obs1:W/abc"']),
        (['ETag: "W/abc"'], ['ETag: W/"obs1:=W/abc"']),
        (['ETag: ""', 'ETag: "b"'], ['ETag: W/"obs1:"']),
        (['ETag: "a"', "Last-Modified: x"], ['ETag: W/"obs1:a"', "Last-Modified: x"]),
        (
            ["Last-Modified: " + LM.decode(), "A: 1"],
            ['ETag: W/"obs1:lm:Wed,_21_Oct_2015_07:28:00_GMT"', "A: 1"],
        ),
        (["last-modified: x"], ['etag: W/"obs1:lm:x"']),
        (["ETag: abc", "A: 1"], ["A: 1"]),
        (["A: 1"], ["A: 1"]),
    ],
)
def test_a_changed_page_has_validators_of_its_own(lines, told):
    """Weak, as the bytes are not the origin's; a date is carried in a tag."""
    assert fields(*told) == answered(*lines)


INSIDE = [byte for byte in range(0x21, 0x100) if byte not in (0x22, 0x7F)]


@given(st.lists(st.sampled_from(INSIDE), max_size=20).map(bytes), st.booleans())
def test_every_tag_comes_back_as_it_was(opaque, weak):
    """Whatever an origin writes between the quotes."""
    tag = (b"W/" if weak else b"") + b'"' + opaque + b'"'
    (told,) = edit_response(
        ((b"etag", tag),), version="7f.2", encoding="identity", client_http="HTTP/2.0"
    )
    back = edit_request(((b"if-none-match", told[1]),), version="7f.2")
    assert ((b"if-none-match", tag),) == back
    assert () == edit_request(((b"if-none-match", told[1]),), version="7f.3")


LENGTHS = ("Content-Length: 10", "Transfer-Encoding: gzip, chunked")


@pytest.mark.parametrize(
    ("client", "framing"),
    [
        ("HTTP/2.0", []),
        ("HTTP/1.1", ["Transfer-Encoding: chunked"]),
        ("HTTP/1.0", ["Connection: close"]),
    ],
)
def test_a_changed_body_ends_as_the_client_can_tell(client, framing):
    """A length that is not true cuts the page; HTTP/2 forbids Transfer-Encoding."""
    kept = [] if client == "HTTP/1.0" else ["Connection: keep-alive"]
    expected = fields(*kept, "A: 1", *framing)
    assert expected == answered("Connection: keep-alive", *LENGTHS, "A: 1", client=client)


def test_a_head_without_body_says_no_length():
    """What a HEAD and a 304 tell of is the changed page; nothing follows that must end."""
    assert fields('ETag: W/"obs1:a"') == answered(
        'ETag: "a"', *LENGTHS, client="HTTP/1.1", body=False
    )


@pytest.mark.parametrize(
    ("sent", "encoding", "told"),
    [
        (["Content-Encoding: br"], "identity", []),
        (["content-encoding: br"], "gzip", ["content-encoding: gzip"]),
        (["Content-Encoding: gzip", "Content-Encoding: br"], "gzip", ["Content-Encoding: gzip"]),
        ([], "identity", []),
        (["a: 1"], "gzip", ["a: 1", "content-encoding: gzip"]),
        (["A: 1"], "gzip", ["A: 1", "Content-Encoding: gzip"]),
    ],
)
def test_the_coding_that_is_named_is_the_one_that_comes(sent, encoding, told):
    """One line, or none; also where the origin sent none and we compress."""
    assert fields(*told) == answered(*sent, encoding=encoding)


def test_what_speaks_of_the_old_bytes_goes_and_all_else_stays():
    """Digests and signatures are void; the rest keeps its case, order and bytes."""
    gone = (
        "Content-MD5: x", "Digest: x", "content-digest: x", "Repr-Digest: x", "Signature: x",
        "Accept-Ranges: bytes", "Use-As-Dictionary: x", "Signature-Input: x",
    )  # fmt: skip
    stays = ("Vary: a", "Server-Timing: b", "X-Odd-CASE:  c", "Set-Cookie: é", "Set-Cookie: f")
    assert fields(*stays) == answered(stays[0], *gone, *stays[1:])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["Cache-Control: max-age=31536000, immutable"], "max-age=86400, immutable"),
        (["Cache-Control: Max-Age = \"99999999999999999999999\""], "max-age=86400"),
        (["Cache-Control: max-age=60"], "max-age=60"),
        (["Cache-Control: max-age=0, max-age=90000"], "max-age=0, max-age=86400"),
        (["Cache-Control: s-maxage=90000"], "s-maxage=90000"),
        (["Cache-Control: no-store, max-age=90000"], "no-store, max-age=90000"),
        (["Cache-Control: private", "Date: Wed, 21 Oct 2015 07:28:00 GMT"], "private"),
    ],
)
def test_no_page_is_kept_unasked_for_more_than_a_day(lines, told):
    """Or a new version would reach its users next year."""
    assert (told,) == values(answered(*lines), b"cache-control")


@pytest.mark.parametrize(
    ("line", "capped"),
    [
        ("Expires: Fri, 23 Oct 2015 07:28:00 GMT", True),
        ("Expires: Thu, 22 Oct 2015 07:28:00 GMT", False),
        ("Expires: 0", False),
        ("Expires: Wed, 99 Foo 2015 99:99:99 GMT", False),
        ("Expires: 31 Dec 99999 00:00:00 GMT", False),
        ('ETag: "a"', False),
    ],
)
def test_an_age_that_is_only_implied_is_capped_too(line, capped):
    """By `Expires`, which `max-age` overrides."""
    out = answered("Date: " + LM.decode(), line)
    assert (f"max-age={AGE_CAP}",) * capped == values(out, b"cache-control")


@pytest.mark.parametrize(("year", "capped"), [(2014, True), (2015, False)])
def test_an_age_that_browsers_guess_is_capped_too(year, capped):
    """A tenth of the time since the last change (RFC 9111, 4.2.2)."""
    lines = ("date: " + LM.decode(), 'etag: "a"', f"last-modified: 20 Oct {year} 00:00:00 GMT")
    out = answered(*lines)
    assert ((b"cache-control", b"max-age=86400"),) * capped == out[3:]
    assert () == answered(*lines[1:])[2:]


def test_alt_svc_is_dropped():
    """A browser that follows it speaks QUIC past us."""
    assert fields("A: 1") == headers.strip_alt_svc(fields("Alt-Svc: h3", "A: 1", "alt-svc: h3"))


def test_lines_are_replaced_one_for_one():
    """Several csp lines stay several, in their places."""
    before = fields("CSP: a", "B: b", "csp: c")
    assert ("a", "c") == values(before, b"csp")
    assert fields("CSP: x", "B: b", "csp: é") == replace(before, b"csp", ["x", "é"])


NAMES = st.sampled_from(
    [
        b"ETag", b"Last-Modified", b"If-None-Match", b"If-Modified-Since", b"Cache-Control",
        b"Date", b"Expires", b"Accept-Encoding", b"Content-Encoding", b"Content-Length", b"X",
    ]
)  # fmt: skip
VALUES = st.sampled_from(
    [b'W/"obs1:', b'"', b"max-age=", b"9", LM, b",", b"gzip", b"_", b"-"]
) | st.binary(max_size=9)
ANY = st.lists(st.tuples(NAMES, st.lists(VALUES, max_size=5).map(b"".join)), max_size=8).map(tuple)


@given(ANY, st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]), st.booleans())
def test_no_field_is_too_strange(sent, client, body):
    """Any bytes in any field: an answer, and never a length that is not true."""
    asked_ = edit_request(sent, version="1")
    told = edit_response(
        sent, version="1", encoding="identity", client_http=client, body=body
    )
    assert () == values(told, b"content-length") == values(told, b"content-encoding")
    assert not any("obs1:" in tag for tag in values(asked_, b"if-none-match")[1:])
    assert values(sent, b"x") == values(told, b"x") == values(asked_, b"x")


CHUNKED = "Transfer-Encoding: chunked"
LENGTH = "Content-Length: 5"
CLOSE = "Connection: close"


@pytest.mark.parametrize(
    ("client", "origin", "lines", "expected"),
    [
        ("HTTP/1.0", "HTTP/1.1", [CHUNKED, "A: b"], ["A: b", CLOSE]),
        ("HTTP/1.0", "HTTP/1.1", [LENGTH], [LENGTH]),
        ("HTTP/1.1", "HTTP/2.0", ["a: b"], ["a: b", CHUNKED]),
        ("HTTP/1.1", "HTTP/2.0", [LENGTH], [LENGTH]),
        ("HTTP/1.1", "HTTP/1.0", [], []),
        ("HTTP/2.0", "HTTP/1.1", [CHUNKED], [CHUNKED]),
    ],
)
def test_a_body_that_passes_is_framed_as_its_client_can_read_it(client, origin, lines, expected):
    """A client of HTTP/1.0 knows no chunks, one of HTTP/1.1 no frames; else nothing changes."""
    reframed = headers.reframe(fields(*lines), client_http=client, origin_http=origin)

    assert fields(*expected) == reframed


@pytest.mark.parametrize(
    ("origin", "lines", "closing"),
    [
        ("HTTP/1.0", [LENGTH], True),
        ("HTTP/1.1", [], True),
        ("HTTP/1.1", [LENGTH], False),
        ("HTTP/1.1", [CHUNKED], False),
        ("HTTP/2.0", [], False),
    ],
)
def test_where_the_origins_connection_ends_with_its_body_the_clients_ends_too(
    origin, lines, closing
):
    """mitmproxy would keep its half of it open, and after five of those ask no origin any more."""
    edited = edit_response(
        fields(*lines), version="1", encoding="identity", client_http="HTTP/1.1",
        origin_http=origin,
    )  # fmt: skip

    assert fields(CHUNKED, *([CLOSE] if closing else [])) == edited


def test_digests_are_dropped_from_trailers_too():
    """They speak of the origin's bytes."""
    trailers = fields("Content-Digest: sha-256=:x:", "Server-Timing: db")

    assert trailers[1:] == headers.without_digests(trailers)


KEPT = "Cache-Control: max-age=60"
DATES = ("Date: Thu, 22 Oct 2015 07:28:00 GMT", "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT")
VARY = "Vary: Sec-Fetch-Dest"


@pytest.mark.parametrize(
    ("lines", "status", "added"),
    [
        ([KEPT], 200, VARY),
        ([KEPT.lower()], 200, VARY.replace("V", "v")),
        (DATES, 200, VARY),
        ([KEPT, "Vary: Accept"], 200, VARY),
        ([KEPT, "Vary: Accept, sec-fetch-dest"], 200, None),
        ([KEPT, "Vary: *"], 200, None),
        (["Cache-Control: no-store, max-age=60"], 200, None),
        (["ETag: x"], 200, None),
        ([KEPT], 304, None),
        (["Vary: Accept"], 304, VARY),
    ],
)
def test_what_is_kept_for_a_script_is_not_shown_as_a_page(lines, status, added):
    """Nor the other way round; where nothing is reused unasked, nothing need be said."""
    kept = headers.keep_apart(fields(*lines), by="Sec-Fetch-Dest", status=status)

    assert fields(*lines, *([added] if added else [])) == kept


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ('W/"obs1.0-ab:v"', None),
        ('W/"obs1:v", "theirs"', '"theirs"'),
        ('W/"observed"', 'W/"observed"'),
        ('"theirs"', '"theirs"'),
        ("*", "*"),
    ],
)
def test_a_script_does_not_ask_the_origin_about_our_tags(asked, left):
    """The browser does so by itself, where it has the page stored."""
    request = fields(f"If-None-Match: {asked}", "If-Modified-Since: x", "A: b")
    found = headers.forget_ours(request)

    assert ((left,) if left else ()) == values(found, b"if-none-match")
    assert (b"A", b"b") in found
    assert bool(left) is bool(values(found, b"if-modified-since"))
