"""Probing from the console: what is asked, what the unit says with plausible meanings marked, a profile from it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect
from playwright.async_api import TimeoutError as NotShown

from tests.console.conftest import Seat, Sit
from tests.console.fake_campus import Json
from tests.console.fake_hub import FakeHub, now_us
from tests.console.fake_orders import CHECKED, PROBED
from tests.console.test_parts import run

pytestmark = pytest.mark.needs("chromium")


async def answered(hub: FakeHub, data: Json, shown: Locator) -> None:
    """The agent carries out the newest order; told again until the page shows it: its stream may just begin."""
    newest = list(hub.orders.rows)[-1]
    hub.orders.probes[newest] = data
    done = dict(hub.orders.move(newest, "done", now_us()))
    for _ in range(60):
        hub.emit("order", done)
        with contextlib.suppress(NotShown):
            await shown.wait_for(timeout=500)
            return
    await shown.wait_for()


async def ask(seat: Seat, hub: FakeHub, data: Json, **fields: str) -> Json:
    """Fill in, send, and let the agent answer; returns what was asked."""
    for name, value in {"why": "a new meter", **fields}.items():
        await seat.page.locator(f'.probe-form [name="{name}"]').fill(value)
    await seat.page.locator('[data-act="probe"]').click()
    await expect(seat.page.locator(".order-steps .is-now")).to_have_text("queued")
    await answered(hub, data, seat.page.locator(".probe-found .table-row").first)
    asked: Json = hub.orders.made[-1]
    return asked


async def test_what_a_unit_says_is_shown_with_what_it_could_mean_and_a_profile_to_start_from(
    hub: FakeHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("gateways")
        await page.locator('[data-agent="hq1-edge"] [aria-expanded]').click()
        await page.locator('[data-agent="hq1-edge"] a[href*="hq1-meters"]').click()
        asked = await ask(seat, hub, PROBED, unit="7", ranges="0-79, 0x50-0x63")
        args = {"unit": 7, "table": "holding", "ranges": [[0, 79], [80, 99]], "looks": 2, "wait_s": 3}
        assert (asked["link"], asked["args"], asked["why"]) == ("hq1-meters", args, "a new meter")
        first = page.locator(".probe-found .table-row").first
        await expect(first.locator(".is-plausible")).to_contain_text("230.4 V voltage")
        await expect(first).to_contain_text("f32 ABCD")
        notes = page.locator(".probe-notes")
        await expect(notes).to_contain_text("80–99: no such address")
        await expect(notes).to_contain_text("All ffff, nothing there: 64–79")
        await expect(notes).to_contain_text("SDM630-M or, bytes swapped, DS6M03M-")
        await expect(page.locator(".probe-found .table-row").nth(1)).to_contain_text("unclear")
        async with page.expect_download() as got:
            await page.locator('[data-act="draft"]').click()
        await (await got.value).save_as(tmp_path / "found.yaml")
        assert (tmp_path / "found.yaml").read_text("utf-8") == PROBED["draft"]
        assert await seat.complaints() == []


async def test_a_data_sheet_held_against_a_unit_shows_first_what_is_wrong(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("probe/hq1-meters")
        await page.locator('[data-option="check"]').click()
        asked = await ask(seat, hub, CHECKED, unit="7", profile="eastron-sdm630", parameters="ct=40")
        wanted = {"unit": 7, "check": "eastron-sdm630", "index": 0, "parameters": {"ct": 40}}
        assert asked["args"] == wanted
        first = page.locator(".probe-found .table-row").first
        await expect(first).to_contain_text("implausible")
        await expect(first).to_contain_text("f32 CDAB = 50.00 Hz")
        await expect(page.locator(".probe-sum")).to_contain_text("1 wrong")


async def test_ranges_are_read_as_people_write_them_and_nothing_else(hub: FakeHub, sit: Sit) -> None:
    told = """(words, texts) => texts.map((text) => words.rangesOf(text))"""
    texts = ["0-99", "5", " 0x10-0x1F; 40", "", "9-3", "0-600", "1-2-3", "70000", "a-b", "-4"]
    async with sit(hub, name=None) as seat:
        got = await run(seat, "pages/probe/words.js", told, texts)
    assert got == [[[0, 99]], [[5, 5]], [[16, 31], [40, 40]], *[None] * 7]
