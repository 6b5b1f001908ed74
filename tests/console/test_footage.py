"""Clip and pictures beside an alert: shown when somebody who may asks for them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub


@pytest.mark.needs("chromium")
async def test_clip_and_pictures_are_shown_when_somebody_who_may_asks(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub, language="en") as seat:
        page = await seat.open(f"board/{alert['id']}")
        await expect(page.locator(".readings")).to_contain_text("cameraconfirmed")
        await expect(page.locator(".readings")).to_contain_text("speed by the camera45.2 km/h")
        footage = page.locator(".footage-of")
        await footage.get_by_role("button", name="Show clip and pictures").click()
        clip = footage.locator("video")
        await expect(clip).to_have_attribute("src", f"/api/alerts/{alert['id']}/evidence/clip.mp4")
        await footage.get_by_role("button", name="Picture 1, with facts").click()
        picture = footage.locator("img")
        await expect(picture).to_have_js_property("naturalWidth", 1)
        take = footage.get_by_role("link", name="Download")
        await expect(take).to_have_attribute("href", f"{await picture.get_attribute('src')}?download=true")


@pytest.mark.needs("chromium")
async def test_a_viewer_is_told_of_footage_and_not_shown_it(hub: FakeHub, sit: Sit) -> None:
    alert = hub.raise_alert("speeding", "hq1-radar-1")
    async with sit(hub, name="guest", language="en") as seat:
        page = await seat.open(f"board/{alert['id']}")
        await expect(page.locator(".footage-of")).to_contain_text("Operators may look at clip and pictures")
        await expect(page.locator(".footage-of button")).to_have_count(0)
