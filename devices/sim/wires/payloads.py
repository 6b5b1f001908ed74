"""What radars and door controllers say, as bytes: from their data sheets, not from the agent's reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from devices.model.codes import Direction
from devices.profiles.profile import JsonSheet, Profile, RadarBytesSheet
from devices.sim.plant.doors import DoorMessage
from devices.sim.plant.plates import PlateReading
from devices.sim.plant.traffic import RadarReading
from devices.sim.wires.registers import device_number

WAYS: Final = {Direction.APPROACHING: "inbound", Direction.RECEDING: "outbound"}
WAY_BYTES: Final = {Direction.APPROACHING: 0xF9, Direction.RECEDING: 0xF8, Direction.UNKNOWN: 0xF7}
WAY_SIGNS: Final = {Direction.APPROACHING: "+", Direction.RECEDING: "-", Direction.UNKNOWN: "*"}

Parameters = Mapping[str, float | str]


def radar_payload(reading: RadarReading, profile: Profile, own: Parameters, uptime_s: float) -> bytes | None:
    """One report of a radar; None for a speed below what it reports."""
    sheet = profile.sheet
    assert isinstance(sheet, JsonSheet | RadarBytesSheet)
    parameters = {**sheet.parameters, **own}
    seen_kmh = reading.kmh / float(parameters.get("angle_factor", 1.0))
    if isinstance(sheet, RadarBytesSheet):
        return _radar_bytes(sheet, round(seen_kmh), reading.direction)
    speed = round(device_number(seen_kmh, str(parameters.get("unit", "m/s"))), 2)
    report: dict[str, Any] = {"speed": speed, "time": round(uptime_s, 3)}
    if reading.direction in WAYS:
        report["direction"] = WAYS[reading.direction]
    return json.dumps(report).encode()


def _radar_bytes(sheet: RadarBytesSheet, kmh: int, direction: Direction) -> bytes | None:
    if not sheet.low_kmh <= kmh <= sheet.high_kmh:
        return None
    if sheet.format == "single":
        return bytes([kmh])
    if sheet.format == "direction":
        return bytes([WAY_BYTES[direction], kmh])
    return f"{WAY_SIGNS[direction]}{kmh:03d}".encode()


def door_payload(message: DoorMessage, clock_off_s: float = 0.0) -> bytes:
    """One message of a door controller."""
    told = {
        "ts": message.time_us // 1000 + round(clock_off_s * 1000),
        "door": "open" if message.open else "closed",
        "lock": "locked" if message.locked else "unlocked",
        "forced": message.forced,
        "event": message.event,
    }
    return json.dumps(told).encode()


def plate_payload(reading: PlateReading) -> bytes:
    """One record of a plate camera."""
    told = {
        "ts": reading.time_us // 1000,
        "plate": reading.plate,
        "confidence": reading.sure,
        "vehicle": reading.vehicle.name.lower(),
    }
    return json.dumps(told, ensure_ascii=False).encode()
