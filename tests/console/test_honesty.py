"""The console never lies about itself: lost connections, silent gateways, old values, a hub that forgot."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


async def test_a_lost_connection_is_shown_with_its_age_and_what_was_missed_comes_by_itself(
    hub: FakeHub, sit: Sit
) -> None:
    known = hub.raise_alert("door-held", hub.campus.find("hall/door/1"))
    async with sit(hub) as seat:
        page = await seat.open()
        await page.locator(f'[data-alert="{known["id"]}"]').wait_for()
        await hub.cut()
        await expect(page.locator(".lost")).to_contain_text("与中心的连接已中断")
        await expect(page.locator(".lost")).to_contain_text(re.compile(r"已过 [2-9] 秒"))
        await expect(page.locator('[data-status="connection"]')).to_have_class(re.compile("is-bad"))
        await expect(page.locator(".new-bar")).not_to_contain_text("最新")
        hub.act(known["id"], "clear")
        missed = hub.raise_alert("pump-not-auto", "hq1-pump-1")
        await hub.restore()
        await expect(page.locator(".lost")).to_have_count(0, timeout=40_000)
        await expect(page.locator(f'[data-alert="{missed["id"]}"]')).to_be_visible()
        await expect(page.locator(f'[data-alert="{known["id"]}"]')).to_have_class(re.compile("is-cleared"))
        assert hub.requests.count("GET /api/alerts") == 1, "it resumed, it did not load everything anew"


async def test_an_empty_board_turns_unknown_when_the_connection_is_lost(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(page.locator(".quiet-main")).to_have_text("没有未关闭的告警")
        await hub.cut()
        await expect(page.locator(".quiet-main")).to_have_text("情况不明")
        await expect(page.locator(".quiet")).to_contain_text("最后一次确认是")
        await expect(page.locator(".lane-count")).to_have_text("情况不明")


async def test_after_a_reset_everything_is_loaded_anew(hub: FakeHub, sit: Sit) -> None:
    gone = hub.raise_alert("door-held", hub.campus.find("hall/door/1"))
    async with sit(hub) as seat:
        page = await seat.open()
        await page.locator(f'[data-alert="{gone["id"]}"]').wait_for()
        await hub.cut()
        await expect(page.locator(".lost")).to_be_visible()
        hub.forget_events = True
        del hub.alerts.by_id[gone["id"]]
        fresh = hub.raise_alert("speeding", "hq1-radar-1")
        await hub.restore()
        await expect(page.locator(f'[data-alert="{fresh["id"]}"]')).to_be_visible(timeout=40_000)
        await expect(page.locator(f'[data-alert="{gone["id"]}"]')).to_have_count(0)
        assert hub.requests.count("GET /api/alerts") == 2


async def test_a_page_whose_count_differs_from_the_hub_loads_anew(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(page.locator(".quiet-main")).to_have_text("没有未关闭的告警")  # all is loaded
        lost = hub.alerts.make("speeding", "hq1-radar-1", hub.status()["now_us"])  # no event says so
        for _ in range(6):
            hub.emit("status", hub.status())
        await expect(page.locator(f'[data-alert="{lost["id"]}"]')).to_be_visible()


async def test_a_silent_gateway_makes_the_quiet_board_unsure_and_is_named(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(page.locator('[data-status="agents"]')).to_have_text("网关 4/4")
        hub.silence_agent("hall-edge")
        await expect(page.locator('[data-status="agents"]')).to_have_text("1 个网关失联:行政大院网关")
        await expect(page.locator(".quiet-main")).to_have_text("在线网关范围内没有告警;离线网关情况不明")
        await expect(page.locator(".quiet")).to_contain_text("网关 3/4 在线")


async def test_a_value_grows_old_by_its_own_age_though_the_connection_lives(hub: FakeHub, sit: Sit) -> None:
    fresh, old = "hq1-ac-001.room_c", "hq1-ac-001.setpoint_c"
    hub.set_values({fresh: 25.25}, age_s=2)
    hub.set_values({old: 26.0}, age_s=58)  # stale after 60 s
    async with sit(hub) as seat:
        page = await seat.open("campus/area/hq1-main-101")
        place = page.locator(".place-part")
        await expect(place.locator(f'[data-point="{fresh}"] .reading')).to_have_class("reading")
        await expect(place.locator(f'[data-point="{fresh}"] .reading')).to_have_text("25.3 ℃")
        await expect(place.locator(f'[data-point="{old}"] .reading')).to_have_class("reading is-stale")
        await expect(place.locator(f'[data-point="{old}"] .reading-age')).to_contain_text("1分前")
        hub.set_values({old: 27.0})
        await expect(place.locator(f'[data-point="{old}"] .reading')).to_have_class("reading")
        await expect(place.locator(f'[data-point="{old}"] .reading')).to_have_text("27.0 ℃")


async def test_a_tile_turns_hollow_while_nobody_answers(hub: FakeHub, sit: Sit) -> None:
    camera = hub.campus.find("hq1/camera/0")
    hub.set_values({f"{camera}.link": 0}, age_s=78)  # stale after 90 s
    async with sit(hub) as seat:
        page = await seat.open("cameras")
        tile = page.locator(f'.tile[data-device="{camera}"]')
        await expect(tile).to_have_class("tile tile-online")
        await hub.cut()
        await expect(tile).to_have_class("tile tile-online is-stale", timeout=40_000)


async def test_durations_go_on_while_live_and_stop_at_what_was_last_known(hub: FakeHub, sit: Sit) -> None:
    hub.raise_alert("speeding", "hq1-radar-1", age_s=100)
    async with sit(hub, language="en") as seat:
        page = await seat.open()
        since = page.locator(".detail-head dd", has_text="·")
        for shown in (since, page.locator(".row-since")):
            await expect(shown).to_contain_text("1 min")
            before = await shown.inner_text()
            await expect(shown).not_to_have_text(before)
        await hub.cut()
        await expect(page.locator(".lost")).to_be_visible()
        stopped = await since.inner_text()
        await page.wait_for_timeout(2500)
        assert await since.inner_text() == stopped


async def test_a_missing_reading_is_said_with_its_reason_and_never_zero(hub: FakeHub, sit: Sit) -> None:
    point = "hq1-ac-001.room_c"
    hub.set_values({point: None, "hq1-ac-001.setpoint_c": None}, quality=2)
    async with sit(hub) as seat:
        page = await seat.open("campus/area/hq1-main-101")
        shown = page.locator(f'.place-part [data-point="{point}"] .reading')
        await expect(shown).to_have_text("无应答")
        await expect(shown).to_have_class("reading is-bad")
        await expect(page.locator(".kind-figures")).to_contain_text("1 台无读数")


async def test_ages_are_by_the_hubs_clock_not_by_this_machines(hub: FakeHub, sit: Sit) -> None:
    hub.set_values({"hq1-ac-001.room_c": 25.0}, age_s=1)
    async with sit(hub) as seat:
        await seat.page.add_init_script("const real = Date.now; Date.now = () => real() + 3_600_000;")
        page = await seat.open("campus/area/hq1-main-101")
        await expect(page.locator('.place-part [data-point="hq1-ac-001.room_c"] .reading')).to_have_class(
            "reading"
        )
        await expect(page.locator(".status")).to_contain_text("本机时钟偏差 1 小时 00 分")


async def test_a_session_that_ended_leads_back_to_the_door(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        hub.sessions.clear()
        await hub.cut()
        await hub.restore()
        await expect(page.locator('input[name="password"]')).to_be_visible(timeout=40_000)
        assert await page.locator(".shell").count() == 0


async def test_a_part_that_fails_is_said_and_not_left_looking_whole(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        broken = page.locator('[data-status="broken"]')
        await expect(broken).to_have_count(0)
        hub.emit("gateway", {**hub.gateway_rows()[0], "links": 5})  # no hub should say so
        await page.goto(f"{seat.address}/#/gateways")
        await expect(broken).to_have_text("页面有一部分出错,点此重新载入")
