"""What a number may be: quantities whose usual range is narrow enough to tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.profiles.point import Words

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A quantity.

    ranges: where it usually is, in this country first; the second counts where nothing lies in the first
    whole, real: by what devices scale it as a whole number, and as a float
    weight: how much a number in its ranges says, 0..1
    """

    name: str
    title: Words
    unit: str
    ranges: tuple[tuple[float, float], ...]
    valid: tuple[float, float]
    whole: tuple[float, ...]
    real: tuple[float, ...]
    weight: float


#: The DTSU666 and its kin have floats that carry tenths of a volt and hundredths of a hertz.
MEANINGS: Final = (
    Meaning(
        "frequency", Words(zh="频率", en="frequency"), "Hz",
        ((49.5, 50.5), (59.5, 60.5)), (45.0, 65.0), (0.01, 0.1), (1.0, 0.01), 0.35,
    ),
    Meaning(
        "voltage", Words(zh="电压", en="voltage"), "V",
        ((207.0, 253.0), (108.0, 127.0)), (0.0, 500.0), (0.1, 0.01, 1.0), (1.0, 0.1), 0.3,
    ),
    Meaning(
        "line_voltage", Words(zh="线电压", en="line voltage"), "V",
        ((360.0, 440.0),), (0.0, 1000.0), (0.1, 0.01, 1.0), (1.0, 0.1), 0.25,
    ),
    Meaning(
        "power_factor", Words(zh="功率因数", en="power factor"), "",
        ((0.8, 1.0),), (-1.0, 1.0), (0.001,), (1.0,), 0.08,
    ),
    Meaning(
        "temperature", Words(zh="温度", en="temperature"), "C",
        ((14.0, 34.0),), (-40.0, 100.0), (0.1,), (1.0,), 0.05,
    ),
)  # fmt: skip
#: What each scale but the usual one takes away; a float that has to be scaled is rare.
COST: Final = {1.0: 0.0, 0.1: 0.01, 0.01: 0.02, 0.001: 0.02}
FLOAT_COST: Final = 0.05
#: A single register that says 235 is hardly a voltage: it would have no digit behind the point.
PLAIN_COST: Final = 0.12
NONE: Final = -1
#: From this weight on a meaning is hardly by chance.
STRONG: Final = 0.2


@dataclass(frozen=True, slots=True)
class Told:
    """Best meaning of each number: meaning int64 (n,) place in MEANINGS or NONE; scale, weight float64 (n,)."""

    meaning: npt.NDArray[np.int64]
    scale: Floats
    weight: Floats


def meanings_of(value: Floats, *, is_float: bool) -> Told:
    """What each number tells by itself, at the scale at which it tells most."""
    told = _told(value, is_float=is_float, only_plain=False)
    if is_float and bool(np.any((told.weight > STRONG) & (told.scale == 1.0))):
        # A device scales its floats or it does not: beside a plain 230.4 V, 2304.0 is a power.
        return _told(value, is_float=True, only_plain=True)
    return told


def _told(value: Floats, *, is_float: bool, only_plain: bool) -> Told:
    size = len(value)
    told = Told(np.full(size, NONE, np.int64), np.ones(size), np.zeros(size))
    for number, meaning in enumerate(MEANINGS):
        for scale in meaning.real if is_float else meaning.whole:
            if only_plain and scale != 1.0:
                continue
            weight = meaning.weight - COST[scale] - FLOAT_COST * (is_float and scale != 1.0)
            weight -= PLAIN_COST * (not is_float and scale == 1.0)
            fits = _usual(value * scale, meaning) & (weight > told.weight)
            told.meaning[fits], told.scale[fits], told.weight[fits] = number, scale, weight
    return told


def _usual(value: Floats, meaning: Meaning) -> npt.NDArray[np.bool_]:
    for low, high in meaning.ranges:
        inside: npt.NDArray[np.bool_] = (value >= low) & (value <= high)
        if inside.any():
            return inside
    return np.zeros(len(value), np.bool_)
