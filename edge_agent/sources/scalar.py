"""One number of a message to a point's value: the sheet's scale, codes and plausible range. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from devices.model.codes import CODES
from devices.model.samples import Quality
from devices.model.units import conversion
from devices.profiles.profile import Point

Value = tuple[float, Quality]
GARBLED: Final[Value] = (math.nan, Quality.GARBLED)
NO_VALUE: Final[Value] = (math.nan, Quality.SENTINEL)
IMPLAUSIBLE: Final[Value] = (math.nan, Quality.IMPLAUSIBLE)


class Scalar:
    """What a data sheet says about one point, ready to be applied to raw numbers.

    Args:
        point: the sheet's row.
        parameters: the device's own over the sheet's defaults.
        unit: in place of the point's own.
    """

    def __init__(self, point: Point, parameters: Mapping[str, float | str], unit: str | None = None) -> None:
        how = conversion(point.unit if unit is None else unit)
        multiplier = float(parameters[point.scale_by]) if point.scale_by else 1.0
        self._factor = point.scale * multiplier * how.factor
        self._shift = point.offset * multiplier * how.factor + how.offset
        self._valid = point.valid
        self._members = {m.name.lower(): float(m) for m in CODES[point.codes]} if point.codes else {}
        self._enum = point.enum
        self._otherwise = point.otherwise
        self._is_code = point.codes is not None

    def of(self, raw: float) -> Value:
        """The value in the canonical unit, or NaN and why."""
        if not math.isfinite(raw):
            return IMPLAUSIBLE
        if self._is_code:
            return self._code(raw)
        value = raw * self._factor + self._shift
        if not math.isfinite(value):
            return IMPLAUSIBLE
        if self._valid is not None and not self._valid[0] <= value <= self._valid[1]:
            return IMPLAUSIBLE
        return value, Quality.GOOD

    def member(self, name: str) -> Value:
        """The code of a member of the point's code set."""
        return self._members[name], Quality.GOOD

    def _code(self, raw: float) -> Value:
        if self._enum is None:
            return (raw, Quality.GOOD) if raw in self._members.values() else GARBLED
        name = self._enum.get(int(raw), self._otherwise) if raw == int(raw) else self._otherwise
        return GARBLED if name is None else self.member(name)
