"""Vehicles that several radars or a plate camera saw: the same as a walk over passes, however the stream is cut."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.codes import Direction, VehicleClass
from edge_agent.detect.passes import Passes
from edge_agent.detect.vehicles import NOWHERE, RoadPlan, Roads, Sightings, Vehicles, Waiting, joined

S = 1_000_000
IN, OUT, NONE = int(Direction.APPROACHING), int(Direction.RECEDING), int(Direction.UNKNOWN)
#: Radars 0 and 1 (looking back) with camera 0 on one road, radar 2 with camera 1 on another, radar 3 by itself.
ROADS = Roads(
    plans=(RoadPlan(3 * S, 10.0, S, 5 * S, 2 * S), RoadPlan(0, 10.0, 2 * S, 4 * S, S)),
    of_radar=np.array([0, 0, 1, NOWHERE], np.int64),
    of_camera=np.array([0, 1, NOWHERE], np.int64),
    opposed=np.array([False, True, False, False]),
)
HOLD_US = [2 * S, 2 * S, S, S]
PassRow = tuple[int, int, int, float, int, float]  # radar, end, lasted, peak, direction, confidence
PlateRow = tuple[int, int, float, float, int]  # camera, time, plate, sure, class
Told = tuple[int, int, float, float, int, int, tuple[tuple[int, float], ...]]


def passes(rows: list[PassRow]) -> Passes:
    radar, end, lasted, peak, way, sure = zip(*rows, strict=True) if rows else ((),) * 6
    end_us, lasted_us = np.array(end, np.int64), np.array(lasted, np.int64)
    columns = Passes(
        radar=np.array(radar, np.int64),
        start_us=end_us - lasted_us,
        end_us=end_us,
        peak_us=end_us - lasted_us // 2,
        peak_kmh=np.array(peak, np.float64),
        median_kmh=np.array(peak, np.float64),
        readings=np.full(len(rows), 5, np.int64),
        confidence=np.array(sure, np.float64),
        direction=np.array(way, np.uint8),
        vehicle=np.zeros(len(rows), np.uint8),
    )
    return Passes.none().then(columns)


def sightings(rows: list[PlateRow]) -> Sightings:
    columns = zip(*rows, strict=True) if rows else [()] * 5
    types = (np.int64, np.int64, np.float64, np.float64, np.uint8)
    values = [np.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return Sightings(*[*values, np.zeros(len(rows), np.uint8)])


def told(vehicles: Vehicles) -> list[Told]:
    columns = (
        vehicles.passes.radar.tolist(),
        vehicles.passes.end_us.tolist(),
        np.nan_to_num(vehicles.plate, nan=-1).tolist(),
        np.nan_to_num(vehicles.sure, nan=-1).tolist(),
        vehicles.near.tolist(),
        vehicles.passes.vehicle.tolist(),
        vehicles.others,
    )
    return list(zip(*columns, strict=True))


@dataclass
class Car:
    """One vehicle of the twin: its road, when it was first seen, its passes and what was read of it."""

    road: int
    first_us: int
    seen: list[PassRow] = field(default_factory=list)
    read: list[PlateRow] = field(default_factory=list)

    def has(self, row: PassRow, plate: PlateRow | None) -> bool:
        plan, apart_us = ROADS.plans[self.road], row[1] - self.first_us
        if plate and any(plate[2] == other[2] for other in self.read) and apart_us <= plan.fold_us:
            return True
        if apart_us > plan.within_us or any(other[0] == row[0] for other in self.seen):
            return False
        return all(alike(row, other, plan.differ_kmh) for other in self.seen)


def alike(a: PassRow, b: PassRow, differ_kmh: float) -> bool:
    if abs(a[3] - b[3]) > differ_kmh:
        return False
    ways = [{IN: OUT, OUT: IN, NONE: NONE}[r[4]] if ROADS.opposed[r[0]] else r[4] for r in (a, b)]
    return NONE in ways or ways[0] == ways[1]


def slow(rows: list[PassRow], plates: list[PlateRow]) -> list[Told]:
    """Every vehicle, when all is over."""
    plates = sorted(plates, key=lambda p: (p[1], p[0], p[2]))
    cars: list[Car] = []
    free = list(plates)
    for row in sorted(rows, key=lambda r: (r[1], r[0], r[4])):
        road = int(ROADS.of_radar[row[0]])
        if road == NOWHERE:
            cars.append(Car(road, row[1], [row]))
            continue
        peak_us = row[1] - row[2] // 2
        mine = sorted(near(row, free, road), key=lambda p: (math.isnan(p[2]), abs(p[1] - peak_us)))
        plate = mine[0] if mine else None
        if plate:
            free.remove(plate)
        car = next((c for c in cars if c.road == road and c.has(row, plate)), None)
        if car is None:
            car = Car(road, row[1])
            cars.append(car)
        car.seen.append(row)
        car.read += [plate] if plate else []
    return [described(car, plates) for car in cars]


def near(row: PassRow, plates: list[PlateRow], road: int) -> list[PlateRow]:
    match_us = ROADS.plans[road].match_us
    first_us, last_us = row[1] - row[2] - match_us, row[1] + match_us
    return [p for p in plates if ROADS.of_camera[p[0]] == road and first_us <= p[1] <= last_us]


def described(car: Car, plates: list[PlateRow]) -> Told:
    best = max(car.seen, key=lambda r: (r[5], r[3], -r[1], -r[0]))
    others: dict[int, float] = {}
    for row in car.seen:
        if row[0] != best[0]:
            others.setdefault(row[0], row[3])
    if car.road == NOWHERE:
        return best[0], best[1], -1.0, -1.0, 0, 0, ()
    known = len({p[2] for p in near(best, plates, car.road) if not math.isnan(p[2])})
    if not car.read:
        return best[0], best[1], -1.0, -1.0, known, 0, tuple(others.items())
    order = sorted(car.read, key=lambda p: (p[1], p[0], p[2]))
    plate = max(order, key=lambda p: (not math.isnan(p[2]), p[3]))
    number = -1.0 if math.isnan(plate[2]) else plate[2]
    return best[0], best[1], number, plate[3], known, plate[4], tuple(others.items())


PASSES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 80).map(lambda half: half * S // 2),
        st.integers(0, 4).map(lambda quarter: quarter * S // 4),
        st.sampled_from([10.0, 18.0, 30.0]),
        st.sampled_from([NONE, IN, OUT]),
        st.sampled_from([0.25, 0.5, 1.0]),
    ),
    max_size=25,
    unique_by=lambda row: (row[0], row[1], row[4]),
)
PLATES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 160).map(lambda quarter: quarter * S // 4),
        st.sampled_from([1.0, 2.0, math.nan]),
        st.sampled_from([80.0, 90.0]),
        st.sampled_from([0, 1, 4]),
    ),
    max_size=15,
    unique_by=lambda row: (row[0], row[1]),
)


#: A scene in which plates are seen about when vehicles pass, and some of them twice.
SCENES = PASSES.flatmap(
    lambda rows: st.tuples(
        st.just(rows),
        st.lists(
            st.tuples(
                st.sampled_from([0, 1]),
                st.sampled_from([row[1] for row in rows] or [0]),
                st.sampled_from([1.0, 2.0, math.nan]),
                st.sampled_from([80.0, 90.0]),
                st.sampled_from([0, 1, 4]),
            ),
            max_size=15,
            unique_by=lambda row: (row[0], row[1]),
        ),
    )
)
#: Moments between which a scene is looked at: any, or at a steady pace of so many quarters of a second.
CUTS = st.lists(st.integers(0, 60 * S), max_size=12) | st.integers(1, 12).map(
    lambda quarters: [n * quarters * S // 4 for n in range(240 // quarters)]
)


@settings(max_examples=400)
@given(PASSES, PLATES)
def test_vehicles_are_those_of_the_loop(rows: list[PassRow], plates: list[PlateRow]) -> None:
    state, found = joined(Waiting.begun(3), passes(rows), sightings(plates), 200 * S, ROADS)
    assert Counter(told(found)) == Counter(slow(rows, plates))
    assert (len(state.passes), len(state.plates)) == (0, 0)


@settings(max_examples=400)
@given(SCENES, CUTS, st.integers(30, 70))
def test_passes_and_plates_in_pieces_give_the_same_vehicles_and_leave_the_same_state(
    scene: tuple[list[PassRow], list[PlateRow]], cuts: list[int], last_s: int
) -> None:
    rows, plates = scene

    def piece(first: int, last: int) -> tuple[Passes, Sightings]:
        over = [r for r in rows if first <= r[1] + HOLD_US[r[0]] < last]
        return passes(over), sightings([p for p in plates if first < p[1] <= last])

    whole_state, whole = joined(Waiting.begun(3), *piece(-1, last_s * S), last_s * S, ROADS)
    state, found = Waiting.begun(3), []
    edges = [*sorted({cut for cut in cuts if cut < last_s * S}), last_s * S]
    for first, last in zip([-1, *edges[:-1]], edges, strict=True):
        state, vehicles = joined(state, *piece(first, last), last, ROADS)
        found += told(vehicles)
    assert Counter(found) == Counter(told(whole))
    for kept, whole_kept in ((state.passes, whole_state.passes), (state.plates, whole_state.plates)):
        for name in kept.__slots__:
            np.testing.assert_array_equal(getattr(kept, name), getattr(whole_kept, name))
    np.testing.assert_array_equal(state.seen_us, whole_state.seen_us)


def vehicles(rows: list[PassRow], plates: list[PlateRow] | None = None) -> list[Told]:
    return told(joined(Waiting.begun(3), passes(rows), sightings(plates or []), 200 * S, ROADS)[1])


def test_two_radars_that_face_each_other_see_one_vehicle_and_the_surer_speaks() -> None:
    first, second = (0, 10 * S, S, 31.0, IN, 0.5), (1, 12 * S, S, 33.0, OUT, 0.9)
    assert vehicles([first, second]) == [(1, 12 * S, -1.0, -1.0, 0, 0, ((0, 31.0),))]


def test_two_that_go_opposite_ways_or_come_too_late_or_differ_too_much_are_two() -> None:
    first = (0, 10 * S, S, 31.0, IN, 0.5)
    for second in (
        (1, 12 * S, S, 33.0, IN, 0.9),
        (1, 14 * S, S, 33.0, OUT, 0.9),
        (1, 12 * S, S, 45.0, OUT, 0.9),
        (0, 12 * S, S, 31.0, IN, 0.9),
    ):
        assert len(vehicles([first, second])) == 2


def test_one_plate_twice_is_one_vehicle_with_the_surer_record() -> None:
    rows = [(2, 10 * S, S, 31.0, IN, 0.9), (2, 13 * S, S, 20.0, IN, 0.8)]
    plates: list[PlateRow] = [
        (1, 10 * S, 7.0, 80.0, VehicleClass.CAR),
        (1, 13 * S, 7.0, 95.0, VehicleClass.TRUCK),
    ]
    assert vehicles(rows, plates) == [(2, 10 * S, 7.0, 95.0, 1, VehicleClass.TRUCK, ())]


def test_another_plate_is_another_vehicle_and_two_plates_in_sight_are_told() -> None:
    rows = [(2, 10 * S, S, 31.0, IN, 0.9), (2, 12 * S, S, 30.0, IN, 0.8)]
    plates = [(1, 10 * S, 7.0, 80.0, 1), (1, 12 * S, 8.0, 95.0, 1)]
    assert [(row[2], row[4]) for row in vehicles(rows, plates)] == [(7.0, 2), (8.0, 2)]


def test_a_plate_that_comes_again_after_it_was_kept_is_not_seen_twice() -> None:
    plate = [(1, 10 * S, 7.0, 80.0, 1)]
    state, _ = joined(Waiting.begun(3), passes([]), sightings(plate), 11 * S, ROADS)
    state, _ = joined(state, passes([]), sightings(plate), 12 * S, ROADS)
    assert len(state.plates) == 1


def test_a_plate_that_one_vehicle_has_is_not_given_to_the_next_one() -> None:
    rows = [(0, 10 * S, S, 31.0, IN, 0.5), (0, 12 * S + S // 2, S, 31.0, IN, 0.5)]
    plates = [(0, 10 * S + S * 3 // 4, 7.0, 80.0, 1)]
    state, found = Waiting.begun(3), []
    for until_us in range(15 * S, 20 * S, S // 4):
        fresh = until_us == 15 * S
        new = passes(rows if fresh else []), sightings(plates if fresh else [])
        state, vehicles_ = joined(state, *new, until_us, ROADS)
        found += told(vehicles_)
    assert sorted((row[1], row[2]) for row in found) == [(10 * S, 7.0), (12 * S + S // 2, -1.0)]


def test_a_plate_that_could_not_be_read_tells_the_class_and_gives_way_to_one_that_could() -> None:
    row = [(2, 10 * S, S, 31.0, IN, 0.9)]
    unread: PlateRow = (1, 10 * S - S // 2, math.nan, 80.0, VehicleClass.BUS)
    assert vehicles(row, [unread]) == [(2, 10 * S, -1.0, 80.0, 0, VehicleClass.BUS, ())]
    read: PlateRow = (1, 11 * S, 7.0, 70.0, VehicleClass.CAR)
    assert vehicles(row, [unread, read]) == [(2, 10 * S, 7.0, 70.0, 1, VehicleClass.CAR, ())]
