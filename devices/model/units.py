"""Units of measurement: what devices say, and the one canonical unit in which each quantity is stored.

A canonical unit is the one a person of the field reads (W, kWh, MPa, km/h); every stored value is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Conversion:
    """value_in_canonical = value * factor + offset."""

    canonical: str
    factor: float = 1.0
    offset: float = 0.0


CONVERSIONS: Final[dict[str, Conversion]] = {
    "": Conversion(""),
    "%": Conversion("%"),
    "1/h": Conversion("1/h"),
    "kbit/s": Conversion("kbit/s"),
    "A": Conversion("A"),
    "mA": Conversion("A", 1e-3),
    "C": Conversion("C"),
    "F": Conversion("C", 5 / 9, -160 / 9),
    "Hz": Conversion("Hz"),
    "V": Conversion("V"),
    "kV": Conversion("V", 1e3),
    "W": Conversion("W"),
    "kW": Conversion("W", 1e3),
    "VA": Conversion("VA"),
    "kVA": Conversion("VA", 1e3),
    "var": Conversion("var"),
    "kvar": Conversion("var", 1e3),
    "kWh": Conversion("kWh"),
    "Wh": Conversion("kWh", 1e-3),
    "MWh": Conversion("kWh", 1e3),
    "kvarh": Conversion("kvarh"),
    "varh": Conversion("kvarh", 1e-3),
    "MPa": Conversion("MPa"),
    "kPa": Conversion("MPa", 1e-3),
    "bar": Conversion("MPa", 0.1),
    "psi": Conversion("MPa", 0.006894757293168),
    "m": Conversion("m"),
    "mm": Conversion("m", 1e-3),
    "m3": Conversion("m3"),
    "h": Conversion("h"),
    "min": Conversion("h", 1 / 60),
    "s": Conversion("s"),
    "ms": Conversion("s", 1e-3),
    "deg": Conversion("deg"),
    "km/h": Conversion("km/h"),
    "m/s": Conversion("km/h", 3.6),
    "mph": Conversion("km/h", 1.609344),
    "ft/s": Conversion("km/h", 1.09728),
    "cm/s": Conversion("km/h", 0.036),
    "level": Conversion("level"),
    "px": Conversion("px"),
    "count": Conversion("count"),
}


def conversion(unit: str) -> Conversion:
    """Return how to bring `unit` to its canonical unit.

    Raises:
        KeyError: the unit is unknown; the message names it.
    """
    try:
        return CONVERSIONS[unit]
    except KeyError:
        raise KeyError(f"unknown unit {unit!r}, known: {', '.join(sorted(CONVERSIONS))}") from None
