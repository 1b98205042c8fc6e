"""Pictures of every page: `python -m tests.browser.screenshots [FOLDER]`; make screenshots writes to screenshots/.

A complete instance with the demo's mail serves the pages; the first-run page comes from an empty one. File names are
`page[-dark][-phone|-middle].png`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.support.instance import ROOT, Instance

PASSWORD = "crepes-and-cider"
SIZES = {"": (1440, 900), "-phone": (390, 844), "-middle": (900, 900)}
THEMES = {"": "light", "-dark": "dark"}

Shot = Callable[[str], None]


class Photographer:
    """One look (theme and size) at one instance; `take` waits until nothing moves."""

    def __init__(self, page: Page, web: str, folder: Path, suffix: str) -> None:
        self.page, self.web, self.folder, self.suffix = page, web.rstrip("/"), folder, suffix

    def go(self, path: str) -> None:
        self.page.goto(self.web + path)
        if self.page.locator("script[type=module]").count():
            self.page.wait_for_selector("html[data-ready]")

    def take(self, name: str) -> None:
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(300)
        path = self.folder / f"{name}{self.suffix}.png"
        self.page.screenshot(path=path)
        print(path.relative_to(self.folder.parent))

    def sign_in(self, address: str) -> None:
        self.go("/signin/")
        self.page.fill("[name=address]", address)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button.wide")
        self.page.wait_for_selector("html[data-ready]")

    def find(self, words: str) -> None:
        """Open the newest conversation that a search finds."""
        self.go(f"/search/?q={words}")
        self.page.locator(".row .go").first.click()
        self.page.wait_for_selector("#reading[data-thread]")


def doors(camera: Photographer) -> None:
    camera.go("/signin/")
    camera.take("signin")
    camera.go("/nothing/here/")
    camera.take("error")


def reader(camera: Photographer) -> None:
    """The pages of a reader, as Alice finds them."""
    page = camera.page
    camera.sign_in("alice@crepes.fr")
    camera.take("inbox")
    page.locator(".row .go").first.click()
    page.wait_for_selector("#reading[data-thread]")
    camera.take("conversation")
    page.locator("#reading .scroll").evaluate("scroller => scroller.scrollTo(0, scroller.scrollHeight)")
    camera.take("conversation-end")
    camera.find("invitation+owe")
    camera.take("invitation")
    camera.find("from:sarrasin")
    camera.take("letter")
    camera.go("/")
    for number in (2, 3):
        page.locator(".row .pick").nth(number).click()
    camera.take("selection")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    camera.take("keys")
    camera.go("/search/?q=sarrasin")
    camera.take("search")
    trash = page.locator('.nav [data-place="trash"]').get_attribute("href")
    for name, path in (
        ("starred", "/starred/"),
        ("folders", "/folders/"),
        ("account", "/account/"),
        ("programs", "/account/programs/"),
        ("trash", trash),
    ):
        camera.go(path or "/")
        camera.take(name)


def writer(camera: Photographer) -> None:
    """Writing, and the path of what was written."""
    page = camera.page
    camera.go("/")
    page.locator("a[href='/compose/']:visible").first.click()
    page.wait_for_selector(".writer")
    camera.take("compose")
    camera.go("/compose/")
    camera.take("compose-full")
    _later(camera)
    sent = page.locator('.nav [data-place="sent"]').get_attribute("href")
    camera.go(sent or "/")
    for row in page.locator(".row .go").all()[:8]:
        camera.go(row.get_attribute("href") or "/")
        way = page.locator(".way").last
        if way.count():
            camera.go(way.get_attribute("href") or "/")
            camera.take("path")
            return


def _later(camera: Photographer) -> None:
    """The menu of Send later, and what waits."""
    page = camera.page
    camera.go("/compose/?to=bob@hamburger.edu&subject=Who+brings+the+buckwheat+flour%3F&body=Saturday+at+seven%3F")
    page.click(".later > summary")
    camera.take("compose-later")
    page.click(".later [value=monday]")
    page.wait_for_selector(".toast")
    camera.take("sent-later")
    camera.go("/scheduled/")
    camera.take("scheduled")
    for button in page.locator(".waiting [value=cancel]").all():
        button.click()
        page.wait_for_selector("html[data-ready]")
        break
    camera.take("scheduled-empty")


def administrator(camera: Photographer) -> None:
    camera.page.context.clear_cookies()
    camera.sign_in("admin@crepes.fr")
    for name, path in (
        ("admin", ""),
        ("admin-queue", "queue/"),
        ("admin-tls", "tls/"),
        ("admin-accounts", "store/account/"),
    ):
        camera.go(f"/admin/{path}")
        camera.take(name)


@contextmanager
def looks(browser: Browser, web: str, folder: Path) -> Iterator[list[Photographer]]:
    """A photographer for each theme and size; the middle size in light only."""
    cameras = []
    for size, (width, height) in SIZES.items():
        for theme, scheme in THEMES.items():
            if size == "-middle" and theme:
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            cameras.append(Photographer(context.new_page(), web, folder, theme + size))
    yield cameras
    for camera in cameras:
        camera.page.context.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = chromium.path()
    if program is None:
        sys.exit("There is no Chromium here.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        with Instance({"CORREIO_DEMO": "0"}) as empty, looks(browser, empty.ready["web"], folder) as cameras:
            for camera in cameras:
                camera.go("/welcome/")
                camera.take("welcome")
        demo = {"CORREIO_DEMO": "1", "CORREIO_DEMO_PASSWORD": PASSWORD}
        with Instance(demo) as instance, looks(browser, instance.ready["web"], folder) as cameras:
            for camera in cameras:
                for session in (doors, reader, writer, administrator):
                    session(camera)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots")
