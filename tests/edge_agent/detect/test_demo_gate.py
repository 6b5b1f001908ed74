"""The gate of the demo from the simulated street to the alert: every vehicle once, and the speeder with its plate."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.alerts import AlertEvent, Severity
from devices.model.codes import Direction
from devices.model.plates import EVIDENCE, decode
from devices.model.samples import SampleBatch
from devices.sim.plant.plant import Happened, Plant
from devices.sim.plant.plates import records
from devices.sim.plant.traffic import Pass, readings
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.field import Voices
from edge_agent.detect.speeding import Radars
from edge_agent.detect.subjects import Register
from edge_agent.sources.mqtt.devices import Devices
from edge_agent.sources.mqtt.settings import MqttSettings

S = 1_000_000
#: A Monday without rush hour at the gate.
START_US = round(dt.datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * S


@pytest.fixture(scope="module")
def demo() -> Campus:
    return load_campus(Path(__file__).parents[3] / "config/demo/site.yaml")


def test_half_an_hour_at_the_gate(demo: Campus) -> None:
    plant = Plant(demo, 1)
    plant.traffic.begin(START_US)
    voices = Voices(demo, FaultBoard({}, lambda _: None, lambda _: None), START_US)
    table = demo.points_of("edge-hq1")
    devices = Devices(demo, "edge-hq1", table, MqttSettings(kind="mqtt"))
    rules = [rule for rule in demo.rules.values() if isinstance(rule, SpeedingRule)]
    radars = Radars(rules, Register(demo, "edge-hq1", table))
    speeder = Pass("hq1-radar-in", START_US + 900 * S + S // 2, 38.0, Direction.APPROACHING)
    plant.traffic.drive(speeder)
    passed, events = [SampleBatch.empty()], list[AlertEvent]()
    for now_us in range(START_US + S // 2, START_US + 1800 * S, S // 2):
        happened = Happened(plant.traffic.step(now_us), [], plant.traffic.plates(now_us))
        said = [
            told.batch
            for saying in voices.sayings(happened, now_us)
            if (reader := devices.reader(saying.topic)) and (told := reader.read(saying.payload, now_us))
        ]
        samples, raised = radars.step(SampleBatch.joined(said), now_us)
        passed.append(samples)
        events += raised
    lanes = [n for n, lane in enumerate(plant.traffic.lanes) if lane.site == "hq1"]
    first = START_US // (60 * S)
    driven = [p for lane in lanes for minute in range(30) for p in plant.traffic.passes(lane, first + minute)]
    batch = SampleBatch.joined(passed)
    speeds = [table.names[row] for row in batch.point if table.names[row].endswith("pass_kmh")]
    assert len(driven) > 20
    assert len(driven) - 1 <= len(speeds) <= len(driven) + 1  # the last one may still be under way
    [event] = [event for event in events if event.severity is Severity.HIGH and event.value > 37]
    assert event.device == "hq1-radar-in"
    seen = list(readings(speeder, 1))
    [record, *_] = records("hq1-plate-in", seen[len(seen) // 2].time_us, 1)
    assert decode(event.evidence[EVIDENCE]) == record.plate
    assert event.evidence["vehicle_class"] == record.vehicle
