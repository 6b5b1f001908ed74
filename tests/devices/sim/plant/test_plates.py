"""The plate camera of the gate: whom it sees, what it says, and that the agent's own sheet can read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import numpy as np

from devices.campus.site import Campus
from devices.model.codes import Direction, VehicleClass
from devices.model.plates import decode, encode
from devices.sim.plant.plant import Plant
from devices.sim.plant.plates import UNREAD, PlateReading, eyes_of, records
from devices.sim.plant.traffic import Pass
from devices.sim.wires.payloads import plate_payload


def test_a_camera_sees_the_lanes_of_its_area_whose_tag_it_has(demo: Campus, small: Campus) -> None:
    assert eyes_of(demo) == {"hq1-radar-in": "hq1-plate-in"}
    assert eyes_of(small) == {"radar-1": "eye"}


def test_a_vehicle_is_read_in_the_middle_of_its_pass_and_others_are_not(
    small: Campus, local_us: Callable[..., int]
) -> None:
    plant = Plant(small, 1)
    plant.traffic.begin(local_us(2026, 11, 23, 8))
    at_us = local_us(2026, 11, 24, 8)
    plant.traffic.drive(Pass("radar-1", at_us, 30.0, Direction.RECEDING))
    plant.traffic.drive(Pass("radar-2", at_us, 30.0, Direction.RECEDING))
    read = plant.traffic.plates(at_us + 60_000_000)
    assert {reading.camera for reading in read} == {"eye"}
    assert at_us < read[0].time_us < at_us + 2_000_000
    assert plant.traffic.plates(at_us + 60_000_000) == []


def test_most_plates_are_read_some_twice_and_each_vehicle_has_one() -> None:
    seen = [list(records("eye", moment, 1)) for moment in range(2000)]
    assert all(len({record.plate for record in one}) == 1 for one in seen)
    unread = np.mean([one[0].plate == UNREAD for one in seen])
    assert 0.01 < unread < 0.06
    assert 0.05 < np.mean([len(one) == 2 for one in seen]) < 0.15
    classes = Counter(one[0].vehicle for one in seen)
    assert classes.most_common(1)[0][0] is VehicleClass.CAR
    assert classes[VehicleClass.EMERGENCY]
    for one in seen:
        number = encode(one[0].plate)
        assert (one[0].plate == UNREAD) == (number is None)
        assert number is None or decode(number) == one[0].plate


def test_a_record_is_said_as_the_sheet_reads_it() -> None:
    record = PlateReading(1_763_800_000_123_456, "eye", "浙B12345", 97.5, VehicleClass.CAR)
    assert json.loads(plate_payload(record)) == {
        "ts": 1_763_800_000_123,
        "plate": "浙B12345",
        "confidence": 97.5,
        "vehicle": "car",
    }
