"""Speed bytes of Hikvision and Chuansu radars to samples. Pure but for what is left of the message before.

The stream has no frames. Silence starts anew; the radar's start (FE FD, FD FE), its answers to commands (FA .. FB),
00 for "nothing there" and control bytes are dropped; a direction without a speed waits for the next message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from devices.model.codes import Direction
from devices.model.samples import SampleBatch
from devices.profiles.profile import RadarBytesSheet
from edge_agent.sources.scalar import Scalar, Value

#: A pause longer than this is the end of whatever was under way.
SILENCE_US: Final = 50_000
#: Longest answer to a command; FA without FB within it is noise.
MAX_ANSWER: Final = 64
#: Readings of one message are told apart by this much, in their order.
APART_US: Final = 1
#: Complete answers and the radar's start.
DROPPED: Final = re.compile(rb"\xfa[^\xfa\xfb]{0,%d}\xfb|\xfe\xfd|\xfd\xfe" % MAX_ANSWER)
#: The beginning of an answer, or of the start, that the next message may complete.
BEGUN: Final = re.compile(rb"(?:\xfa[^\xfa\xfb]{0,%d}|\xfe|\xfd)\Z" % MAX_ANSWER)
WAY_BYTES: Final = {0xF9: Direction.APPROACHING, 0xF8: Direction.RECEDING, 0xF7: Direction.UNKNOWN}
WAY_SIGNS: Final = {b"+": Direction.APPROACHING, b"-": Direction.RECEDING, b"*": Direction.UNKNOWN}
ASCII: Final = re.compile(rb"([+\-*])(\d{3})")
ASCII_BEGUN: Final = re.compile(rb"[+\-*]\d{0,2}\Z")

Reading = tuple[Direction, int]
#: Readings of a message, and the bytes at its end that begin one more.
Cut = tuple[list[Reading], bytes]


class RadarBytes:
    """Reads the messages of one radar.

    Args:
        sheet: the data sheet.
        parameters: the device's own parameters.
        rows: row of the agent's point table by point name.
    """

    def __init__(
        self, sheet: RadarBytesSheet, parameters: Mapping[str, float | str], rows: Mapping[str, int]
    ) -> None:
        merged = {**sheet.parameters, **parameters}
        self._low, self._high = sheet.low_kmh, sheet.high_kmh
        self._cut = CUTS[sheet.format]
        self._points = [
            (rows[point.name], Scalar(point, merged), point.name == "direction") for point in sheet.points
        ]
        self._left = b""
        self._heard_us = 0

    def read(self, payload: bytes, arrived_us: int) -> SampleBatch:
        """Read what was heard; bytes that begin something are kept for the next message."""
        pause_us = arrived_us - self._heard_us
        data = (self._left if 0 <= pause_us <= SILENCE_US else b"") + payload
        self._heard_us = arrived_us
        readings, self._left = self._cut(*_without_answers(data))
        rows: list[int] = []
        times: list[int] = []
        values: list[Value] = []
        for number, (way, kmh) in enumerate(self._usable(readings)):
            for row, scalar, is_way in self._points:
                rows.append(row)
                times.append(arrived_us + number * APART_US)
                values.append(scalar.of(float(way if is_way else kmh)))
        return SampleBatch.of(rows, times, [value for value, _ in values], [quality for _, quality in values])

    def _usable(self, readings: list[Reading]) -> Iterator[Reading]:
        return (reading for reading in readings if self._low <= reading[1] <= self._high)


def _without_answers(data: bytes) -> tuple[bytes, bytes]:
    """The stream without answers and starts, and the unfinished beginning of one at its end."""
    data = DROPPED.sub(b"", data)
    begun = BEGUN.search(data)
    return (data, b"") if begun is None else (data[: begun.start()], data[begun.start() :])


def _single(data: bytes, begun: bytes) -> Cut:
    return [(Direction.UNKNOWN, byte) for byte in data], begun


def _direction(data: bytes, begun: bytes) -> Cut:
    readings = [(WAY_BYTES[way], kmh) for way, kmh in pairwise(data) if way in WAY_BYTES]
    return readings, data[-1:] + begun if data and data[-1] in WAY_BYTES else begun


def _ascii(data: bytes, begun: bytes) -> Cut:
    readings = [(WAY_SIGNS[sign], int(digits)) for sign, digits in ASCII.findall(data)]
    rest = ASCII_BEGUN.search(data)
    return readings, (rest.group() if rest else b"") + begun


CUTS: Final[dict[str, Callable[[bytes, bytes], Cut]]] = {
    "single": _single,
    "direction": _direction,
    "ascii": _ascii,
}
