"""The console's calculating parts, run in the browser's own engine: ordering, folding, the stream's cutter, times."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.console.conftest import Seat, Sit
from tests.console.fake_alerts import order
from tests.console.fake_hub import FakeHub

pytestmark = pytest.mark.needs("chromium")


async def run(seat: Seat, module: str, script: str, argument: Any = None) -> Any:
    """Run `script`, a function of (module, argument), in the page."""
    if seat.page.url == "about:blank":
        await seat.page.goto(seat.address)
    return await seat.page.evaluate(
        f"async (argument) => ({script})(await import('/console/{module}'), argument)", argument
    )


async def test_the_board_orders_as_the_hub_does(busy_hub: FakeHub, sit: Sit) -> None:
    alerts = busy_hub.alerts.open()
    random.Random(5).shuffle(alerts)
    async with sit(busy_hub, name=None) as seat:
        got = await run(
            seat,
            "pages/board/order.js",
            "(order, alerts) => [...alerts].sort(order.compare).map((alert) => alert.id)",
            alerts,
        )
    assert got == [alert["id"] for alert in sorted(alerts, key=order)]


@pytest.mark.promise("P-silence-1")
async def test_children_of_children_fold_under_the_first_and_a_circle_does_no_harm(
    hub: FakeHub, sit: Sit
) -> None:
    def alert(name: str, device: str, parent: str) -> dict[str, Any]:
        return {
            "id": name,
            "seq": 1,
            "device": device,
            "parent": parent,
            "family": "device",
            "severity": 2,
            "start_us": 0,
            "state": "raised",
        }

    alerts = [
        alert("a", "link", ""),
        alert("b", "meter", "link"),
        alert("c", "sensor", "meter"),
        alert("x", "one", "two"),
        alert("y", "two", "one"),
        alert("o", "orphan", "gone"),
        {**alert("p", "pump", "link"), "family": "fire"},
        {**alert("d", "door", "link"), "family": "access"},
    ]
    away = {"stale": True, "agent": "gateway"}
    alerts += [
        alert("g", "gateway", ""),
        {**alert("ga", "silent meter", "a link that is fine"), **away},
        {**alert("gb", "silent link", ""), **away},
        {**alert("gc", "silent unit", "silent link"), **away},
        {**alert("gp", "pump of it", ""), **away, "family": "fire"},
    ]
    fold = """(order, alerts) => {
        const {roots, children} = order.fold(alerts);
        const ids = (list) => list.map((alert) => alert.id);
        return [ids(roots), Object.fromEntries([...children].map(([id, list]) => [id, ids(list)]))];
    }"""
    async with sit(hub, name=None) as seat:
        roots, children = await run(seat, "pages/board/order.js", fold, alerts)
    assert children["a"] == ["b", "c"]
    assert children["g"] == ["ga", "gb", "gc"]
    assert {"o", "p", "d", "gp"} <= set(roots), "a fire alert or a forced door never hides behind a dead link"
    shown = {*roots, *(child for below in children.values() for child in below)}
    assert shown == {each["id"] for each in alerts}, "a circle may stand anywhere, but must stand"


async def test_the_stream_is_cut_the_same_wherever_its_chunks_end(hub: FakeHub, sit: Sit) -> None:
    text = (
        ': ping\n\nid: b-1\nevent: alert\ndata: {"zh":"确认"}\n\n'
        "event: status\r\ndata: one\r\ndata: two\r\n\r\ndata: last\nid:b-3\n\n"
    )
    whole = [
        {"id": "b-1", "name": "alert", "data": '{"zh":"确认"}'},
        {"name": "status", "data": "one\ntwo"},
        {"id": "b-3", "name": "message", "data": "last"},
    ]
    cut = """(live, text) => Array.from({length: text.length + 1}, (_, at) => {
        const found = [];
        const cut = live.eventCutter((event) => found.push(event));
        cut(text.slice(0, at));
        cut(text.slice(at));
        return JSON.stringify(found);
    })"""
    async with sit(hub, name=None) as seat:
        answers = await run(seat, "live.js", cut, text)
        parsed = await seat.page.evaluate("answers => [...new Set(answers)].map(JSON.parse)", answers)
    assert parsed == [whole]


async def test_times_are_the_campuss_own_and_fields_read_back_what_they_show(hub: FakeHub, sit: Sit) -> None:
    noon_us = 1_795_320_309_000_000  # 2026-11-22T04:05:09Z
    told = """(time, us) => [time.dateTime(us), time.toInput(us), time.fromInput(time.toInput(us)), time.startOfDay(us),
        time.fromInput('22/11/2026 12:05'), time.duration(59), time.duration(61), time.duration(3 * 3600 + 60)]"""
    async with sit(hub, name=None, language="en") as seat:
        got = await run(seat, "parts/time.js", told, noon_us)
    assert got[:2] == ["2026-11-22 12:05:09", "2026-11-22 12:05"]
    assert got[2] == noon_us - 9_000_000
    assert got[3] == noon_us - (12 * 3600 + 5 * 60 + 9) * 1_000_000
    assert got[4:] == [None, "59 s", "1 min 01 s", "3 h 01 min"]


async def test_steps_that_are_empty_because_data_comes_seldom_are_no_gaps(hub: FakeHub, sit: Sit) -> None:
    seldom = [
        float(i) if i % 5 == 0 else None for i in range(100)
    ]  # a value each fifth step: nothing is missing
    outage = [None if 40 <= i < 60 else float(i) for i in range(100)]
    told = """(series, columns) => columns.map((values) => {
        const rows = series.bridged(values.map((_, i) => i * 60), values);
        return [rows.length, rows.filter(([, value]) => value === null).length];
    })"""
    alone = (
        "(series) => series.bridged([0, 1, 2, 90], [1, 2, 3, 4]).map((_, i, rows) => series.isAlone(rows, i))"
    )
    async with sit(hub, name=None) as seat:
        got = await run(seat, "parts/series.js", told, [seldom, outage, [None] * 5, [1.0], []])
        dots = await run(seat, "parts/series.js", alone)
    assert got == [[20, 0], [81, 1], [0, 0], [1, 0], [0, 0]]
    assert dots == [False, False, False, False, True]
