"""Floor plans: devices on their places with their states, the drawing moved by hand and keys, lines to copy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub
from tests.console.fake_plans import FLOOR, MAP, UNPLACED, positions

pytestmark = pytest.mark.needs("chromium")
#: What is moved is drawn with the next picture of the screen.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
WHERE = f"campus/building/hq1-main?plan={FLOOR}"


def cameras(hub: FakeHub, plan: str = FLOOR) -> list[str]:
    rows = [row["device"] for row in positions(hub) if row["plan"] == plan]
    return [device for device in rows if hub.campus.device_by_id[device]["kind"] == "camera"]


def point(page: Page, device: str) -> Locator:
    return page.locator(f'.plan-point[data-device="{device}"]')


async def middle(locator: Locator) -> tuple[float, float]:
    await locator.page.evaluate(DRAWN)
    box = await locator.locator(".plan-body").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_a_plan_shows_what_is_heard_what_is_not_and_what_needs_a_person(hub: FakeHub, sit: Sit) -> None:
    old, off, bad, seen, good = cameras(hub)[:5]
    hub.readings.values[f"{old}.link"] = [hub.readings.values[f"{old}.link"][0] - 7_200_000_000, 0, 0]
    hub.readings.values[f"{off}.link"][1] = 1
    hub.raise_alert("camera-dark", bad)
    hub.act(hub.raise_alert("camera-dark", seen)["id"], "ack", "wang")
    async with sit(hub) as seat:
        page = await seat.open("campus/building/hq1-main")
        await page.locator(f'[data-tab="{FLOOR}"]').click()
        await expect(page.locator(".plan-point")).to_have_count(
            sum(row["plan"] == FLOOR for row in positions(hub))
        )
        await expect(point(page, good)).to_have_class("plan-point is-normal")
        await expect(point(page, good).locator(".mark, .plan-age, .plan-off")).to_have_count(0)
        await expect(point(page, good).locator(".plan-cone")).to_have_count(1)
        await expect(point(page, old)).to_have_class("plan-point is-stale")
        await expect(point(page, old).locator(".plan-age")).to_contain_text("2")
        await expect(point(page, off)).to_have_class("plan-point is-offline")
        await expect(point(page, bad).locator(".mark-pulse")).to_have_count(1)
        await expect(point(page, seen).locator(".mark")).to_have_count(1)
        await expect(point(page, seen).locator(".mark-pulse")).to_have_count(0)
        hub.set_values({f"{off}.link": 0})  # through the stream that the page has anyway
        await expect(point(page, off)).to_have_class("plan-point is-normal")
        await expect(page.locator(".plan-waiting summary")).to_contain_text(str(UNPLACED))
        await expect(page.locator('[data-act="place"]')).to_have_count(0)  # an operator places nothing
        await page.locator(".plan-drawing").scroll_into_view_if_needed()
        await page.mouse.click(*await middle(point(page, good)))
        await expect(page).to_have_url(f"{seat.address}/#/camera/{good}")
        assert await seat.complaints() == []


async def test_wheel_keys_fingers_and_drags_move_the_plan_and_open_nothing(hub: FakeHub, sit: Sit) -> None:
    first = cameras(hub, MAP)[0]
    async with sit(hub) as seat:
        page = await seat.open(f"campus/site/hq1?plan={MAP}")
        await expect(page.locator(".plan-point")).to_have_count(len(cameras(hub, MAP)))
        await expect(page.locator(".plan-body").first).to_be_visible()
        drawing = page.locator(".plan-drawing")
        await drawing.scroll_into_view_if_needed()
        before, world = await middle(point(page, first)), drawing.locator("g").first
        whole = await world.get_attribute("transform")
        await page.mouse.move(*before)
        await page.mouse.wheel(0, -600)
        await expect(world).not_to_have_attribute("transform", whole or "")
        near = await middle(point(page, first))
        assert near == pytest.approx(before, abs=3)  # what is under the pointer stays there
        await page.mouse.down()
        await page.mouse.move(near[0] + 60, near[1] + 30, steps=4)
        await page.mouse.up()
        assert await middle(point(page, first)) == pytest.approx((near[0] + 60, near[1] + 30), abs=4)
        assert page.url.endswith(MAP)  # a drag that began on a sign opens nothing
        await drawing.focus()
        await page.keyboard.press("ArrowRight")
        assert await middle(point(page, first)) == pytest.approx((near[0], near[1] + 30), abs=4)
        await page.keyboard.press("0")
        assert await middle(point(page, first)) == pytest.approx(before, abs=1)
        apart = await pinched(page, first)
        assert apart[1] == pytest.approx(2 * apart[0], rel=0.05)


async def pinched(page: Page, device: str) -> tuple[float, float]:
    """Two fingers move to twice their distance: how far two signs are apart before and after."""
    script = """async (device) => {
        const drawing = document.querySelector('.plan-drawing');
        const bodies = document.querySelectorAll('.plan-body');
        const gap = () => bodies[1].getBoundingClientRect().x - bodies[0].getBoundingClientRect().x;
        const box = drawing.getBoundingClientRect();
        const event = (name, pointerId, x) => drawing.dispatchEvent(new PointerEvent(
            name, { pointerId, bubbles: true, clientX: box.x + x, clientY: box.y + 100 }));
        const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        await drawn();
        const before = gap();
        event('pointerdown', 11, 150);
        event('pointerdown', 12, 250);
        event('pointermove', 12, 350);
        event('pointerup', 11, 150);
        event('pointerup', 12, 350);
        await drawn();
        return [before, gap()];
    }"""
    before, after = await page.evaluate(script, device)
    return before, after


async def test_an_engineer_places_devices_and_takes_the_lines_for_the_site_file(
    hub: FakeHub, sit: Sit
) -> None:
    camera = cameras(hub)[0]
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open(WHERE)
        await page.locator('[data-act="place"]').click()
        x, y = await middle(point(page, camera))
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x - 40, y, steps=4)
        await page.mouse.up()
        words = page.locator(".plan-words")
        await expect(words).to_contain_text(f"{FLOOR},{camera},")
        was: dict[str, Any] = next(row for row in positions(hub) if row["device"] == camera)
        written = (await words.inner_text()).split(",")
        assert float(written[2]) < was["x"] - 10
        assert float(written[3]) == pytest.approx(was["y"], abs=1)
        await page.locator('[data-field="heading"]').fill("123")
        await page.locator('[data-field="heading"]').press("Tab")
        await expect(words).to_contain_text(",123,70")
        waiting = page.locator("[data-place]").first
        device = await waiting.get_attribute("data-place")
        await waiting.click()
        await page.locator(".plan-drawing").click(position={"x": 30, "y": 60})
        await expect(words).to_contain_text(f"{FLOOR},{device},")
        await expect(page.locator("[data-place]")).to_have_count(UNPLACED - 1)
        await page.locator('[data-take="copy"]').click()
        await expect(page.locator('[data-take="copy"]')).to_have_text("Copied")
        async with page.expect_download() as download:
            await page.locator('[data-take="file"]').click()
        assert (await download.value).suggested_filename.endswith(".csv")
        # where positions stand in the site file itself, and with no more digits than a person can place
        position = {"plan": "p", "device": "d", "x": 1.26, "y": 2, "heading": -90, "angle": 70}
        module = "import('/console/pages/campus/plans.js')"
        words_of = f"async (one) => (await {module}).wordsFor([one], null)"
        as_yaml = "positions:\n- {plan: p, device: d, x: 1.3, y: 2, heading: 270, angle: 70}"
        assert await page.evaluate(words_of, position) == as_yaml
        assert await seat.complaints() == []
