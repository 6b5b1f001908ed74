"""Rooms with an air conditioner: people come, set it, leave it; the room warms and cools.

What people do on a day is drawn once from (seed, date), so history and live screens tell the same story;
only temperature and thermostat are carried from step to step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.site import Area, AreaKind
from devices.model.codes import AcMode
from devices.sim.plant.days import Day

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DAY_AND_NIGHT: Final = frozenset({AreaKind.SERVER_ROOM, AreaKind.DUTY_ROOM})
AT_MEALS: Final = frozenset({AreaKind.CANTEEN, AreaKind.KITCHEN})
MEALS: Final = ((390.0, 510.0), (630.0, 780.0), (990.0, 1110.0))
#: The kitchen begins this long before a meal.
COOKING_AHEAD_MIN: Final = 60.0
GUARDS_ROUND_MIN: Final = 1350.0  # 22:30, the guard turns off what people forgot

ENVELOPE_S: Final = 6 * 3600.0
PEOPLE_C_PER_S: Final = 0.5 / 3600
AC_C_PER_S: Final = 4.0 / 3600
THERMOSTAT_C: Final = 0.4
FAN_W: Final = 45.0
STANDBY_W: Final = 7.0
#: How far the wall remote turns, unless a gateway has set limits.
LIMITS_C: Final = (16.0, 30.0)
COMPRESSOR_W_PER_M2: Final = 62.0
#: Share of room days on which somebody breaks the standard for a while.
MISUSE: Final = 0.16
#: Share of rooms that are used on a working day, and on a day off.
USED_WORKDAY, USED_DAY_OFF = 0.95, 0.06
#: Share of used rooms where the unit runs at all, and where it is forgotten in the evening.
TURNED_ON, FORGOTTEN = 0.86, 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """What people do with each room on one day: minutes since midnight, float64 (rooms,) or (rooms, 2).

    A room is used from `arrive` to `leave`; in a meeting room the sessions count instead. The unit runs from
    `on` to `off`. The set point is `habit_c`, and `misuse_c` from `misuse_from` to `misuse_to`.
    """

    arrive: Floats
    leave: Floats
    sessions_from: Floats
    sessions_to: Floats
    on: Floats
    off: Floats
    habit_c: Floats
    misuse_c: Floats
    misuse_from: Floats
    misuse_to: Floats
    heating: Flags


class Rooms:
    """All air-conditioned rooms as columns; row i is the unit `ids[i]`.

    room_c, setpoint_c, power_w (drawn) float64 (n,); on, thermo_on, present bool (n,); mode int64 (n,).
    """

    def __init__(self, ids: Sequence[str], areas: Sequence[Area], sites: Sequence[str], seed: int) -> None:
        self.ids = tuple(ids)
        self.row = {name: number for number, name in enumerate(ids)}
        self._sites = tuple(sites)
        self._seed = seed
        kinds = [area.kind for area in areas]
        self._always = np.array([kind in DAY_AND_NIGHT for kind in kinds], np.bool_)
        self._server = np.array([kind is AreaKind.SERVER_ROOM for kind in kinds], np.bool_)
        self._meeting = np.array([kind is AreaKind.MEETING for kind in kinds], np.bool_)
        self._meals = np.array([kind in AT_MEALS for kind in kinds], np.bool_)
        # A canteen of 600 m2 has several units; the register names one, which cools its share.
        self._m2 = np.minimum(np.array([max(area.m2, 12.0) for area in areas]), 90.0)
        n = len(self.ids)
        self.room_c = np.full(n, 20.0)
        self.thermo_on = np.zeros(n, np.bool_)
        self.on = np.zeros(n, np.bool_)
        self.present = np.zeros(n, np.bool_)
        self.setpoint_c = np.full(n, 26.0)
        self.power_w = np.zeros(n)
        self.mode = np.full(n, int(AcMode.COOL), np.int64)
        self.run_h = np.full(n, 4000.0) + np.arange(n) * 7.0
        self.fault = np.zeros(n, np.bool_)
        self._hand_c = np.full(n, np.nan)
        self.locked = np.zeros(n, np.bool_)
        self.low_c, self.high_c = np.full(n, LIMITS_C[0]), np.full(n, LIMITS_C[1])
        self._told_c = np.full(n, np.nan)  # over the wire, until somebody does something else
        self._told_on = np.full(n, np.nan)
        self._planned: tuple[int, Plan] | None = None

    def set_by_hand(self, unit: str, setpoint_c: float) -> None:
        """Somebody turns the unit on and to `setpoint_c`, until `leave_alone`."""
        self._forget_told(unit)
        row = self.row[unit]  # the remote turns no further than the limits that it was given
        self._hand_c[row] = min(max(setpoint_c, self.low_c[row]), self.high_c[row])

    def leave_alone(self, unit: str) -> None:
        """The unit follows its day again."""
        self._forget_told(unit)
        self._hand_c[self.row[unit]] = np.nan

    def tell(self, unit: str, point: str, value: float) -> None:
        """A gateway is told over the wire what to do; it counts at once."""
        row = self.row[unit]
        if point == "setpoint_c":
            self._told_c[row] = self.setpoint_c[row] = value
        elif point == "on":
            self._told_on[row] = self.on[row] = value
        elif point in {"remote_locked", "temperature_locked"}:
            self.locked[row] = value != 0.0
        elif point == "setpoint_low_c":
            self.low_c[row] = value
        elif point == "setpoint_high_c":
            self.high_c[row] = value
        self.setpoint_c[row] = min(max(self.setpoint_c[row], self.low_c[row]), self.high_c[row])

    def _forget_told(self, unit: str) -> None:
        self._told_c[self.row[unit]] = self._told_on[self.row[unit]] = np.nan

    def step(self, day: Day, minute: float, outdoor_c: float, mean_c: float, dt_s: float) -> None:
        """Move on by `dt_s` to local `minute`; `mean_c` is the season's mean, which walls remember."""
        plan = self._plan(day)
        self._people(plan, minute)
        by_hand = ~np.isnan(self._hand_c)
        self.on |= by_hand
        self.setpoint_c = np.where(by_hand, self._hand_c, self.setpoint_c)
        self.setpoint_c = np.where(np.isnan(self._told_c), self.setpoint_c, self._told_c)
        self.setpoint_c = np.minimum(np.maximum(self.setpoint_c, self.low_c), self.high_c)
        self.on = np.where(np.isnan(self._told_on), self.on, self._told_on != 0.0)
        cooling = ~plan.heating | self._server
        self.mode = np.where(cooling, int(AcMode.COOL), int(AcMode.HEAT))
        self._temperature(cooling, 0.6 * mean_c + 0.4 * outdoor_c + 1.0, dt_s)
        working = self.on & self.thermo_on
        self.power_w = STANDBY_W + self.on * FAN_W + working * self._m2 * COMPRESSOR_W_PER_M2
        self.run_h += self.on * (dt_s / 3600)

    def _people(self, plan: Plan, minute: float) -> None:
        used = (plan.arrive <= minute) & (minute < plan.leave)
        in_session = ((plan.sessions_from <= minute) & (minute < plan.sessions_to)).any(axis=1)
        self.present = np.where(self._meeting, in_session, used) | self._always
        running = (plan.on <= minute) & (minute < plan.off)
        self.on = np.where(self._meeting, in_session & (plan.on < plan.off), running) | self._always
        misused = (plan.misuse_from <= minute) & (minute < plan.misuse_to)
        self.setpoint_c = np.where(misused, plan.misuse_c, plan.habit_c)

    def _temperature(self, cooling: Flags, walls_c: float, dt_s: float) -> None:
        wanted = np.where(cooling, self.room_c - self.setpoint_c, self.setpoint_c - self.room_c)
        self.thermo_on = np.where(self.thermo_on, wanted > -THERMOSTAT_C, wanted > THERMOSTAT_C) & self.on
        drift = (walls_c - self.room_c) / ENVELOPE_S + self.present * PEOPLE_C_PER_S
        # A server room is its own heating: it leaves its set point at once when the cooling stops.
        drift = drift + self._server * (5.0 / 3600)
        pull = np.where(cooling, -AC_C_PER_S, AC_C_PER_S) * self.thermo_on
        self.room_c = self.room_c + dt_s * drift + _towards(wanted, pull * dt_s)

    def _plan(self, day: Day) -> Plan:
        if self._planned is None or self._planned[0] != day.number:
            rng = np.random.default_rng([self._seed, 11, day.number])
            self._planned = (day.number, self._draw(day, rng))
            self._told_c[:] = self._told_on[:] = np.nan  # a new day, other people
        return self._planned[1]

    def _draw(self, day: Day, rng: np.random.Generator) -> Plan:
        n = len(self.ids)
        workday = np.array([day.workday[site] for site in self._sites], np.bool_)
        heating = np.array([day.heating[site] for site in self._sites], np.bool_)
        used = np.where(workday, rng.random(n) < USED_WORKDAY, rng.random(n) < USED_DAY_OFF)
        used &= ~(self._meals & ~workday)
        arrive = np.where(workday, rng.normal(506, 9, n), rng.uniform(540, 700, n))
        leave = np.where(workday, rng.gamma(2.0, 18.0, n) + 1046, arrive + rng.uniform(60, 300, n))
        arrive, leave = np.where(self._meals, 330.0, arrive), np.where(self._meals, 1120.0, leave)
        arrive = np.where(used, arrive, np.inf)
        start = rng.uniform([[520, 800]], [[620, 960]], (n, 2))
        start[rng.random((n, 2)) > np.where(workday, 0.55, 0.0)[:, None]] = np.inf
        wants = used & (rng.random(n) < TURNED_ON)
        forgets = rng.random(n) < FORGOTTEN
        off = np.where(forgets, GUARDS_ROUND_MIN, leave + rng.uniform(-12, 4, n))
        misuse_from = rng.uniform(515, 990, n)
        misuse_from[rng.random(n) > MISUSE] = np.inf
        too_far = np.where(heating, rng.choice([22, 23, 24, 25, 26, 28], n), rng.choice([20, 22, 23, 24], n))
        habit = np.where(heating, rng.choice([18, 19, 20, 20, 20], n), rng.choice([26, 26, 26, 27, 28], n))
        return Plan(
            arrive=arrive,
            leave=leave,
            sessions_from=start,
            sessions_to=start + rng.uniform(35, 150, (n, 2)),
            on=np.where(wants, np.where(self._meeting, 0.0, arrive + rng.uniform(0, 9, n)), np.inf),
            off=np.where(wants, np.where(self._meeting, 1440.0, off), 0.0),
            habit_c=np.where(self._server, 23.0, habit),
            misuse_c=too_far.astype(np.float64),
            misuse_from=np.where(self._always, np.inf, misuse_from),
            misuse_to=misuse_from + rng.gamma(1.6, 38.0, n),
            heating=heating,
        )


def _towards(wanted: Floats, pull: Floats) -> Floats:
    """Let a long step not run past the thermostat: the pull is at most what is wanted and the dead band."""
    most = np.maximum(wanted + THERMOSTAT_C, 0.0) + 0.3
    limited: Floats = np.clip(pull, -most, most)
    return limited
