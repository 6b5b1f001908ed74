"""The way from nothing to .venv: the part that needs no network, done for real in a copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, program, run

#: Runs one function of .ci/venv.py of the folder it stands in.
CALL = "import runpy, sys; found = runpy.run_path('.ci/venv.py'); print(found[sys.argv[1]]())"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that has what .ci/venv.py needs, with a space in its name."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def call(folder: Path, function: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CALL, function]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def says(folder: Path, function: str) -> str:
    return call(folder, function).stdout.strip().splitlines()[-1]


def test_environment_is_made_without_network_and_a_broken_one_is_noticed(copy: Path) -> None:
    assert says(copy, "healthy") == "False"
    made = call(copy, "create")
    assert made.returncode == 0, made.stderr
    assert says(copy, "healthy") == "True"
    (copy / ".venv/bin/python").unlink()
    (copy / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert says(copy, "healthy") == "False"


def test_environment_of_a_clone_that_was_moved_is_made_anew(copy: Path) -> None:
    assert call(copy, "create").returncode == 0
    moved = copy.rename(copy.with_name("elsewhere"))
    assert says(moved, "healthy") == "False"
    assert call(moved, "create").returncode == 0
    assert says(moved, "healthy") == "True"


def test_a_pip_wheel_that_was_changed_is_refused(copy: Path) -> None:
    (wheel,) = (copy / ".ci/bootstrap").glob("pip-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    answer = call(copy, "create")
    assert answer.returncode == 1
    assert "checksum" in answer.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize("script", [".ci/run", ".ci/prepare", ".ci/write-locks"])
def test_scripts_can_be_read_by_bash(script: str) -> None:
    code, output = run(program("bash"), "-n", script)
    assert code == 0, output


def test_prepare_says_what_is_left_out_where_it_may_not_install(tmp_path: Path) -> None:
    """As somebody who is not root, with nothing on PATH but what the script itself uses."""
    for name in ("bash", "find", "printf"):
        (tmp_path / name).symlink_to(program(name))
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    script = (ROOT / ".ci/prepare").read_text(encoding="utf-8").replace(":/usr/sbin:/sbin", "")
    answer = subprocess.run(
        [program("bash"), "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
    )
    assert answer.returncode == 0, answer.stderr
    for server in ("chromium", "mosquitto", "victoria-metrics"):
        assert f"({server}: not installed, and this is not root on Debian)" in answer.stdout
