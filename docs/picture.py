"""Takes the README's picture of the dance: `.venv/bin/python -m docs.picture`.

Three real pages of one real purchase, side by side: the shop, the approval on the sandbox, the payment.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from example_app import create_app
from flask_fps.sandbox.server import SandboxServer

PICTURE = Path(__file__).parent / "_static" / "dance.png"
WIDTH, HEIGHT, GAP = 460, 620, 20


@contextmanager
def shop(sandbox: str, folder: str) -> Iterator[str]:
    database = f"sqlite:///{folder}/shop.sqlite"
    app = create_app({"FPS_SANDBOX_URL": sandbox, "SECRET_KEY": "picture", "SQLALCHEMY_DATABASE_URI": database})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def buy(page: Page, url: str) -> list[bytes]:
    """Buy the first track; what the buyer saw at three moments."""
    page.goto(f"{url}/tracks/1")
    seen = [page.screenshot()]
    page.get_by_role("link", name="Buy for").click()
    page.locator("[name=email]").fill("john@example.com")
    page.locator("[name=password]").fill("john")
    page.get_by_role("button", name="Sign in").click()
    page.locator("[value=ABT]").check()
    page.get_by_role("button", name="Continue").click()
    page.locator("[name=confirm]").wait_for()
    seen.append(page.screenshot())
    page.locator("[name=confirm]").click()
    page.get_by_role("link", name="Get what you bought").wait_for()
    return [*seen, page.screenshot()]


def side_by_side(browser: Browser, pictures: list[bytes]) -> bytes:
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(each).decode()}">' for each in pictures)
    width = 3 * WIDTH + 4 * GAP
    page = browser.new_page(viewport={"width": width, "height": HEIGHT + 2 * GAP})
    style = f"body{{margin:0;background:#cfd8e6;display:flex;gap:{GAP}px;padding:{GAP}px}}img{{border-radius:10px}}"
    page.set_content(f"<style>{style}</style>{images}")
    return page.screenshot()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxServer() as sandbox,
        shop(sandbox.url, folder) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, java_script_enabled=False)
        PICTURE.write_bytes(side_by_side(browser, buy(page, url)))
        browser.close()


if __name__ == "__main__":
    main()
