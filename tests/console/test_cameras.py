"""The cameras in a real Chromium: a wall of 854 tiles, areas that must be watched, rates, one camera's signals."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


async def test_the_wall_holds_854_cameras_but_draws_what_can_be_seen_and_says_how_it_counts(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub) as seat:
        page = await seat.open("cameras?by=area")
        await expect(page.locator('.chip[data-state="offline"] b')).to_have_text("17")
        await expect(page.locator('.chip[data-state="unknown"] b')).to_have_text("5")
        await expect(page.locator(".rates .is-strong")).to_have_text(
            re.compile(r"全部\s*854\s*97.0%\s*95.6%")
        )
        await expect(page.locator(".definition")).to_contain_text("状态未知的点位始终计入分母")
        tiles = page.locator(".tile")
        assert 10 < await tiles.count() < 300
        await page.locator(".tiles-list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        await expect(page.locator('.tile[data-device="beitou-cam-0354"]')).to_be_visible()
        await page.locator('.chip[data-state="picture"]').click()
        await expect(tiles).to_have_count(2)
        await tiles.first.click()
        await expect(page.locator(".chosen")).to_contain_text(
            "摄像机画面异常"
        )  # the name of the alert's rule
        await page.keyboard.press("Enter")
        await expect(page.locator(".signal").first).to_be_visible()
        assert await seat.complaints() == []


async def test_a_camera_not_heard_of_for_long_is_hollow_whatever_it_was(hub: FakeHub, sit: Sit) -> None:
    camera = hub.campus.find("hq1/camera/0")
    hub.set_values({f"{camera}.link": 0}, age_s=600)
    async with sit(hub) as seat:
        page = await seat.open("cameras")
        await expect(page.locator(f'.tile[data-device="{camera}"]')).to_have_class(
            "tile tile-online is-stale"
        )


async def test_areas_that_are_not_watched_stand_first_with_what_ails_their_cameras(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, language="en") as seat:
        page = await seat.open("cameras")
        await page.locator('[data-option="coverage"]').click()
        rows = page.locator(".coverage .table-row")
        await expect(rows).to_have_count(12)
        await expect(rows.first).to_contain_text("uncovered")
        await expect(rows.first).to_contain_text("no camera registered")
        await expect(rows.first).to_contain_text("0 / 2")
        await page.locator('.chip[data-standing="covered"]').click()
        await expect(rows).to_have_count(10)
        await rows.first.locator(".tile").first.click()
        await expect(page.locator(".camera-now")).to_have_attribute("data-state", "online")


async def test_rates_of_a_month_stand_beside_those_before_and_above_their_definitions(
    hub: FakeHub, sit: Sit
) -> None:
    async with sit(hub, language="en") as seat:
        page = await seat.open("cameras/rates?month=2026-03&by=kind")
        rows = page.locator(".rates-page .table-row")
        await expect(rows).to_have_count(3)
        await expect(rows.first).to_have_text(re.compile(r"All\s*854\s*96.3%\s*95.1%\s*0.4%"))
        await expect(rows.first).to_contain_text(re.compile(r"94.3%\s*1.5%\s*91.3%\s*100.0%"))
        await expect(page.locator('[data-definition="unknown"]')).to_contain_text("denominator")
        await expect(page.locator('[data-definition="recording"]')).to_contain_text("counts as not recorded")
        await expect(page.locator(".rates-page")).to_contain_text("Last complete day: 2026-03-20")
        assert await rows.first.evaluate("row => row.scrollWidth <= row.clientWidth")
        assert {"month=2026-03", "month=2026-02"} == {
            query for path, query in hub.queries if path.endswith("/rates")
        }
        await expect(rows.first).to_contain_text(re.compile(r"96.3%\s*95.1%$"))
        await seat.open("cameras/rates?month=2026-02&by=kind")
        await expect(rows.first).to_contain_text(re.compile(r"100.0%\s*—\s*—$"))


async def test_a_camera_shows_its_signals_with_the_limits_of_the_live_rules_first(
    hub: FakeHub, sit: Sit
) -> None:
    camera = hub.campus.find("hq1/camera/0")
    hub.set_values({f"{camera}.mean_level": 3.0})
    hub.raise_alert("camera-dark", camera)
    async with sit(hub, language="en") as seat:
        page = await seat.open(f"camera/{camera}")
        first = page.locator(".signal").first
        await expect(first).to_contain_text("alert below 16")
        await expect(first.locator("b")).to_have_class("is-outside")
        await expect(page.locator(".place-alerts li")).to_have_count(1)
        assert await page.locator(".signal .spark-limit").count() == 2  # of a rule's `not` there is none
