"""What `docs/first-gateway.md` says is so: its settings load as they stand, its commands and its unit exist."""

from __future__ import annotations

import configparser
import json
import re
import shutil
from pathlib import Path

import pytest

from edge_agent.__main__ import main as campus_edge
from edge_agent.settings import load_settings as load_edge
from hub.settings import EmbeddedBrokerSettings
from hub.settings import load_settings as load_hub
from tests.house.project import ROOT, program, run, text

PAGE = text("docs/first-gateway.md")
HUB, EDGE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
[UNIT] = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
COMMAND = re.compile(r"/opt/campuswatch/bin/(campus-\w+) ([a-z-]+)(.*)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What stands in /etc/campuswatch after the page was followed."""
    site = text("config/examples/one-meter.yaml")
    (tmp_path / "site.yaml").write_text(site.replace("../rules/", "rules/"), "utf-8")
    shutil.copytree(ROOT / "config" / "rules", tmp_path / "rules")
    (tmp_path / "hub.yaml").write_text(HUB, "utf-8")
    (tmp_path / "edge.yaml").write_text(EDGE, "utf-8")
    for name in ("hub.pem", "hub.key", "edge-1.json"):
        (tmp_path / name).touch(mode=0o600)
    credentials = {"agent": "edge-1", "host": "hub.example.org", "port": 8883, "password": "x"}
    (tmp_path / "edge-1.json").write_text(json.dumps(credentials), "utf-8")
    return tmp_path


def test_the_hubs_settings_load(folder: Path) -> None:
    settings = load_hub(folder / "hub.yaml")
    assert isinstance(settings.broker, EmbeddedBrokerSettings)
    assert settings.broker.tls is not None
    assert settings.listen.secure


def test_the_agents_settings_load(folder: Path) -> None:
    settings = load_edge(folder / "edge.yaml")
    assert (settings.agent, settings.site, settings.hub) == (
        "edge-1",
        folder / "site.yaml",
        folder / "edge-1.json",
    )


def test_check_says_what_the_page_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert campus_edge(["check", "--config", str(folder / "edge.yaml")]) == 0
    said = capsys.readouterr().out.replace(str(folder), "/etc/campuswatch")
    assert f"```text\n{said}```" in PAGE


@pytest.mark.parametrize(("script", "command", "rest"), sorted(set(COMMAND.findall(PAGE))))
def test_each_command_takes_the_options_it_is_given(script: str, command: str, rest: str) -> None:
    code, output = run(program(script), command, "--help")
    assert code == 0, output
    assert all(option in output for option in re.findall(r"--[a-z-]+", rest))


def test_the_unit_runs_the_agent_of_the_page_and_does_not_restart_wrong_settings() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT)
    service = unit["Service"]
    assert COMMAND.match(service["ExecStart"])
    assert service["User"] in PAGE.partition("useradd")[2].partition("\n")[0]
    assert service["RestartPreventExitStatus"] == "2"
    assert load_data_dir().is_relative_to(Path("/var/lib") / service["StateDirectory"])


def load_data_dir() -> Path:
    found = re.search(r"^data_dir: (\S+)", EDGE, re.MULTILINE)
    assert found
    return Path(found[1])


def test_locks_named_are_there() -> None:
    for name in re.findall(r"`(\w+\.txt)`", PAGE):
        assert (ROOT / ".ci" / "lock" / name).is_file()
