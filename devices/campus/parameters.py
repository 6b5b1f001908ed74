"""Whether the parameters that a site file gives a device fit the data sheet of its profile, whatever its protocol."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from devices.model.units import CONVERSIONS
from devices.profiles.profile import Point, Profile, SnapshotSheet
from devices.profiles.streams import StreamSheet

#: What may stand in the path of a picture without changing what the path means.
_PATH_WORD: Final = re.compile(r"[A-Za-z0-9._~-]+")
Found = Iterator[tuple[str, str, str]]


def problems(given: Mapping[str, float | str], profile: Profile) -> Found:
    """Yield name, what was found and what was expected of each parameter that does not fit.

    What a parameter may be follows from how the sheet uses it: `unit_by` wants a unit of the same quantity,
    `scale_by` a number that is not 0; any other is a number or a word, as its default is.
    """
    for name, value in given.items():
        if name not in profile.sheet.parameters:
            yield name, "an unknown parameter", _near(name, profile)
        elif expected := _misfit(name, value, profile):
            yield name, repr(value), expected


def _near(name: str, profile: Profile) -> str:
    known = profile.sheet.parameters
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"a parameter of {profile.profile} (did you mean {close[0]!r}?)"
    return f"a parameter of {profile.profile} ({', '.join(sorted(known)) or 'it has none'})"


def _misfit(name: str, value: float | str, profile: Profile) -> str:
    """What was expected where the value does not fit; nothing where it does."""
    for point in profile.sheet.points:
        if getattr(point, "unit_by", None) == name and value not in (units := _units_like(point)):
            return f"a unit of {point.name}: {', '.join(units)}"
        if point.scale_by == name and not _number(value):
            return "a number other than 0"
    default = profile.sheet.parameters[name]
    if value == default:
        return ""
    if not isinstance(default, str):
        return "" if _number(value) is not None else f"a number, such as {default:g}"
    if isinstance(profile.sheet, SnapshotSheet | StreamSheet):
        return "" if _PATH_WORD.fullmatch(str(value)) else "letters, digits and . _ ~ -"
    return "" if str(value).strip() else "a word"


def _units_like(point: Point) -> list[str]:
    """Units of the same quantity as the point's own."""
    canonical = CONVERSIONS[point.unit].canonical
    return [unit for unit, conversion in CONVERSIONS.items() if conversion.canonical == canonical]


def _number(value: float | str) -> float | None:
    """The number, also where it stands as text (a cell of a table); None where there is none."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
