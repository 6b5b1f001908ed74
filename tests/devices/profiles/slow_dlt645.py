"""What a DL/T 645 sheet says about an answer, one digit at a time; shares nothing with the edge agent's decoder."""

from __future__ import annotations

from devices.profiles.dlt645_sheet import Dlt645Point, Dlt645Sheet
from tests.devices.profiles.slow_decoder import Parameters, coded_or_scaled


def from_frame(sheet: Dlt645Sheet, text: str, parameters: Parameters) -> dict[str, float | None]:
    """Values of a whole answer by point. The frame must be good."""
    frame = bytes.fromhex(text).lstrip(b"\xfe")
    assert frame[0] == frame[7] == 0x68
    assert frame[-1] == 0x16
    assert frame[8] == 0x91
    assert frame[9] == len(frame) - 12
    assert sum(frame[:-2]) % 256 == frame[-2]
    data = [(byte - 0x33) % 256 for byte in frame[10:-2]]
    identifier = "".join(f"{byte:02X}" for byte in reversed(data[:4]))
    points: list[Dlt645Point | None] = [point for point in sheet.points if point.di == identifier]
    for block in sheet.blocks:
        if block.di == identifier:
            points = [next((p for p in sheet.points if p.name == name), None) for name in block.points]
    size = next(point.size for point in points if point)
    return {
        point.name: from_digits(point, data[4 + size * place : 4 + size * (place + 1)], parameters)
        for place, point in enumerate(points)
        if point is not None
    }


def from_digits(point: Dlt645Point, data: list[int], parameters: Parameters) -> float | None:
    """The value of a point in its canonical unit; None: no reading."""
    if all(byte == 0xFF for byte in data):
        return None
    text = "".join(f"{byte:02x}" for byte in reversed(data))
    sign = 1
    if point.signed and int(text[0], 16) >= 8:
        sign, text = -1, str(int(text[0], 16) - 8) + text[1:]
    if not text.isdecimal():
        return None
    return coded_or_scaled(point, sign * int(text) / 10**point.decimals, parameters)
