"""What no page of ours sends: made up from the OpenAPI document (schemathesis), too much, too deep.

Nothing of it may be answered by 500, or by what the document does not know.
"""

import asyncio
import json
import os
import re
from io import BytesIO

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from reauth.access import FIRST, SCOPES, Role
from reauth.console import LARGEST, TABLE
from reauth.console.openapi import document
from reauth.console.routes import API, Action, Route
from reauth.ports import Commit
from tests.people import PASSWORD, STAY, from_here
from tests.rows import alarm, session

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
"""Requests an operation, half of them wrong on purpose."""
LOOKED_AT = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
OPERATIONS = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(document(TABLE)).get_all_operations()
}


@pytest.fixture
async def running(browse, site, store):
    """A console with an alert and accounts; its URL, and a token of all scopes."""
    await store.commit(Commit(sessions=[session("s1", "anna")], alerts=[alarm()]))
    owner = await site.accounts.make("boss", [*FIRST, Role.AUDITOR], PASSWORD)
    _, secret = await site.logins.make_token(owner, "", SCOPES, 30)
    client = await browse(roles=())
    return str(client.make_url("")).rstrip("/"), {"Authorization": f"Bearer {secret}"}


def fuzzed(operation, url, headers):
    """Ask an operation whatever its schema allows, and what it does not."""
    for mode in GenerationMode:

        @seed(6)
        @settings(
            max_examples=EXAMPLES // 2,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            case.call_and_validate(base_url=url, headers=headers, checks=LOOKED_AT)

        ask()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
@pytest.mark.parametrize("label", OPERATIONS)
async def test_whatever_is_sent_the_answer_is_one_of_the_document(running, label):
    """Made up by a seed, so that a failure comes again."""
    await asyncio.to_thread(fuzzed, OPERATIONS[label], *running)


ACTIONS = [row for row in TABLE if isinstance(row, Action)]
DEEP = b"[" * 100_000 + b"]" * 100_000
ODD = {
    "deep": DEEP,
    "too deep in an object": b'{"name": ' + DEEP + b"}",
    "no number": b'{"days": NaN}',
    "half a character": b'{"label": "\\ud800", "note": "\\udfff", "name": "\\ud800"}',
    "no text": b"\xff\xfe\x00",
    "a number of many digits": b'{"days": ' + b"9" * 5000 + b"}",
    "an array": b"[]",
    "nothing": b"null",
    "too large": b'{"label": "' + b"x" * (1 << 21) + b'"}',
}


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "no-such-one"])
@pytest.mark.parametrize("path", ["/login", "/first", "/account/tokens"])
async def test_a_form_in_an_encoding_that_it_does_not_have_is_refused(browse, charset, path):
    """Whoever sends it."""
    client = await browse()
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    headers = {"Content-Type": kind, **from_here(client)}

    answer = await client.post(path, data=b"name=%ff\xff&label=\xd8\x00", headers=headers, **STAY)

    assert answer.status in (303, 400, 403)


@pytest.mark.parametrize("odd", ODD)
async def test_odd_bodies_are_refused_everywhere(running, browse, odd):
    """As JSON and as forms: 400, or 413 where there is too much of it."""
    _, headers = running
    client = await browse(roles=[*FIRST, Role.AUDITOR])
    form = {"Content-Type": "application/x-www-form-urlencoded", **from_here(client)}
    for action in ACTIONS:
        path = re.sub(r"\{\w+[^}]*\}", "x", action.path)
        answer = await client.post(f"{API}{path}", data=BytesIO(ODD[odd]), headers=headers)
        assert answer.status in (400, 403, 413), (path, await answer.text())
        sent = await client.post(path, data=BytesIO(ODD[odd]), headers=form, **STAY)
        assert sent.status < 500, (path, await sent.text())


async def test_more_than_anybody_sends_is_not_read(browse):
    """413 before it is held in memory; the largest that is legal is a recording."""
    client = await browse(roles=[Role.ADMIN])
    body = b'{"label": "' + b"x" * LARGEST + b'"}'

    where = f"{API}/account/tokens"
    answer = await client.post(where, data=BytesIO(body), headers=from_here(client))

    assert 413 == answer.status


PATHS = ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "%ff", "%ed%a0%80", "'%20OR%20'1'='1"]
PATHS += ["%3Cscript%3Ealert(1)%3C%2Fscript%3E", "-1", "{{7*7}}", "%0d%0aSet-Cookie:%20x=1"]
PATHS += ["x" * 3000]


@pytest.mark.parametrize("odd", PATHS)
async def test_odd_names_in_paths_are_names(browse, odd):
    """Not paths, not SQL, not headers: there is nothing of this name."""
    client = await browse(roles=[*FIRST, Role.AUDITOR])
    for row in TABLE:
        if "{" not in row.path or not isinstance(row, Route) or row.path.endswith("stream"):
            continue
        path = re.sub(r"\{\w+[^}]*\}", lambda _: odd, row.path)
        status, text = await raw(client, path)
        head, _, body = text.partition("\r\n\r\n")
        assert status in (200, 400, 404), (path, text[:300])
        assert "root:" not in text
        assert "Set-Cookie" not in head
        assert "text/html" not in head or "<script>alert" not in body


async def raw(client, path):
    """Ask a path as it stands: clients would make it neat."""
    [cookie] = list(client.session.cookie_jar)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    writer.write(f"{head}Cookie: reauth={cookie.value}\r\n\r\n".encode())
    answer = (await reader.read(-1)).decode("utf-8", "replace")
    writer.close()
    return int(answer.split(" ", 2)[1]), answer


@pytest.mark.parametrize(
    "path", ["/static/../__init__.py", "/static/..%2f..%2fviews.py", "/static/%2e%2e/guard.py",
             "/static//etc/passwd", "/static/%00", "//etc/passwd"]
)  # fmt: skip
async def test_no_path_leads_out_of_the_folder_of_pictures(browse, path):
    """Files are served from one place."""
    status, text = await raw(await browse(), path)

    assert status in (403, 404), text[:200]
    assert "import" not in text


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /users HTTP/1.1\r\nHost: a b\r\nHost: c\r\n\r\n",
    ],
)
async def test_what_is_no_request_ends_there(browse, head):
    """400 or a closed connection; the console goes on."""
    client = await browse()
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(head)
    writer.write_eof()

    answer = await asyncio.wait_for(reader.read(-1), 20)

    writer.close()
    assert re.fullmatch(rb"|HTTP/1\.[01] 40[03]", answer[:12])
    assert 200 == (await client.get("/livez")).status


def test_the_document_is_one_that_tools_read():
    """All operations were understood."""
    paths = json.loads(json.dumps(document(TABLE)))["paths"]
    assert len(OPERATIONS) == sum(map(len, paths.values()))
