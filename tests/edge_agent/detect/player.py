"""Plays readings through a detection of the small campus."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent
from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.detection import Detection

Reading = tuple[float, str, float]  # seconds after the start, point, value
SUMMER = "2026-07-15 10:00"
AUTUMN = "2026-10-20 10:00"
WINTER = "2026-12-15 10:00"


def us(campus: Campus, text: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=campus.timezone).timestamp() * 1e6)


class Player:
    """Plays readings through a detection, one step a second or at the moments given."""

    def __init__(self, campus: Campus, start: str) -> None:
        self.campus = campus
        self.table = campus.points_of("edge")
        self.start_us = us(campus, start)
        self.detection = Detection(campus, "edge", self.table, self.start_us)
        self.derived: list[SampleBatch] = []

    def batch(self, readings: Iterable[Reading]) -> SampleBatch:
        rows = list(readings)
        return SampleBatch.of(
            [self.table.row[point] for _, point, _ in rows],
            [self.start_us + round(second * 1e6) for second, _, _ in rows],
            [value for _, _, value in rows],
            [Quality.NO_ANSWER if np.isnan(value) else Quality.GOOD for _, _, value in rows],
        )

    def play(self, readings: list[Reading], moments: Iterable[float]) -> list[AlertEvent]:
        events: list[AlertEvent] = []
        before = -1.0
        for moment in moments:
            part = [reading for reading in readings if before < reading[0] <= moment]
            outcome = self.detection.step(self.batch(part), self.start_us + round(moment * 1e6))
            events += outcome.events
            self.derived.append(outcome.derived)
            before = moment
        return events


def alive(until: int, *but_not: str) -> list[Reading]:
    """Readings that keep every Modbus device from falling silent."""
    points = {"ac-1": "room_c", "ac-2": "room_c", "ac-3": "room_c", "ac-4": "room_c", "pump": "room_c"}
    return [(s, f"{d}.{p}", 20.0) for s in range(0, until, 10) for d, p in points.items() if d not in but_not]


def said(events: list[AlertEvent], *rules: str) -> list[tuple[str, str, str]]:
    return [(e.kind.value, e.rule, e.device) for e in events if not rules or e.rule in rules]
