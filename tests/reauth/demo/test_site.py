"""Rules of the demo's site."""

import ssl

import aiohttp

from reauth.demo.site import PAGES, running_site


async def test_the_site_answers_its_pages_over_https(tmp_path):
    """With its own certificate, and it remembers what it was asked."""
    async with running_site(tmp_path) as site, aiohttp.ClientSession() as client:
        tls = ssl.create_default_context(cafile=site.certificate)
        for name in ("", *PAGES):
            async with client.get(f"{site.url}/{name}", ssl=tls) as answer:
                assert answer.status == 200
                assert "<!doctype html>" in await answer.text()
        async with client.get(f"{site.url}/obs/x", ssl=tls) as answer:
            assert answer.status == 404

    assert site.asked == ["/", *(f"/{name}" for name in PAGES), "/obs/x"]
    assert (tmp_path / "site.key").stat().st_mode & 0o777 == 0o600


async def test_no_click_leaves_a_page(tmp_path):
    """Recorded clicks fall anywhere; the pages have buttons, and no link."""
    async with running_site(tmp_path) as site, aiohttp.ClientSession() as client:
        tls = ssl.create_default_context(cafile=site.certificate)
        async with client.get(f"{site.url}/payments", ssl=tls) as answer:
            text = await answer.text()

    assert "<button" in text
    assert "<a " not in text and "<form" not in text
