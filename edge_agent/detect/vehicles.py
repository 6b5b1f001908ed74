"""One vehicle, one pass: what two radars of a road saw of it is joined, and so are passes with one plate.

Passes of a road wait until nothing later can belong to them. What waits is looked at anew at each step, in the
order of time, so it makes no difference where the stream is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np

from devices.model.codes import Direction, VehicleClass
from edge_agent.detect.block import Flags, Floats, Rows, Times
from edge_agent.detect.columns import Columns
from edge_agent.detect.passes import LONGEST_PASS_US, Bytes, Passes

NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Sightings(Columns):
    """Vehicles that plate cameras saw; columns of one length, in the order of time and camera.

    camera:  int64   (n,)  row of the camera
    time_us: int64   (n,)
    plate:   float64 (n,)  the plate as a number, see devices.model.plates; NaN where it could not be read
    sure:    float64 (n,)  how sure the camera is, per cent; NaN where it does not tell
    vehicle: uint8   (n,)  see VehicleClass
    taken:   uint8   (n,)  1 where a vehicle that was told has it
    """

    camera: Rows
    time_us: Times
    plate: Floats
    sure: Floats
    vehicle: Bytes
    taken: Bytes

    @classmethod
    def none(cls) -> Self:
        """Nothing seen."""
        whole, real, codes = np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8)
        return cls(whole, whole, real, real, codes, codes)

    def then(self, later: Self) -> Self:
        """Both, in the order of time and camera."""
        both = self.followed_by(later)
        return both[np.lexsort((both.plate, both.camera, both.time_us))]


@dataclass(frozen=True, slots=True)
class RoadPlan:
    """How one road joins.

    within_us: 0 where it has one radar.
    match_us, fold_us: 0 where it has no camera.
    hold_us: how long after its end a pass is told.
    look_us: how long a calibrated camera may take to tell what it saw; 0 where there is none.
    """

    within_us: int
    differ_kmh: float
    match_us: int
    fold_us: int
    hold_us: int
    look_us: int = 0

    @property
    def reach_us(self) -> int:
        """How long after the first pass of a vehicle another may be of it."""
        return max(self.within_us, self.fold_us)


@dataclass(frozen=True, slots=True)
class Roads:
    """All roads, and who watches them.

    of_radar, of_camera: int64  row of the road; NOWHERE for a radar or camera by itself
    opposed: bool (radars,)  looks the other way than the road's first radar
    """

    plans: tuple[RoadPlan, ...]
    of_radar: Rows
    of_camera: Rows
    opposed: Flags

    @property
    def keep_us(self) -> int:
        """How long a plate may still find its pass."""
        waits = [plan.reach_us + plan.hold_us + plan.look_us + 2 * plan.match_us for plan in self.plans]
        return LONGEST_PASS_US + max(waits, default=0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Passes of roads that a later one may still join, plates that may still find a pass, and the newest plates.

    seen_us: int64 (cameras,)  the newest plate of each camera; one that is not newer was here before
    """

    passes: Passes
    plates: Sightings
    seen_us: Times

    @classmethod
    def begun(cls, cameras: int) -> Self:
        """Nothing waits."""
        return cls(Passes.none(), Sightings.none(), np.full(cameras, -1, np.int64))


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Vehicles, each with the pass that speaks for it.

    passes: the surest pass of each, of equals the fastest, then the first
    plate:  float64 (n,)  NaN where none was read; the record of which a camera was surest
    sure:   float64 (n,)  how sure, per cent
    near:   int64   (n,)  different plates seen in the pass or close to it: more than one is worth a look
    others: for each, the other radars' rows and peaks
    """

    passes: Passes
    plate: Floats
    sure: Floats
    near: Rows
    others: tuple[tuple[tuple[int, float], ...], ...]

    def __len__(self) -> int:
        return len(self.passes)

    @classmethod
    def alone(cls, passes: Passes) -> Self:
        """Each pass a vehicle, without a plate."""
        nothing = np.full(len(passes), np.nan)
        return cls(passes, nothing, nothing, np.zeros(len(passes), np.int64), ((),) * len(passes))

    def then(self, later: Vehicles) -> Vehicles:
        """Both, one after the other."""
        return Vehicles(
            passes=self.passes.followed_by(later.passes),
            plate=np.concatenate([self.plate, later.plate]),
            sure=np.concatenate([self.sure, later.sure]),
            near=np.concatenate([self.near, later.near]),
            others=self.others + later.others,
        )


@dataclass(slots=True)
class _Group:
    """Passes of one vehicle, by their rows: the first one opened it."""

    road: int
    end_us: int
    rows: list[int]
    plates: set[float] = field(default_factory=set)


def joined(
    state: Waiting, passes: Passes, plates: Sightings, until_us: int, roads: Roads
) -> tuple[Waiting, Vehicles]:
    """Add passes and plates; return the vehicles that nothing after `until_us` can change.

    Passes of one road are one vehicle where they come from different radars, go the same way about as fast, and
    end within the road's time of the first; or where they have the same plate, within its fold time.
    """
    lost = roads.of_radar[state.passes.radar] == NOWHERE  # their road was taken out of the rule meanwhile
    if lost.any() or (roads.of_camera[state.plates.camera] == NOWHERE).any():
        seen = roads.of_camera[state.plates.camera] != NOWHERE
        passes = state.passes[lost].then(passes)
        state = Waiting(state.passes[~lost], state.plates[seen], state.seen_us)
    alone = roads.of_radar[passes.radar] == NOWHERE
    waiting = state.passes.then(passes[~alone])
    fresh = plates.time_us > state.seen_us[plates.camera]
    known = state.plates.then(plates[fresh & (roads.of_camera[plates.camera] != NOWHERE)])
    seen_us = state.seen_us.copy()
    np.maximum.at(seen_us, plates.camera, plates.time_us)
    found = _plates_of(waiting, known, roads)
    groups = _groups(waiting, known.plate, found, roads)
    over = [group for group in groups if until_us - group.end_us > _wait_us(group, roads)]
    told = np.zeros(len(waiting), np.bool_)
    told[[row for group in over for row in group.rows]] = True
    known.taken[found[told & (found != NOWHERE)]] = 1
    kept = known.time_us >= until_us - roads.keep_us
    vehicles = Vehicles.alone(passes[alone])
    if over:
        vehicles = vehicles.then(_spoken_for(over, waiting, known, found, roads))
    return Waiting(waiting[~told], known[kept], seen_us), vehicles


def _plates_of(passes: Passes, plates: Sightings, roads: Roads) -> Rows:
    """Row of each pass's plate: each in its turn takes the one nearest to its peak that none before it took.

    One that could not be read is taken where there is no other, for the class of the vehicle.
    """
    found = np.full(len(passes), NOWHERE, np.int64)
    taken, unread = set(np.flatnonzero(plates.taken).tolist()), np.isnan(plates.plate)
    for row in range(len(passes) if len(plates) else 0):
        peak_us = int(passes.peak_us[row])
        free = [number for number in _in_sight(passes, row, plates, roads) if number not in taken]
        if free:
            found[row] = min(free, key=lambda n: (unread[n], abs(int(plates.time_us[n]) - peak_us)))
            taken.add(int(found[row]))
    return found


def _in_sight(passes: Passes, row: int, plates: Sightings, roads: Roads) -> list[int]:
    """Rows of the plates that the road's cameras saw during a pass, or close to it."""
    road = int(roads.of_radar[passes.radar[row]])
    match_us = roads.plans[road].match_us
    first = int(np.searchsorted(plates.time_us, passes.start_us[row] - match_us, "left"))
    last = int(np.searchsorted(plates.time_us, passes.end_us[row] + match_us, "right"))
    here = roads.of_camera[plates.camera[first:last]] == road
    return (first + np.flatnonzero(here)).tolist()


def _groups(passes: Passes, plate: Floats, found: Rows, roads: Roads) -> list[_Group]:
    """Each pass in its turn joins the oldest vehicle that it can belong to, or is a new one."""
    groups: list[_Group] = []
    recent: list[_Group] = []
    for row in range(len(passes)):
        road = int(roads.of_radar[passes.radar[row]])
        own_plate = _read({float(plate[found[row]])} if found[row] != NOWHERE else set())
        end_us = int(passes.end_us[row])
        recent = [g for g in recent if end_us - g.end_us <= roads.plans[g.road].reach_us]
        fitting = (g for g in recent if g.road == road and _belongs(passes, row, own_plate, g, roads))
        group = next(fitting, None)
        if group is None:
            group = _Group(road, end_us, [])
            groups.append(group)
            recent.append(group)
        group.rows.append(row)
        group.plates |= own_plate
    return groups


def _belongs(passes: Passes, row: int, plates: set[float], group: _Group, roads: Roads) -> bool:
    """Whether a pass is of a vehicle: by its plate, or as another radar's view of it."""
    plan = roads.plans[group.road]
    apart_us = int(passes.end_us[row]) - group.end_us
    if plates & group.plates and apart_us <= plan.fold_us:
        return True
    radar = int(passes.radar[row])
    if apart_us > plan.within_us or any(int(passes.radar[other]) == radar for other in group.rows):
        return False
    return all(_alike(passes, row, other, plan.differ_kmh, roads.opposed) for other in group.rows)


def _alike(passes: Passes, a: int, b: int, differ_kmh: float, opposed: Flags) -> bool:
    """Two radars' passes may be of one vehicle: it goes the same way, about as fast."""
    ways = {int(passes.direction[a]), int(passes.direction[b])}
    faces_same = opposed[passes.radar[a]] == opposed[passes.radar[b]]
    same_way = Direction.UNKNOWN in ways or (len(ways) == 1) == bool(faces_same)
    return same_way and abs(float(passes.peak_kmh[a] - passes.peak_kmh[b])) <= differ_kmh


def _wait_us(group: _Group, roads: Roads) -> int:
    """How long after its first pass a vehicle may still be joined by another; a plate is waited for first."""
    plan = roads.plans[group.road]
    return (plan.reach_us if group.plates else plan.within_us) + max(
        plan.hold_us, plan.match_us, plan.look_us
    )


def _spoken_for(
    groups: Sequence[_Group], passes: Passes, plates: Sightings, found: Rows, roads: Roads
) -> Vehicles:
    """Each vehicle by the surest of its passes, with the surest of its plates."""
    best = np.array([max(group.rows, key=lambda row: _sureness(passes, row)) for group in groups], np.int64)
    read = [[int(found[row]) for row in group.rows if found[row] != NOWHERE] for group in groups]
    plate = [max(rows, key=lambda row: _trust(plates, row), default=NOWHERE) for rows in read]
    chosen = passes[best]
    vehicle = [_class_of(passes, plates, *one) for one in zip(best, plate, strict=True)]
    seen = [{float(plates.plate[p]) for p in _in_sight(passes, int(row), plates, roads)} for row in best]
    return Vehicles(
        passes=replace(chosen, vehicle=np.array(vehicle, np.uint8)),
        plate=np.array([plates.plate[row] if row != NOWHERE else np.nan for row in plate]),
        sure=np.array([plates.sure[row] if row != NOWHERE else np.nan for row in plate]),
        near=np.array([len(_read(found_here)) for found_here in seen], np.int64),
        others=tuple(_others(passes, group, row) for group, row in zip(groups, best.tolist(), strict=True)),
    )


def _sureness(passes: Passes, row: int) -> tuple[float, float, int, int]:
    """What makes a pass speak for its vehicle: confidence, then speed, then being first."""
    earliest = (-int(passes.end_us[row]), -int(passes.radar[row]))
    return (float(passes.confidence[row]), float(passes.peak_kmh[row]), *earliest)


def _read(plates: set[float]) -> set[float]:
    """Without those that could not be read."""
    return {plate for plate in plates if not np.isnan(plate)}


def _trust(plates: Sightings, row: int) -> tuple[bool, float, int]:
    """A plate that was read first, then the one of which the camera was surest, then the earliest."""
    sure = float(plates.sure[row])
    return not np.isnan(plates.plate[row]), -1.0 if np.isnan(sure) else sure, -row


def _class_of(passes: Passes, plates: Sightings, row: int, plate: int) -> int:
    """What the radar took the vehicle for, else the camera."""
    own = int(passes.vehicle[row])
    return own if own != VehicleClass.UNKNOWN or plate == NOWHERE else int(plates.vehicle[plate])


def _others(passes: Passes, group: _Group, best: int) -> tuple[tuple[int, float], ...]:
    """Peaks of the other radars, the first of each."""
    speeds: dict[int, float] = {}
    for row in group.rows:
        if passes.radar[row] != passes.radar[best]:
            speeds.setdefault(int(passes.radar[row]), float(passes.peak_kmh[row]))
    return tuple(speeds.items())
