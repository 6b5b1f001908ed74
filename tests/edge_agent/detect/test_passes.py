"""Vehicle passes: the array version equals a loop over readings, in whatever pieces the readings come."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.model.codes import Direction
from edge_agent.detect.passes import LONGEST_PASS_US, Cut, Cutting, Passes, Readings, cut

CUTTING = Cutting(
    np.array([1_000_000, 2_000_000], np.int64), np.array([3.0, 5.0]), np.array([1, 2], np.int64)
)
Row = tuple[int, int, float, int]
Found = tuple[int, int, int, float, float, int, int]


def readings(rows: list[Row]) -> Readings:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Readings(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.uint8),
    )


def slow_passes(rows: list[Row], until_us: int) -> list[Found]:
    """Walk the readings of each radar in the order of time; the faster of two at one moment counts."""
    found: list[Found] = []
    for radar in range(len(CUTTING.gap_us)):
        fastest: dict[int, tuple[float, int]] = {}
        for _, time, kmh, way in sorted((r for r in rows if r[0] == radar), key=lambda r: (r[1], r[2])):
            if kmh >= CUTTING.low_kmh[radar]:
                fastest[time] = (kmh, way)
        groups: list[list[tuple[int, float, int]]] = []
        for time, (kmh, way) in sorted(fastest.items()):
            last = groups[-1] if groups else None
            turned = last is not None and Direction.UNKNOWN not in (way, last[-1][2]) and way != last[-1][2]
            gap_us = CUTTING.gap_us[radar]
            if last is None or turned or time - last[-1][0] > gap_us or time - last[0][0] >= LONGEST_PASS_US:
                groups.append([])
            groups[-1].append((time, kmh, way))
        for number, group in enumerate(groups):
            over = number + 1 < len(groups) or until_us - group[-1][0] > CUTTING.gap_us[radar]
            if over and len(group) >= CUTTING.min_readings[radar]:
                peak = max(kmh for _, kmh, _ in group)
                middle = float(np.median([kmh for _, kmh, _ in group]))
                way = max(way for _, _, way in group)
                found.append((radar, group[0][0], group[-1][0], peak, middle, len(group), way))
    return found


def listed(passes: Passes) -> list[Found]:
    names = ("radar", "start_us", "end_us", "peak_kmh", "median_kmh", "readings", "direction")
    return [
        tuple(value.item() for value in row) for row in zip(*(getattr(passes, n) for n in names), strict=True)
    ]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 150).map(lambda tenth: tenth * 500_000),
        st.integers(0, 60).map(float),
        st.sampled_from([0, 1, 2]),
    ),
    max_size=60,
)


@given(ROWS)
def test_array_version_equals_the_loop(rows: list[Row]) -> None:
    until_us = 76_000_000
    _, passes = cut(Cut.begun(2), readings(rows), until_us, CUTTING)
    unique = {(r[0], r[1], r[2]): r for r in sorted(rows, key=lambda r: r[3])}
    if len({(r[0], r[1], r[2]) for r in rows}) == len(rows):
        assert listed(passes) == slow_passes(list(unique.values()), until_us)


@given(ROWS, st.lists(st.integers(0, 75_000_000), max_size=6))
def test_readings_in_pieces_give_the_same_passes(rows: list[Row], cuts: list[int]) -> None:
    rows = list({(r[0], r[1]): r for r in rows}.values())
    whole_state, whole = cut(Cut.begun(2), readings(rows), 80_000_000, CUTTING)
    state, found = Cut.begun(2), []
    edges = [*sorted(set(cuts)), 80_000_000]
    for first, last in zip([-1, *edges[:-1]], edges, strict=True):
        piece = [row for row in rows if first < row[1] <= last]
        state, passes = cut(state, readings(piece), last, CUTTING)
        found += listed(passes)
    assert sorted(found) == sorted(listed(whole))
    np.testing.assert_array_equal(state.closed_us, whole_state.closed_us)


def test_an_idling_engine_is_not_one_endless_vehicle() -> None:
    rows = [(0, second * 500_000, 10.0, 1) for second in range(300)]
    _, passes = cut(Cut.begun(2), readings(rows), 200_000_000, CUTTING)
    assert len(passes) == 3
    assert int((passes.end_us - passes.start_us).max()) < LONGEST_PASS_US


def test_a_reading_that_comes_after_its_pass_was_closed_changes_nothing() -> None:
    state, first = cut(Cut.begun(2), readings([(0, 1_000_000, 20.0, 1)]), 5_000_000, CUTTING)
    _, again = cut(state, readings([(0, 1_000_000, 90.0, 1)]), 9_000_000, CUTTING)
    assert (len(first), len(again)) == (1, 0)
