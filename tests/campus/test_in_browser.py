"""The control room's own way: provoked on a device, seen on the board, acknowledged by key, gone when all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.campus.stack import NAME, PASSWORD, Stack
from tests.conftest import find_server
from tests.console.conftest import ARGUMENTS

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("nats-server", "chromium")]

SEEN_MS = 30_000

PROVOKED = [
    ("pump", "manual", "pump-not-auto", "消防泵不在自动位"),
    ("ac-3", "setpoint", "setpoint", "空调温度设定超标"),
    ("door", "forced", "door-forced", "门"),
    ("cam-2", "dark", "camera-dark", "画面"),
    ("ac-1", "silent", "device-silent", "设备无数据"),
]


@pytest.fixture(scope="module")
def board(stack: Stack) -> Iterator[Page]:
    """The board in a real Chromium, signed in by the form; it must not complain until the end."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_server("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(stack.url)
        page.locator("input").first.fill(NAME)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".board").wait_for()
        yield page
        browser.close()
    assert complaints == []


def seen_and_acknowledged(stack: Stack, board: Page, alert_id: str, words: str) -> None:
    """As a person does it: settle the list, choose the row, press A, and again if the alert changed meanwhile."""
    row = board.locator(f'[data-alert="{alert_id}"]')

    def shown() -> bool:
        board.keyboard.press("r")
        return row.count() == 1

    stack.until(shown, f"{alert_id} on the board, which shows {board.locator('.board').inner_text()}")
    expect(row).to_contain_text(words)
    row.click()

    def acknowledged() -> bool:
        board.keyboard.press("a")
        board.wait_for_timeout(300)
        return NAME in (board.locator(".detail .done").all_inner_texts() or [""])[0]

    stack.until(acknowledged, f"{alert_id} acknowledged")


def newest(stack: Stack, rule: str, device: str, before: set[str]) -> dict[str, Any] | None:
    return next((row for row in stack.alerts(rule, device) if row["id"] not in before), None)


@pytest.mark.parametrize(
    ("device", "fault", "rule", "title"), PROVOKED, ids=[rule for _, _, rule, _ in PROVOKED]
)
def test_what_is_provoked_appears_is_acknowledged_by_key_and_goes(
    stack: Stack, board: Page, device: str, fault: str, rule: str, title: str
) -> None:
    before = {row["id"] for row in stack.alerts(rule, device)}
    stack.simulate("fault", device, fault)
    alert = stack.until(lambda: newest(stack, rule, device, before), f"{rule} at the hub")
    seen_and_acknowledged(stack, board, alert["id"], title)
    stack.simulate("clear", device)
    expect(board.locator(f'[data-alert="{alert["id"]}"]:not(.is-closed)')).to_have_count(0, timeout=SEEN_MS)


def test_a_speeder_appears_without_a_reload_and_is_acknowledged(stack: Stack, board: Page) -> None:
    before = {row["id"] for row in stack.alerts("speeding", "radar")}
    board.evaluate("window.here = true")
    stack.simulate("fault", "radar", "speeder", "--value", "44")
    alert = stack.until(lambda: newest(stack, "speeding", "radar", before), "the speeder at the hub")
    seen_and_acknowledged(stack, board, alert["id"], "超速")
    assert board.evaluate("window.here") is True
