"""A small campus of two agents, and what they may say."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.samples import SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Lane, Message, encode
from devices.wire.records import Stamp, alerts_message, samples_message, stamped

ROOT = Path(__file__).parents[3]
#: 2026-07-01 00:00:00 UTC.
T0 = 1_782_864_000_000_000
A, B = "edge-hq1", "edge-hall"
EPOCH = 4711


@cache
def demo() -> Campus:
    return load_campus(ROOT / "config/demo/site.yaml")


def points(agent: str = A) -> list[str]:
    """What an agent may send: nothing that says something of a person."""
    table = demo().points_of(agent)
    return [name for name in table.names if name not in table.personal]


def samples(rows: int = 20, start_s: int = 0, agent: str = A) -> Message:
    """Some points of an agent, one after the other, one each second."""
    names = points(agent)[:10]
    second = start_s + np.arange(rows)
    batch = SampleBatch.of(np.arange(rows) % 10, T0 + second * 1_000_000, second / 2)
    return samples_message(batch, names)


def event(number: int = 0, kind: EventKind = EventKind.RAISE, device: str = "hq1-pump-1") -> AlertEvent:
    start_us = T0 + number * 60_000_000
    return AlertEvent(
        id=alert_id("pump-mode", 1, device, start_us),
        kind=kind,
        rule="pump-mode",
        rule_version=1,
        family=Family.FIRE,
        severity=Severity.CRITICAL,
        site="hq1",
        device=device,
        time_us=start_us + (30_000_000 if kind is EventKind.CLEAR else 0),
        start_us=start_us,
        value=2.0,
        limit=1.0,
        unit="",
        message=Text("消防泵不在自动位", "Pump not in automatic"),
    )


def record(message: Message, lane: Lane, seq: int, *, agent: str = A, sent_us: int = T0) -> bytes:
    return encode(stamped(message, Stamp(agent, EPOCH, lane, seq), sent_us))


def alerts(*events: AlertEvent) -> Message:
    return alerts_message(events)
