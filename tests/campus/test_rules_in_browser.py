"""An engineer at the running campus: a rule is changed, judged on what was stored, published, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.campus.stack import Stack
from tests.conftest import find_server
from tests.console.conftest import ARGUMENTS

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("nats-server", "chromium")]
RULE, SEEN_MS = "setpoint", 40_000


def live(stack: Stack) -> dict[str, Any]:
    return next(row for row in stack.get("/api/rules")["rules"] if row["id"] == RULE)


def provoked(stack: Stack) -> None:
    """One alert of the rule, raised and over."""
    stack.until(lambda: stack.raw("ac-2.setpoint_c"), "readings")
    before = {row["id"] for row in stack.alerts(RULE, "ac-2")}
    stack.simulate("fault", "ac-2", "setpoint")
    fresh = lambda: [row for row in stack.alerts(RULE, "ac-2") if row["id"] not in before]  # noqa: E731 - one line, used twice
    stack.until(fresh, "the alert")
    stack.simulate("clear", "ac-2")
    stack.until(lambda: fresh()[0]["cleared_us"], "the alert is over")


def changed_published_and_taken_back(stack: Stack, page: Page) -> None:
    version = live(stack)["version"]
    page.goto(f"{stack.url}/#/rule/{RULE}")
    page.locator('.rule-form [data-path="on_delay_s"]').fill("86400")
    expect(page.locator('.trial[data-former="false"]')).to_be_visible(timeout=SEEN_MS)
    assert int(page.locator('[data-total="lost"] dd').inner_text()) >= 1
    expect(page.locator('[data-lane="ac-2"] .lane-sign.is-lost')).to_have_count(1)
    page.locator('.publish textarea[name="note"]').fill("only what lasts a day")
    page.locator('[data-act="publish"]').click()
    expect(page.locator(".publish-made[data-state=live]")).to_be_visible(timeout=SEEN_MS)
    agent = page.locator('.rollout [data-agent="edge"][data-state="running"]')
    expect(agent).not_to_contain_text(f"第{version}版", timeout=SEEN_MS)  # without a reload
    assert live(stack)["running"]["edge"] == live(stack)["version"] > version
    page.locator(".publish-made a").click()
    expect(page.locator('.publication .rollout [data-agent="edge"]')).to_contain_text(
        "已运行", timeout=SEEN_MS
    )
    page.locator('[data-act="withdraw"]').click()
    page.locator('textarea[name="reason"]').fill("a test")
    page.locator('[data-act="confirm"]').click()
    expect(page.locator(".publication[data-state=withdrawn]")).to_be_visible(timeout=SEEN_MS)
    stack.until(lambda: live(stack)["running"]["edge"] == version, "the rule from before runs again")


def test_a_changed_rule_is_judged_published_taken_up_and_taken_back(stack: Stack) -> None:
    provoked(stack)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_server("chromium"), args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        name, value = next(iter(stack.http.cookies.items()))
        context.add_cookies([{"name": name, "value": value, "url": stack.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        changed_published_and_taken_back(stack, page)
        browser.close()
    assert complaints == []
