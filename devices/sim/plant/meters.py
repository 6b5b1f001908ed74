"""Electricity meters that count what runs: air conditioners, light, sockets, kitchens, servers, lifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.site import Area, AreaKind, Campus, Device
from devices.sim.plant.days import Day, between
from devices.sim.plant.rooms import COOKING_AHEAD_MIN, MEALS, Rooms

Floats = npt.NDArray[np.float64]

#: Standby and, on top of it while used, W per m2.
DENSITY_W: Final = {
    AreaKind.OFFICE: (0.8, 10.0),
    AreaKind.MEETING: (0.5, 11.0),
    AreaKind.CANTEEN: (1.5, 14.0),
    AreaKind.KITCHEN: (15.0, 320.0),
    AreaKind.LOBBY: (2.0, 9.0),
    AreaKind.CORRIDOR: (1.2, 4.0),
    AreaKind.PARKING: (0.4, 0.8),
    AreaKind.ROAD: (0.0, 0.0),
    AreaKind.GATE: (1.0, 1.0),
    AreaKind.OUTDOORS: (0.0, 0.0),
    AreaKind.PUMP_ROOM: (2.0, 3.0),
    AreaKind.PLANT_ROOM: (8.0, 4.0),
    AreaKind.SERVER_ROOM: (480.0, 0.0),
    AreaKind.DUTY_ROOM: (6.0, 12.0),
    AreaKind.CLINIC: (2.0, 10.0),
    AreaKind.ARCHIVE: (1.5, 4.0),
}
STREET_LIGHT_W: Final = 0.35
OUTSIDE: Final = frozenset({AreaKind.ROAD, AreaKind.OUTDOORS, AreaKind.GATE})
DARK: Final = ((0.0, 350.0), (1060.0, 1440.0))
OPEN_DOORS: Final = ((420.0, 1140.0),)
LIFTS_W: Final = 900.0
#: Counting began here; before it a register stands at zero.
INSTALLED_US: Final = 1_767_225_600_000_000  # 2026-01-01


@dataclass(frozen=True, slots=True)
class Reading:
    """What one meter shows; three-phase values in the order L1, L2, L3."""

    u_v: tuple[float, float, float]
    i_a: tuple[float, float, float]
    p_w: tuple[float, float, float]
    power_w: float
    reactive_var: float
    pf: float
    freq_hz: float
    energy_kwh: float


class Meters:
    """All meters as columns: power_w and energy_kwh float64 (n,); energy only grows."""

    def __init__(self, campus: Campus, meters: Sequence[Device], rooms: Rooms, seed: int) -> None:
        self.ids = tuple(meter.id for meter in meters)
        self.row = {name: number for number, name in enumerate(self.ids)}
        self._areas = tuple(campus.areas.values())
        self._kinds = tuple(dict.fromkeys(area.kind for area in self._areas))
        self._kind_of = np.array([self._kinds.index(area.kind) for area in self._areas], np.int64)
        self._sites = tuple(campus.sites)
        sites = [campus.buildings[area.building].site for area in self._areas]
        self._site_of = np.array([self._sites.index(site) for site in sites], np.int64)
        self._rooms = rooms
        cooled = [campus.devices[unit].area for unit in rooms.ids]
        place = {area.id: number for number, area in enumerate(self._areas)}
        self._area_of_room = np.array([place[area] for area in cooled], np.int64)
        self._of_area, self._of_room = _scopes(campus, meters, self._areas, cooled)
        self._lifts_w = np.array([LIFTS_W if "main" in meter.tags else 0.0 for meter in meters])
        m2 = np.array([area.m2 for area in self._areas])
        self._standby_w = m2 * [DENSITY_W[area.kind][0] for area in self._areas]
        self._active_w = m2 * [DENSITY_W[area.kind][1] for area in self._areas]
        self._street_w = m2 * [STREET_LIGHT_W * (area.kind in OUTSIDE) for area in self._areas]
        self._rng = np.random.default_rng([seed, 21])
        self._share = _phase_shares(self._rng, len(self.ids))
        self._wobble = np.zeros(len(self.ids))
        self._grid_v = 229.5 + self._rng.normal(0, 0.8, (len(self.ids), 3))
        self.power_w = np.zeros(len(self.ids))
        self.energy_kwh = np.zeros(len(self.ids))
        self.freq_hz = 50.0
        #: What registers show of the energy: since when they count, where they start again, and which read 0.
        self._from_kwh = np.zeros(len(self.ids))
        self._modulus_kwh = np.full(len(self.ids), np.inf)
        self._glitches = np.zeros(len(self.ids), np.bool_)

    def disturb(self, meter: str, kind: str, value: float) -> None:
        """Do something to a counter that real meters do; see the faults of the same names."""
        row = self.row[meter]
        if kind == "counter-reset":
            self._from_kwh[row] = self.energy_kwh[row] - value
        elif kind == "counter-rollover":
            self._modulus_kwh[row] = value
        else:
            self._glitches[row] = True

    def leave_alone(self, meter: str, kind: str) -> None:
        """End what lasts."""
        if kind == "counter-glitch":
            self._glitches[self.row[meter]] = False
        elif kind == "counter-rollover":
            self._modulus_kwh[self.row[meter]] = np.inf

    def mean_w(self) -> Floats:
        """A rough yearly mean of each meter, to begin its register with; W float64 (n,)."""
        used = self._standby_w + 0.3 * self._active_w + 0.5 * self._street_w
        mean: Floats = self._of_area @ used + self._of_room @ np.full(len(self._rooms.ids), 420.0)
        return mean

    def begin(self, time_us: int) -> None:
        """Set the registers to what they would have counted since they were installed."""
        hours = max(time_us - INSTALLED_US, 0) / 3.6e9
        self.energy_kwh = self.mean_w() * hours / 1000

    def step(self, day: Day, minute: float, dt_s: float) -> None:
        """Move on by `dt_s`; the power of this step is what the energy grows by."""
        used = np.array([_use(kind, minute) for kind in self._kinds])[self._kind_of]
        used *= np.array([1.0 if day.workday[site] else 0.12 for site in self._sites])[self._site_of]
        used[self._area_of_room] = self._rooms.present
        area_w = self._standby_w + self._active_w * used + self._street_w * between(minute, DARK)
        lifts = self._lifts_w * between(minute, OPEN_DOORS) * any(day.workday.values())
        still = self._of_area @ area_w + self._of_room @ self._rooms.power_w + lifts
        # Kettles and printers: a slow wobble of a few per cent, kept between steps.
        keep = float(np.exp(-dt_s / 90))
        fresh = self._rng.normal(0, 0.02, len(self.ids))
        self._wobble = self._wobble * keep + fresh * np.sqrt(1 - keep * keep)
        self.power_w = still * (1 + self._wobble)
        self.energy_kwh = self.energy_kwh + self.power_w * dt_s / 3.6e6
        self.freq_hz = 50.0 + 0.6 * (self.freq_hz - 50.0) + float(self._rng.normal(0, 0.006))

    def reading(self, meter: str) -> Reading:
        """What the display of a meter shows now."""
        row = self.row[meter]
        power = float(self.power_w[row])
        p_w = tuple(float(share) * power for share in self._share[row])
        # Every tenth of a megawatt takes a volt off the line.
        u_v = tuple(float(v) - power / 1e5 + 0.3 * float(self._wobble[row]) for v in self._grid_v[row])
        pf = 0.93 + 0.03 * float(np.tanh(self._wobble[row] * 20))
        i_a = tuple(p / (u * pf) for p, u in zip(p_w, u_v, strict=True))
        return Reading(
            u_v=(u_v[0], u_v[1], u_v[2]),
            i_a=(i_a[0], i_a[1], i_a[2]),
            p_w=(p_w[0], p_w[1], p_w[2]),
            power_w=power,
            reactive_var=power * float(np.sqrt(1 / pf**2 - 1)),
            pf=pf,
            freq_hz=self.freq_hz,
            energy_kwh=self._shown_kwh(row),
        )

    def _shown_kwh(self, row: int) -> float:
        shown = np.fmod(self.energy_kwh[row] - self._from_kwh[row], self._modulus_kwh[row])
        return 0.0 if self._glitches[row] else float(shown)


def _scopes(
    campus: Campus, meters: Sequence[Device], areas: Sequence[Area], cooled: Sequence[str]
) -> tuple[Floats, Floats]:
    """Say which areas and units each meter counts: 0 or 1, float64 (meters, areas), (meters, rooms)."""
    of_area = np.zeros((len(meters), len(areas)))
    of_room = np.zeros((len(meters), len(cooled)))
    grounds = _grounds(campus, meters)
    for row, meter in enumerate(meters):
        building = campus.areas[meter.area].building
        floor = next((int(t.removeprefix("floor-")) for t in meter.tags if t.startswith("floor-")), None)
        own = {building, *grounds.get(building, ())} if "main" in meter.tags else {building}
        counts = [a.building in own and (floor is None or a.floor == floor) for a in areas]
        inside = {area.id for area, counted in zip(areas, counts, strict=True) if counted}
        if "ac" not in meter.tags:
            of_area[row] = counts
        if "lighting" not in meter.tags:
            of_room[row] = [area in inside for area in cooled]
    return of_area, of_room


def _grounds(campus: Campus, meters: Sequence[Device]) -> dict[str, set[str]]:
    """Buildings without a meter of their own (the grounds) hang on the first metered one of their site."""
    metered = list(dict.fromkeys(campus.areas[meter.area].building for meter in meters))
    hosts: dict[str, set[str]] = {}
    for building in campus.buildings.values():
        host = next((b for b in metered if campus.buildings[b].site == building.site), None)
        if host is not None and building.id not in metered:
            hosts.setdefault(host, set()).add(building.id)
    return hosts


def _phase_shares(rng: np.random.Generator, meters: int) -> Floats:
    shares = rng.uniform(0.85, 1.15, (meters, 3))
    normed: Floats = shares / shares.sum(axis=1, keepdims=True)
    return normed


def _use(kind: AreaKind, minute: float) -> float:
    """How much of an area without an air conditioner is in use, 0 to 1."""
    if kind in {AreaKind.CANTEEN, AreaKind.KITCHEN}:
        ahead = COOKING_AHEAD_MIN if kind is AreaKind.KITCHEN else 0.0
        return float(between(minute, tuple((start - ahead, end) for start, end in MEALS)))
    if kind in {AreaKind.PARKING, AreaKind.PUMP_ROOM, AreaKind.PLANT_ROOM, AreaKind.GATE}:
        return 0.5
    return float(between(minute, OPEN_DOORS))
