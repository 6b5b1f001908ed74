"""The engineer's workbench in a real Chromium on a real hub: change a number, see what it would have raised."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import Seat, Sit, shared_loop
from tests.console.rule_hub import RuleHub, serving
from tests.console.test_pages import download

pytestmark = pytest.mark.needs("chromium")

SLOW_MS = 20_000


@shared_loop()
async def hub(tmp_path: Path) -> AsyncIterator[RuleHub]:
    async with serving(tmp_path) as hub:
        yield hub


async def change(page: Page, path: str, value: str) -> None:
    """Change one number, and wait until the page shows what that would have raised."""
    await page.locator(f'.rule-form [data-path="{path}"]').fill(value)
    await expect(page.locator('.trial[data-former="false"]')).to_be_visible(timeout=SLOW_MS)


async def total(page: Page, what: str) -> int:
    return int((await page.locator(f'[data-total="{what}"] dd').inner_text()).replace(",", ""))


async def backtests(seat: Seat) -> list[dict[str, Any]]:
    answer = await seat.page.request.get(f"{seat.address}/api/backtests")
    return list((await answer.json())["rows"])


async def test_a_lower_limit_shows_the_alerts_it_would_gain_on_the_lanes_that_gain_them(
    hub: RuleHub, sit: Sit
) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "28")
        gained = await total(page, "gained")
        assert gained > 10
        assert await total(page, "lost") == 0
        lane = page.locator(".lane:has(.change-count.is-gained)").first
        await expect(lane).to_contain_text("Gained")
        await expect(lane.locator(".lane-draft.is-gained")).to_have_count(1)
        await expect(lane.locator(".lane-sign.is-gained")).to_have_count(1)
        await expect(page.locator(".field-live")).to_have_text("29")
        # a higher limit again: the former result stays drawn until the new one is there
        await page.locator('.rule-form [data-path="when.0.above"]').fill("29.6")
        await expect(page.locator('.trial[data-former="true"] .lane').first).to_be_visible()
        await expect(page.locator('.trial[data-former="false"]')).to_be_visible(timeout=SLOW_MS)
        assert (await total(page, "gained"), await total(page, "lost") > 0) == (0, True)
        assert await seat.complaints() == []


PAIRED = """async (id) => {
    const {paired} = await import('/console/parts/lanes.js');
    const ask = async (path) => (await fetch(`/api/backtests/${id}${path}`)).json();
    const {report} = await ask('');
    const found = [];
    for (const row of report.devices) {
        const {rules} = await ask(`/intervals?device=${row.device}`);
        const count = {gained: 0, lost: 0, moved: 0, same: 0};
        // what both sides raised before the span is drawn, but no news of these days
        const isNews = ({live, draft}) => [live, draft].some((one) => one && one.raised_us >= report.from_us);
        for (const {live, draft} of rules) for (const {what} of paired(live, draft).filter(isNews)) count[what] += 1;
        const {gained, lost, moved, same} = row;
        found.push([row.device, count, {gained, lost, moved, same}]);
    }
    return found;
}"""


async def test_lanes_pair_alerts_as_the_hub_does(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li") as seat:
        page = await seat.open("rule/low-network-pressure")
        await change(page, "when.0.below", "0.39")
        job = (await backtests(seat))[0]["id"]
        rows = await page.evaluate(PAIRED, job)
        assert len(rows) == 2
        assert [drawn for _, drawn, _ in rows] == [told for _, _, told in rows]
        assert sum(sum(told.values()) for _, _, told in rows) > 20


async def test_a_device_shows_its_readings_under_the_same_axis_with_both_limits(
    hub: RuleHub, sit: Sit
) -> None:
    async with sit(hub, name="li", size="wall", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "28")
        await page.locator('[data-lane="ac-12"] .lane-name').click()
        trend = page.locator('[data-trend="ac-12.room_c"]')
        for side, words in (("live", "Live 29 ℃"), ("draft", "Draft 28 ℃")):
            await expect(trend.locator(f"path.trend-limit.is-{side}")).to_have_count(1)
            await expect(trend.locator(f"text.trend-limit-words.is-{side}")).to_have_text(words)
        await expect(trend.locator(".trend-band")).to_have_attribute("d", re.compile("M"))
        lane, under = page.locator(".is-chosen .lane-svg"), trend.locator(".trend-svg")
        boxes = [await part.bounding_box() for part in (lane, under)]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert abs(boxes[0]["x"] - boxes[1]["x"]) <= 1
        assert boxes[0]["width"] == boxes[1]["width"]
        # by keys alone: closer, and the next device
        await page.locator("h2").first.click()
        axis = await page.locator(".time-axis").get_attribute("aria-label")
        await page.keyboard.press("+")
        await expect(page.locator(".time-axis")).not_to_have_attribute("aria-label", axis or "")
        await page.keyboard.press("k")
        await expect(page.locator('[data-trend="ac-12.room_c"]')).to_have_count(0)
        field = page.locator('.rule-form [data-path="when.0.above"]')
        await field.press("ArrowUp")
        await expect(field).to_have_value("29")
        assert await seat.complaints() == []


async def test_the_time_line_is_a_table_too_and_is_taken_along(
    hub: RuleHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(hub, name="li", size="wall", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "29.4")
        changed = await total(page, "lost") + await total(page, "moved")
        chart = page.locator(".timeline .chart").first
        await chart.locator('[data-as="table"]').click()
        await expect(chart.locator(".table-row").first).to_contain_text("Unit")
        text = (await download(page, chart, "csv", tmp_path)).read_text("utf-8-sig")
        lines = list(csv.reader(text.splitlines()))
        assert lines[0][:3] == ["Change", "Device", "Live from"]
        assert len(lines) - 1 == changed
        assert {line[0] for line in lines[1:]} == {"Lost", "Moved"}


async def test_a_backtest_that_waits_is_cancelled(tmp_path: Path, sit: Sit) -> None:
    async with serving(tmp_path, judging=False) as hub, sit(hub, name="li") as seat:
        page = await seat.open("rule/room-warm")
        await page.locator('[data-act="run"]').click()
        await expect(page.locator(".trial-progress progress")).to_be_visible()
        await page.locator('[data-act="cancel"]').click()
        await expect(page.locator('[data-act="run"]')).to_be_enabled()
        assert [job["state"] for job in await backtests(seat)] == ["cancelled"]


WRONG = [
    ('"room_c"', '"room_temp"', "when.0.point", "room_c"),
    ('"on_delay_s": 600', '"on_delay_s": -1', "on_delay_s", None),
    ('"medium"', '"grave"', "severity", None),
]


@pytest.mark.parametrize(("right", "wrong", "path", "meant"), WRONG, ids=[path for _, _, path, _ in WRONG])
async def test_what_is_wrong_is_told_at_its_line_and_cannot_be_published(
    hub: RuleHub, sit: Sit, right: str, wrong: str, path: str, meant: str | None
) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await page.locator('[data-more="text"] summary').click()
        text = page.locator(".rule-json")
        written = (await text.input_value()).replace(right, wrong)
        await text.fill(written)
        place = page.locator(".rule-place", has=page.locator(f'[data-problem="{path}"]'))
        line = next(number for number, one in enumerate(written.split("\n"), 1) if wrong in one)
        await expect(place.locator("button").first).to_have_text(f"Line {line}")
        await expect(page.locator(".rule-numbers .is-wrong")).to_have_text(str(line))
        for told in (
            re.compile(r"应为.*[\u4e00-\u9fff]", re.DOTALL),
            re.compile(r"expected.*[a-z]", re.DOTALL),
        ):
            await page.locator('[data-choice="language"]').click()
            await expect(place.locator(".rule-problem")).to_have_text(told)
        await page.locator('.publish textarea[name="note"]').fill("because")
        await expect(page.locator('[data-act="publish"]')).to_be_disabled()
        if meant is not None:
            await place.get_by_role("button", name=f"Make it {meant}").click()
            await expect(page.locator(".rule-problem")).to_have_count(0)
            assert meant in await text.input_value()
        assert await seat.complaints() == []


async def test_text_that_is_no_json_is_said_to_be_none_and_changes_nothing(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await page.locator('[data-more="text"] summary').click()
        await page.locator(".rule-json").fill('{"id": ')
        await expect(page.locator(".rule-text .rule-problem")).to_contain_text("This is no JSON")
        await expect(page.locator('.rule-form [data-path="when.0.above"]')).to_have_value("29")


async def test_a_number_out_of_bounds_is_not_taken(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li") as seat:
        page = await seat.open("rule/room-warm")
        field = page.locator('.rule-form [data-path="on_delay_s"]')
        for wrong in ("-5", "x", ""):
            await field.fill(wrong)
            assert not await field.evaluate("field => field.validity.valid"), wrong
        await field.blur()
        await expect(field).to_have_value("600")
        await expect(page.locator('[data-act="publish"]')).to_have_count(0)  # nothing is changed


async def test_an_operator_reads_the_rule_in_words_and_changes_nothing(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="wang") as seat:
        page = await seat.open("rules")
        await page.locator('[data-rule="low-network-pressure"]').click()
        lines = page.locator(".rule-form .rule-line")
        await expect(lines.nth(0)).to_have_text("管网压力 低于 0.35 MPa,回差 0.02 MPa")
        await expect(lines.nth(1)).to_have_text("持续 10 秒")
        await expect(page.locator(".rule-form input, .trial-part, .publish")).to_have_count(0)
        assert await seat.complaints() == []


async def test_the_list_is_searched_and_says_what_each_rule_judges_and_where_it_runs(
    hub: RuleHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(hub, name="wang", size="wall", language="en") as seat:
        page = await seat.open("rules")
        row = page.locator(".table-row", has=page.locator('[data-rule="room-warm"]'))
        await expect(row).to_contain_text("room temperature above 29 ℃, dead band 0.5 ℃, for 10 min")
        await expect(row).to_contain_text("same on 2 gateways")
        await expect(row).to_contain_text("site file")
        await page.locator(".page-head input").fill("fire pressure")
        await expect(page.locator(".table-row")).to_have_count(1)
        text = (await download(page, page.locator(".rules-page"), "csv", tmp_path)).read_text("utf-8-sig")
        lines = list(csv.reader(text.splitlines()))
        assert "network pressure below 0.35 MPa, dead band 0.02 MPa, for 10 s" in lines[1]
        assert await seat.complaints() == []
