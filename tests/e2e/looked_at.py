"""Looking at pages of the console as a browser shows them: what it complains of, and axe-core."""

from importlib.resources import files

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
"""axe-core, Deque's checker of WCAG; the package brings the file, any browser runs it."""
RUN = """async () => {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
  return found.violations.map((each) => [each.impact, each.id, each.nodes.map((node) =>
    node.html.slice(0, 160) + ' ' + (node.any[0]?.message ?? '')).slice(0, 3)]);
}"""
GRAVE = ("serious", "critical")


def complaints(page):
    """What the browser says of a page, from now on: errors, and what its policy has blocked."""
    said = []
    page.on("console", lambda it: it.type in ("error", "warning") and said.append(it.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


async def grave(page):
    """What axe finds that is serious or critical."""
    await page.evaluate(f"() => {{ {AXE}\n return true; }}")
    return [each for each in await page.evaluate(RUN) if each[0] in GRAVE]
