"""The past of a plant as columns: meters by the minute, air conditioners by change, passes one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.site import Campus
from devices.model.codes import Direction
from devices.model.samples import SampleBatch
from devices.sim.plant.days import US_PER_MINUTE, US_PER_S
from devices.sim.plant.plant import Plant

MINUTES: Final = 60
HOUR_US: Final = MINUTES * US_PER_MINUTE
#: A room's temperature is told when it has moved this far, and every hour.
ROOM_STEP_C: Final = 0.2
#: Pumps and pressures are told every so many minutes.
PUMP_MINUTES: Final = 5
ROOM_POINTS: Final = ("on", "mode", "setpoint_c", "room_c")
PUMP_POINTS: Final = (
    *("position", "power_ok", "phase_ok", "demand", "running", "fault", "inspection"),
    *("pressure_mpa", "tank_level_m", "stabiliser_starts"),
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the past.

    number: 1 is the newest hour, which ends at the story's end.
    """

    number: int
    batch: SampleBatch


@dataclass(slots=True)
class _Raw:
    """An hour as it was simulated, registers still counted from the beginning of the story."""

    start_us: int
    power_w: Floats  # (minutes, meters)
    energy_kwh: Floats  # (minutes, meters)
    rows: list[SampleBatch]


class Story:
    """The last `hours` before `end_us`, simulated once, told newest hour first.

    Args:
        campus: the site file.
        seed: as the running simulator's, so that past and present are one plant.
        end_us: where the story ends; a whole minute.
        hours: how long it is.
    """

    def __init__(self, campus: Campus, seed: int, end_us: int, hours: int) -> None:
        self.names: list[str] = []
        self._row: dict[str, int] = {}
        self._end_us = end_us
        self._hours = hours
        self._plant = Plant(campus, seed)
        self._rooms = np.array(
            [[self._point(u, p) for p in ROOM_POINTS] for u in self._plant.rooms.ids], np.int32
        )
        self._rooms = self._rooms.reshape(-1, len(ROOM_POINTS))
        meters = self._plant.meters.ids
        self._power = np.array([self._point(meter, "power_w") for meter in meters], np.int32)
        self._energy = np.array([self._point(meter, "energy_kwh") for meter in meters], np.int32)
        self._raw: list[_Raw] = []
        self._told = np.full((len(self._rooms), len(ROOM_POINTS)), np.nan)

    def simulate(self) -> None:
        """Live through it all: some seconds of work for a month."""
        plant = self._plant
        plant.begin(self._end_us - self._hours * HOUR_US)
        plant.meters.energy_kwh[:] = 0.0
        self._raw = [self._hour(plant.now_us) for _ in range(self._hours)]

    def hours(self) -> Iterator[Hour]:
        """Tell what was simulated, once, from the newest hour back, so that charts fill from today."""
        plant, used_kwh = self._plant, self._plant.meters.energy_kwh.copy()
        # The registers end where the running simulator's begin; before that they were lower by what was used.
        plant.meters.begin(self._end_us)
        offset = plant.meters.energy_kwh - used_kwh
        for number in range(1, self._hours + 1):
            yield Hour(number, self._joined(self._raw.pop(), offset))

    def _hour(self, start_us: int) -> _Raw:
        plant, meters = self._plant, len(self._plant.meters.ids)
        raw = _Raw(start_us, np.empty((MINUTES, meters)), np.empty((MINUTES, meters)), [])
        self._told[:] = np.nan
        for minute in range(MINUTES):
            plant.step_rooms(60.0)
            raw.power_w[minute], raw.energy_kwh[minute] = plant.meters.power_w, plant.meters.energy_kwh
            raw.rows.append(self._changed_rooms())
            for pump in plant.pumps.values():
                pump.step(60.0)
            if minute % PUMP_MINUTES == 0:
                raw.rows.append(self._pumps())
        raw.rows.append(self._passes(start_us))
        return raw

    def _changed_rooms(self) -> SampleBatch:
        rooms = self._plant.rooms
        now = np.stack([rooms.on, rooms.mode, rooms.setpoint_c, rooms.room_c], axis=1).astype(np.float64)
        moved = ~(np.abs(now - self._told) < [0.5, 0.5, 0.05, ROOM_STEP_C])  # NaN: not told yet this hour
        self._told[moved] = now[moved]
        return SampleBatch.of(self._rooms[moved], self._plant.now_us, now[moved])

    def _pumps(self) -> SampleBatch:
        plant = self._plant
        told = {
            self._point(pump, point): values[point]
            for pump in plant.pumps
            for values in (plant.truth(pump),)
            for point in PUMP_POINTS
        }
        for device in plant.pressures:
            told[self._point(device, "pressure_mpa")] = plant.truth(device)["pressure_mpa"]
        return SampleBatch.of(list(told), plant.now_us, list(told.values()))

    def _passes(self, start_us: int) -> SampleBatch:
        """One `pass_kmh` a vehicle, as the agents judge it: the peak, negative when it drives away."""
        traffic, first = self._plant.traffic, start_us // US_PER_MINUTE
        passes = [
            passed
            for lane in range(len(traffic.lanes))
            for minute in range(first, first + MINUTES)
            for passed in traffic.passes(lane, minute)
        ]
        signs = [-1.0 if passed.direction is Direction.RECEDING else 1.0 for passed in passes]
        return SampleBatch.of(
            [self._point(passed.radar, "pass_kmh") for passed in passes],
            [passed.start_us + US_PER_S for passed in passes],
            [sign * passed.kmh for sign, passed in zip(signs, passes, strict=True)],
        )

    def _joined(self, raw: _Raw, offset: Floats) -> SampleBatch:
        minutes = raw.start_us + US_PER_MINUTE * np.arange(1, MINUTES + 1)
        times = np.repeat(minutes, len(self._power))
        power = SampleBatch.of(np.tile(self._power, MINUTES), times, raw.power_w.ravel())
        energy = SampleBatch.of(np.tile(self._energy, MINUTES), times, (raw.energy_kwh + offset).ravel())
        return SampleBatch.joined([power, energy, *raw.rows])

    def _point(self, device: str, point: str) -> int:
        name = f"{device}.{point}"
        if name not in self._row:
            self._row[name] = len(self.names)
            self.names.append(name)
        return self._row[name]
