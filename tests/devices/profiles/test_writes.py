"""The `write` section of a sheet: what is refused with its path, and that no fire pump can ever have one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devices.model.errors import ConfigRefused
from devices.profiles.library import SHEETS, load_sheets
from devices.profiles.strict import read_yaml

SETPOINT = {"point": "setpoint_c", "addr": 4, "range": [16, 30]}


def loaded(tmp_path: Path, name: str, **changes: Any) -> str:
    """The problems of a shipped sheet with some keys changed; "" if there are none."""
    file = tmp_path / f"{name}.yaml"
    file.write_text(json.dumps({**read_yaml(SHEETS / file.name), **changes}), "utf-8")
    try:
        load_sheets([file])
    except ConfigRefused as refused:
        return "\n".join(f"{problem.path}: {problem.expected}" for problem in refused.problems)
    return ""


@pytest.mark.promise("P-orders-1")
@pytest.mark.parametrize(
    "name", ["campus-pump-panel", "eastron-sdm630", "dlt645-three-phase", "pressure-7reg", "campus-door"]
)
def test_only_an_air_conditioner_may_be_written(tmp_path: Path, name: str) -> None:
    point = read_yaml(SHEETS / f"{name}.yaml")["sheet"]["points"][0]["name"]
    one = {"point": point, "addr": 0, "members": ["on"]}
    assert "write: only ac may be written" in loaded(tmp_path, name, write=[one], read_only=False)
    assert loaded(tmp_path, name, write=[one]) == "write: only ac may be written"
    assert "read_only: only ac may be written" in loaded(tmp_path, name, read_only=False)


@pytest.mark.promise("P-orders-1")
def test_a_meter_of_dlt645_that_calls_itself_an_air_conditioner_may_not_be_written(tmp_path: Path) -> None:
    one = {"point": "power_w", "addr": 0, "range": [0, 1]}
    assert loaded(tmp_path, "dlt645-three-phase", kind="ac", write=[one]) == (
        "write: only Modbus devices may be written"
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"point": "nothing"}, "write.0.point"),
        ({"read_back": "nothing"}, "write.0.read_back"),
        ({"range": None}, "write.0.range"),
        ({"range": [30, 16]}, "write.0.range"),
        ({"range": [0, 90]}, "write.0.range"),
        ({"members": ["on"]}, "write.0.members"),
        ({"modes": ["arctic"]}, "write.0.modes"),
        ({"word": 1}, "write.0.word"),
        ({"mask": 4}, "write.0.mask"),
        ({"addr": 65536}, "write.0.addr"),
        ({"table": "coil", "several": True}, "write.0.table"),
        ({"point": "on"}, "write.0.members"),
        ({"point": "on", "range": None, "members": ["arctic"]}, "write.0.members"),
        ({"hold": "always"}, "write.0.hold"),
        ({"not_above": "nothing"}, "write.0.not_above"),
        ({"not_above": "setpoint_c"}, "write.0.not_above"),
        ({"not_below": "on"}, "write.0.not_below"),
        ({"not_below": "run_h"}, "write.0.not_below"),
        ({"standard": "comfort"}, "write.0.standard"),
        ({"point": "on", "range": None, "members": ["on"], "standard": "cooling"}, "write.0.standard"),
        ({"settle_s": 0}, "write.0.settle_s"),
        ({"unknown": 1}, "write.0.unknown"),
        ({"copied": [{"table": "coil", "addr": 1}]}, "write.0.copied.0.table"),
    ],
)
def test_mistake_is_told_with_its_path(tmp_path: Path, change: dict[str, Any], path: str) -> None:
    assert path in loaded(tmp_path, "intesis-inmbs", write=[SETPOINT | change])


def test_a_point_stands_once(tmp_path: Path) -> None:
    assert "write.1.point: each point once" in loaded(tmp_path, "intesis-inmbs", write=[SETPOINT, SETPOINT])


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    assert not loaded(tmp_path, "intesis-inmbs", write=[SETPOINT])
    assert not loaded(tmp_path, "intesis-inmbs", write=[SETPOINT], read_only=True)


def test_a_range_that_the_register_cannot_keep_is_refused(tmp_path: Path) -> None:
    sheet = read_yaml(SHEETS / "intesis-inmbs.yaml")["sheet"]
    point = next(one for one in sheet["points"] if one["name"] == "setpoint_c")
    point.update(type="u16", valid=None)
    below = [SETPOINT | {"range": [-5, 30]}]
    assert "write.0.range: what a u16 can keep" in loaded(tmp_path, "intesis-inmbs", sheet=sheet, write=below)
    assert "what a u16" not in loaded(tmp_path, "intesis-inmbs", sheet=sheet, write=[SETPOINT])
