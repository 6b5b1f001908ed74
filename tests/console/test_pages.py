"""Every page in a real Chromium: it shows what it is for, asks nothing foreign, and complains about nothing."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import SIZES, Sit
from tests.console.fake_hub import FakeHub
from tests.console.pages import PAGES

pytestmark = pytest.mark.needs("chromium")

WIDER_THAN_THE_SCREEN = (
    "document.documentElement.scrollWidth > innerWidth || document.body.scrollHeight > innerHeight"
)


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_is_drawn_without_a_complaint(busy_hub: FakeHub, sit: Sit, size: str) -> None:
    async with sit(busy_hub, size=size, name="root", theme="light" if size == "desk" else "dark") as seat:
        for where, ready in PAGES.items():
            page = await seat.open(where)
            await expect(page.locator(ready).first).to_be_visible()
            assert await seat.complaints() == [], where
            assert not await page.evaluate(WIDER_THAN_THE_SCREEN), f"{where} does not fit {size}"


async def test_ten_thousand_alerts_scroll_with_few_rows_in_the_page(hub: FakeHub, sit: Sit) -> None:
    start = hub.status()["now_us"]
    doors = [device["id"] for device in hub.campus.devices if device["kind"] == "door"]
    for number in range(10_000):
        hub.alerts.make("door-held", doors[number % len(doors)], start - number * 1_000_000)
    async with sit(hub) as seat:
        page = await seat.open()
        await expect(page.locator(".count-words")).to_contain_text("10000", timeout=40_000)
        await expect(page.locator(".alert-row").first).to_be_visible(timeout=40_000)
        rows = page.locator(".list-rows")
        assert await rows.evaluate("list => list.scrollHeight") > 10_000 * 40
        worst_ms = await rows.evaluate(SCROLL)
        assert 10 < await page.locator(".alert-row").count() < 60
        await expect(page.locator(".alert-row").last).to_be_visible()
        assert worst_ms < 1000, f"a scroll step took {worst_ms} ms"


SCROLL = """async (list) => {
    let worst = 0;
    for (let step = 1; step <= 40; step += 1) {
        const before = performance.now();
        list.scrollTop = list.scrollHeight * step / 40;
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        worst = Math.max(worst, performance.now() - before);
    }
    return worst;
}"""


async def test_a_chart_can_be_read_as_a_table_and_taken_along(
    busy_hub: FakeHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(busy_hub, size="wall", language="en") as seat:
        page = await seat.open("speed")
        chart = page.locator(".chart").first
        await chart.locator('[data-as="table"]').click()
        await expect(chart.locator(".table-row").first).to_contain_text("km/h")
        shown = await chart.locator(".table-row").count()
        lines = list(
            csv.reader(io.StringIO((await download(page, chart, "csv", tmp_path)).read_text("utf-8-sig")))
        )
        assert (lines[0], len(lines) - 1) == (["Speed", "Passes"], shown)
        sheet = openpyxl.load_workbook(await download(page, chart, "xlsx", tmp_path)).active
        assert [[cell if cell is None else str(cell) for cell in line] for line in sheet.values] == lines
        assert sum(line[1] for line in list(sheet.values)[1:]) == busy_hub.passes


async def download(page: Page, chart, kind: str, folder: Path) -> Path:  # type: ignore[no-untyped-def]  # noqa: ANN001
    async with page.expect_download() as got:
        await chart.locator(f'[data-export="{kind}"]').click()
    target = folder / f"taken.{kind}"
    await (await got.value).save_as(target)
    return target


async def test_a_cell_that_looks_like_a_formula_is_made_text(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open()
        told = await page.evaluate(
            """import('/console/parts/export.js')
                .then(({csvCell}) => ['=1+1', '@a', '-2', '+x', 'a,"b"', -2.5].map(csvCell))"""
        )
    assert told == ["'=1+1", "'@a", "-2", "'+x", '"a,""b"""', "-2.5"]


async def test_the_tree_finds_a_device_and_shows_its_live_value(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub) as seat:
        page = await seat.open("campus")
        await page.locator(".tree-head input").fill("pump 104")
        await expect(page.locator('[data-node="hq1-pump-1"]')).to_be_visible()
        hub.set_values({"hq1-pump-1.position": 1})
        await expect(
            page.locator('[data-node="hq1-pump-1"] [data-point="hq1-pump-1.position"]')
        ).to_have_text("自动位")
        hub.set_values({"hq1-pump-1.position": 2})
        await expect(
            page.locator('[data-node="hq1-pump-1"] [data-point="hq1-pump-1.position"]')
        ).to_have_text("手动位")
        await page.locator('[data-node="hq1-pump-1"] button').click()
        await expect(page.locator(".points")).to_contain_text("管网压力")


async def test_rooms_outside_the_standard_are_listed_longest_first_and_lead_to_their_alert(
    busy_hub: FakeHub, sit: Sit
) -> None:
    async with sit(busy_hub, size="wall") as seat:
        page = await seat.open("cooling")
        await expect(page.locator(".table-tools")).to_contain_text("19 行")
        first = await page.locator(".table-row").first.inner_text()
        assert "22.0 ℃" in first
        assert "小时" in first
        await page.locator(".building").first.click()
        await expect(page.locator(".table-row")).to_have_count(7)
        await page.locator(".table-row button").first.click()
        await expect(page.locator(".alert-row.is-selected")).to_contain_text("空调设定温度超标")


async def test_a_trend_is_searched_drawn_by_unit_and_remembered_in_the_address(
    hub: FakeHub, sit: Sit
) -> None:
    async with sit(hub, size="wall") as seat:
        page = await seat.open("trends")
        await page.locator(".point-search input").fill("空调001 室内温度")
        await page.locator('[data-point="hq1-ac-001.room_c"]').click()
        await expect(page.locator(".chart-canvas canvas")).to_be_visible()
        await expect(page.locator(".summary")).to_contain_text("室内温度")
        assert "points=hq1-ac-001.room_c" in page.url
        link = await page.locator(".exports a").first.get_attribute("href")
        assert link is not None
        assert link.startswith("/api/export/series.csv?points=hq1-ac-001.room_c&from_us=")


async def test_too_few_passes_give_no_p85(hub: FakeHub, sit: Sit) -> None:
    hub.passes = 40
    async with sit(hub, language="en") as seat:
        page = await seat.open("speed")
        await expect(page.locator(".figures")).to_contain_text("Fewer than 100: no P85")
        figure = page.locator(".figure", has_text="P85").locator("dd")
        assert "—" in await figure.all_inner_texts()


async def test_the_gateways_page_names_what_needs_a_person(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, size="wall") as seat:
        page = await seat.open("gateways")
        for agent, words in {
            "hall-edge": "时钟偏差 3.4 秒",
            "shenyue-edge": "现场文件与中心不一致",
            "beitou-edge": "1 条链路断开",
        }.items():
            await expect(page.locator(f'[data-agent="{agent}"] .troubles')).to_contain_text(words)
        beitou, shenyue = (
            page.locator(f'[data-agent="{one}-edge"] .troubles') for one in ("beitou", "shenyue")
        )
        await expect(beitou).to_contain_text("实时 超出容量 7")
        await expect(beitou).to_contain_text("同名网关")
        await expect(shenyue).to_contain_text("812 条数据延后上传")
        await expect(page.locator('[data-agent="hq1-edge"]')).to_contain_text("31 小时")
        await expect(page.locator('[data-agent="hq1-edge"] .troubles')).to_have_count(0)
        await expect(page.locator(".others")).to_contain_text("field 从未连接")
        await expect(page.locator(".quarantine")).to_contain_text("does not give to hall-edge")
        await expect(page.locator(".quarantine")).to_contain_text("点位不属于该网关")
        busy_hub.silence_agent("hq1-edge")
        await expect(page.locator('[data-agent="hq1-edge"] .troubles')).to_contain_text("离线")


async def test_an_administrator_makes_a_user(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, name="root") as seat:
        page = await seat.open("admin")
        await page.locator('.new-user input[name="name"]').fill("chen")
        await page.locator('.new-user input[name="password"]').fill("a-long-password")
        await page.keyboard.press("Enter")
        await expect(page.locator(".users")).to_contain_text("chen")
    assert busy_hub.users["chen"]["role"] == "operator"


async def test_the_phone_board_is_for_looking_and_acknowledging(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, size="phone") as seat:
        page = await seat.open()
        await expect(page.locator(".detail")).to_be_hidden()
        first = page.locator(".alert-row").first
        await first.click()
        button = page.get_by_role("button", name="确认", exact=False).first
        await expect(button).to_be_visible()
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 44, "a thumb needs room"
        await button.click()
        await expect(page.locator(".detail .done")).to_contain_text("wang")
        await page.get_by_role("button", name="返回列表").click()
        await expect(page.locator(".detail")).to_be_hidden()
        await expect(first).to_have_class(re.compile("is-acked"))


async def test_lanes_have_a_table_of_figures_and_hours_that_can_be_taken_along(
    busy_hub: FakeHub, sit: Sit, tmp_path: Path
) -> None:
    async with sit(busy_hub, size="wall", language="en") as seat:
        page = await seat.open("speed")
        await expect(page.locator(".lanes .table-row")).to_have_count(4)
        row = page.locator(".lanes .table-row").first
        await expect(row).to_contain_text("approaching")
        await expect(row).to_contain_text("98.7%")
        await expect(page.locator(".figure", has_text="Coverage")).to_contain_text("98.7%")
        chart = page.locator(".chart", has_text="P85 by lane and hour")
        text = (await download(page, chart, "csv", tmp_path)).read_text("utf-8-sig")
        head, *lines = list(csv.reader(io.StringIO(text)))
        assert head == ["Lane", "When", "Passes", "above", "P85"]
        assert len({(line[0], line[1]) for line in lines}) == len(lines) > 24


async def test_a_lane_with_too_few_passes_shows_no_percentiles(hub: FakeHub, sit: Sit) -> None:
    hub.passes = 40
    async with sit(hub, language="en") as seat:
        page = await seat.open("speed")
        cells = page.locator(".lanes .table-row").first.locator('[role="cell"]')
        await expect(cells.nth(1)).to_have_text("40")
        assert (await cells.all_inner_texts())[3:6] == ["", "", ""]
        watched, unwatched = (page.locator(".speed-vision .table-row").nth(number) for number in (0, 1))
        shown = [await row.locator('[role="cell"]').all_inner_texts() for row in (watched, unwatched)]
        assert shown[0][2:9] == ["200", "85.0%", "10.0%", "5.0%", "1.062", "1.051–1.073", "180"]
        assert "Radar angle: 6.2% off" in shown[0][9]
        assert shown[1][2:] == ["0", "—", "—", "—", "—", "—", "0", ""]
        await expect(page.locator(".vision-words")).to_contain_text("the angle of the radar is wrong")
