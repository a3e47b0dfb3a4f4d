"""Settings and the machine: all of it, nothing secret."""

import re
from dataclasses import replace
from datetime import datetime

from reauth import ca
from reauth.settings import Settings, keys
from tests.reauth.console.test_views import page
from tests.rows import NOON


async def test_every_setting_is_shown_with_where_it_came_from(browse, site):
    """Who is watched and where alerts go is masked."""
    urls = ("webhook+https://u:p@siem/hook",)
    told = replace(
        Settings(),
        sinks=replace(Settings().sinks, urls=urls),
        identity=replace(Settings().identity, default_user="anna"),
    )
    site.subjects.settings = told
    site.subjects.sources = {("sinks", "urls"): "environment"}
    client = await browse()
    text = await page(client, "/settings")

    for key in keys():
        assert f"<code>{key.name}</code>" in text, key
    assert "siem" not in text and "anna" not in text and "u:p" not in text
    assert '<span class="badge">environment</span>' in text
    told = await (await client.get("/api/v1/settings")).json()
    [urls] = [row for row in told["sinks"] if row["key"] == "urls"]
    assert (["webhook+https:<redacted>"], "environment") == (urls["value"], urls["source"])


async def test_the_machine_is_shown(browse, site):
    """Probes, versions, certificate, sizes, retention, proxies, metrics."""
    text = await page(await browse(), "/system")

    assert "<dt>store</dt>" in text and ">well<" in text
    assert "1 open" in text and "up 1 min" in text
    assert re.search(r"\d+ days left", text)
    assert "<dt>Movement, sessions</dt><dd>30 days</dd>" in text
    assert 'href="http://127.0.0.1:8083/metrics"' in text
    machine = site.subjects.machine()
    site.subjects.machine = lambda: replace(machine, proxies=0, metrics="unix:/run/m")
    text = await page(await browse(), "/system")
    assert "no proxy process listens" in text and "<code>unix:/run/m</code>" in text


async def test_a_certificate_that_ends_soon_is_told(browse, site):
    """With the command that makes the next one."""
    ends = ca.show(site.ca)["not_after"]
    soon = datetime.fromisoformat(ends).timestamp() - 5 * 86_400
    text = await page(await browse(clock=lambda: soon), "/system")

    assert "5 days left" in text and "reauth ca rotate" in text
    assert NOON < soon
