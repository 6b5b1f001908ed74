"""The counters of an agent: readings stay as they were read, totals and notices come beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.alerts import EventKind, Family
from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.counters import STATE, Meters
from tests.edge_agent.detect.small_campus import small_campus

MINUTE = 60_000_000
POINT, TOTAL = "ac-1.run_h", "ac-1.total_run_h"


class Bench:
    """Meters of a small campus, and a running clock."""

    def __init__(self, campus: Campus, data: bytes | None = None, now_us: int = 0) -> None:
        self.table, self.now_us = campus.points_of("edge"), now_us
        self.meters = Meters(campus, "edge", self.table)
        self.begun = self.meters.begin(data)

    def read(self, *values: float, quality: Quality = Quality.GOOD) -> tuple[list[float], list[str]]:
        totals, rules = [], []
        for value in values:
            self.now_us += MINUTE
            given = SampleBatch.of([self.table.row[POINT]], self.now_us, value, quality)
            derived, events = self.meters.step(given)
            assert set(derived.point.tolist()) <= {self.table.row[TOTAL]}
            assert set(derived.time_us.tolist()) <= {self.now_us}
            totals += derived.value.tolist()
            rules += [event.rule for event in events]
        return totals, rules


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    return small_campus(tmp_path)


def test_a_total_comes_with_each_good_reading_and_with_no_other(campus: Campus) -> None:
    bench = Bench(campus)
    assert bench.read(5000.0, 5000.0) == ([5000.0, 5000.0], [])
    assert bench.read(np.nan, quality=Quality.NO_ANSWER) == ([], [])
    assert bench.read(5001.0) == ([5001.0], [])


def test_a_reset_is_counted_on_and_told_as_a_moment_that_names_both_readings(campus: Campus) -> None:
    bench = Bench(campus)
    bench.read(5000.0, *[0.0] * 5)
    bench.now_us += MINUTE
    derived, (event,) = bench.meters.step(SampleBatch.of([bench.table.row[POINT]], bench.now_us, 1.0))
    assert derived.value.tolist() == [5001.0]
    assert (event.kind, event.rule, event.family) == (EventKind.MOMENT, "counter-reset", Family.DEVICE)
    assert (event.device, event.limit, event.value, event.unit) == ("ac-1", 5000.0, 0.0, "h")
    assert "5000" in event.message.en
    assert "空调1" in event.message.zh
    assert bench.meters.health()["reset_events"] == 1


def test_state_goes_on_after_a_restart_in_the_middle_of_a_doubt(campus: Campus) -> None:
    first = Bench(campus)
    first.read(5000.0, 0.0, 0.0, 0.0)
    assert first.meters.health()["waiting_points"] == [POINT]
    second = Bench(campus, first.meters.save(is_due=False)[STATE], first.now_us)
    assert second.read(0.0, 0.0, 0.0) == ([5000.0], ["counter-reset"])


def test_calm_counters_are_saved_when_due_and_a_decision_at_once(campus: Campus) -> None:
    bench = Bench(campus)
    bench.read(5000.0, 5001.0)
    assert bench.meters.save(is_due=False) == {}
    assert STATE in bench.meters.save(is_due=True)
    bench.read(0.0)
    assert STATE in bench.meters.save(is_due=False)
    bench.meters.saved()
    assert bench.meters.save(is_due=False) == {}


def test_a_state_that_is_older_than_the_readings_gives_the_same_totals(campus: Campus) -> None:
    first = Bench(campus)
    first.read(5000.0, *[0.0] * 6)
    saved = first.meters.save(is_due=True)[STATE]
    assert first.read(1.0) == ([5001.0], [])
    assert Bench(campus, saved, first.now_us).read(1.0) == ([5001.0], [])


def test_a_state_that_cannot_be_read_is_refused(campus: Campus) -> None:
    with pytest.raises(Garbled):
        Bench(campus, b"\xc1")


def test_the_clock_may_be_set_back(campus: Campus) -> None:
    bench = Bench(campus, now_us=10_000 * MINUTE)
    bench.read(5000.0)
    bench.meters.shift(-60 * MINUTE)
    bench.now_us -= 60 * MINUTE
    assert bench.read(5000.0) == ([5000.0], [])


def test_a_reading_that_the_device_marks_gives_a_total_that_is_marked(campus: Campus) -> None:
    bench = Bench(campus)
    given = SampleBatch.of([bench.table.row[POINT]], 5, 1.0, Quality.UNCERTAIN)
    assert bench.meters.step(given)[0].quality.tolist() == [Quality.UNCERTAIN]
