"""A real browser: system Chromium through Playwright, which may reach the served app and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .requirements import absent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

#: A small old phone, a common phone, and a desk.
WIDTHS = (320, 390, 1280)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """System Chromium (or the one that SIDEGATE_TEST_CHROMIUM names), headless; skips the test where it is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("browser", "the Python package playwright is not installed")
    executable = os.environ.get("SIDEGATE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        absent("browser", "Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        try:
            yield browser
        finally:
            browser.close()


_WITHOUT_SCRIPTS: WeakSet[BrowserContext] = WeakSet()


class Visits:
    """Opens pages of one served app, each with its own cookies, and notes everything that goes wrong on any of them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.problems: list[str] = []
        self.contexts: list[BrowserContext] = []

    def __call__(self, width: int = 1280, javascript: bool = True, **options: Any) -> Page:
        """A blank page `width` CSS pixels wide, whose `goto` takes paths. `options` are those of a browser context."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            locale=options.pop("locale", "en-GB"),
            timezone_id=options.pop("timezone_id", "Europe/London"),
            **options,
        )
        self.contexts.append(context)
        if not javascript:
            _WITHOUT_SCRIPTS.add(context)
        # Other tests run on the other cores meanwhile.
        context.set_default_timeout(30_000)
        # A page that asks another site for anything tells it who is reading: refuse, and fail the test.
        context.route(lambda address: not address.startswith((f"{self.url}/", "data:", "blob:")), self._refuse)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("console", self._console)
        return page

    def _refuse(self, route: Any) -> None:
        self.problems.append(f"asked another site: {route.request.url}")
        route.abort()

    def _console(self, message: Any) -> None:
        # A page may answer 404 or 409 on purpose, and Chromium reports that as an error too.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def close(self) -> None:
        """Close every page."""
        for context in self.contexts:
            context.close()


def accessibility_violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA on `page`, one line a violation."""
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": tags, "resultTypes": ["violations"]}
    if page.context not in _WITHOUT_SCRIPTS:
        found = Axe().run(page, options=options)
    else:
        with _twin_for_axe(page) as twin:
            found = Axe().run(twin, options=options)
    return [
        f"{each['id']}: {each['help']} ({', '.join(str(node['target'][0]) for node in each['nodes'][:5])})"
        for each in found.response["violations"]
    ]


@contextmanager
def _twin_for_axe(page: Page) -> Iterator[Page]:
    """What `page` shows, where axe can run but the page's scripts cannot: with scripts off, axe never ends."""
    opened = page.context.browser
    assert opened is not None
    context = opened.new_context(viewport=page.viewport_size, storage_state=page.context.storage_state())
    markup = page.content()
    context.route("**/*", lambda route: route.abort() if route.request.resource_type == "script" else route.continue_())
    context.route(page.url, lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8"))
    try:
        twin = context.new_page()
        twin.goto(page.url)
        yield twin
    finally:
        context.close()


def overflows(page: Page) -> bool:
    """Whether the page must be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
