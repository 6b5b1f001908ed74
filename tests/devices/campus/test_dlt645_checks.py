"""Meters of a bus that cannot be told apart, and addresses where none belong, are refused with their path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.errors import ConfigRefused
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device, modbus_link

BUS = {"id": "bus", "agent": AGENT, "kind": "dlt645-tcp", "name": NAME, "host": "h", "port": 4001}
PORT = {"id": "port", "agent": AGENT, "kind": "dlt645-serial", "name": NAME, "path": "/dev/ttyUSB0"}
METER = "dlt645-single-phase"


def loaded(folder: Path, devices: list[dict[str, Any]], *more_links: dict[str, Any]) -> Campus:
    return campus_of(folder, [BUS, PORT, modbus_link(502, "modbus"), *more_links], devices)


def test_addresses_may_lack_their_leading_zeros_and_one_meter_alone_may_have_none(tmp_path: Path) -> None:
    devices = [
        device("a", METER, address="1"),
        device("b", METER, address="000000000002"),
        device("c", METER, "port", address="AAAAAAAAAAAA"),
    ]
    assert len(loaded(tmp_path, devices).devices) == 3


MISTAKES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "none": ([device("a", METER)], "devices.a.address", "nothing"),
    "the same": (
        [device("a", METER, address="7"), device("b", "dlt645-three-phase", address="000000000007")],
        "devices.b.address",
        "the address of a",
    ),
    "anybody beside others": (
        [device("a", METER, address="AAAAAAAAAAAA"), device("b", METER, address="7")],
        "devices.a.address",
        "others are on bus",
    ),
    "on Modbus": (
        [device("a", "eastron-sdm630", "modbus", address="7")],
        "devices.a.address",
        "only a meter on a DL/T 645 link",
    ),
    "Modbus sheet on a meter bus": (
        [device("a", "eastron-sdm630", address="7")],
        "devices.a.link",
        "a link for a modbus profile",
    ),
    "meter sheet on Modbus": (
        [device("a", METER, "modbus")],
        "devices.a.link",
        "a link for a dlt645 profile",
    ),
    "thirteen digits": ([device("a", METER, address="1234567890123")], "devices.0.address", "match"),
    "a number": ([device("a", METER, address=123456789012)], "devices.0.address", "valid string"),
}


@pytest.mark.parametrize(("devices", "path", "text"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_told_with_its_path(
    tmp_path: Path, devices: list[dict[str, Any]], path: str, text: str
) -> None:
    with pytest.raises(ConfigRefused) as refused:
        loaded(tmp_path, devices)
    assert any(p.path == path and text in f"{p.found} {p.expected}" for p in refused.value.problems), (
        refused.value
    )


@pytest.mark.parametrize(
    "link", [{**BUS, "id": "again"}, {**PORT, "id": "again"}, modbus_link(4001, "again", host="h")]
)
def test_two_links_cannot_share_a_serial_server_or_a_port(tmp_path: Path, link: dict[str, Any]) -> None:
    with pytest.raises(ConfigRefused, match=r"links\.again"):
        loaded(tmp_path, [device("a", METER, address="7")], link)
