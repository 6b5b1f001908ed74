"""Orders in a real Chromium: given where the trouble is seen, followed live, stopped by one switch, off by default."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub, now_us
from tests.console.fake_orders import OFF

pytestmark = pytest.mark.needs("chromium")


async def give(page: Page, value: str | None, why: str) -> None:
    form = page.locator(".order-form")
    if value is not None:
        await form.locator('[data-path="value"]').fill(value)
    await form.locator('textarea[name="why"]').fill(why)
    await form.locator('[data-act="order"]').click()


def step(hub: FakeHub, number: int, state: str, **more: object) -> None:
    """The hub tells that an order came so far."""
    order_id = next(row["id"] for row in hub.orders.rows.values() if row["seq"] == number)
    hub.emit("order", dict(hub.orders.move(order_id, state, now_us(), **more)))


async def test_an_order_from_the_cooling_page_says_what_it_will_do_and_is_followed_to_its_end(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, name="li", language="en") as seat:
        page = await seat.open("cooling")
        first = page.locator("[data-order-of]").first
        device = await first.get_attribute("data-order-of")
        await first.click()
        preview = page.locator(".order-preview")
        await expect(preview).to_contain_text("22.0 ℃ → 26.0 ℃")
        await expect(preview).to_contain_text("2 min 00 s")
        await expect(preview).to_contain_text("3 more allowed")
        await expect(page.locator('[data-act="order"]')).to_be_disabled()  # without a reason
        await give(page, "25.5", "meeting is over")
        await expect(page.locator(".order-made")).to_contain_text("queued")
        (asked,) = busy_hub.orders.made
        wanted = {"device": device, "point": "setpoint_c", "value": 25.5, "why": "meeting is over"}
        assert wanted.items() <= asked.items()
        assert (asked["hold_s"], asked["expires_in_s"]) == (None, 120)
        for state in ("sent", "taken", "verified"):
            step(busy_hub, 7, state)
            await expect(page.locator(".order-steps .is-now")).to_have_text(state)
        await page.locator(".order-made a").click()
        await expect(page.locator(".order-card")).to_contain_text("meeting is over")
        await page.keyboard.press("j")
        await expect(page.locator(".order-card h2")).to_contain_text("O-6")
        await page.locator('[data-ask="cancel"] button').click()
        await page.keyboard.type("not needed")
        await page.keyboard.press("Enter")
        await expect(page.locator(".order-card")).to_have_attribute("data-state", "cancelled")
        assert await seat.complaints() == []


async def test_a_limit_of_the_set_point_is_ordered_for_a_time_and_not_past_the_other_one(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, name="li", language="en") as seat:
        page = await seat.open("cooling")
        await page.locator("[data-order-of]").first.click()
        form = page.locator(".order-form")
        await form.locator('select[name="point"]').select_option("setpoint_low_c")
        await expect(form).to_contain_text("26.0 ℃ to 28.0 ℃")
        await form.locator('select[name="hold"]').select_option("604800")
        await form.locator('[data-path="value"]').fill("29")
        await give(page, "27", "summer")
        await expect(page.locator(".order-made")).to_be_visible()
        (asked,) = busy_hub.orders.made
        assert (asked["point"], asked["value"], asked["hold_s"]) == ("setpoint_low_c", 27, 604_800)
        assert await seat.complaints() == []


async def test_a_set_point_alert_is_put_right_from_the_board_and_a_value_out_of_range_is_not_sent(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, name="li") as seat:
        page = await seat.open("board?family=cooling")
        await page.locator(".alert-row.is-selected").wait_for()
        promise = page.locator(".alert-acts")
        await expect(promise).to_contain_text("前无人确认,规则将下令:设定温度设为 26.0 ℃")
        await page.keyboard.press("o")
        field = page.locator('.alert-order [data-path="value"]')
        await expect(field).to_have_value("26")  # the limit of the alert
        await field.fill("31")
        await expect(page.locator(".order-preview")).to_contain_text("→ 26.0 ℃")
        await give(page, "27", "恢复")
        await expect(page.locator(".order-made")).to_be_visible()
        (asked,) = busy_hub.orders.made
        alert = busy_hub.alerts.by_id[asked["alert"]]
        assert (asked["value"], asked["device"], alert["rule"]) == (27, alert["device"], "ac-setpoint")


async def test_one_switch_freezes_all_writing_in_place_and_the_status_line_says_who_did_it(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, name="wang") as seat:
        page = await seat.open("orders")
        freeze = page.locator('[data-ask="freeze-*"]')
        await freeze.locator("button").first.click()
        await expect(freeze.locator(".primary")).to_be_disabled()
        await page.keyboard.type("pipes are drained")
        await page.keyboard.press("Enter")
        await expect(page.locator(".freeze")).to_have_class(re.compile("is-frozen"))
        await expect(page.locator(".freeze-words")).to_contain_text("pipes are drained")
        await expect(page.locator('[data-status="frozen"]')).to_contain_text("wang")
        await expect(page.locator('[data-ask="thaw-*"] button')).to_be_disabled()  # an engineer's business
        await page.locator("summary").click()
        await expect(page.locator('.order-agent[data-agent="hall-edge"]')).to_contain_text("尚未收到")
        busy_hub.orders.freezes.clear()
        busy_hub.emit("orders", busy_hub.orders.head(now_us()))
        await expect(page.locator('[data-status="frozen"]')).to_have_count(0)
        await expect(page.locator(".freeze-words b")).to_have_text("写值:允许")
        assert await seat.complaints() == []


async def test_where_writing_is_off_the_form_is_grey_with_the_reason(busy_hub: FakeHub, sit: Sit) -> None:
    busy_hub.orders.enabled, busy_hub.orders.obstacle = False, OFF
    async with sit(busy_hub, size="phone", name="li") as seat:
        page = await seat.open("cooling")
        await page.locator("[data-order-of]").first.click()
        await expect(page.locator(".order-obstacle")).to_have_text(OFF["zh"])
        await expect(page.locator(".order-form textarea")).to_be_disabled()
        await page.locator(".order-close").click()
        await page.goto(f"{seat.address}/#/orders")
        await expect(page.locator(".freeze-words")).to_contain_text("写值:未启用")


async def test_an_order_leads_to_its_device_and_shows_only_the_steps_that_it_took(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, language="en") as seat:
        row = next(row for row in busy_hub.orders.rows.values() if row["kind"] == "write" and row["device"])
        row |= {"state": "expired", "over": True, "code": "expired"}
        row |= dict.fromkeys(["sent_us", "taken_us", "verified_us"])
        page = await seat.open(f"orders/{row['id']}")
        await expect(page.locator(".order-steps li")).to_have_text(["queued", "expired"])
        await page.locator(".order-card .pairs a").first.click()
        await expect(page).to_have_url(re.compile(f"#/device/{row['device']}"))
        await expect(page.locator(".orders")).to_have_count(0)


async def test_orders_are_filtered_by_state_and_by_who_gave_them(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, language="en") as seat:
        page = await seat.open("orders")
        rows = page.locator(".orders .table-row")
        await expect(rows).to_have_count(6)
        await page.locator('.chip[data-state="failed"]').click()
        await expect(
            rows.locator('.order-state[data-state="expired"], .order-state[data-state="failed"]')
        ).to_have_count(2)
        await expect(rows).to_have_count(2)
        await page.locator('.chip[data-state="failed"]').click()
        await page.locator('[data-option="rule"]').click()
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("rule: Set point")
        await page.locator(".orders input[type=search]").fill("049")
        await expect(rows).to_have_count(1)
        await rows.first.click()
        await expect(page.locator(".order-card")).to_contain_text("released")
        await expect(page.locator('[data-ask="cancel"]')).to_have_count(0)
