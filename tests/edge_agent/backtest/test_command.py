"""`campus-edge backtest` as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_agent.__main__ import main
from tests.edge_agent.detect.small_campus import SITE

#: 2026-07-14 00:00 on the campus, of a day in the cooling season.
DAY_US = 1_783_958_400_000_000
MINUTE_US = 60_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE, "utf-8")
    settings = {"agent": "edge", "site": "site.yaml", "data_dir": "data", "hub": "edge.json"}
    (tmp_path / "edge.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    rule = next(rule for rule in yaml.safe_load(SITE)["rules"] if rule["id"] == "low-pressure")
    rule |= {"version": 2, "on_delay_s": 300}
    (tmp_path / "new.yaml").write_text(json.dumps({"rules": [rule]}), "utf-8")
    write(tmp_path / "export.csv", 1440)
    return tmp_path


def write(file: Path, minutes: int) -> None:
    """Low pressure at noon for twenty minutes, and at one for two; the lines stand backwards."""
    low = {*range(720, 740), 780, 781}
    lines = [
        f"{DAY_US + minute * MINUTE_US},pump.pressure_mpa,{0.1 if minute % 1440 in low else 0.4}"
        for minute in reversed(range(minutes))
    ]
    file.write_text("\n".join(["time_us,point,value", *lines, ""]), "utf-8")


def arguments(folder: Path, *more: str, **changes: str) -> list[str]:
    given = {"config": "edge.yaml", "rules": "new.yaml", "data": "export.csv"}
    files = [
        part for name, file in given.items() for part in (f"--{name}", str(folder / changes.get(name, file)))
    ]
    span = ["--from", changes.get("begin", "2026-07-14"), "--to", changes.get("end", "2026-07-14")]
    return ["backtest", *files, *span, *more]


def report_of(folder: Path, capsys: pytest.CaptureFixture[str], **changes: str) -> dict[str, Any]:
    assert main(arguments(folder, "--json", **changes)) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_longer_delay_loses_the_short_alert_and_moves_the_long_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(folder, capsys)
    found = report["difference"]
    assert (found["gained"], found["lost"], found["moved"], found["same"]) == (0, 1, 1, 0)
    moved = next(row for row in found["rows"] if row["what"] == "moved")
    begin_us = DAY_US + 720 * MINUTE_US
    assert (moved["live"]["raised_us"], moved["draft"]["raised_us"]) == (begin_us, begin_us + 5 * MINUTE_US)
    assert moved["live"]["cleared_us"] == moved["draft"]["cleared_us"] == begin_us + 20 * MINUTE_US
    assert report["days"] == [
        {
            "day": "2026-07-14",
            "samples": 1440,
            "live": 2,
            "draft": 1,
            "live_h": round(22 / 60, 3),
            "draft_h": 0.25,
        }
    ]


def test_the_table_says_it_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(folder, "--alerts-per-day", "1")) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "2026-07-14 00:00 to 2026-07-15 00:00 (Asia/Shanghai), 1440 readings"
    assert "0 gained, 1 lost, 1 moved, 0 same" in lines
    assert any(line.split() == ["alerts", "2", "1"] for line in lines)
    assert any(line.startswith("low-pressure") for line in lines)
    assert "judging 100%" in told.err


def test_more_alerts_on_a_day_than_are_wished_for_are_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = (folder / "new.yaml").read_text("utf-8").replace('"on_delay_s": 300', '"on_delay_s": 0')
    (folder / "new.yaml").write_text(rules, "utf-8")
    assert main(arguments(folder, "--alerts-per-day", "1")) == 0
    assert (
        "warning: Rule low-pressure raises up to 2 alerts on one day, more than 1" in capsys.readouterr().out
    )


def test_a_moment_ends_the_span_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(folder, capsys, begin="2026-07-14T12:10", end="2026-07-14T13:00:30+08:00")
    assert (report["live"]["alerts"], report["live"]["open_at_end"]) == (1, 1)
    assert report["live"]["active_h"] == round((10 + 0.5) / 60, 3)


def test_points_that_the_export_does_not_have_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "export.csv").write_text("time_us,point,value\n", "utf-8")
    notes = [note["en"] for note in report_of(folder, capsys)["notes"]]
    assert notes == [
        "No readings on 1 of the days: 2026-07-14",
        "1 points have no readings: pump.pressure_mpa",
    ]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"begin": "first of July"}, "--from: found 'first of July', expected a day such as"),
        ({"begin": "2026-07-15"}, "expected a begin before the end"),
        ({"begin": "2020-07-15"}, "at most 1100 days"),
        ({"data": "nowhere.csv"}, "expected a readable CSV file"),
        ({"rules": "site.yaml"}, "expected only known keys"),
        ({"config": "new.yaml"}, "agent: found nothing, expected a value"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], found: str
) -> None:
    assert main(arguments(folder, **changes)) == 2
    assert found in capsys.readouterr().err


def test_ctrl_c_ends_it_and_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    write(folder / "export.csv", 400_000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "edge_agent", *arguments(folder, end="2027-03-31")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(scratch)}, text=True
    ) as process:
        assert process.stderr is not None
        end = time.monotonic() + 90
        while not list(scratch.glob("*/*")) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert "cancelled" in told
    assert "Traceback" not in told
    assert list(scratch.iterdir()) == []
    assert tempfile.gettempdir() != str(scratch)
