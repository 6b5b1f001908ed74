"""Each source's sample.yaml and README are true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

import edge_agent.sources
from devices.campus.site import Device, Link
from devices.profiles.library import shipped
from devices.profiles.strict import Strict, read_yaml
from edge_agent.sources.camera import CameraSettings
from edge_agent.sources.dlt645 import Dlt645Settings
from edge_agent.sources.modbus import ModbusSettings
from edge_agent.sources.mqtt import MqttSettings
from edge_agent.sources.replay import ReplaySettings

FOLDER = Path(edge_agent.sources.__file__).parent
SETTINGS: dict[str, type[Strict]] = {
    "modbus": ModbusSettings,
    "dlt645": Dlt645Settings,
    "mqtt": MqttSettings,
    "camera": CameraSettings,
    "replay": ReplaySettings,
}


@pytest.mark.parametrize("source", SETTINGS)
def test_the_sample_of_a_source_is_valid_and_fits_together(source: str) -> None:
    sample: dict[str, Any] = read_yaml(FOLDER / source / "sample.yaml")
    SETTINGS[source].model_validate(sample.pop("settings"))
    links = {link.id: link for link in TypeAdapter(list[Link]).validate_python(sample.pop("links", []))}
    devices = TypeAdapter(list[Device]).validate_python(sample.pop("devices", []))
    assert sample == {}
    for device in devices:
        assert device.link in links
        assert device.profile in shipped()


@pytest.mark.parametrize("source", SETTINGS)
def test_the_readme_of_a_source_lists_its_settings(source: str) -> None:
    table = (FOLDER / source / "README.md").read_text("utf-8").partition("## Settings")[2]
    listed = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert sorted(listed) == sorted(SETTINGS[source].model_fields)


def test_every_source_is_looked_at_here() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/settings.py")}
    # What Modbus and DL/T 645 share is no source of its own.
    assert folders - {"polling"} == set(SETTINGS)
