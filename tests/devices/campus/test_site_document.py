"""What `docs/site-file.md` says is so: its example loads with its tables, and every key is explained."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from devices.campus.calendars import Calendar, Holiday, Season
from devices.campus.coverage import Coverage
from devices.campus.dlt645_links import Dlt645SerialLink, Dlt645TcpLink
from devices.campus.loading import SiteFile, load_campus
from devices.campus.modbus_links import (
    ModbusDialInLink,
    ModbusRtuTcpLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from devices.campus.plans import Plan, Position
from devices.campus.plans_loading import load_plans
from devices.campus.site import (
    Agent,
    Area,
    AreaKind,
    Building,
    Campus,
    CampusHead,
    Device,
    HttpLink,
    MqttLink,
    Site,
    Zone,
)
from devices.model.errors import ConfigRefused

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "site-file.md").read_text("utf-8")
EXPLAINED = set(re.findall(r"`([^`\n]+)`", PAGE))
MODELS: list[type[BaseModel]] = [
    *(SiteFile, CampusHead, Agent, Site, Building, Zone, Area, Device),
    *(ModbusTcpLink, ModbusRtuTcpLink, ModbusSerialLink, ModbusDialInLink),
    *(
        Dlt645TcpLink,
        Dlt645SerialLink,
        MqttLink,
        HttpLink,
        Season,
        Calendar,
        Holiday,
        Coverage,
        Plan,
        Position,
    ),
]


def lay_out(folder: Path, **changes: str) -> Path:
    """Write the example with its tables, its rules and the profile that it names."""
    [site] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    files = {"site.yaml": site, **dict(re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.DOTALL))}
    profiles = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "profile.md").read_text("utf-8"), re.DOTALL)
    files["acme-m7.yaml"] = next(text for text in profiles if text.startswith("profile: acme-m7"))
    for name, text in files.items():
        for old, new in changes.items():
            text = text.replace(old, new)  # noqa: PLW2901 - a few replacements on one text
        (folder / name).write_text(text, "utf-8")
    shutil.copy(ROOT / "config" / "rules" / "silence.yaml", folder / "rules.yaml")
    return folder / "site.yaml"


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    return load_campus(lay_out(tmp_path))


def test_the_example_loads_with_its_tables(campus: Campus) -> None:
    assert list(campus.devices) == ["hq1-meter-1", "hq1-meter-2", "hq1-radar", "hq1-cam-1"]
    assert campus.devices["hq1-radar"].parameters == {"unit": "km/h", "angle_factor": "1.06"}
    assert campus.devices["hq1-meter-2"].tags == ("ac", "floor-1")
    assert campus.areas["hq1-lobby"].name.zh == "大厅"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    missing = set(model.model_fields) - EXPLAINED
    if model is Season:
        missing -= {"cooling", "heating"}
    assert not missing


def test_every_kind_of_area_is_named() -> None:
    assert set(AreaKind) <= EXPLAINED


def test_refusals_read_as_the_page_shows_them(tmp_path: Path) -> None:
    shown = re.findall(r"^(?:site\.yaml|devices\.csv): (.*)$", PAGE, re.MULTILINE)
    said = []
    for changes in (
        {"agent: edge-hq1, calendar": "agent: edge-hq, calendar"},
        {"id,profile": "kind,profile"},
    ):
        with pytest.raises(ConfigRefused) as refused:
            load_campus(lay_out(tmp_path, **changes))
        said += [f"{problem}" for problem in refused.value.problems]
    assert any(shown[0] in line for line in said)
    assert any("an unknown key with value" in line and "only known keys" in line for line in said)


def test_the_plan_of_the_example_loads_and_is_refused_as_the_page_shows(tmp_path: Path) -> None:
    site = lay_out(tmp_path)
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 370">', *[""] * 12, "</svg>"]
    (tmp_path / "main-1.svg").write_text("\n".join(lines), "utf-8")
    plans = load_plans(site, load_campus(site))
    assert [one.heading for one in plans["main-1"].positions] == [None, 135]
    shown = re.findall(r"^(?:plans/main-1\.svg|positions\.csv): (.* found .*)$", PAGE, re.MULTILINE)
    lines.insert(13, "<script/>")
    (tmp_path / "main-1.svg").write_text("\n".join(lines), "utf-8")
    said = refusals(site)
    lines.remove("<script/>")
    (tmp_path / "main-1.svg").write_text("\n".join(lines), "utf-8")
    table = (tmp_path / "positions.csv").read_text("utf-8").replace("402.5", "900")
    (tmp_path / "positions.csv").write_text(table, "utf-8")
    said += refusals(site)
    assert [line.partition(": ")[2] for line in said] == shown


def refusals(site: Path) -> list[str]:
    with pytest.raises(ConfigRefused) as refused:
        load_plans(site, load_campus(site))
    return [str(problem) for problem in refused.value.problems]
