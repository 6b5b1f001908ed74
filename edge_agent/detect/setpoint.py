"""Set points of air conditioners against the standard of the mode they are in.

Rule: 26 C at least when cooling, 20 C at most when heating (State Council office notice of June 2007). The
unit's own mode decides; `auto` follows what it is doing, else the season; outside both nothing is judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.model.codes import AcMode, OnOff
from edge_agent.detect.block import Block, Flags, Floats, Rows, Times
from edge_agent.detect.cells import Cells

ABSENT = -1


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
    cooling, heating = mode == AcMode.COOL, mode == AcMode.HEAT
    judged = ((today.cooling | today.heating) & ~today.exempt)[cells.row]
    too_cold = cooling & (setpoint < standard.cooling_min - standard.dead_band)
    too_warm = heating & (setpoint > standard.heating_max + standard.dead_band)
    kept = (cooling & (setpoint >= standard.cooling_min)) | (heating & (setpoint <= standard.heating_max))
    neither = ~np.isnan(mode) & ~cooling & ~heating
    rises = (on == OnOff.ON) & (too_cold | too_warm) & judged
    falls = (on == OnOff.OFF) | kept | neither | ~judged
    times = [cells.times_of(block.at_us, point) for point in (units.on, units.mode, units.setpoint)]
    return rises, falls, np.maximum.reduce(times)


def effective_mode(units: Units, today: Today, block: Block, cells: Cells) -> Floats:
    """COOL, HEAT or another mode, float64 (cells,); NaN where the mode was never read."""
    mode = cells.of(block.value, units.mode)
    season = np.where(today.cooling, AcMode.COOL, np.where(today.heating, AcMode.HEAT, AcMode.AUTO))[
        cells.row
    ]
    running = np.where((units.running == ABSENT)[cells.row], np.nan, cells.of(block.value, units.running))
    running_counts = (running == AcMode.COOL) | (running == AcMode.HEAT)
    return np.where(mode == AcMode.AUTO, np.where(running_counts, running, season), mode)


def limits(units: Units, today: Today, standard: Standard, block: Block, cells: Cells) -> Floats:
    """The limit that applies, float64 (cells,); NaN where none does."""
    mode = effective_mode(units, today, block, cells)
    heating = np.where(mode == AcMode.HEAT, standard.heating_max, np.nan)
    return np.where(mode == AcMode.COOL, standard.cooling_min, heating)
