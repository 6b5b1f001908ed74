"""Backtests over the wire: asked for, watched, cancelled, refused."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from devices.campus.rules import RuleFile
from devices.model.samples import SampleBatch
from hub.api import backtest as shapes
from hub.api.ports import Ports
from hub.db import audit
from hub.series.port import Entry
from tests.fake_clock import START_US
from tests.hub.api.conftest import Client

S = 1_000_000
PUMP = "hq1-pump-1"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TO_US = START_US
FROM_US = TO_US - 86_400 * S


def rule(**changes: Any) -> dict[str, Any]:
    words = {"zh": "泵", "en": "pump"}
    head = {"id": "pump-not-auto", "version": 2, "kind": "when", "family": "fire", "severity": "high"}
    texts = dict.fromkeys(("title", "message", "advice"), words)
    what = {"select": {"kinds": ["pump"]}, "when": [{"point": "position", "differs": "auto"}]}
    return {**head, **texts, **what, **changes}


def asked(*rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"rules": list(rules or [rule()]), "from_us": FROM_US, "to_us": TO_US, **changes}


@pytest.fixture
async def running(ports: Ports) -> AsyncIterator[None]:
    """The jobs run, over a day in which the pump is out of automatic twice: for ten minutes, then for one."""
    minute = np.arange(24 * 60)
    out = ((minute >= 600) & (minute < 610)) | (minute == 900)
    batch = SampleBatch.of(np.zeros(len(minute)), FROM_US + minute * 60 * S, np.where(out, 2.0, 1.0))
    await ports.series.write([Entry(batch, [f"{PUMP}.position"])])
    task = asyncio.create_task(ports.backtests.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def over(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while job["state"] in {"queued", "running"}:
            await asyncio.sleep(0.01)
            job = (await client.get(f"/api/backtests/{job['id']}")).json()
    return job


async def test_a_longer_delay_loses_the_short_alert_and_moves_the_long_one(
    engineer: Client, running: None
) -> None:
    answer = await engineer.post("/api/backtests", json=asked(rule(on_delay_s=120)))
    assert answer.status_code == 202
    shapes.JobShape.model_validate(answer.json())
    job = await over(engineer, answer.json())
    shapes.JobShape.model_validate(job)
    assert (job["state"], job["progress"], job["by"], job["error"]) == ("done", 1, "engineer", None)
    assert job["rules"] == [
        {"id": "pump-not-auto", "title": {"zh": "泵", "en": "pump"}, "live_version": 1, "draft_version": 2}
    ]
    report = job["report"]
    assert {key: report["difference"][key] for key in ("gained", "lost", "moved", "same", "cut")} == {
        "gained": 0,
        "lost": 1,
        "moved": 1,
        "same": 0,
        "cut": 0,
    }
    assert report["rules"][0]["live"] == 2
    assert report["rules"][0]["draft"] == 1
    assert report["live"]["active_h"] == round(11 / 60, 3)
    assert report["draft"]["active_h"] == round(8 / 60, 3)
    assert report["draft"]["by_severity"] == {"low": 0, "medium": 0, "high": 1, "critical": 0}
    assert [day["samples"] for day in report["days"]] == [16 * 60, 8 * 60]
    assert report["warnings"] == []
    assert report["cost"]["samples"] == 24 * 60


async def test_the_time_line_of_a_device_has_both_sides(engineer: Client, running: None) -> None:
    job = await over(
        engineer, (await engineer.post("/api/backtests", json=asked(rule(on_delay_s=120)))).json()
    )
    answer = (await engineer.get(f"/api/backtests/{job['id']}/intervals?device={PUMP}")).json()
    shapes.Intervals.model_validate(answer)
    begin_us = FROM_US + 600 * 60 * S
    sides = {side: answer["rules"][0][side] for side in ("live", "draft")}
    assert [one["raised_us"] for one in sides["live"]] == [begin_us, FROM_US + 900 * 60 * S]
    assert [(one["start_us"], one["raised_us"]) for one in sides["draft"]] == [(begin_us, begin_us + 120 * S)]
    assert sides["draft"][0]["cleared_us"] == begin_us + 600 * S
    nothing = (await engineer.get(f"/api/backtests/{job['id']}/intervals?device=ghost")).json()
    assert nothing["rules"] == []


async def test_jobs_wait_in_line_are_cancelled_and_forgotten(engineer: Client, ports: Ports) -> None:
    first, second = [(await engineer.post("/api/backtests", json=asked())).json() for _ in range(2)]
    assert [first["position"], second["position"]] == [0, 1]
    assert (await engineer.get(f"/api/backtests/{first['id']}/intervals?device=x")).status_code == 409
    gone = (await engineer.delete(f"/api/backtests/{first['id']}")).json()
    assert gone["state"] == "cancelled"
    listed = (await engineer.get("/api/backtests")).json()
    shapes.Jobs.model_validate(listed)
    assert [(row["id"], row["state"]) for row in listed["rows"]] == [
        (second["id"], "queued"),
        (first["id"], "cancelled"),
    ]
    await engineer.delete(f"/api/backtests/{first['id']}")
    assert (await engineer.get(f"/api/backtests/{first['id']}")).status_code == 404


async def test_a_full_line_is_told_when_to_come_again(engineer: Client) -> None:
    answers = [await engineer.post("/api/backtests", json=asked()) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json()["error"]["code"] == "too-many"


async def test_who_asked_is_in_the_trail(engineer: Client, ports: Ports) -> None:
    job = (await engineer.post("/api/backtests", json=asked())).json()
    row = (await ports.db.read(lambda c: audit.rows(c, None, 1)))[0]
    assert (row["actor"], row["verb"], row["object"]) == ("engineer", "backtest.asked", job["id"])


@pytest.mark.parametrize(
    ("body", "path", "expected", "suggestion"),
    [
        (asked(rule(when=[{"point": "positon", "above": 1}])), "rules.pump-not-auto.when.0.point", "known", "position"),
        (asked(rule(when=[{"point": "position", "above": "x"}])), "rules.0.when.0.above", "number", None),
        (asked(rule(on_delay_s=-1)), "rules.0.on_delay_s", "greater than or equal to 0", None),
        (asked(rule(severity="grave")), "rules.0.severity", "one of low", None),
        (asked(rule(), rule()), "rules.pump-not-auto", "each id once", None),
        (asked(rule(select={"devices": ["hq1-pump-2"]})), "rules.pump-not-auto.select.devices", "known", "hq1-pump-1"),
        ({**asked(), "rules": [None]}, "rules.0", "object", None),
    ],
)  # fmt: skip
async def test_a_rule_with_a_mistake_is_refused_with_its_place_and_what_was_meant(
    engineer: Client, body: dict[str, Any], path: str, expected: str, suggestion: str | None
) -> None:
    answer = await engineer.post("/api/backtests", json=body)
    assert answer.status_code == 422, answer.text
    detail = answer.json()["error"]["details"][0]
    assert detail["path"] == path
    assert expected in detail["expected"]["en"]
    assert CHINESE.search(detail["expected"]["zh"])
    assert detail["suggestion"] == suggestion
    assert detail["found"]["zh"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"from_us": TO_US}, 422),
        ({"from_us": TO_US + S, "to_us": TO_US + 2 * S}, 422),
        ({"from_us": -1}, 422),
        ({"to_us": 1 << 63}, 422),
        ({"from_us": FROM_US - 93 * 86_400 * S}, 413),
        ({"rules": []}, 422),
        ({"rules": [rule()] * 101}, 422),
        ({"baseline": "dead"}, 422),
        ({"more": 1}, 422),
    ],
)
async def test_a_span_or_a_size_that_cannot_be_is_refused(
    engineer: Client, changes: dict[str, Any], status: int
) -> None:
    answer = await engineer.post("/api/backtests", json={**asked(), **changes})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["zh"]


@pytest.mark.parametrize("key", ["not", "all", "any", "when", "x"])
async def test_values_nested_without_end_are_refused_at_once(engineer: Client, key: str) -> None:
    inner: Any = {"point": "position", "equals": 1}
    for _ in range(300):
        inner = {key: inner} if key in {"not", "x"} else {key: [inner]}
    async with asyncio.timeout(20):
        answer = await engineer.post("/api/backtests", json=asked(rule(when=[inner])))
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["found"]["en"] == "values nested too deep"
    bottomless = b'{"rules": ' + b"[" * 60_000
    assert (await engineer.post("/api/backtests", content=bottomless)).status_code in {400, 422}


def test_the_rules_of_these_tests_are_rules() -> None:
    assert RuleFile.model_validate({"rules": [rule()]})
