"""A real Chromium, a fake hub, and a page that remembers every error it saw.

Chromium is started once for this folder, so its tests and their fixtures share one event loop.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, async_playwright, expect

from tests.conftest import find_server, left_behind
from tests.console.fake_hub import FakeHub, now_us

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=user-gesture-required",
]
PASSWORD = "campus-demo-1"
SIZES = {"wall": (1920, 1080), "desk": (1366, 768), "phone": (390, 844)}
#: Runs before any script of the page: what the policy refuses becomes a list that the test can read.
WATCH_POLICY = """
window.refused = [];
addEventListener('securitypolicyviolation',
  (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
"""

#: For every asynchronous fixture of this folder.
shared_loop = functools.partial(pytest_asyncio.fixture, loop_scope="package")

expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in the event loop of its browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@shared_loop()
async def nothing_left_behind() -> AsyncIterator[None]:
    """The check of all tests, in the loop of these."""
    async with left_behind():
        yield


@dataclass
class Seat:
    """One person before one screen: a page, signed in, and whatever it complained about."""

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def sign_in(self, name: str = "wang", password: str = PASSWORD) -> None:
        """Without the form; the page shares the cookie."""
        answer = await self.page.request.post(
            f"{self.address}/api/sign-in",
            data={"name": name, "password": password},
            headers={"X-Campuswatch": "1"},
        )
        assert answer.ok, await answer.text()

    async def open(self, where: str = "board") -> Page:
        await self.page.goto(f"{self.address}/#/{where}")
        await expect(self.page.locator('[data-status="connection"]')).not_to_have_class("is-bad")
        await self.page.locator(".status-clock:not(:empty)").wait_for()
        return self.page

    async def remember(self, **choices: str) -> None:
        """Set what this machine remembers: language, theme."""
        for key, value in choices.items():
            await self.page.add_init_script(f"localStorage.setItem('campuswatch.{key}', '{value}')")

    async def complaints(self) -> list[str]:
        """Console errors, uncaught errors, refused by policy, and answers of 4xx and 5xx."""
        return [*self.errors, *self.failed, *await self.page.evaluate("window.refused ?? []")]


@shared_loop(scope="package")
async def browser() -> AsyncIterator[Browser]:
    program = find_server("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


@shared_loop()
async def hub() -> AsyncIterator[FakeHub]:
    """A running fake hub without any alert."""
    hub = FakeHub()
    async with hub.serving():
        yield hub


@shared_loop()
async def busy_hub() -> AsyncIterator[FakeHub]:
    """A running fake hub as a shift finds it: forty alerts, some of them acknowledged, and a few orders."""
    hub = FakeHub()
    hub.alerts.fill(now_us())
    hub.orders.fill(now_us())
    async with hub.serving():
        yield hub


Sit = Callable[..., contextlib.AbstractAsyncContextManager[Seat]]


@pytest.fixture
def sit(browser: Browser) -> Sit:
    """Take a seat: `async with sit(hub, size="desk", name="wang") as seat`."""

    @contextlib.asynccontextmanager
    async def take(
        hub: FakeHub, *, size: str = "desk", name: str | None = "wang", **remembered: str
    ) -> AsyncIterator[Seat]:
        width, height = SIZES[size]
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark", locale="zh-CN"
        )
        page = await context.new_page()
        seat = Seat(page, f"http://127.0.0.1:{hub.port}")
        await page.add_init_script(WATCH_POLICY)
        await seat.remember(**remembered)
        page.on("console", lambda message: message.type == "error" and seat.errors.append(message.text))
        page.on("pageerror", lambda error: seat.errors.append(str(error)))
        page.on(
            "response",
            lambda answer: answer.status >= 400 and seat.failed.append(f"{answer.status} {answer.url}"),
        )
        page.on(
            "requestfailed",
            lambda request: seat.failed.append(_failure(request)) if _counts(request) else None,
        )
        if name is not None:
            await seat.sign_in(name)
        try:
            yield seat
        finally:
            await context.close()

    return take


def _failure(request: Request) -> str:
    return f"{request.failure} {request.url}"


def _counts(request: Request) -> bool:
    """Whether a failed request is a fault: the stream and what a page no longer wants are cut on purpose."""
    return "/api/" not in request.url


async def texts(page: Page, selector: str) -> list[Any]:
    return await page.locator(selector).all_inner_texts()
