"""Nobody gets in without a name and a password; the first administrator needs the hub's token."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.console.conftest import PASSWORD, Sit
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


async def test_a_wrong_password_is_refused_and_a_right_one_opens_the_board(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub, name=None) as seat:
        page = seat.page
        await page.goto(seat.address)
        await page.locator('input[name="name"]').fill("wang")
        await page.locator('input[name="password"]').fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.locator(".problem")).to_have_text("用户名或密码不正确")
        assert not [request for request in hub.requests if request == "GET /api/campus"], (
            "nothing is asked before"
        )
        await page.locator('input[name="password"]').fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator(".board")).to_be_visible()
        await page.get_by_role("button", name="退出").click()
        await expect(page.locator('input[name="password"]')).to_be_visible()
        assert hub.sessions == {}


async def test_the_first_run_asks_for_the_token_and_makes_an_administrator(sit: Sit) -> None:
    hub = FakeHub(first_run=True)
    async with hub.serving(), sit(hub, name=None) as seat:
        page = seat.page
        await page.goto(seat.address)
        for name, value in {
            "token": "guessed",
            "name": "chief",
            "password": PASSWORD,
            "again": "another",
        }.items():
            await page.locator(f'input[name="{name}"]').fill(value)
        await page.keyboard.press("Enter")
        await expect(page.locator(".problem")).to_have_text("两次输入的密码不一致")
        await page.locator('input[name="again"]').fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator(".problem")).to_have_text("令牌不正确")
        await page.locator('input[name="token"]').fill("first-token")
        await page.keyboard.press("Enter")
        await expect(page.locator(".board")).to_be_visible()
        await expect(page.locator(".who")).to_contain_text("管理员")
    assert hub.users["chief"]["role"] == "admin"


async def test_a_hub_that_does_not_answer_is_said_and_asked_again(sit: Sit) -> None:
    hub = FakeHub()
    async with hub.serving(), sit(hub, name=None) as seat:
        page = seat.page
        await page.route("**/api/session", lambda route: route.abort())
        await page.goto(seat.address)
        await expect(page.locator(".problem")).to_have_text("中心没有应答,请稍后再试")
        await page.unroute("**/api/session")
        await expect(page.locator('input[name="password"]')).to_be_visible()
