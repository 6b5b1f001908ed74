"""A road that is taken out of a rule while a pass on it waits for another radar."""

from __future__ import annotations

from pathlib import Path

from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.test_speeding import ROAD, Street, campus_of, drive, plate


def test_a_pass_that_waits_on_a_road_that_is_no_more_is_told_once(tmp_path: Path) -> None:
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    street = Street(campus_of(tmp_path / "with", ROAD))
    detection = Detection(street.campus, "edge", street.table, street.start_us)
    readings = [*drive(10, 30.0), *plate(10.4, "京A12345")]
    assert detection.step(street.batch(readings), street.us(13.5)).events == [], "it waits"
    other = Detection(campus_of(tmp_path / "without", ""), "edge", street.table, street.us(13.6))
    other.restore(detection.save_judged() | detection.save_held(), street.us(13.6))
    [told] = other.step(street.batch([]), street.us(14)).events
    assert told.rule == "speeding"
    assert other.step(street.batch([]), street.us(60)).events == []
