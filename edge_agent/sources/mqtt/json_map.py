"""A JSON message to samples, by its data sheet. Pure, and bounded whatever comes."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from devices.model import plates
from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from devices.profiles.profile import JsonPoint, JsonSheet
from edge_agent.sources.scalar import GARBLED, IMPLAUSIBLE, NO_VALUE, Scalar, Value

#: Opening brackets in a message; more is no report of a device.
MAX_BRACKETS: Final = 500
#: Readings of one point in one message.
MAX_LIST: Final = 100
MAX_DIGITS: Final = 64
US_PER: Final = {"s": 1e6, "ms": 1e3, "us": 1.0}
#: Readings of one moment are told apart by this much, in their order.
APART_US: Final = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says. has_time: it named its moment itself. clock_off: but that moment cannot be right."""

    batch: SampleBatch
    has_time: bool
    clock_off: bool


class JsonMap:
    """Reads the messages of one device.

    Args:
        sheet: the data sheet.
        parameters: the device's own parameters.
        rows: row of the agent's point table by point name.
        ahead_s, behind_s: how far the device's time may be from the arrival.
    """

    def __init__(
        self,
        sheet: JsonSheet,
        parameters: Mapping[str, float | str],
        rows: Mapping[str, int],
        ahead_s: float,
        behind_s: float,
    ) -> None:
        merged = {**sheet.parameters, **parameters}
        self._sheet = sheet
        self._require = [_keys(path) for path in sheet.require]
        self._points = [_Place(point, merged, rows[point.name]) for point in sheet.points]
        self._time = _keys(sheet.time) if sheet.time is not None else None
        self._ahead_us = ahead_s * 1e6
        self._behind_us = behind_s * 1e6

    def read(self, payload: bytes, arrived_us: int) -> Told | None:
        """Read one message; None if it is none of those that carry readings.

        Raises:
            Garbled: it is not JSON, or not an object, or beyond all measure.
        """
        message = parsed(payload)
        if self._require and not any(_found(message, keys) for keys in self._require):
            return None
        time_us = self._moment(message, arrived_us)
        rows: list[int] = []
        times: list[int] = []
        values: list[Value] = []
        for place in self._points:
            for number, value in enumerate(place.values(message)):
                rows.append(place.row)
                times.append((arrived_us if time_us is None else time_us) + number * APART_US)
                values.append(value)
        batch = SampleBatch.of(
            rows, times, [value for value, _ in values], [quality for _, quality in values]
        )
        has_time = self._time is not None and bool(_found(message, self._time))
        return Told(batch, has_time, clock_off=has_time and time_us is None)

    def _moment(self, message: Any, arrived_us: int) -> int | None:
        """The moment that the message names, None if it names none that can be."""
        told = _found(message, self._time) if self._time is not None else []
        if not told:
            return None
        moment = _micros(told[0], self._sheet.time_unit)
        if moment is None or not -self._behind_us <= moment - arrived_us <= self._ahead_us:
            return None
        return moment


class _Place:
    """Where a point stands in a message, and how its value is read."""

    def __init__(self, point: JsonPoint, parameters: Mapping[str, float | str], row: int) -> None:
        unit = str(parameters[point.unit_by]) if point.unit_by is not None else None
        self.row = row
        self._paths = [_keys(path) for path in (point.path, *point.fallback)]
        self._words = point.words or {}
        self._sign = point.sign
        self._magnitude = point.magnitude
        self._is_plate = point.text == "plate"
        self._scalar = Scalar(point, parameters, unit)

    def values(self, message: Any) -> Iterator[Value]:
        """Every reading of the point in a message, in order; none if the message does not speak of it."""
        for keys in self._paths:
            found = _found(message, keys)
            if found:
                items = found[0] if isinstance(found[0], list) else found
                yield from map(self._value, items[:MAX_LIST])
                return

    def _value(self, item: Any) -> Value:
        if item is None:
            return NO_VALUE
        if isinstance(item, str) and item in self._words:
            return self._scalar.member(self._words[item])
        if self._is_plate:
            return _plate(item)
        raw = _number(item)
        if raw is None:
            return GARBLED
        if not math.isfinite(raw):
            return IMPLAUSIBLE
        if self._sign:
            raw = float((raw > 0) - (raw < 0))
        return self._scalar.of(abs(raw) if self._magnitude else raw)


def _plate(item: Any) -> Value:
    """The number of a plate; no value where the camera says in words of its own that it read none."""
    if not isinstance(item, str):
        return GARBLED
    number = plates.encode(item[:MAX_DIGITS])
    return NO_VALUE if number is None else (number, Quality.GOOD)


def parsed(payload: bytes) -> dict[str, Any]:
    """Parse a message, an object of bounded structure.

    Raises:
        Garbled: it is not.
    """
    if payload.count(b"{") + payload.count(b"[") > MAX_BRACKETS:
        raise Garbled(f"more than {MAX_BRACKETS} brackets")
    try:
        message = json.loads(payload.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise Garbled(f"a JSON {type(message).__name__} instead of an object")
    return message


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _keys(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _found(message: Any, keys: tuple[str, ...]) -> list[Any]:
    """What stands at a path, in a list; an empty list if nothing does."""
    for key in keys:
        if not isinstance(message, dict) or key not in message:
            return []
        message = message[key]
    return [message]


def _number(item: Any) -> float | None:
    """A number, also as text or as true and false; None if it is none."""
    if isinstance(item, str):
        if len(item) > MAX_DIGITS or "_" in item:
            return None
    elif not isinstance(item, (int, float)):  # a bool is an int
        return None
    try:
        number = float(item)
    except ValueError:
        return None
    except OverflowError:  # an integer of hundreds of digits
        return math.inf
    return None if math.isnan(number) else number


def _micros(told: Any, unit: str) -> int | None:
    """A moment as UTC microseconds, None if it is none."""
    if unit == "iso":
        return _iso_micros(told)
    number = None if isinstance(told, bool) else _number(told)
    if number is None or not math.isfinite(number):
        return None
    return round(number * US_PER[unit])


def _iso_micros(told: Any) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(told)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        return None
    return round(moment.timestamp() * 1e6)
