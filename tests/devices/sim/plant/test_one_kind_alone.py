"""A campus may have one kind of device and none of the others: its plant lives all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from devices.campus.site import Campus
from devices.profiles.profile import DeviceKind
from devices.sim.plant.plant import Plant

KINDS = [kind for kind in DeviceKind if kind is not DeviceKind.GATEWAY]


@pytest.mark.parametrize("kind", KINDS)
def test_a_campus_of_one_kind_of_device_lives_a_morning(
    small: Campus, local_us: Callable[..., int], kind: DeviceKind
) -> None:
    devices = {d.id: d for d in small.devices.values() if small.profile_of(d).kind is kind}
    assert devices
    plant = Plant(replace(small, devices=devices), 1)
    start_us = local_us(2026, 11, 23, 8)
    plant.begin(start_us)
    for minute in range(1, 60):
        plant.step(start_us + minute * 60_000_000)
