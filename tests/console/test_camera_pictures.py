"""What a camera shows beside what it should see, and commissioning one camera after the other, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


async def test_a_camera_shows_its_newest_picture_beside_its_reference_and_how_they_differ(
    hub: FakeHub, sit: Sit
) -> None:
    camera = hub.campus.find("hq1/camera/0")
    async with sit(hub, language="en") as seat:
        page = await seat.open(f"camera/{camera}")
        newest = page.locator('[data-picture="newest"]')
        await expect(newest.locator("img")).to_have_js_property("naturalWidth", 160)
        await expect(newest).not_to_have_class(re.compile("is-stale"))
        await expect(page.locator('[data-picture="day"] img')).to_have_js_property("naturalWidth", 160)
        await expect(page.locator('[data-picture="night"]')).to_contain_text("No reference yet")
        await expect(page.locator(".pictures button")).to_have_count(
            3
        )  # an operator looks, and confirms nothing
        await page.locator('[data-option="difference"]').click()
        top = page.locator('[data-picture="difference"] .over-top')
        await expect(top).to_have_css("mix-blend-mode", "difference")
        await page.locator('[data-option="slide"]').click()
        await page.locator('[data-picture="slide"] input').fill("80")
        await expect(page.locator(".over-top")).to_have_css("clip-path", "inset(0px 0px 0px 80%)")
        assert await seat.complaints() == []


async def test_an_old_picture_looks_old_a_gateway_that_is_away_is_named_and_a_viewer_sees_signals_only(
    hub: FakeHub, sit: Sit
) -> None:
    hub.pictures.age_s = 7200
    where = f"camera/{hub.campus.find('hq1/camera/0')}"
    async with sit(hub, name="guest", language="en") as seat:
        page = await seat.open(where)
        await expect(page.locator(".signal").first).to_be_visible()
        await expect(page.locator(".pictures-none")).to_contain_text("Operators may look")
        assert hub.pictures.asked == []
    async with sit(hub, language="en") as seat:
        page = await seat.open(where)
        await expect(page.locator('[data-picture="newest"]')).to_have_class(re.compile("is-stale"))
        await expect(page.locator(".pictures [role=alert]")).to_have_count(0)
        hub.silence_agent("hq1-edge")
        await expect(page.locator(".pictures [role=alert]")).to_contain_text("is away")


async def test_an_engineer_confirms_a_reference_if_the_gateway_does_and_forgets_it_with_a_reason(
    hub: FakeHub, sit: Sit
) -> None:
    camera = hub.campus.find("hq1/camera/0")
    hub.pictures.refused.add(camera)
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open(f"camera/{camera}")
        await page.locator('[data-act="confirm-day"]').click()
        day = page.locator('[data-picture="day"]')
        await expect(page.locator(".reference-deeds .problem")).to_contain_text("no reference to confirm yet")
        await expect(day).not_to_have_attribute("data-standing", "confirmed")
        hub.pictures.refused.clear()
        await page.locator('[data-act="confirm-day"]').click()
        await expect(day).to_have_attribute("data-standing", "confirmed")
        await expect(page.locator('[data-act="confirm-day"]')).to_have_count(0)
        await page.get_by_role("button", name="Learn anew…").click()
        await page.locator('[data-ask="forget"] input').fill("turned to the gate")
        await page.get_by_role("button", name="Learn anew", exact=True).click()
        await expect(day).to_have_attribute("data-standing", "none")
        await expect(day).to_contain_text("No reference yet")
        assert [one[:3] for one in hub.pictures.ordered] == [
            (camera, "confirm", "day"), (camera, "confirm", "day"), (camera, "forget", "both")
        ]  # fmt: skip
        assert hub.pictures.ordered[2][3] == "turned to the gate"


async def test_an_engineer_goes_through_the_cameras_of_a_building_by_keyboard(hub: FakeHub, sit: Sit) -> None:
    cameras = [one["id"] for one in hub.campus.devices if one["kind"] == "camera"]
    building = hub.campus.area_by_id[hub.campus.device_by_id[cameras[0]]["area"]]["building"]
    done = {"day": "confirmed", "night": "confirmed"}
    hub.pictures.standing = dict.fromkeys(cameras[3:], done)
    hub.pictures.standing[cameras[1]] = {"day": "unconfirmed", "night": "unconfirmed"}
    hub.pictures.standing[cameras[2]] = {"day": "too-plain", "night": "none"}
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open(f"cameras/commissioning?building={building}")
        card = page.locator(".commissioning-card")
        await expect(card).to_have_attribute("data-device", cameras[0])
        await expect(page.locator('.chip[data-group="confirm"] b')).to_have_text("2")
        await expect(page.locator('.chip[data-group="blocked"] b')).to_have_text("1")
        await expect(card.locator('[data-picture="day"] img')).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(card).to_have_attribute("data-device", cameras[1])  # on to the next at once
        await expect(page.locator('.chip[data-group="waiting"] b')).to_have_text("1")  # for its night
        await expect(card.locator('[data-picture="night"] img')).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator('.chip[data-group="confirm"] b')).to_have_text("0")
        assert [one[:3] for one in hub.pictures.ordered] == [
            (cameras[0], "confirm", "day"), (cameras[1], "confirm", "both")
        ]  # fmt: skip
        await page.locator('.chip[data-group="blocked"]').click()
        area = hub.campus.device_by_id[cameras[2]]["area"]
        await page.locator('select[name="area"]').select_option(area)
        await expect(card).to_have_attribute("data-device", cameras[2])
        await expect(card.locator(".commissioning-question")).to_contain_text("too plain by day")
        await expect(card.locator('[data-act="confirm"]')).to_be_disabled()
        assert {camera for camera, _ in hub.pictures.asked} <= set(cameras[:3]), "one ahead, and no more"
        assert await seat.complaints() == []
