"""Somebody who looks at the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PICTURES = Path(__file__).parents[2] / "build" / "page"
EXTRACTED_MS = 120_000
WIDTHS, SCHEMES = (1280, 400), ("light", "dark")
# Every text whose contrast is under what WCAG 2.2 AA asks: (text, ratio). What lies over a picture is not judged.
CONTRAST = """() => {
  const channel = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parts(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walk.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("noscript, script, option, .sheet, :disabled, .hidden")) continue;
    const [one, other] = [light(parts(style.color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const text = walk.currentNode.textContent.trim().slice(0, 40);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text}`);
  }
  return found;
}"""
# Every control that has no name for somebody who does not see it.
NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, textarea, [role=button], progress")]
  .filter((one) => one.checkVisibility() && !one.closest("noscript"))
  .filter((one) => !(one.getAttribute("aria-label") || one.labels?.[0]?.textContent.trim() || one.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 120))"""


def serious(page: Any) -> list[str]:
    """What axe-core finds serious or critical: the rule, why, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


class Visitor:
    """`complaints`: what the browser wrote to its console, and calls that went elsewhere."""

    def __init__(self, context: Any, url: str) -> None:
        self.context, self.url = context, url
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda line: line.type in ("error", "warning") and self._complain(line.text))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("request", lambda call: self._check(call.url))

    def go(self, view: str) -> None:
        self.page.goto(f"{self.url}/#/{view}")
        self.page.reload()
        self.page.locator("main h1").wait_for()

    def extract(self, file: Path, schema: str) -> None:
        """From the file to its values."""
        page = self.page
        page.locator(f'.choice option[value="{schema}"]').wait_for(state="attached")
        page.set_input_files("#file", file)
        page.select_option(".choice select", schema)
        page.get_by_role("button", name="Extract", exact=True).click()
        page.locator(".result .fields").wait_for(timeout=EXTRACTED_MS)

    def picture(self, name: str) -> None:
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    def leaf(self, pointer: str) -> Any:
        return self.page.locator(f'.leaf[data-pointer="{pointer}"]')

    def check_everywhere(self) -> None:
        """`check_looks` of the view as it is, at both widths, light and dark."""
        size = self.page.viewport_size
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                self.check_looks()
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme="light")

    def check_looks(self) -> None:
        """It can be read, named, and does not have to be scrolled sideways; axe finds nothing serious."""
        for found in (serious(self.page), self.page.evaluate(CONTRAST), self.page.evaluate(NAMELESS)):
            assert not found, "\n".join(found)
        wide = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} pixels too wide"

    def _complain(self, text: str) -> None:
        if "the server responded with a status of" not in text:  # of an answer that the test itself asks for
            self.complaints.append(text)

    def _check(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "blob:", "data:")):
            self.complaints.append(f"went elsewhere: {url}")
