"""Drives the page at /try in a real browser: python page.py URL KEY PICTURE OTHER FOLDER [HEIC]

Writes screenshots to FOLDER. HEIC is given where the server has a build of the library for browsers: then the page makes the
canonical image itself. CHROMIUM names the browser's program, /usr/bin/chromium by default.
"""

import os
import pathlib
import sys

from playwright.sync_api import expect, sync_playwright


def status(page, text):
    expect(page.get_by_role("status").first).to_contain_text(text)


def uploads(page, url, key, picture, other):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    page.get_by_label("Drop a picture").set_input_files(picture)
    status(page, "The key is missing")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Send it again").click()
    status(page, "Changed: this is version 1")
    expect(page.get_by_alt_text("The background as it is stored")).to_be_visible()
    receipt = page.get_by_role("region", name="Receipt")
    expect(receipt).to_contain_text("turned upright (Exif 6)")
    expect(receipt).to_contain_text("is read best")
    expect(receipt).to_contain_text("Rendition card")
    rendition = receipt.get_by_role("link")
    assert "240" in rendition.inner_text(), rendition.inner_text()
    assert page.request.get(rendition.get_attribute("href")).headers["content-type"] == "image/jpeg"
    expect(page.get_by_label("curl command")).to_contain_text("%2B15551234567/background")
    drop(page, picture)
    status(page, "Unchanged: the chat has this picture already, version 1")
    drop(page, other)
    status(page, "Changed: this is version 2")
    drop(page, __file__)
    status(page, "This is not a JPEG, PNG, GIF, WebP or HEIC picture.")
    assert all(r.startswith((url.rsplit("/v2/", 1)[0], "blob:")) for r in requests), requests
    drop(page, picture)
    status(page, "Changed: this is version 3")


def drop(page, path):
    data = list(pathlib.Path(path).read_bytes())
    transfer = page.evaluate_handle(
        """([data, name]) => { const t = new DataTransfer(); t.items.add(new File([new Uint8Array(data)], name)); return t; }""",
        [data, pathlib.Path(path).name],
    )
    page.get_by_text("Drop a picture here").dispatch_event("drop", {"dataTransfer": transfer})


def keyboard(page):
    """Every control is reached by Tab, in order, and has a name."""
    page.locator("h1").click()
    names = []
    for _ in range(8):
        page.keyboard.press("Tab")
        names.append(page.evaluate("""() => { const e = document.activeElement;
            return (e.labels && e.labels[0] ? e.labels[0].textContent : e.getAttribute('aria-label') || e.textContent).trim(); }"""))
    rendition = page.get_by_role("region", name="Receipt").get_by_role("link").inner_text()
    expected = ["API key", "Chat", "Drop a picture here, or choose one", "Send it again", "Remove the background", rendition, "curl command", "Copy"]
    assert names == expected, names


def removal(page):
    page.get_by_role("button", name="Remove the background").focus()
    page.keyboard.press("Enter")
    status(page, "Removed: this is version 4")


def ahead(page, url, key, picture, other, heic):
    """With a build, a HEIC is shown, what the chat has is not sent, and a module that stops leaves the decision to the server."""
    puts = []
    page.on("request", lambda request: puts.append(request) if request.method == "PUT" else None)
    page.goto(url)
    page.wait_for_function("window.ahead")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Chat", exact=True).fill("grp_ahead")
    drop(page, heic)
    status(page, "Changed: this is version 1")
    before = page.get_by_alt_text("The chosen file")
    expect(before).to_be_visible()
    assert before.evaluate("image => image.naturalWidth") > 0, "the HEIC is not shown"
    assert len(puts) == 1, puts
    drop(page, heic)
    status(page, "Unchanged: the chat has this picture already, version 1. There is nothing to send.")
    drop(page, __file__)
    status(page, "This is not a JPEG, PNG, GIF, WebP or HEIC picture. (unknown_format)")
    assert len(puts) == 1, "something was sent in vain"
    expect(page.get_by_alt_text("The background as it is stored")).to_be_visible()

    # `ingest` of this module is `unreachable`, as after a panic.
    page.route("**/*.wasm", lambda route: route.fulfill(body=TRAPPING, content_type="application/wasm"))
    page.reload()
    page.wait_for_function("window.ahead")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Chat", exact=True).fill("grp_ahead")
    for count, (file, text) in enumerate([(picture, "Changed: this is version 2"), (other, "Changed: this is version 3")], 2):
        drop(page, file)
        status(page, text)
        assert len(puts) == count, puts
    page.unroute("**/*.wasm")


TRAPPING = bytes([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 10, 2, 96, 1, 127, 1, 127, 96, 0, 1, 127, 3, 3, 2, 0, 1, 5, 3, 1, 0, 1, 7, 58, 5,
    6, 109, 101, 109, 111, 114, 121, 2, 0, 12, 111, 112, 116, 105, 111, 110, 115, 95, 114, 111, 111, 109, 0, 0, 11,
    117, 112, 108, 111, 97, 100, 95, 114, 111, 111, 109, 0, 0, 6, 105, 110, 103, 101, 115, 116, 0, 1, 7, 105, 110, 115,
    112, 101, 99, 116, 0, 1, 10, 10, 2, 4, 0, 65, 16, 11, 3, 0, 0, 11,
])


def main(url, key, picture, other, folder, heic=None):
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 1150})
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        uploads(page, url, key, picture, other)
        for scheme in ["light", "dark"]:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/try-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        page.screenshot(path=f"{folder}/try-narrow.png", full_page=True)
        page.set_viewport_size({"width": 1000, "height": 1150})
        keyboard(page)
        removal(page)
        if heic:
            ahead(page, url, key, picture, other, heic)
        assert not errors, errors
        browser.close()
    print("page: as it should be")


main(*sys.argv[1:])
