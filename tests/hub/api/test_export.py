"""Tables to take along, and that nothing in them can run."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook

from devices.model.samples import SampleBatch
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api.ports import Ports
from hub.api.sheets import harmless, table
from hub.db import audit
from hub.series.port import Entry
from tests.hub.alerts.events import START_US, S, raised
from tests.hub.api.conftest import Client, SignIn


def read(form: str, body: bytes) -> list[list[Any]]:
    if form == "csv":
        assert body.startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 only with the mark"
        return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.rows for cell in row), "no cell is a formula"
    return [list(row) for row in sheet.values]


EVIL = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\r=1",
    "＝1",
    '=HYPERLINK("http://x")',
]


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_text_never_becomes_a_formula(form: Any, text: str) -> None:
    (_, (cell,)) = read(form, table(form, "t", ["a"], [[text]]))
    assert cell.startswith("'")


@pytest.mark.parametrize("cell", ["一号院", "hq1-ac-301", "a=b", "", "3 - 2", None, -2.5, 7])
def test_plain_cells_stay_as_they_are(cell: Any) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_control_characters_and_endless_texts_do_no_harm(form: Any) -> None:
    (_, cells) = read(form, table(form, "t", ["a", "b"], [["a\x00\x1b[2Jb", "x" * 100_000]]))
    assert cells[0] == "a  [2Jb"
    assert len(cells[1]) == 32_766


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_alerts_are_exported_as_they_were_filtered(viewer: Client, ports: Ports, form: str) -> None:
    events = [
        raised(0, message=Text("=1+1", "=1+1")),
        raised(0, device="hq1-ac-301", site="hall", value=float("nan")),
    ]
    await ports.db.write(lambda c: store.apply_events(c, events, "edge-hq1", None, START_US))
    answer = await viewer.get(f"/api/export/alerts.{form}?site=hq1")
    assert answer.status_code == 200
    assert (
        answer.headers["content-disposition"]
        == f'attachment; filename="campuswatch-alerts-2026-07-01.{form}"'
    )
    head, row = read(form, answer.content)
    found = dict(zip(head, row, strict=True))
    assert found["内容"] == "'=1+1"
    assert found["告警"] == "消防泵不在自动位"
    assert found["开始"] == "2026-07-01 08:00:00"
    assert float(found["数值"]) == 2.0
    english = read(form, (await viewer.get(f"/api/export/alerts.{form}?lang=en")).content)
    assert len(english) == 3
    assert dict(zip(english[0], english[2], strict=True))["place"] == "Pump room"
    row_of_trail = (await ports.db.read(lambda c: audit.rows(c, None, 1)))[0]
    assert (row_of_trail["verb"], row_of_trail["actor"]) == ("export.alerts", "viewer")


async def test_more_alerts_than_a_page_are_all_in_the_export(viewer: Client, ports: Ports) -> None:
    events = [raised(0, device=f"dev-{number}") for number in range(700)]
    await ports.db.write(lambda c: store.apply_events(c, events, "edge-hq1", None, START_US))
    rows = read("csv", (await viewer.get("/api/export/alerts.csv")).content)
    assert len({row[0] for row in rows[1:]}) == 700


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_history_is_exported_by_steps_or_as_it_was_read(
    viewer: Client, ports: Ports, form: str
) -> None:
    names = ["hq1-ac-301.room_c"]
    batch = SampleBatch.of([0, 0], [START_US, START_US + 5 * S + 20], [25.0, float("nan")], [0, 2])
    await ports.series.write([Entry(batch, names)])
    asked = f"points={names[0]}&from_us={START_US}&to_us={START_US + 10 * S}"
    steps = read(form, (await viewer.get(f"/api/export/series.{form}?{asked}&step_s=5&lang=en")).content)
    assert steps[0] == ["time", names[0]]
    assert [row[0] for row in steps[1:]] == ["2026-07-01 08:00:00", "2026-07-01 08:00:05"]
    assert float(steps[1][1]) == 25.0
    assert steps[2][1] in {"", None}
    raw = read(form, (await viewer.get(f"/api/export/series.{form}?{asked}&step_s=0")).content)
    assert raw[0] == ["时间", "测点", "数值", "质量"]
    assert [row[3] for row in raw[1:]] == ["good", "no_answer"]
    assert [row[0] for row in raw[1:]] == ["2026-07-01 08:00:00", "2026-07-01 08:00:05.000020"]


@pytest.mark.parametrize(("lang", "words"), [("zh", "只含前 50000 行"), ("en", "the first 50000 rows only")])
async def test_a_table_that_is_cut_says_so_in_its_last_row(
    viewer: Client, ports: Ports, lang: str, words: str
) -> None:
    count = 50_001
    times_us = START_US + np.arange(count) * S
    batch = SampleBatch(np.zeros(count, np.int32), times_us, np.ones(count), np.zeros(count, np.uint8))
    await ports.series.write([Entry(batch, ["hq1-ac-301.room_c"])])
    query = {"points": "hq1-ac-301.room_c", "from_us": START_US, "step_s": 0, "lang": lang}
    whole = await viewer.get("/api/export/series.csv", params={**query, "to_us": START_US + 50_000 * S})
    cut = await viewer.get("/api/export/series.csv", params={**query, "to_us": START_US + 60_000 * S})
    assert len(read("csv", whole.content)) == 50_001
    assert words not in whole.text
    assert words in read("csv", cut.content)[-1][0]
    assert len(read("csv", cut.content)) == 50_002


async def test_an_export_of_another_form_is_not_there(sign_in: SignIn) -> None:
    viewer = await sign_in(Role.VIEWER)
    assert (await viewer.get("/api/export/alerts.exe")).status_code == 422
    assert (await viewer.get("/api/export/users.csv")).status_code == 404
