"""Set points of air conditioners against the standard of the mode they are in.

Rule: 26 C at least when cooling, 20 C at most when heating (State Council office notice of June 2007). The
unit's own mode decides; `auto` follows what it is doing, else the season; outside both nothing is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.model.codes import AcMode, OnOff
from edge_agent.detect.block import Block, Flags, Floats, Rows, Times
from edge_agent.detect.cells import Cells

ABSENT: Final = -1
#: Plain numbers: members of an enumeration are slow in arrays.
COOL: Final = float(AcMode.COOL)
HEAT: Final = float(AcMode.HEAT)
AUTO: Final = float(AcMode.AUTO)
ON: Final = float(OnOff.ON)
OFF: Final = float(OnOff.OFF)


@dataclass(frozen=True, slots=True)
class Units:
    """Air conditioners of one rule: rows of their points in the block, int64 (units,); ABSENT for none."""

    on: Rows
    mode: Rows
    running: Rows
    setpoint: Rows


@dataclass(frozen=True, slots=True)
class Today:
    """What the date says: bool (units,) each. A unit is in no season, in one, and may be exempt."""

    cooling: Flags
    heating: Flags
    exempt: Flags


@dataclass(frozen=True, slots=True)
class Standard:
    """The limits, in C."""

    cooling_min: float
    heating_max: float
    dead_band: float


def edges(
    units: Units, today: Today, standard: Standard, block: Block, cells: Cells
) -> tuple[Flags, Flags, Times]:
    """Where the standard is broken, where it is kept, and the time that counts for a change; each (cells,)."""
    on = cells.of(block.value, units.on)
    setpoint = cells.of(block.value, units.setpoint)
    mode = effective_mode(units, today, block, cells)
    cooling, heating = mode == COOL, mode == HEAT
    judged = ((today.cooling | today.heating) & ~today.exempt)[cells.row]
    too_cold = cooling & (setpoint < standard.cooling_min - standard.dead_band)
    too_warm = heating & (setpoint > standard.heating_max + standard.dead_band)
    kept = (cooling & (setpoint >= standard.cooling_min)) | (heating & (setpoint <= standard.heating_max))
    neither = ~np.isnan(mode) & ~cooling & ~heating
    rises = (on == ON) & (too_cold | too_warm) & judged
    falls = (on == OFF) | kept | neither | ~judged
    times = [cells.times_of(block.at_us, point) for point in (units.on, units.mode, units.setpoint)]
    return rises, falls, np.maximum.reduce(times)


def effective_mode(units: Units, today: Today, block: Block, cells: Cells) -> Floats:
    """COOL, HEAT or another mode, float64 (cells,); NaN where the mode was never read."""
    mode = cells.of(block.value, units.mode)
    in_cooling, in_heating = today.cooling[cells.row], today.heating[cells.row]
    season = np.where(in_cooling, COOL, np.where(in_heating, HEAT, AUTO))
    absent = units.running[cells.row] == ABSENT
    running = np.where(absent, np.nan, cells.of(block.value, units.running))
    running_counts = (running == COOL) | (running == HEAT)
    return np.where(mode == AUTO, np.where(running_counts, running, season), mode)


def limit_at(units: Units, today: Today, standard: Standard, block: Block, cell: Cells) -> float:
    """The limit that applies at one cell; NaN where none does."""
    mode = effective_mode(units, today, block, cell)[0]
    return {COOL: standard.cooling_min, HEAT: standard.heating_max}.get(float(mode), float("nan"))
