"""What both READMEs tell a newcomer is so: the meter's site file is the one that is shipped, and the settings load."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from edge_agent.settings import load_settings as load_edge
from hub.settings import load_settings as load_hub
from tests.house.project import ROOT, text

READMES = ("README.md", "README.zh.md")
EXAMPLE = "config/examples/one-meter.yaml"


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text(page), re.DOTALL)


def commands(page: str) -> list[str]:
    return [line.partition("#")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]


@pytest.mark.parametrize("page", READMES)
def test_the_site_file_of_one_meter_is_ten_lines_and_loads(page: str, tmp_path: Path) -> None:
    site = blocks(page, "yaml")[0]
    assert site == text(EXAMPLE)
    assert len(site.splitlines()) <= 10
    shutil.copytree(ROOT / "config" / "rules", tmp_path / "config" / "rules")
    file = tmp_path / EXAMPLE
    file.parent.mkdir()
    file.write_text(site, "utf-8")
    campus = load_campus(file)
    assert [device.profile for device in campus.devices.values()] == ["eastron-sdm630"]


@pytest.mark.parametrize("page", READMES)
def test_the_settings_beside_it_load_and_name_it(page: str, tmp_path: Path) -> None:
    _, hub, edge = blocks(page, "yaml")
    (tmp_path / EXAMPLE).parent.mkdir(parents=True)
    (tmp_path / EXAMPLE).write_text(text(EXAMPLE), "utf-8")
    (tmp_path / "hub.yaml").write_text(hub, "utf-8")
    (tmp_path / "edge.yaml").write_text(edge, "utf-8")
    settings = load_edge(tmp_path / "edge.yaml")
    assert load_hub(tmp_path / "hub.yaml").site == settings.site == tmp_path / EXAMPLE
    assert f"--out {settings.hub.relative_to(tmp_path)}" in "\n".join(commands(page))


def test_both_languages_tell_the_same() -> None:
    english, chinese = READMES
    assert commands(english) == commands(chinese)
    assert blocks(english, "yaml") == blocks(chinese, "yaml")
    for pattern in (r"^#+ ", r"^\| ", r"^- "):
        counts = [len(re.findall(pattern, text(page), re.MULTILINE)) for page in READMES]
        assert counts[0] == counts[1], pattern
    links = [set(re.findall(r"\]\(([^)]+)\)", text(page))) - set(READMES) for page in READMES]
    assert links[0] == links[1]
