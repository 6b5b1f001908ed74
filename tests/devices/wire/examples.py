"""The values of the golden messages in `golden/`. Those files never change; a new layout gets new ones."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgpack
import numpy as np
import zstandard

from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Kind, Lane, Message
from devices.wire.records import Stamp, ack_message, alerts_message, samples_message, stamped
from devices.wire.rule_sets import RuleSet, rules_message

GOLDEN: Final = Path(__file__).parent / "golden"
NOW_US: Final = 1_763_800_000_000_000
EPOCH: Final = 0x1234_5678_90AB_CDEF
NAMES: Final = (
    "hq1-ac-0301.setpoint_c",
    "hq1-ac-0301.on",
    "hq1-meter-1.energy_kwh",
    "hq1-pump-1.pressure_mpa",
)
BATCH: Final = SampleBatch.of(
    [3, 0, 2, 0, 3],
    [NOW_US - 1, NOW_US, NOW_US + 250_000, NOW_US + 1_000_000, NOW_US + 2_000_000],
    [0.65, 22.5, 12345.6, np.nan, np.nan],
    [Quality.GOOD, Quality.GOOD, Quality.UNCERTAIN, Quality.NO_ANSWER, Quality.SENTINEL],
)
EVENTS: Final = (
    AlertEvent(
        id=alert_id("cool-26", 2, "hq1-ac-0301", NOW_US),
        kind=EventKind.RAISE,
        rule="cool-26",
        rule_version=2,
        family=Family.COOLING,
        severity=Severity.MEDIUM,
        site="hq1",
        device="hq1-ac-0301",
        time_us=NOW_US + 600_000_000,
        start_us=NOW_US,
        value=22.5,
        limit=26.0,
        unit="C",
        message=Text("设定温度 22.5 低于 26", "set to 22.5, below 26"),
        evidence={"setpoint_c": 22.5, "room_c": float("nan")},
    ),
    AlertEvent(
        id=alert_id("stale", 1, "hq1-pump-1", NOW_US),
        kind=EventKind.CLEAR,
        rule="stale",
        rule_version=1,
        family=Family.DEVICE,
        severity=Severity.HIGH,
        site="hq1",
        device="hq1-pump-1",
        time_us=NOW_US + 90_000_000,
        start_us=NOW_US,
        value=float("nan"),
        limit=60.0,
        unit="s",
        message=Text("通信恢复", "answers again"),
        parent="hq1-bus-2",
    ),
)
RULES: Final = RuleSet(7, '[{"id":"strict","title":{"en":"Strict","zh":"严"}}]')

MESSAGES: Final[dict[str, Message]] = {
    "samples": stamped(samples_message(BATCH, NAMES), Stamp("hq1", EPOCH, Lane.LIVE, 42), NOW_US + 3_000_000),
    "alerts": stamped(alerts_message(EVENTS), Stamp("hq1", EPOCH, Lane.ALERTS, 7), NOW_US + 3_000_000),
    "change": stamped(
        alerts_message([replace(EVENTS[0], kind=EventKind.CHANGE, severity=Severity.CRITICAL, latch=True)]),
        Stamp("hq1", EPOCH, Lane.ALERTS, 8),
        NOW_US + 4_000_000,
    ),
    "rules": rules_message("hq1", RULES, NOW_US),
    "ack": ack_message(
        EPOCH,
        [(Lane.LIVE, 42), (Lane.ALERTS, 7)],
        [(Lane.BACKLOG, 3, "unknown kind 'x'")],
        NOW_US + 3_100_000,
    ),
    "columns": Message(
        Kind.HEALTH,
        {"agent": "hq1", "time_us": NOW_US},
        {
            "f8": np.array([1.5, -0.0], "<f8"),
            "f4": np.array([0.1, 2.0, 3.0], "<f4"),
            "i8": np.array([-(2**63), 2**63 - 1], "<i8"),
            "i4": np.array([-1], "<i4"),
            "u4": np.array([2**32 - 1, 1], "<u4"),
            "u1": np.array([0, 1, 255], "u1"),
            "none": np.array([], "<f8"),
        },
    ),
}


def golden(name: str) -> bytes:
    """The bytes of a golden message; white space and `#` comments in its file are for people."""
    lines = (GOLDEN / f"{name}.hex").read_text("ascii").splitlines()
    return bytes.fromhex("".join(line.partition("#")[0] for line in lines))


def built(header: object, body: bytes = b"", *, packed: bool = False) -> bytes:
    """A message around any header (a value, or its bytes) and column bytes; its head's sums are right."""
    packed_header = header if isinstance(header, bytes) else msgpack.packb(header)
    whole = packed_header + bytes(-len(packed_header) % 8) + body
    sent = zstandard.ZstdCompressor().compress(whole) if packed else whole
    crc = zlib.crc32(sent)
    return struct.pack("<2sBBIIIQ", b"CW", 1, packed, len(packed_header), len(whole), crc, 0) + sent


def equal(a: Any, b: Any) -> bool:
    """Equal in type and value, where NaN equals NaN."""
    if isinstance(a, Message) and isinstance(b, Message):
        return a.kind is b.kind and equal(a.header, b.header) and equal(a.columns, b.columns)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and (a == b or (a != a and b != b))  # noqa: PLR0124 - only NaN differs from itself
