"""Style, types and layers: the tools run as tests, so that one closing line tells all."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.project import PACKAGES, ROOT, program, run

TOOLS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports"],
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("tool", TOOLS)
def test_tool_finds_nothing(tool: str) -> None:
    name, *arguments = TOOLS[tool]
    code, output = run(program(name), *arguments, timeout_s=290)
    assert code == 0, f"{tool}:\n{output}"


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("devices.model.units", "devices.wire.messages"),
        ("devices.campus.site", "devices.sim.plant"),
        ("edge_agent.detect.speed", "time"),
        ("edge_agent.detect.speed", "edge_agent.errors"),
        ("edge_agent.outbox.store", "edge_agent.uplink.link"),
        ("edge_agent.sources.modbus", "devices.sim.plant"),
        ("edge_agent.agent", "hub.db"),
        ("hub.ingest.writer", "edge_agent.outbox.store"),
        ("hub.alerts.life", "hub.api.routes"),
        ("hub.api.routes", "hub.console.pages"),
        ("hub.somewhere", "hub.db"),
    ],
)
def test_layers_refuse_an_import_that_points_the_wrong_way(
    tmp_path: Path, importer: str, imported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_rooms(tmp_path)
    assert lint(tmp_path, monkeypatch) == 0
    write_module(tmp_path, importer, f"import {imported}\n")
    if imported.partition(".")[0] in PACKAGES:
        write_module(tmp_path, imported, "")
    assert lint(tmp_path, monkeypatch) == 1


def test_layers_let_the_hub_use_detection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_rooms(tmp_path)
    write_module(tmp_path, "hub.backtest.replay", "import edge_agent.detect.speed\n")
    write_module(tmp_path, "edge_agent.detect.speed", "import devices.model.units\n")
    assert lint(tmp_path, monkeypatch) == 0


def build_rooms(root: Path) -> None:
    """The rooms as empty packages, under the project's own contracts."""
    shutil.copy(ROOT / "pyproject.toml", root)
    rooms = {
        "devices": ("model", "wire", "profiles", "campus", "sim"),
        "edge_agent": ("detect", "outbox", "uplink", "sources", "errors"),
        "hub": ("api", "console", "ingest", "backtest", "alerts", "db"),
    }
    for package, names in rooms.items():
        for name in names:
            write_module(root, f"{package}.{name}.nothing", "")


def write_module(root: Path, name: str, content: str) -> None:
    path = root.joinpath(*name.split(".")).with_suffix(".py")
    if path.with_suffix("").is_dir():
        path = path.with_suffix("") / "__init__.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in [path.parent, *path.parent.parents]:
        if folder == root:
            break
        (folder / "__init__.py").touch()
    path.write_text(content)


def lint(root: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.chdir(root)
    return subprocess.run(
        [program("lint-imports"), "--no-cache"], check=False, capture_output=True, cwd=root
    ).returncode
