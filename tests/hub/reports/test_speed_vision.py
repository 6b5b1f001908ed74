"""Cameras beside radars: shares of what was checked, and a ratio that is called an angle only if it stays the same."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.codes import SpeedCheck
from hub.reports.speed import Passes
from hub.reports.speed_vision import MINIMUM_RATIOS, Opinions, by_lane, second_opinion

NAN = float("nan")
Row = tuple[float, float, float]  # radar, check, camera


def columns(rows: list[Row]) -> tuple[Passes, Opinions]:
    kmh, check, vision = (np.array(column, float) for column in zip(*rows, strict=True))
    zeros = np.zeros(len(rows), np.int64)
    passes = Passes(zeros, zeros, kmh, np.zeros(len(rows), bool), np.full(len(rows), NAN))
    return passes, Opinions(check, vision)


def ratio_of(ratios: list[float]) -> dict[str, float] | None:
    rows = [(20.0, float(SpeedCheck.CONFIRMED), 20.0 * ratio) for ratio in ratios]
    found: dict[str, float] | None = second_opinion(*columns(rows), np.ones(len(rows), bool))["ratio"]
    return found


checks = st.sampled_from([NAN, *map(float, SpeedCheck)])
kmhs = st.floats(5, 120)


@given(st.lists(st.tuples(kmhs, checks, kmhs | st.just(NAN)), min_size=1, max_size=30))
def test_counts_shares_and_ratio_are_those_of_a_plain_loop(rows: list[Row]) -> None:
    found = second_opinion(*columns(rows), np.ones(len(rows), bool))
    said = [check for _, check, _ in rows if not math.isnan(check)]
    assert found["checked"] == len(said)
    for code in SpeedCheck:
        name = code.name.lower()
        assert found["counts"][name] == said.count(code)
        assert found["shares"][name] == (said.count(code) / len(said) if said else None)
    ratios = [vision / kmh for kmh, _, vision in rows if not math.isnan(vision)]
    if not ratios:
        assert found["ratio"] is None
    else:
        assert found["ratio"]["n"] == len(ratios)
        assert found["ratio"]["median"] == pytest.approx(statistics.median(ratios), abs=1e-3)


@pytest.mark.parametrize(
    ("ratios", "angle"),
    [
        ([1.06] * MINIMUM_RATIOS, True),
        ([0.94] * MINIMUM_RATIOS, True),
        ([1.06] * (MINIMUM_RATIOS - 1), False),  # too few
        ([1.02] * MINIMUM_RATIOS, False),  # too little
        ([0.9, 1.05, 1.06, 1.2] * 10, True),  # three of four above
        ([0.8, 0.9, 1.04, 1.06] * 10, False),  # to both sides: no angle does that
    ],
)
def test_only_a_ratio_that_stays_the_same_over_many_vehicles_speaks_of_the_angle(
    ratios: list[float],
    angle: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    found = ratio_of(ratios)
    assert found is not None
    assert found["angle"] is angle


def test_lanes_are_told_apart() -> None:
    passes, opinions = columns([(20, 1, 21), (30, 2, 45), (20, NAN, NAN)])
    split = Passes(
        np.array([0, 0, 1]), passes.time_us, passes.kmh, np.array([False, True, False]), passes.limit
    )
    first, second, third = by_lane(split, opinions)
    assert (first["counts"]["confirmed"], second["counts"]["conflict"], third["checked"]) == (1, 1, 0)
    assert (first["ratio"]["median"], second["ratio"]["median"], third["ratio"]) == (1.05, 1.5, None)
