"""A page of another origin sets a background in a real browser: python elsewhere.py BASE KEY PICTURE

The server must allow the origin (cors.origins). CHROMIUM names the browser's program, /usr/bin/chromium by default.
"""

import http.server
import os
import pathlib
import sys
import threading

from playwright.sync_api import sync_playwright

# Sends what a program on a page would, and reads the answer with its header fields.
CALL = """async ([url, key, data]) => {
    const form = new FormData();
    form.append('background', new File([new Uint8Array(data)], 'a.jpg'));
    const headers = { Authorization: `Bearer ${key}`, 'Idempotency-Key': 'elsewhere' };
    const set = await fetch(url, { method: 'PUT', body: form, headers });
    const answer = await set.json();
    const refused = await fetch(url, { method: 'DELETE' });
    return [set.status, answer.background_version, set.headers.get('etag'), set.headers.get('x-request-id') !== null,
        refused.status, (await refused.json()).code];
}"""


class Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_):
        pass


def main(base, key, picture):
    elsewhere = http.server.HTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        data = list(pathlib.Path(picture).read_bytes())
        answer = page.evaluate(CALL, [f"{base}/chats/grp_elsewhere/background", key, data])
        assert answer == [200, 1, '"1"', True, 401, "unauthenticated"], answer
        browser.close()
    print("elsewhere: a page of another origin is served")


main(*sys.argv[1:])
