"""A real Chromium against the real ASGI server, on the database of the tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from mailserver.store.models import Account
from tests.browser import chromium
from tests.browser.server import Server, session_cookie

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Page]

# All waiting is for a condition, so a long limit costs time only where a test fails. Below 30 s, when a page asks anew.
LIMIT = 25
expect.set_options(timeout=LIMIT * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.nodeid or item.nodeid.startswith("browser/"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For this package only: while it runs its event loop keeps other tests from running theirs in this thread."""
    program = chromium.find()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def server(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("mail"))
    try:
        with django_db_blocker.unblock():
            running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def context(browser: Browser, server: Server, transactional_db: None) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts: `context(account, **options)`; closed before the tables are emptied."""
    contexts: list[BrowserContext] = []

    def make(account: Account | None = None, **options: Any) -> BrowserContext:
        made = browser.new_context(base_url=server.url, **{"viewport": DESKTOP, **options})
        made.set_default_timeout(LIMIT * 1000)
        if account is not None:
            made.add_cookies([{**session_cookie(account), "url": server.url}])
        contexts.append(made)
        return made

    yield make
    for made in contexts:
        with suppress(Exception):  # a context the test closed itself
            made.close()
    _settle()


@pytest.fixture
def open_page(context: Callable[..., BrowserContext]) -> Iterator[Open]:
    """Opens a page as an account: `open_page(alice, "/", **options)`. What its console says is wrong fails the test."""
    complaints: list[str] = []

    def make(account: Account | None, path: str = "/", **options: Any) -> Page:
        page = context(account, **options).new_page()
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and complaints.append(f"{message.text} {message.location}")
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        page.wait_for_load_state("load")
        if options.get("java_script_enabled", True) and page.locator("script[type=module]").count():
            page.wait_for_selector("html[data-ready]")
        return page

    make.complaints = complaints  # type: ignore[attr-defined]
    yield make
    assert not complaints


def _settle() -> None:
    """Wait until the server's last queries are done: they would hold tables that are to be emptied."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"  # a vacuum may take half a minute and is in nobody's way
    )
    calm = 0
    with connection.cursor() as cursor:
        # Should one begin all the same, PostgreSQL ends that request and not the emptying of the tables.
        cursor.execute("SET deadlock_timeout = '30s'")
        while calm < 5:
            cursor.execute(f"{query} AND state <> 'idle'")
            calm = calm + 1 if cursor.fetchone() == (0,) else 0
            time.sleep(0.02)


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression holds. (Playwright's own waiting evaluates text, which our policy forbids.)"""
    deadline = time.monotonic() + LIMIT
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(20)
