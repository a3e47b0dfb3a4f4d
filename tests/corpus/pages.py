"""Pages of all nasty sorts, made of parts that parsers stumble over; the same for the same seed."""

import random
from dataclasses import dataclass

HTML = "text/html"
XHTML = "application/xhtml+xml"


@dataclass(frozen=True)
class Page:
    """One page as an origin serves it."""

    name: str
    body: bytes
    kind: str = HTML
    """Its `Content-Type`."""


_FRONT = (
    "", "", "", "\n\n  ", "<!-- a -->", "<!-- <head> -->", "<!--[if IE]><head><![endif]-->",
    "<!-->",
    "<!-- a --!>", "<?php echo '<head>' ?>", "<!x>", "</p>", "<!-- > -- > <!-- <html> -->\n",
)  # fmt: skip
_DOCTYPES = (
    "<!doctype html>", "<!doctype html>", "<!DOCTYPE html>\n", "", "<!DocType HTML >",
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n"http://x">',
    "<!DOCTYPE HTML PUBLIC '-//IETF//DTD HTML//EN'>", "<!doctype>", "<!doctype html system 'x>y'>",
)  # fmt: skip
_OPENINGS = (
    "<html><head>", "<html lang=en>\n<head>", "<HTML><HEAD>",
    '<html data-a="<head>"><head id="h>">',
    "<head>", "", "<html>", "<html\n\tclass='no-js'\n>\n<!-- x -->\n<head\n>", "<html><head/>",
    "<html><html lang=x><head><head>", "<html></head><head>",
    "<html><!-- <head> --><head data-x='>'>",
    "<html manifest=a><head prefix=\"og: http://ogp.me/ns#\">", "<body>", "<html><body class='>'>",
    "<frameset><frame></frameset>", "<header>h</header>", "<html></br><head>", "<head =\"> a=b>",
)  # fmt: skip
_HEADS = (
    "<meta charset=utf-8>", "<title>t &amp; u </title>", "<title><head></title>",
    "<script>var a = '<head></head>'; // </scr</script>", "<script><!-- <script> --></script>",
    "<style>a::before { content: '</head>' }</style>", "<noscript><style>p{}</style></noscript>",
    "<template><head><p>t</p></template>", "<base href='/'>", "<link rel=stylesheet href=data:,>",
    "<meta name=viewport content='width=device-width'>", "<!-- c -->", "\n",
    "<title>é 日本</title>",
    "<meta http-equiv=refresh content='9999'>", "<script type=module></script>",
    "<noscript></noscript>",
)  # fmt: skip
_BODIES = (
    "</head><body>", "<p>a<p>b", "<table><tr><p>x<td>y</table>", "<div><b><i>a</b>b</i></div>",
    "<svg><title>t</title><![CDATA[x < y]]></svg>", "<math><mi>x</mi></math>",
    "text &lt; &#x41; &bad;",
    "<textarea>\n</head></textarea>", "<xmp><head></xmp>", "<select><option>a<option>b</select>",
    "<a href='?a=1&b=2'>a<a>b</a>", "<form><form></form>", "<iframe srcdoc='<head>'></iframe>",
    "<!-- --><!--x-->", "</body></html>", "<script>document.title</script>", "</p></br>", "<head>",
    "<plaintext><head>", "<br/><hr/>", "<ul><li>a<li>b</ul>", "<h1>é ß 日本語</h1>", "\0",
    "<b =x>c</b>",
    "<noscript><p>n</p></noscript>", "<body class=b>", "<html lang=z>",
    "<details><summary>s</details>",
)  # fmt: skip
_ENDS = ("</body></html>", "</html>\n", "", "<", "<!-- open", "</body></html><!-- after -->",
    "<p a='")
_CODECS = (
    ("utf-8", "utf-8"), ("utf-8", "utf-8"), ("utf-8-sig", None), ("cp1252", "windows-1252"),
    ("cp1251", "windows-1251"), ("shift_jis", "shift_jis"), ("gb18030", "gb18030"),
    ("euc_kr", "euc-kr"), ("big5", "big5"), ("iso2022_jp", "iso-2022-jp"), ("utf-16", None),
    ("utf-16-be", "utf-16be"),
)  # fmt: skip
_ODD = (
    b"", b"a", b"<", b" \n\t", b"<h", b"</", b"<!", b"<!--", b"<!doctype html",
    b"{\"a\": \"<head>\"}",
    b"[1]", b"callback(1)", b"plain text", b"<head>", b"<html>", b"<!doctype html>",
    b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"<html><head>\x1b$B0<\x1b(B", b"<!-- \x1b --><head>", b"\0\0\0",
    b"<!doctype html><!-- " + b"x" * 70_000 + b"--><html><head><title>late</title>",
    b"<!-- " + b"x" * 70_000 + b" --><html><head>", b" " * 70_000 + b"<html><head>",
    b"<head a='" + b"x" * 70_000 + b"'><p>", b"<html " + b"a " * 30_000 + b"><head><p>end",
    b"<!doctype html><head><title>" + b"long " * 60_000 + b"</title><p>end",
    b"<!doctype html><head>" + bytes(range(256)) * 40,
    b"<?xml version='1.0'?><html><head><title>x</title>",
)  # fmt: skip
_WELL_FORMED = (
    "<html {ns}><head><title>t</title></head><body><p>a<br/></p></body></html>",
    "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE html>\n<html {ns}>\n<!-- > --><head "
    "id='h'>\n<title>\u00e9</title></head><body/></html>",
    "<html {ns}><head/><body>none</body></html>",
    "<x:html xmlns:x='http://www.w3.org/1999/xhtml'><x:head/><x:body/></x:html>",
    "<html {ns}><?pi a>b ?><head lang='&#x65;n'><title/></head><body>"
    "<![CDATA[<head>]]></body></html>",
)  # fmt: skip


def generated(count: int, seed: int = 0) -> list[Page]:
    """So many pages; the fixed oddities come first."""
    drawn = random.Random(seed)
    pages = [Page(f"odd-{number}.html", body) for number, body in enumerate(_ODD)]
    for number, text in enumerate(_WELL_FORMED):
        body = text.format(ns="xmlns='http://www.w3.org/1999/xhtml'").encode()
        pages.append(Page(f"strict-{number}.xhtml", body, XHTML))
    drawn.shuffle(pages)
    while len(pages) < count:
        pages.append(_drawn(drawn, len(pages)))
    return pages[:count]


def _drawn(drawn: random.Random, number: int) -> Page:
    """A page of parts, in a coding of its letters that is named by the head, a mark or itself."""
    parts = [
        drawn.choice(_FRONT), drawn.choice(_DOCTYPES), drawn.choice(_FRONT),
        drawn.choice(_OPENINGS),
        *drawn.choices(_HEADS, k=drawn.randrange(5)),
        *drawn.choices(_BODIES, k=drawn.randrange(1, 12)), drawn.choice(_ENDS),
    ]  # fmt: skip
    codec, label = drawn.choice(_CODECS)
    if drawn.random() < 0.1:
        parts.append("<p>" + "many words " * drawn.randrange(9000))
    body = "".join(parts).encode(codec, "xmlcharrefreplace")
    if drawn.random() < 0.1:
        body += drawn.randbytes(drawn.randrange(200))
    named = label and drawn.random() < 0.7
    return Page(f"drawn-{number}.html", body, f"{HTML}; charset={label}" if named else HTML)
