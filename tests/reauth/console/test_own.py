"""One's own account in the browser: what it shows, what it changes, and that it is one's own."""

import re
import xml.etree.ElementTree as ET

import pytest

from reauth.access import Act, Role
from reauth.console.own import _letters, _qr
from reauth.proof import _totp, new_totp, totp_uri
from tests.people import PASSWORD, STAY, come_in, from_here


async def post(client, path, **form):
    """Send a form of a page of ours."""
    return await client.post(path, data=form, headers=from_here(client), **STAY)


async def elevated(browse, roles=(Role.ANALYST,)):
    """Somebody who has just proved who they are."""
    client = await browse(roles=roles)
    assert 303 == (await post(client, "/login/again", password=PASSWORD)).status
    return client


async def test_the_page_shows_ones_own_and_nobody_elses(browse):
    """Another's logins and tokens are theirs."""
    anna, bert = await browse(roles=[Role.ANALYST]), await browse(roles=[Role.ANALYST])

    told = await (await anna.get("/api/v1/account")).json()

    assert {"boss1"} == {row["account"] for row in told["logins"]}
    assert "boss2" not in await (await anna.get("/account")).text()
    assert 200 == (await bert.get("/account")).status


async def test_a_password_is_changed_by_who_knows_the_old_one(browse, site):
    """Then everybody logs in anew, whoever they were."""
    client = await browse(roles=[Role.VIEWER])
    new = PASSWORD + " indeed"
    assert 409 == (await post(client, "/account/password", old="guess", password=new)).status
    assert 409 == (await post(client, "/account/password", old=PASSWORD, password="short")).status
    assert 200 == (await client.get("/account", **STAY)).status

    assert 303 == (await post(client, "/account/password", old=PASSWORD, password=new)).status

    assert 303 == (await client.get("/account", **STAY)).status
    assert 403 == (await come_in(client, "boss1")).status
    assert 303 == (await come_in(client, "boss1", new)).status


async def test_guessing_the_old_password_is_locked_as_logging_in_is(browse):
    """A browser that was left open is no place to try."""
    client = await browse(roles=[Role.VIEWER])
    form = {"old": "guess", "password": PASSWORD + "2"}
    for _ in range(6):
        await post(client, "/account/password", **form)

    assert 429 == (await post(client, "/account/password", **form)).status


@pytest.mark.parametrize("path", ["/account/totp/begin", "/account/totp/end", "/account/tokens"])
async def test_what_would_outlive_the_login_wants_a_fresh_proof(browse, path):
    """The form leads there, and back to the page."""
    client = await browse()

    answer = await post(client, path, scopes="look")

    assert (303, "/login/again?next=/account") == (answer.status, answer.headers["Location"])


async def test_a_second_factor_is_set_up_by_its_picture(browse, site):
    """And asked for from then on."""
    client = await elevated(browse)
    await post(client, "/account/totp/begin")
    text = await (await client.get("/account")).text()
    secret = (await site.accounts.one("boss1")).totp_next
    assert "<svg" in text and _letters(secret) in text
    code = _totp(secret).generate(int(site.clock())).decode()

    assert 409 == (await post(client, "/account/totp/confirm", code="000000")).status
    assert 303 == (await post(client, "/account/totp/confirm", code=code)).status

    assert "asked for" in await (await client.get("/account")).text()
    assert 403 == (await come_in(await browse(roles=()), "boss1")).status


def test_the_picture_is_drawn_here_and_readable():
    """SVG without script or style; the letters are those of the secret."""
    secret = new_totp()
    picture = _qr(totp_uri(secret, "anna"))

    assert "svg" in ET.fromstring(picture).tag
    assert not re.search(r"style=|<script|http:(?!//www.w3.org)", picture)
    assert _letters(secret).replace(" ", "") in totp_uri(secret, "anna")


async def test_a_token_is_shown_once_and_works(browse):
    """Until its owner ends it; nobody else can."""
    client, other = await elevated(browse), await elevated(browse)
    assert (
        303 == (await post(client, "/account/tokens", scopes="see_alerts", label="<b>siem")).status
    )
    text = await (await client.get("/account")).text()
    token = re.search(r"<code>([\w-]{43})</code>", text)[1]
    assert "&lt;b&gt;siem" in text and "<b>siem" not in text
    assert token not in await (await client.get("/account")).text()
    sent = {"Authorization": f"Bearer {token}"}
    assert 403 == (await client.get("/api/v1/me", headers=sent)).status
    [row] = (await (await client.get("/api/v1/account")).json())["tokens"]
    path = f"/account/tokens/{row['id']}/end"

    assert 409 == (await post(other, path)).status
    assert 403 == (await client.get("/api/v1/me", headers=sent)).status
    assert 303 == (await post(client, path)).status

    assert 401 == (await client.get("/api/v1/me", headers=sent)).status


async def test_a_token_may_not_more_than_its_owner(browse):
    """Whatever the form says."""
    client = await elevated(browse, [Role.VIEWER])

    assert 409 == (await post(client, "/account/tokens", scopes=Act.KEEP_ACCOUNTS)).status
    assert 400 == (await post(client, "/account/tokens", scopes=Act.KEEP_SELF)).status
    assert 400 == (await post(client, "/account/tokens", scopes="all")).status


async def test_logins_end_one_by_one_or_all_others(browse, site):
    """One's own; another's id ends nothing."""
    client, other = await browse(), await browse(roles=[Role.VIEWER])
    for _ in range(3):
        await come_in(await browse(roles=()), "boss1")
    mine = [row.id for row in await site.logins.logins("boss1")]
    [theirs] = [row.id for row in await site.logins.logins("boss2")]

    await post(client, f"/account/logins/{theirs}/end")
    assert 200 == (await other.get("/account", **STAY)).status
    await post(client, "/account/logins/end")

    assert 1 == len(await site.logins.logins("boss1"))
    assert len(mine) == 4
    assert 200 == (await client.get("/account", **STAY)).status
