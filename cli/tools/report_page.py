"""Looks at the page of `image-ingest report` in a browser. usage: report_page.py PAGE FOLDER

Everything that was made must be drawn, nothing may be asked for or reported as an error, and no width may scroll sideways. Writes
screenshots to FOLDER. CHROMIUM names the browser's program, /usr/bin/chromium by default.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(page_path, folder):
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        wrong, requests = [], []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(Path(page_path).resolve().as_uri())
        accepted, refused = page.locator("article.accepted").count(), page.locator("tr.refused").count()
        assert page.locator("h1").inner_text() == f"{accepted} accepted, {refused} refused"
        assert accepted > 0 and refused > 0, "a folder with both is to be looked at"
        assert page.locator("script").count() == 0
        undrawn = page.evaluate(
            "Promise.all([...document.images].map(i => i.decode().then(() => 0, () => 1)))"
            ".then(failed => [...document.images].filter((_, n) => failed[n]).map(i => i.alt))"
        )
        # A browser refuses some damaged uploads that are whole for the library.
        assert all(alt.startswith("before") for alt in undrawn) and 10 * len(undrawn) < accepted, undrawn
        shown(page, accepted)
        foreign = [url for url in requests if not url.startswith(("file:", "data:"))]
        assert not foreign and not wrong, (foreign, wrong)
        for name, width in [("wide", 1100), ("narrow", 360)]:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: it scrolls sideways"
            page.screenshot(path=f"{folder}/report-{name}.png")
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=f"{folder}/report-dark.png")
        browser.close()
    print(f"report: {accepted} accepted and {refused} refused inputs are as they should be")


def shown(page, accepted):
    """Every article has a placeholder of the aspect of its picture, and a receipt that opens."""
    placeholders = page.locator("img.placeholder")
    assert placeholders.count() == accepted
    sizes = page.evaluate(
        "[...document.querySelectorAll('article')].map(a => [a.querySelector('img[alt=after]'), a.querySelector('.placeholder')]"
        ".map(i => i && i.naturalWidth / i.naturalHeight))"
    )
    for after, placeholder in sizes:
        # A hash knows an aspect in sevenths.
        assert after is None or abs(min(after, 7) / placeholder - 1) < 0.35 or after < 0.2, (after, placeholder)
    details = page.locator("details").first
    details.locator("summary").click()
    assert '"source_id"' in details.locator("pre").inner_text()


main(*sys.argv[1:])
