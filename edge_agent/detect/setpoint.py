"""Set points of air conditioners against the standard of the mode they are in.

Rule: 26 C at least when cooling, 20 C at most when heating (State Council office notice of June 2007). The
unit's own mode decides; `auto` follows what it is doing, else the season; outside both nothing is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from devices.campus.calendars import Period
from devices.campus.rules import SetpointRule
from devices.model.codes import AcMode, OnOff
from edge_agent.detect.block import Floats, Rows, Times
from edge_agent.detect.clock import MIDNIGHT, Daily
from edge_agent.detect.compare import FALSE, TRUE, UNKNOWN, Truth
from edge_agent.detect.findings import Telling
from edge_agent.detect.judge import Judge
from edge_agent.detect.quantities import PointValue, Quantity, Stretch
from edge_agent.detect.subjects import Register, rows_of
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track

if TYPE_CHECKING:
    import datetime as dt

#: Plain numbers: members of an enumeration are slow in arrays.
COOL: Final = float(AcMode.COOL)
HEAT: Final = float(AcMode.HEAT)
AUTO: Final = float(AcMode.AUTO)
ON: Final = float(OnOff.ON)
OFF: Final = float(OnOff.OFF)
#: What is looked at, in the order of the traces; the season is that of the date: COOL, HEAT or AUTO.
ON_AT, MODE_AT, RUNNING_AT, SETPOINT_AT, SEASON_AT = range(5)


class SetpointJudge(Judge):
    """A `setpoint` rule at work."""

    rule: SetpointRule

    def __init__(self, rule: SetpointRule, register: Register, now_us: int) -> None:
        super().__init__(rule, register.subjects(rule), register, now_us)
        real = rows_of(self.subjects, "real_setpoint_c")
        own = rows_of(self.subjects, "setpoint_c")
        points = [rows_of(self.subjects, name) for name in ("on", "mode", "running_mode")]
        points.append(np.where(real >= 0, real, own))
        self._values = [PointValue(point, len(register.table)) for point in points]
        self._season = Daily((MIDNIGHT,), register.campus.timezone, self._season_of)
        self.cover()

    def _season_of(self, moment: dt.datetime) -> Floats:
        cooling, heating = (
            self._register.in_season(self.subjects, moment.date(), (period.value,))
            for period in (Period.COOLING, Period.HEATING)
        )
        return np.where(cooling, COOL, np.where(heating, HEAT, AUTO))

    def points(self) -> tuple[Rows, ...]:
        """On, mode, what it is doing, set point."""
        return tuple(value.point for value in self._values)

    def quantities(self) -> list[Quantity]:
        """The values."""
        return [*self._values]

    def wakes_us(self) -> int:
        """At midnight."""
        return self._season.next_us()

    def traces(self, stretch: Stretch) -> list[Trace]:
        """The points, and the season."""
        return [*(value.trace(stretch) for value in self._values), self._season.trace(stretch)]

    def truth(self, moments: Moments) -> Truth:
        """Whether the standard is broken."""
        on, setpoint = moments.filled(ON_AT), moments.filled(SETPOINT_AT)
        mode, rule = _effective_mode(moments), self.rule
        cooling, heating = mode == COOL, mode == HEAT
        judged = moments.filled(SEASON_AT) != AUTO
        too_cold = cooling & (setpoint < rule.cooling_min_c - rule.dead_band_c)
        too_warm = heating & (setpoint > rule.heating_max_c + rule.dead_band_c)
        kept = (cooling & (setpoint >= rule.cooling_min_c)) | (heating & (setpoint <= rule.heating_max_c))
        neither = ~np.isnan(mode) & ~cooling & ~heating
        holds = (on == ON) & (too_cold | too_warm) & judged
        ends = (on == OFF) | kept | neither | ~judged
        return np.where(holds, TRUE, np.where(ends, FALSE, UNKNOWN))

    def value_and_limit(
        self, track: Track, moments: Moments, row: Rows, time_us: Times
    ) -> tuple[Floats, Floats]:
        """The set point and the limit of the mode that the unit is in; NaN where none applies."""
        del track
        place = moments.at(row, time_us)
        mode = _effective_mode(moments)[place]
        heating = np.where(mode == HEAT, self.rule.heating_max_c, np.nan)
        limit = np.where(mode == COOL, self.rule.cooling_min_c, heating)
        return moments.filled(SETPOINT_AT)[place], limit

    def telling(self) -> Telling:
        """As a set point."""
        return Telling(self._register, "setpoint_c")


def _effective_mode(moments: Moments) -> Floats:
    """COOL, HEAT or another mode, float64 (moments,); NaN where the mode was never read."""
    mode, running = moments.filled(MODE_AT), moments.filled(RUNNING_AT)
    counts = (running == COOL) | (running == HEAT)
    return np.where(mode == AUTO, np.where(counts, running, moments.filled(SEASON_AT)), mode)
