"""A data sheet held against a live unit: each point's value, whether it can be, and what else it might be."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from devices.model.errors import Garbled, Refused, Unreachable
from devices.model.samples import Quality
from devices.model.units import conversion
from devices.profiles.profile import ModbusSheet, Order, Profile, RegisterPoint, Table, Type
from edge_agent.probe.asked import CheckAsked
from edge_agent.probe.candidates import orders_of, seen_as
from edge_agent.probe.meaning import MEANINGS, STRONG
from edge_agent.probe.reading import HALVED, Asker
from edge_agent.sources.modbus.decode import VIEWS, Decoder
from edge_agent.sources.modbus.plan import BIT_TABLES, Limits, Reading, Span, spans, split
from edge_agent.sources.modbus.question import DeviceException
from edge_agent.sources.polling.refusals import NoAnswer

VERDICTS: Final = {
    Quality.GOOD: "good",
    Quality.UNCERTAIN: "good",
    Quality.SENTINEL: "no_value",
    Quality.IMPLAUSIBLE: "implausible",
    Quality.GARBLED: "garbled",
    Quality.NO_ANSWER: "no_answer",
    Quality.DEVICE_ERROR: "refused",
}
WRONG: Final = frozenset({"implausible", "garbled", "doubtful"})
MOST_INSTEAD: Final = 3
SCALES: Final = (1.0, 0.1, 0.01, 0.001, 10.0)


@dataclass(slots=True)
class _Seen:
    """What a point gave: words, value and quality; `later`: its value at a second look, for a counter."""

    words: tuple[int, ...] = ()
    value: float = math.nan
    quality: Quality = Quality.NO_ANSWER
    later: float = math.nan


async def check(
    asker: Asker,
    profile: Profile,
    asked: CheckAsked,
    sleep: Callable[[float], Awaitable[None]],
    now_us: int,
) -> dict[str, Any]:
    """Read every point of a sheet once, counters twice.

    Raises:
        Refused: the sheet is none for Modbus, or has no such parameter or index.
        Unreachable: nobody answers.
    """
    sheet = _sheet_of(profile, asked)
    readings = list(_readings(sheet, asked))
    seen = {reading.row: _Seen() for reading in readings}
    for span in _planned(sheet, readings):
        await _look(asker, span, seen)
    if all(one.quality is Quality.NO_ANSWER for one in seen.values()):
        raise Unreachable("the unit does not answer")
    counters = [
        reading for reading in readings if reading.point.counter and not math.isnan(seen[reading.row].value)
    ]
    if counters:
        await sleep(asked.wait_s)
        again = {reading.row: _Seen() for reading in counters}
        for span in _planned(sheet, counters):
            await _look(asker, span, again)
        for row, one in again.items():
            seen[row].later = one.value
    return _told(profile, asked, readings, seen, asker.requests, now_us)


def _sheet_of(profile: Profile, asked: CheckAsked) -> ModbusSheet:
    sheet = profile.sheet
    if not isinstance(sheet, ModbusSheet):
        raise Refused(f"{profile.profile} is a profile for {sheet.kind}, not for Modbus")
    if asked.index > sheet.max_index:
        raise Refused(f"index {asked.index}: {profile.profile} has at most {sheet.max_index}")
    if unknown := asked.parameters.keys() - sheet.parameters.keys():
        raise Refused(f"{profile.profile} has no parameter {', '.join(sorted(unknown))}")
    return sheet


def _readings(sheet: ModbusSheet, asked: CheckAsked) -> Iterator[Reading]:
    parameters: Mapping[str, float] = {**sheet.parameters, **asked.parameters}
    for row, point in enumerate(sheet.points):
        multiplier = parameters[point.scale_by] if point.scale_by else 1.0
        yield Reading(row, point, point.addr + point.stride * asked.index, multiplier)


def _planned(sheet: ModbusSheet, readings: list[Reading]) -> list[Span]:
    """As the agent plans them: by table, optional points apart."""
    groups: dict[tuple[Table, bool], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.point.table, reading.point.optional), []).append(reading)
    return [span for (table, _), group in groups.items() for span in spans(group, Limits.of(sheet, table))]


async def _look(asker: Asker, span: Span, seen: dict[int, _Seen]) -> None:
    """Read a span, in pieces where it is refused as a whole."""
    waiting = deque([span])
    while waiting and asker.may_ask:
        piece = waiting.popleft()
        try:
            data = await asker.read(piece.table, piece.addr, piece.count)
            value, quality = (decoder := Decoder(piece)).values(data)
        except DeviceException as error:
            pieces = split(piece) if error.code in HALVED else (piece,)
            if len(pieces) > 1:
                waiting.extendleft(reversed(pieces))
            else:
                _note(piece, seen, Quality.DEVICE_ERROR)
        except NoAnswer as silence:
            _note(piece, seen, Quality.GARBLED if silence.heard else Quality.NO_ANSWER)
        except Garbled:
            _note(piece, seen, Quality.GARBLED)
        else:
            for row, number, why in zip(decoder.rows.tolist(), value.tolist(), quality.tolist(), strict=True):
                seen[row] = _Seen(_words(piece, row, data), number, Quality(why))


def _note(span: Span, seen: dict[int, _Seen], quality: Quality) -> None:
    for reading in span.readings:
        seen[reading.row] = _Seen(quality=quality)


def _words(span: Span, row: int, data: bytes) -> tuple[int, ...]:
    reading = next(reading for reading in span.readings if reading.row == row)
    at = reading.addr - span.addr
    if span.table in BIT_TABLES:
        return (data[at // 8] >> at % 8 & 1,)
    words = np.frombuffer(data, ">u2")[at : at + reading.point.registers]
    return tuple(words.tolist())


def _told(
    profile: Profile,
    asked: CheckAsked,
    readings: list[Reading],
    seen: dict[int, _Seen],
    requests: int,
    now_us: int,
) -> dict[str, Any]:
    points = [_point(reading, seen[reading.row]) for reading in readings]
    verdicts = [point["verdict"] for point in points]
    good, wrong = verdicts.count("good"), sum(verdict in WRONG for verdict in verdicts)
    return {
        "kind": "check",
        "unit": asked.unit,
        "profile": profile.profile,
        "time_us": now_us,
        "requests": requests,
        "good": good,
        "wrong": wrong,
        "open": len(points) - good - wrong,
        "points": points,
    }


def _point(reading: Reading, seen: _Seen) -> dict[str, Any]:
    point = reading.point
    instead = _instead(reading, seen) if seen.words else []
    verdict = VERDICTS[seen.quality]
    if verdict == "good" and (seen.later < seen.value or instead):
        verdict = "doubtful"
    return {
        "point": point.name,
        "title": point.title.model_dump(),
        "table": point.table,
        "addr": reading.addr,
        "words": [str(word) if point.type is Type.BIT else f"{word:04x}" for word in seen.words],
        "value": None if math.isnan(seen.value) else seen.value,
        "unit": conversion(point.unit).canonical,
        "quality": seen.quality.name,
        "verdict": verdict,
        "instead": instead if verdict != "good" else [],
    }


def _instead(reading: Reading, seen: _Seen) -> list[dict[str, Any]]:
    """Other ways to read the same registers that give what the point's unit lets one expect, where its own does not."""
    point = reading.point
    unit = conversion(point.unit).canonical
    usual = [meaning for meaning in MEANINGS if meaning.unit == unit and meaning.weight > STRONG]
    ranges = [span for meaning in usual for span in meaning.ranges]
    if not ranges or point.codes is not None or point.mask is not None or _within(seen.value, ranges):
        return []
    if seen.quality is Quality.SENTINEL or not any(seen.words):
        return []
    found = []
    for kind, order, scale in _ways(point):
        raw = float(seen_as(np.array(seen.words, np.uint16), kind, order)[0])
        with np.errstate(all="ignore"):
            value = raw * scale
        if _within(value, ranges):
            meaning = next(m.name for m in usual if _within(value, list(m.ranges)))
            found.append({"type": kind, "order": order, "scale": scale, "value": value, "meaning": meaning})
    return found[:MOST_INSTEAD]


def _ways(point: RegisterPoint) -> Iterator[tuple[Type, Order, float]]:
    """Types of the same width, orders and scales, those of the point itself first."""
    kinds = sorted(VIEWS, key=lambda kind: kind is not point.type)
    for kind in kinds:
        if VIEWS[kind].itemsize == 2 * point.registers:
            for order in sorted(orders_of(kind), key=lambda order: order is not point.order):
                for scale in sorted(SCALES, key=lambda scale: abs(scale - point.scale)):
                    yield kind, order, scale


def _within(value: float, ranges: list[tuple[float, float]]) -> bool:
    return any(low <= value <= high for low, high in ranges)
