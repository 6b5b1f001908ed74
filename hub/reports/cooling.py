"""Which rooms break the temperature standard just now. Pure numpy; the same judgement as the agents', without holds.

26 C at least when cooling, 20 C at most when heating (office notice of the State Council of June 2007); the unit's
own mode decides, `auto` follows what it is doing, else the season; between the seasons nothing is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.codes import AcMode, OnOff

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COOL: Final = float(AcMode.COOL)
HEAT: Final = float(AcMode.HEAT)
AUTO: Final = float(AcMode.AUTO)


@dataclass(frozen=True, slots=True)
class Units:
    """Air conditioners as they are now; columns of one length. NaN means "not known".

    on, mode, running, setpoint: float64 (n,); on and the modes in the common codes, the set point in C
    cooling, heating:            bool    (n,)  the season of the unit's site
    exempt:                      bool    (n,)
    cooling_min, heating_max, dead_band: float64 (n,)  the standard of the unit's rule; NaN where it has none
    """

    on: Floats
    mode: Floats
    running: Floats
    setpoint: Floats
    cooling: Flags
    heating: Flags
    exempt: Flags
    cooling_min: Floats
    heating_max: Floats
    dead_band: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of each unit; columns of one length.

    outside: bool    (n,)  on, in a season, not exempt, and beyond the standard
    excess:  float64 (n,)  by how many degrees; 0 where not outside
    known:   bool    (n,)  whether enough was read to say
    """

    outside: Flags
    excess: Floats
    known: Flags


def judge(units: Units) -> Verdict:
    """Judge every unit."""
    mode = effective_mode(units)
    below, above = units.cooling_min - units.setpoint, units.setpoint - units.heating_max
    broken = ((mode == COOL) & (below > units.dead_band)) | ((mode == HEAT) & (above > units.dead_band))
    running = units.on == OnOff.ON
    judged = (units.cooling | units.heating) & ~units.exempt
    outside = running & judged & broken
    excess = np.where(outside, np.where(mode == COOL, below, above), 0.0)
    known = (units.on == OnOff.OFF) | (running & ~np.isnan(mode) & ~np.isnan(units.setpoint))
    return Verdict(outside, np.asarray(np.round(excess, 2), np.float64), known)


def effective_mode(units: Units) -> Floats:
    """What the unit does, float64 (n,); NaN where its mode was never read."""
    season = np.where(units.cooling, COOL, np.where(units.heating, HEAT, AUTO))
    doing = (units.running == COOL) | (units.running == HEAT)
    return np.where(units.mode == AUTO, np.where(doing, units.running, season), units.mode)
