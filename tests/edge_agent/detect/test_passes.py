"""Vehicle passes: the array version equals a loop over readings, in whatever pieces the readings come."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.codes import Direction, VehicleClass
from edge_agent.detect.passes import LONGEST_PASS_US, Cut, Cutting, Passes, Readings, cut

CUTTING = Cutting(
    gap_us=np.array([1_000_000, 2_000_000], np.int64),
    merge_gap_us=np.array([3_000_000, 0], np.int64),
    merge_kmh=np.array([5.0, 0.0]),
    split_kmh=np.array([8.0, 12.0]),
    low_kmh=np.array([3.0, 5.0]),
    min_readings=np.array([1, 2], np.int64),
)
HOLD_US = [3_000_000, 2_000_000]
Row = tuple[int, int, float, int, int]
Found = tuple[int, int, int, int, float, float, int, float, int, int]
IN, OUT, NONE = int(Direction.APPROACHING), int(Direction.RECEDING), int(Direction.UNKNOWN)


def readings(rows: list[Row]) -> Readings:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), ()]
    types = (np.int64, np.int64, np.float64, np.uint8, np.uint8)
    return Readings(*(np.array(column, kind) for column, kind in zip(columns, types, strict=True)))


def slow_ways(rows: list[Row], gap_us: int) -> list[Row]:
    """Give each reading of one radar its direction: its own, else the one before it, else the next one soon."""
    told: list[int] = []
    for number, row in enumerate(rows):
        near = number > 0 and row[1] - rows[number - 1][1] <= gap_us
        told.append(row[3] if row[3] != NONE or not near else told[number - 1])
    ways = list(told)
    for number, row in enumerate(rows):
        later = [k for k in range(number + 1, len(rows)) if told[k] != NONE]
        if told[number] == NONE and later and rows[later[0]][1] - row[1] <= gap_us:
            ways[number] = told[later[0]]
    return [(*row[:3], way, row[4]) for row, way in zip(rows, ways, strict=True)]


def slow_groups(rows: list[Row], radar: int) -> list[list[Row]]:
    """Walk readings of one lane and direction in the order of time."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups:
            own = groups[-1]
            silence, rise = row[1] - own[-1][1], row[2] - own[-1][2]
            goes_on = silence <= CUTTING.merge_gap_us[radar] and abs(rise) <= CUTTING.merge_kmh[radar]
            silent = silence > CUTTING.gap_us[radar] and not goes_on
            fallen = max(r[2] for r in own) - own[-1][2] >= CUTTING.split_kmh[radar] / 2
            jumped = rise > CUTTING.split_kmh[radar] and fallen
            if not silent and not jumped and row[1] - own[0][1] < LONGEST_PASS_US:
                own.append(row)
                continue
        groups.append([row])
    return groups


def slow_passes(rows: list[Row], until_us: int) -> list[Found]:
    """All passes that are over, by the book."""
    found: list[Found] = []
    for radar in range(2):
        fastest: dict[int, Row] = {}
        for row in sorted((r for r in rows if r[0] == radar), key=lambda r: (r[1], r[2], r[3])):
            if row[2] >= CUTTING.low_kmh[radar]:
                fastest[row[1]] = row
        ways = slow_ways([fastest[time] for time in sorted(fastest)], int(CUTTING.gap_us[radar]))
        for way in (NONE, IN, OUT):
            found += [
                slow_pass(group)
                for group in slow_groups([row for row in ways if row[3] == way], radar)
                if until_us - group[-1][1] > HOLD_US[radar] and len(group) >= CUTTING.min_readings[radar]
            ]
    return sorted(found, key=lambda f: (f[2], f[0], f[8]))


def slow_pass(group: list[Row]) -> Found:
    speeds = [row[2] for row in group]
    peak, median = max(speeds), float(np.median(speeds))
    lasted_us = group[-1][1] - group[0][1]
    sure = min(len(group) / 8, 1.0) * min((lasted_us + 125_000) / 1e6, 1.0)
    classes = Counter(row[4] for row in group if row[4])
    usual = min(classes, key=lambda code: (-classes[code], code), default=0)
    return (
        group[0][0],
        group[0][1],
        group[-1][1],
        next(row[1] for row in group if row[2] == peak),
        peak,
        median,
        len(group),
        pytest.approx(sure * max(1 - 2 * (1 - median / peak), 0.0)),
        group[0][3],
        usual,
    )


def listed(passes: Passes) -> list[Found]:
    columns = (getattr(passes, name).tolist() for name in passes.__slots__)
    return list(zip(*columns, strict=True))


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 300).map(lambda quarter: quarter * 250_000)
        | st.integers(0, 40).map(lambda quarter: quarter * 250_000),
        st.integers(0, 40).map(float),
        st.sampled_from([NONE, IN, OUT]),
        st.sampled_from([0, 1, 4]),
    ),
    max_size=80,
)


@settings(max_examples=400)
@given(ROWS, st.integers(60_000_000, 90_000_000))
def test_array_version_equals_the_loop(rows: list[Row], until_us: int) -> None:
    rows = list({row[:4]: row for row in rows}.values())  # equal in all but the class: either may count
    _, passes = cut(Cut.begun(2), readings(rows), until_us, CUTTING)
    assert listed(passes) == slow_passes(rows, until_us)


@settings(max_examples=400)
@given(
    ROWS,
    st.lists(st.integers(0, 85_000_000), max_size=12)
    | st.integers(1, 12).map(lambda quarters: list(range(0, 85_000_000, quarters * 250_000))),
)
def test_readings_in_pieces_give_the_same_passes_and_leave_the_same_state(
    rows: list[Row], cuts: list[int]
) -> None:
    rows = list({row[:4]: row for row in rows}.values())
    whole_state, whole = cut(Cut.begun(2), readings(rows), 86_000_000, CUTTING)
    state, found = Cut.begun(2), []
    edges = [*sorted(set(cuts)), 86_000_000]
    for first, last in zip([-1, *edges[:-1]], edges, strict=True):
        state, passes = cut(state, readings([r for r in rows if first < r[1] <= last]), last, CUTTING)
        found += listed(passes)
    assert sorted(found) == sorted(listed(whole))
    np.testing.assert_array_equal(state.seen_us, whole_state.seen_us)
    for name in Readings.__slots__:
        np.testing.assert_array_equal(getattr(state.open, name), getattr(whole_state.open, name))


def one_radar(speeds: list[float], ways: list[int] | None = None, every_us: int = 200_000) -> list[Row]:
    ways = ways or [IN] * len(speeds)
    return [(0, n * every_us, kmh, way, 0) for n, (kmh, way) in enumerate(zip(speeds, ways, strict=True))]


def passed(rows: list[Row]) -> Passes:
    return cut(Cut.begun(2), readings(rows), 900_000_000, CUTTING)[1]


def test_an_idling_engine_is_not_one_endless_vehicle() -> None:
    passes = passed(one_radar([10.0] * 300, every_us=500_000))
    assert len(passes) == 3
    assert int((passes.end_us - passes.start_us).max()) < LONGEST_PASS_US


def test_a_reading_that_comes_late_changes_nothing() -> None:
    state, first = cut(Cut.begun(2), readings([(0, 1_000_000, 20.0, 1, 0)]), 5_000_000, CUTTING)
    _, again = cut(state, readings([(0, 1_000_000, 90.0, 1, 0)]), 9_000_000, CUTTING)
    assert (len(first), len(again)) == (1, 0)


def test_a_vehicle_that_vanishes_for_a_moment_and_goes_on_as_fast_is_one_pass() -> None:
    same = [(0, 0, 20.0, IN, 0), (0, 2_500_000, 18.0, IN, 0)]
    slower = [(0, 0, 20.0, IN, 0), (0, 2_500_000, 12.0, IN, 0)]
    assert passed(same).readings.tolist() == [2]
    assert passed(slower).readings.tolist() == [1, 1]


def test_two_vehicles_close_behind_one_another_are_two_passes() -> None:
    passes = passed(one_radar([18.0, 20.0, 17.0, 13.0, 22.0, 23.0, 21.0]))
    assert passes.peak_kmh.tolist() == [20.0, 23.0]


def test_a_vehicle_that_only_speeds_up_is_one_pass() -> None:
    assert passed(one_radar([10.0, 19.0, 28.0, 37.0])).readings.tolist() == [4]


def test_two_vehicles_that_meet_before_the_radar_are_two_passes() -> None:
    passes = passed(one_radar([30.0, 12.0] * 5, [IN, OUT] * 5))
    assert sorted(zip(passes.direction.tolist(), passes.peak_kmh.tolist(), strict=True)) == [
        (IN, 30.0),
        (OUT, 12.0),
    ]


def test_readings_without_a_direction_belong_to_the_vehicle_around_them() -> None:
    passes = passed(one_radar([20.0] * 6, [NONE, NONE, OUT, NONE, OUT, NONE]))
    assert (passes.readings.tolist(), passes.direction.tolist()) == ([6], [OUT])


def test_confidence_grows_with_readings_and_time_and_falls_with_a_lonely_peak() -> None:
    lonely = passed(one_radar([20.0] * 9 + [38.0])).confidence[0]
    short = passed(one_radar([20.0, 20.0])).confidence[0]
    sure = passed(one_radar([20.0] * 10)).confidence[0]
    assert sure == 1.0
    assert lonely < 0.1
    assert short < 0.1


def test_the_class_told_most_often_is_that_of_the_pass() -> None:
    told = [VehicleClass.UNKNOWN, VehicleClass.TRUCK, VehicleClass.CAR, VehicleClass.TRUCK]
    rows = [(*row[:4], int(code)) for row, code in zip(one_radar([20.0] * 4), told, strict=True)]
    assert passed(rows).vehicle.tolist() == [VehicleClass.TRUCK]


def test_a_direction_reaches_back_over_one_gap_and_no_further_wherever_the_stream_is_cut() -> None:
    rows = [(0, 0, 20.0, NONE, 0), (0, 750_000, 20.0, NONE, 0), (0, 1_500_000, 20.0, IN, 0)]
    state, _ = cut(Cut.begun(2), readings(rows), 1_500_000, CUTTING)
    _, passes = cut(state, readings([]), 9_000_000, CUTTING)
    assert list(zip(passes.direction.tolist(), passes.readings.tolist(), strict=True)) == [(NONE, 1), (IN, 2)]
