"""What `docs/rules.md` tells about times and figures is what the rules of the page do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection
from tests.devices.campus.test_rule_document import PAGE, RULES, SITE

HOUR = 3600


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    names = [f"rules-{number}.yaml" for number in range(len(RULES))]
    for name, block in zip(names, RULES, strict=True):
        (tmp_path / name).write_text(block, "utf-8")
    (tmp_path / "site.yaml").write_text(f"{SITE}rules: [{', '.join(names)}]\n", "utf-8")
    return load_campus(tmp_path / "site.yaml")


def played(
    campus: Campus, rule: str, point: str, start: str, until_s: int, says: Callable[[int], float]
) -> list[tuple[str, str, AlertEvent]]:
    """Local time, what happened, the event; a reading each minute."""
    table = campus.points_of("edge")
    begin = dt.datetime.fromisoformat(start).replace(tzinfo=campus.timezone)
    detection = Detection(campus, "edge", table, round(begin.timestamp() * 1e6))
    seconds = np.arange(0, until_s + 1, 60)
    times = round(begin.timestamp() * 1e6) + seconds * 1_000_000
    values = [says(int(second)) for second in seconds]
    events = detection.step(
        SampleBatch.of([table.row[point]] * len(seconds), times, values), int(times[-1])
    ).events
    mine = [event for event in events if event.rule == rule]
    stamps = [dt.datetime.fromtimestamp(event.time_us / 1e6, campus.timezone) for event in mine]
    return [(f"{stamp:%H:%M}", event.kind.value, event) for stamp, event in zip(stamps, mine, strict=True)]


def test_levels_follow_the_table(campus: Campus) -> None:
    rows = re.findall(r"^\| (\d\d):(\d\d) \| (\d\d) C \| (.*?) ?\|$", PAGE, re.MULTILINE)
    room = [((int(hour) - 10) * HOUR + int(minute) * 60, float(value)) for hour, minute, value, _ in rows]
    told = played(
        campus, "hot-switch-room", "ac-servers.room_c", "2026-07-15 10:00", 2400,
        lambda second: next(value for at, value in reversed(room) if at <= second),
    )  # fmt: skip
    assert [(at, kind, event.severity.name.lower()) for at, kind, event in told] == [
        ("10:00", "raise", "medium"),
        ("10:11", "change", "high"),
        ("10:22", "change", "medium"),
        ("10:35", "clear", "medium"),
    ]
    assert [text for *_, text in rows if text] == [
        "raised, medium",
        "high: above 32 C for one minute",
        "medium again: normal for that level for two minutes",
        "cleared: normal for five minutes",
    ]


def test_an_hour_of_it_is_critical(campus: Campus) -> None:
    told = played(
        campus, "hot-switch-room", "ac-servers.room_c", "2026-07-15 10:00", 2 * HOUR, lambda _: 29.0
    )
    assert [(at, event.severity.name) for at, _, event in told] == [
        ("10:00", "MEDIUM"),
        ("11:00", "CRITICAL"),
    ]


@pytest.mark.parametrize(("power_w", "raised"), [(2200.0, "05:00"), (11_200.0, "20:00")])
def test_the_tenth_kilowatt_hour_comes_when_the_page_says(
    campus: Campus, power_w: float, raised: str
) -> None:
    told = played(campus, "night-energy", "meter.power_w", "2026-07-15 18:00", 12 * HOUR, lambda _: power_w)
    assert told[0][:2] == (raised, "raise")
    assert f"at {raised}" in PAGE


@pytest.mark.parametrize(("power_w", "begins"), [(49_890.0, "11:00"), (49_900.0, "10:00")])
def test_the_worked_example_of_usual_has_the_limit_of_the_page(
    campus: Campus, power_w: float, begins: str
) -> None:
    """41 kW + 6 x 1.4826 x 1 kW = 49.896 kW at ten; at eleven, where nothing is used, much less."""
    [row] = [
        [int(cell) for cell in line.strip("| ").split("|")]
        for line in PAGE.splitlines()
        if re.fullmatch(r"\|( \d+ \|){9}", line)
    ]
    friday = 11
    workdays = [day for day in range(friday) if day % 7 < 5]
    figure = dict(zip(workdays, row, strict=True))

    def says(second: int) -> float:
        day, hour = second // 86400, second % 86400 // HOUR
        if day == friday and hour >= 10:
            return power_w
        return 1000.0 * figure.get(day, 1) if hour == 10 else 1000.0

    told = played(
        campus, "unusual-power", "meter.power_w", "2026-07-06 00:00", friday * 86400 + 13 * HOUR, says
    )
    # The Wednesday with 71 kW was unusual, too.
    begun = [
        dt.datetime.fromtimestamp(event.start_us / 1e6, campus.timezone)
        for _, kind, event in told
        if kind == "raise"
    ]
    assert [f"{stamp:%A %H:%M}" for stamp in begun] == ["Wednesday 10:00", f"Friday {begins}"]
    assert "41 + 6 x 1.48 = 49.9 kW" in PAGE
