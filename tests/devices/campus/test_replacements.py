"""Notes of new meters in the site file: taken as they are, or refused with what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.model.errors import ConfigRefused
from devices.model.samples import SampleBatch
from edge_agent.detect.counters import STATE, Meters
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

NOTE: dict[str, Any] = {
    "point": "energy_kwh",
    "at": "2026-11-20 10:30",
    "final": 502.0,
    "initial": 10.0,
    "by": "Li Wei",
}
#: 2026-11-20 10:30 in Shanghai.
NOTED_US = 1_795_141_800_000_000
MINUTE = 60_000_000


def meter(folder: Path, *notes: dict[str, Any], profile: str = "eastron-sdm630") -> Meters:
    campus = campus_of(folder, [modbus_link(502)], [device("m1", profile, replaced=list(notes))])
    return Meters(campus, AGENT, campus.points_of(AGENT))


def read(meters: Meters, first_us: int, *values: float) -> list[float]:
    row = meters._kept[0].row
    times = first_us + MINUTE * np.arange(len(values))
    return meters.step(SampleBatch.of([row] * len(values), times, list(values)))[0].value.tolist()


@pytest.mark.parametrize(
    ("change", "path", "found"),
    [
        ({"point": "power_w"}, "devices.m1.replaced.0.point", "'power_w'"),
        ({"point": "no_such"}, "devices.m1.replaced.0.point", "'no_such'"),
        ({"initial": 1e12}, "devices.m1.replaced.0.initial", "1000000000000.0"),
        ({"at": "yesterday"}, "devices.0.replaced.0.at", "'yesterday'"),
        ({"at": "2026-11-20T10:30:00Z"}, "devices.0.replaced.0.at", "'2026-11-20T10:30:00Z'"),
        ({"final": -1}, "devices.0.replaced.0.final", "-1"),
        ({"by": ""}, "devices.0.replaced.0.by", "''"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused_with_its_path(
    tmp_path: Path, change: dict[str, Any], path: str, found: str
) -> None:
    with pytest.raises(ConfigRefused) as refused:
        meter(tmp_path, NOTE | change)
    assert (path, found) in {(problem.path, problem.found) for problem in refused.value.problems}


def test_a_note_that_was_made_before_is_believed_at_the_first_reading_of_the_new_meter(
    tmp_path: Path,
) -> None:
    meters = meter(tmp_path, NOTE)
    assert read(meters, NOTED_US - 2 * MINUTE, 500.0, 501.0, 10.5, 11.0) == [500.0, 501.0, 502.5, 503.0]


def test_a_note_that_was_made_later_corrects_the_total_after_a_restart(tmp_path: Path) -> None:
    before = meter(tmp_path)
    assert read(before, NOTED_US, 500.0, *[10.0] * 6)[-1] == 510.0
    saved = before.save(is_due=True)[STATE]
    after = meter(tmp_path, NOTE)
    (event,) = after.begin(saved)
    assert event.rule == "counter-signed"
    assert "502" in event.message.en
    assert read(after, NOTED_US + 20 * MINUTE, 12.0) == [504.0]
    again = meter(tmp_path, NOTE)
    assert again.begin(after.save(is_due=True)[STATE]) == []
