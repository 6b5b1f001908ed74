"""The control room's board in a real browser: alerts arrive, are acknowledged by key, clear, and nothing jumps."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


def row(page: Page, alert_id: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - playwright's own class
    return page.locator(f'[data-alert="{alert_id}"]')


async def test_an_alert_appears_through_the_stream_without_a_reload(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(page.locator(".quiet-main")).to_have_text("没有未关闭的告警")
        await page.evaluate("window.here = true")
        alert = hub.raise_alert("pump-not-auto", "hq1-pump-1")
        await expect(row(page, alert["id"])).to_contain_text("消防泵不在自动位")
        await expect(page.locator(".lane-fire.is-burning")).to_have_count(1)
        assert await page.evaluate("window.here") is True
        assert await seat.complaints() == []


async def test_key_a_acknowledges_and_a_clear_closes(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(row(page, alert["id"])).to_have_class("alert-row is-raised is-selected")
        assert await page.locator(f'[data-alert="{alert["id"]}"] .mark-pulse').count() == 1
        await page.keyboard.press("a")
        await expect(row(page, alert["id"])).to_have_class("alert-row is-acked is-selected")
        await expect(page.locator(".detail .done")).to_contain_text("wang")
        assert await page.locator(f'[data-alert="{alert["id"]}"] .mark-pulse').count() == 0
        hub.act(alert["id"], "clear")
        await expect(row(page, alert["id"])).to_have_class("alert-row is-closed is-selected")
        await page.keyboard.press("r")
        await expect(page.locator(".quiet-main")).to_be_visible()
    assert hub.alerts.by_id[alert["id"]]["acked_by"] == "wang"


async def test_an_alert_that_latches_waits_for_its_reset_and_offers_it_once_normal(
    hub: FakeHub, sit: Sit
) -> None:
    alert = hub.raise_alert("pump-not-auto", "hq1-pump-1")
    alert["latch"] = True
    async with sit(hub) as seat:
        page = await seat.open()
        await row(page, alert["id"]).wait_for()
        reset = page.get_by_role("button", name="复位", exact=True)
        await page.keyboard.press("a")
        await expect(row(page, alert["id"])).to_have_class("alert-row is-acked is-selected is-fire")
        assert await reset.count() == 0, "the condition holds"
        hub.act(alert["id"], "clear")
        await expect(row(page, alert["id"])).to_contain_text("待复位")
        await expect(page.locator(".detail-head")).to_contain_text("恢复于")
        await reset.click()
        await expect(row(page, alert["id"])).to_have_class("alert-row is-closed is-selected is-fire")
        await expect(page.locator(".history")).to_contain_text("复位")
        assert await seat.complaints() == []
    assert alert["state"] == "closed"


async def test_an_alert_that_changed_meanwhile_is_not_acknowledged_unseen(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("door-held", hub.campus.find("hq1/door/1"))
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(row(page, alert["id"])).to_be_visible()
        alert["epoch"] += 1  # raised again; the event is still under way
        await page.keyboard.press("a")
        await expect(page.locator(".actions .problem")).to_contain_text("请重新确认")
        assert (hub.refused_acks, alert["state"]) == (1, "raised")
        await page.keyboard.press("a")
        await expect(row(page, alert["id"])).to_have_class("alert-row is-acked is-selected")


async def test_nothing_moves_under_the_hand_until_the_list_is_settled(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub) as seat:
        page = await seat.open()
        await page.locator(".lane-rest .alert-row").nth(3).click()
        before = await page.locator(".alert-row").evaluate_all("rows => rows.map((row) => row.dataset.alert)")
        place = await page.locator(".alert-row.is-selected").bounding_box()
        alert = busy_hub.raise_alert("pump-low-pressure", "hq1-pump-1")
        await expect(page.locator(".new-bar button")).to_contain_text("新告警 1 条")
        assert (
            await page.locator(".alert-row").evaluate_all("rows => rows.map((row) => row.dataset.alert)")
            == before
        )
        assert await page.locator(".alert-row.is-selected").bounding_box() == place
        await page.keyboard.press("r")
        await expect(row(page, alert["id"])).to_be_visible()
        await expect(page.locator(".new-bar button")).to_have_count(0)


async def test_j_and_k_move_through_fire_first_and_then_by_severity(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub) as seat:
        page = await seat.open()
        await page.locator(".alert-row.is-selected").wait_for()
        order = []
        for _ in range(5):
            order.append(await page.locator(".alert-row.is-selected .mark").get_attribute("aria-label"))
            await page.keyboard.press("j")
        assert order == ["紧急", "重要", "重要", "重要", "一般"]
        await page.keyboard.press("k")
        await page.keyboard.press("k")
        assert await page.locator(".alert-row.is-selected .mark").get_attribute("aria-label") == "重要"


async def test_children_are_folded_under_the_alert_that_covers_them(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, size="wall") as seat:
        page = await seat.open()
        fold = page.locator(".fold")
        await expect(fold).to_have_text("覆盖 12 条")
        assert await page.locator(".alert-row.is-child").count() == 0
        await fold.click()
        await expect(page.locator(".alert-row.is-child")).to_have_count(12)


async def test_the_detail_says_where_since_evidence_what_to_do_who_and_trend(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, size="wall", language="en") as seat:
        page = await seat.open()
        await page.locator(".alert-row", has_text="46.8 km/h").first.click()
        detail = page.locator(".detail")
        for words in (
            "Speeding on the compound", "Compound No. 1", "101 Gate road", "46.8 km/h", "limit 30.0 km/h",
            "What to do first", "read the plate", "Compound No. 1 security team", "raised",
        ):  # fmt: skip
            await expect(detail).to_contain_text(words)
        await expect(detail.locator(".spark-line")).to_have_count(1)
        await expect(detail.locator(".spark-limit")).to_have_count(1)
        await detail.get_by_text("Open trend").click()
        await expect(page).to_have_url(re.compile(r"#/trends\?points=hq1-radar-1\.speed_kmh"))
        await page.go_back()
        await expect(page.locator(".board")).to_be_visible()


async def test_the_list_settles_by_itself_but_the_alert_in_view_stays_in_view(hub: FakeHub, sit: Sit) -> None:
    seen = hub.raise_alert("door-held", hub.campus.find("hall/door/1"))
    async with sit(hub) as seat:
        await seat.page.clock.install()
        page = await seat.open()
        await row(page, seen["id"]).wait_for()
        await page.mouse.click(5, 300)
        hub.act(seen["id"], "ack", "li")
        hub.act(seen["id"], "clear")
        graver = hub.raise_alert("pump-not-auto", "hq1-pump-1")
        await expect(page.locator(".new-bar button")).to_have_count(1)
        await page.clock.run_for(12_000)  # nobody has touched anything since
        await expect(row(page, graver["id"])).to_be_visible()
        await expect(row(page, seen["id"])).to_have_class("alert-row is-closed is-selected")
        await page.keyboard.press("a")
        await page.keyboard.press("r")
        await expect(row(page, seen["id"])).to_have_count(0)
        await expect(row(page, graver["id"])).to_have_class("alert-row is-raised is-selected is-fire")
    assert graver["state"] == "raised"


async def test_a_note_and_an_assignment_are_written_and_shown(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("door-forced", hub.campus.find("hall/door/2"))
    async with sit(hub) as seat:
        page = await seat.open()
        await row(page, alert["id"]).wait_for()
        await page.keyboard.press("n")
        await page.keyboard.type("ja, patrol sent")  # j and a are text here, not commands
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".history")).to_contain_text("ja, patrol sent")
        await page.get_by_role("button", name="由我处理").click()
        await expect(page.locator(".assign input")).to_have_value("wang")
    assert (alert["state"], alert["assignee"], alert["notes"]) == ("raised", "wang", 1)


async def test_a_viewer_may_look_and_nothing_else(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub, name="guest") as seat:
        page = await seat.open()
        await row(page, alert["id"]).wait_for()
        await page.keyboard.press("a")
        await expect(page.locator(".actions")).to_contain_text("当前角色只能查看")
        assert await page.locator(".actions button").count() == 0
    assert alert["state"] == "raised"
    assert not [request for request in hub.requests if request.endswith("/ack")]


async def test_question_mark_shows_the_keys_and_takes_them_away(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        await page.keyboard.press("?")
        await expect(page.locator(".help")).to_contain_text("消音(不等于确认)")
        await page.keyboard.press("Escape")
        await expect(page.locator(".help")).to_have_count(0)


async def test_filters_keep_what_was_asked_for_and_live_in_the_address(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub) as seat:
        page = await seat.open()
        await page.get_by_role("button", name="门禁").click()
        await expect(page.locator(".alert-row")).to_have_count(2)
        assert "family=access" in page.url
        await page.reload()
        await expect(page.locator(".alert-row")).to_have_count(2)


async def test_the_sound_says_that_it_needs_a_touch_sounds_for_new_ones_and_is_silenced_by_s(
    hub: FakeHub, sit: Sit
) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        sound = page.locator('[data-status="sound"]')
        await expect(sound).to_have_text("点按页面后才有声音")
        await page.mouse.click(400, 400)
        await expect(sound).to_have_text("声音开")
        alert = hub.raise_alert("pump-not-auto", "hq1-pump-1")
        await expect(sound).to_contain_text("正在鸣响")
        await page.keyboard.press("s")
        await expect(sound).to_have_text("声音开")
        assert alert["state"] == "raised"  # silence is not acknowledge


async def test_a_plate_is_shown_when_somebody_who_may_asks_for_it(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub, language="en") as seat:
        page = await seat.open(f"board/{alert['id']}")
        plate = page.locator(".plate")
        await expect(page.locator(".readings")).to_contain_text("confidence92%")
        assert "浙B12345" not in await page.content()
        await plate.get_by_role("button").click()
        await expect(plate).to_contain_text("浙B12345 sure to 97.5%")


async def test_a_viewer_is_told_of_a_plate_and_not_shown_it(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub, name="guest", language="en") as seat:
        page = await seat.open(f"board/{alert['id']}")
        await expect(page.locator(".plate")).to_contain_text("operators may look it up")
        await expect(page.locator(".plate button")).to_have_count(0)
