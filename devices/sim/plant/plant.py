"""The whole plant: one seed, one clock, every device's true values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from devices.campus.site import Campus, Device
from devices.model.codes import AcMode, Direction
from devices.profiles.profile import DeviceKind
from devices.sim.plant.days import US_PER_S, Almanac
from devices.sim.plant.doors import DoorMessage, Doors
from devices.sim.plant.meters import Meters
from devices.sim.plant.plates import PlateReading, eyes_of
from devices.sim.plant.pumps import PumpRoom
from devices.sim.plant.roads import Roads
from devices.sim.plant.rooms import Rooms
from devices.sim.plant.scenes import Scenes, Sight
from devices.sim.plant.traffic import Lane, RadarReading, Traffic
from devices.sim.plant.weather import outdoor_c, season_mean_c

#: Before the start the rooms live through this long in coarse steps, so that they begin as they should.
WARM_UP_S: Final = 30 * 3600
COARSE_STEP_S: Final = 60.0
#: Rooms and meters move at most this often; vehicles and doors at every step.
FINE_STEP_S: Final = 1.0
LANES: Final = {"in": Direction.APPROACHING, "out": Direction.RECEDING}
#: What a meter with tariffs counted in each of its four rates, of the whole.
RATE_SHARES: Final = (0.1, 0.3, 0.35, 0.25)


@dataclass(frozen=True, slots=True)
class Happened:
    """What devices that speak by themselves have to say since the last step, in order of time."""

    radar: list[RadarReading]
    doors: list[DoorMessage]
    plates: list[PlateReading] = field(default_factory=list)


class Plant:
    """The campus as it really is. `begin` once, then `step` with a growing time; read with `truth`.

    Args:
        campus: the site file; what it has decides what the plant has.
        seed: the same seed, start and steps give the same plant.
        offset_us: people behave as if it were this much later (a demo at night can show a working day).
    """

    def __init__(self, campus: Campus, seed: int, offset_us: int = 0) -> None:
        self.campus = campus
        self.seed = seed
        self.almanac = Almanac(campus, offset_us)
        units = [*_of_kind(campus, DeviceKind.AC)]
        sites = [campus.site_of(unit).id for unit in units]
        self.rooms = Rooms([u.id for u in units], [campus.areas[u.area] for u in units], sites, seed)
        self.meters = Meters(campus, [*_of_kind(campus, DeviceKind.METER)], self.rooms, seed)
        self.pumps = {pump.id: PumpRoom() for pump in _of_kind(campus, DeviceKind.PUMP)}
        for pump in list(self.pumps.values())[:1]:
            pump.leaking = True  # the first site has the leaking pipe
        self.traffic = Traffic(_lanes(campus), self.almanac, seed, eyes_of(campus))
        self.roads = Roads(campus, self.traffic, seed)
        self.doors = Doors([door.id for door in _of_kind(campus, DeviceKind.DOOR)], self.almanac, seed)
        cameras = [*_of_kind(campus, DeviceKind.CAMERA)]
        self.scenes = Scenes(
            [c.id for c in cameras],
            [campus.areas[c.area] for c in cameras],
            [campus.site_of(c).id for c in cameras],
            seed,
        )
        self.pressures = frozenset(device.id for device in _of_kind(campus, DeviceKind.PRESSURE))
        self._pump_of_link = {campus.devices[pump].link: pump for pump in self.pumps}
        self.now_us = 0

    def begin(self, time_us: int) -> None:
        """Start the clock; the rooms have lived before, the meters have counted before."""
        self.now_us = time_us - WARM_UP_S * US_PER_S
        while self.now_us < time_us:
            self.step_rooms(COARSE_STEP_S)
        self.meters.begin(time_us)
        self.traffic.begin(time_us)
        self.doors.begin(time_us)

    def step(self, until_us: int) -> Happened:
        """Move to `until_us`."""
        behind_s = (until_us - self.now_us) / US_PER_S
        if behind_s >= FINE_STEP_S:
            self.step_rooms(behind_s)
            for pump in self.pumps.values():
                pump.step(behind_s)
        radar = self.traffic.step(until_us)
        return Happened(radar, self.doors.step(until_us), self.traffic.plates(until_us))

    def step_rooms(self, dt_s: float) -> None:
        """Move rooms and meters alone, which is all that a history needs."""
        self.now_us += round(dt_s * US_PER_S)
        moment = self.almanac.moment(self.now_us)
        day, year_day = self.almanac.day(moment.day), moment.day.timetuple().tm_yday
        outdoor = outdoor_c(day.number, year_day, moment.minute, self.seed)
        self.rooms.step(day, moment.minute, outdoor, season_mean_c(year_day), dt_s)
        self.meters.step(day, moment.minute, dt_s)

    def sight(self, camera: str, time_us: int) -> Sight:
        """What is before a camera."""
        moment = self.almanac.moment(time_us)
        return self.scenes.sight(camera, self.almanac.day(moment.day), moment.minute)

    def truth(self, device: str) -> dict[str, float]:
        """True values of a polled device by point name, in canonical units; NaN: it has no such sensor.

        Raises:
            KeyError: nobody polls this device.
        """
        if device in self.rooms.row:
            return self._room(self.rooms.row[device])
        if device in self.meters.row:
            return self._meter(device)
        if device in self.pumps:
            return self.pumps[device].readings()
        if device in self.pressures:
            return self._pressure(self.campus.devices[device])
        raise KeyError(device)

    def _room(self, row: int) -> dict[str, float]:
        rooms = self.rooms
        on, mode = float(rooms.on[row]), int(rooms.mode[row])
        working = bool(rooms.on[row] and rooms.thermo_on[row])
        fault = float(rooms.fault[row])
        return {
            "on": on,
            "forced_off": 0.0,
            "fan_running": on,
            "thermo_on": float(working),
            "mode": float(mode),
            "running_mode": float(mode if working else AcMode.FAN),
            "defrost": 0.0,
            "setpoint_c": float(rooms.setpoint_c[row]),
            "setpoint_low_c": float(rooms.low_c[row]),
            "setpoint_high_c": float(rooms.high_c[row]),
            "real_setpoint_c": float(rooms.setpoint_c[row]),
            "room_c": float(rooms.room_c[row]),
            "external_room_c": math.nan,
            "fan_speed": 2.0 if on else 1.0,
            "window_open": 0.0,
            "remote_locked": float(rooms.locked[row]),
            "temperature_locked": float(rooms.locked[row]),
            "filter_sign": 0.0,
            "unit_lost": 0.0,
            "run_h": float(rooms.run_h[row]),
            "fault": fault,
            "warning": 0.0,
            "fault_code": 0.0,
        }

    def _meter(self, device: str) -> dict[str, float]:
        reading = self.meters.reading(device)
        values = {
            "power_w": reading.power_w,
            "reactive_var": reading.reactive_var,
            "pf": reading.pf,
            "freq_hz": reading.freq_hz,
            "energy_kwh": reading.energy_kwh,
            "energy_out_kwh": 0.0,
            # A single-phase meter shows one of each.
            "u_v": reading.u_v[0],
            "i_a": reading.i_a[0],
        }
        for phase in range(3):
            values[f"u_l{phase + 1}_v"] = reading.u_v[phase]
            values[f"i_l{phase + 1}_a"] = reading.i_a[phase]
            values[f"p_l{phase + 1}_w"] = reading.p_w[phase]
        for rate, share in enumerate(RATE_SHARES, 1):
            values[f"energy_rate{rate}_kwh"] = reading.energy_kwh * share
        return values

    def _pressure(self, device: Device) -> dict[str, float]:
        pump = self._pump_of_link.get(device.link)
        tag = device.tags[0] if device.tags else ""
        pressure = self.pumps[pump].pressure_at(tag) if pump else 0.62
        return {"pressure_mpa": pressure, "unit_code": 0.0, "decimals": 3.0}


def _of_kind(campus: Campus, kind: DeviceKind) -> Iterator[Device]:
    return (device for device in campus.devices.values() if campus.profile_of(device).kind is kind)


def _lanes(campus: Campus) -> tuple[Lane, ...]:
    return tuple(
        Lane(
            radar.id,
            campus.site_of(radar).id,
            next((LANES[tag] for tag in radar.tags if tag in LANES), Direction.UNKNOWN),
        )
        for radar in _of_kind(campus, DeviceKind.RADAR)
    )
