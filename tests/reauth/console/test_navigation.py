"""Who is led where, and the one look that every page has: its colours, scripts and styles."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from reauth import console
from reauth.access import MAY, Act, Role, Who
from reauth.console.navigation import Navigation
from reauth.console.routes import Route

FOLDER = Path(console.__file__).parent
STYLE = (FOLDER / "static" / "console.css").read_text("utf-8")
BASE = (FOLDER / "pages" / "base.html").read_text("utf-8")
ROWS = (
    Route("/", Act.LOOK, None, "Front."),
    Route("/alerts", Act.SEE_ALERTS, None, "Alerts."),
    Route("/audit", Act.SEE_AUDIT, None, "Audit."),
    Route("/setup", None, None, "Open."),
)


def names(role, path="/"):
    """The places that somebody of a role is shown."""
    who = None if role is None else Who("x", MAY[role])
    return [place.name for place in Navigation(ROWS).places(who, path)]


def test_one_is_led_only_where_one_may_go_and_where_something_is():
    """An auditor to the audit and not to alerts; nobody to what is open; no role to `/users`."""
    assert ["Overview", "Alerts", "Set up"] == names(Role.ANALYST)
    assert ["Overview", "Audit", "Set up"] == names(Role.AUDITOR)
    assert ["Set up"] == names(None)


@pytest.mark.parametrize(
    ("path", "here"),
    [("/", "Overview"), ("/alerts", "Alerts"), ("/alerts/a1", "Alerts"), ("/alertsome", None)],
)
def test_the_part_where_one_is_is_marked_and_no_other(path, here):
    """The front page is no part of which others are parts."""
    places = Navigation(ROWS).places(Who("x", MAY[Role.ANALYST]), path)

    assert ([here] if here else []) == [place.name for place in places if place.here]


def colours(dark):
    """The named colours as RGB, dark ones over the light."""
    light, _, rest = STYLE.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", light))
    if dark:
        found |= dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", rest.partition("\n}\n")[0]))
    return {
        name: [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)] for name, text in found.items()
    }


def contrast(one, other):
    """WCAG 2.2, "contrast ratio" and "relative luminance"."""

    def luminance(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("ground", "raised", "sunk")
TEXTS = [
    *((text, ground) for text in ("text", "quiet", "link", "bad", "calm") for ground in GROUNDS),
    *((tone, f"{tone}-ground") for tone in ("bad", "good", "warn", "calm")),
    *((tone, ground) for tone in ("good", "warn") for ground in ("ground", "raised")),
    *((text, "calm-ground") for text in ("text", "quiet", "link")),
    ("on-link", "link"),
    ("bad-ground", "bad"),
]
"""Every pair of text and what it stands on."""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("pair", TEXTS, ids="-on-".join)
def test_text_can_be_read(dark, pair):
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1."""
    found = colours(dark)

    assert contrast(found[pair[0]], found[pair[1]]) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_edges_of_fields_and_the_focus_can_be_seen(dark, ground):
    """WCAG 2.2 AA, 1.4.11: 3 to 1."""
    found = colours(dark)

    assert contrast(found["edge"], found[ground]) >= 3
    assert contrast(found["link"], found[ground]) >= 3


def test_what_others_wrote_is_as_they_wrote_it_and_comes_with_its_licence():
    """A script that was changed on the way is not run: the page says its digest (SRI)."""
    named = re.findall(r'src="/static/(vendor/[^"]+)" integrity="sha384-([^"]+)"', BASE)
    kept = sorted(path for path in (FOLDER / "static" / "vendor").iterdir())

    assert [("vendor/htmx.min.js")] == [name for name, _ in named]
    for name, digest in named:
        content = (FOLDER / "static" / name).read_bytes()
        assert digest == base64.b64encode(hashlib.sha384(content).digest()).decode()
    assert {"htmx.LICENSE"} == {path.name for path in kept if path.suffix == ".LICENSE"}
    assert {"LICENSE", "js"} == {path.name.rsplit(".", 1)[1] for path in kept}


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "pages").glob("*.html")), ids=lambda one: one.name
)
def test_no_page_has_a_script_or_style_of_its_own_inside(path):
    """The policy forbids them, and what it forbids does not work."""
    text = path.read_text("utf-8")

    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", text)
    assert not re.search(r"\bhx-(on|vals='?js)", text)
