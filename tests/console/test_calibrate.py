"""Calibrating a road camera: a still, four clicks, metres; the grid comes back, or the reason why not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, expect

from devices.profiles.strict import read_yaml
from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub, now_us

pytestmark = pytest.mark.needs("chromium")
CORNERS = ((100, 340), (540, 340), (400, 80), (240, 80))


async def clicked(page: Page, folder: Path, corners: tuple[tuple[int, int], ...]) -> None:
    """Choose a grey still and click its corners."""
    still = folder / "still.png"
    cv2.imwrite(str(still), np.full((360, 640, 3), 90, np.uint8))
    await page.locator("input[type=file]").set_input_files(still)
    canvas = page.locator("canvas.calibrate-still")
    await expect(canvas).to_have_js_property("width", 640)
    box = await canvas.bounding_box()
    assert box is not None
    scale = box["width"] / 640
    for x, y in corners:
        await canvas.click(position={"x": x * scale, "y": y * scale})
    await page.get_by_label("Camera", exact=True).select_option("hq1-cam-0002")
    await page.get_by_label("Radar", exact=True).select_option("hq1-radar-1")


async def test_four_clicks_and_metres_give_a_grid_and_what_to_write(
    hub: FakeHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("calibrate")
        known = page.locator(".calibrate-known")
        await expect(known).to_contain_text("hq1-cam-0001: 20.1 m of road, residual")
        await expect(known).not_to_contain_text("moved")
        await clicked(page, tmp_path, CORNERS)
        before = await page.locator("canvas").evaluate("c => c.toDataURL()")
        await page.get_by_role("button", name="Try it").click()
        await expect(page.locator(".calibrate-figures")).to_contain_text("Residual of the sides")
        await expect(page.locator(".calibrate-yaml")).to_contain_text("camera: hq1-cam-0002")
        async with page.expect_download() as download:
            await page.locator('[data-take="file"]').click()
        await (await download.value).save_as(tmp_path / "taken.yaml")
        written = await asyncio.to_thread(read_yaml, tmp_path / "taken.yaml")
        assert written["calibrations"][0]["camera"] == "hq1-cam-0002"
        assert await page.locator("canvas").evaluate("c => c.toDataURL()") != before


async def test_the_latest_picture_of_the_camera_is_taken_and_a_moved_one_is_told(
    hub: FakeHub, sit: Sit
) -> None:
    hub.moved_us = now_us() - 86_400_000_000
    hub.pictures.silent.add("hq1-cam-0001")
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("calibrate")
        await expect(page.locator(".calibrate-known .is-outside")).to_contain_text("It was found moved at")
        newest = page.locator('[data-act="newest"]')
        await expect(newest).to_be_disabled()  # of which camera?
        camera = page.get_by_label("Camera", exact=True)
        await camera.select_option("hq1-cam-0002")
        await newest.click()
        canvas = page.locator("canvas.calibrate-still")
        await expect(canvas).to_be_visible()
        assert await canvas.evaluate("c => c.getContext('2d').getImageData(5, 5, 1, 1).data[0]") > 60
        await expect(page.locator("main")).to_contain_text("Picture of 20")
        assert await seat.complaints() == []
        await camera.select_option("hq1-cam-0001")
        await newest.click()
        await expect(page.get_by_role("alert")).to_contain_text("gateway does not answer")


async def test_what_cannot_be_used_is_refused_with_the_reason(hub: FakeHub, sit: Sit, tmp_path: Path) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("calibrate")
        await clicked(page, tmp_path, (CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]))
        await page.get_by_role("button", name="Try it").click()
        await expect(page.get_by_role("alert")).to_contain_text("sides cross or the order is wrong")
