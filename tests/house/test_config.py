"""Every file under config/ is read by its program; one that nothing reads goes wrong unseen."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from devices.campus.loading import load_campus
from devices.campus.plans_loading import load_plans
from devices.sim.scenario import load_scenario
from edge_agent.settings import load_settings as load_edge_settings
from hub.settings import load_settings as load_hub_settings
from tests.house.project import ROOT, files, text

FILES = [name for name in files() if name.startswith("config/")]
#: A key at the top of a file -> what reads such a file. Files that these name in turn are seen being opened.
LOADERS: dict[str, Callable[[Path], object]] = {
    "campus": lambda path: load_plans(path, load_campus(path)),
    "scenario": load_scenario,
    "listen": load_hub_settings,
    "agent": load_edge_settings,
}
#: Read by somebody else's program, in the test named here.
FOREIGN = {
    "config/examples/mosquitto.acl": "tests/hub/broker/test_mosquitto_example.py",
    "config/examples/mosquitto.conf": "tests/hub/broker/test_mosquitto_example.py",
}


@functools.cache
def watched() -> list[set[str]]:
    """Sets of names that gather every file this process opens while they are in the list."""
    gathering: list[set[str]] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and gathering and isinstance(arguments[0], str | Path):
            for names in gathering:
                names.add(str(Path(arguments[0]).resolve()))

    sys.addaudithook(hook)
    return gathering


@contextmanager
def files_opened() -> Iterator[set[str]]:
    names: set[str] = set()
    watched().append(names)
    try:
        yield names
    finally:
        watched().remove(names)


def loader_of(name: str) -> Callable[[Path], object] | None:
    """What reads this file by itself; none for a file that another one names."""
    if not name.endswith((".yaml", ".yml")):
        return None
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return next((loader for key, loader in LOADERS.items() if key in content), None)


def test_every_file_is_read_by_its_program() -> None:
    loaders = {name: loader for name in FILES if (loader := loader_of(name)) is not None}
    with files_opened() as opened:
        for name, loader in loaders.items():
            loader(ROOT / name)
    ours = [name for name in FILES if name not in FOREIGN and not name.endswith(".md")]
    unread = [name for name in ours if str(ROOT / name) not in opened]
    assert not unread, f"nothing reads {unread}"


def test_a_file_of_another_program_is_read_in_the_test_that_is_named() -> None:
    assert [name for name, test in FOREIGN.items() if Path(name).name not in text(test)] == []


def test_opened_files_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.touch()
    with files_opened() as opened:
        file.read_text(encoding="utf-8")
    assert str(file) in opened


def test_there_is_a_demo_and_an_example() -> None:
    assert any(name.startswith("config/demo/") for name in FILES)
    assert any(name.startswith("config/examples/") for name in FILES)
