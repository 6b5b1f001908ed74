"""The disk under a program: what was synced stays, what was not may go; and it fills up, fails and kills on command."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devices.sim.torture.shim import SECTOR, Machine, built, image

pytestmark = pytest.mark.needs("cc")

WRITE = "import os; f = os.open({file!r}, os.O_RDWR | os.O_CREAT); os.write(f, b'a' * 1000); "


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "data").mkdir()
    return Machine(built(tmp_path), tmp_path, (tmp_path / "data" / "it",))


def run(machine: Machine, tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    program = code.replace("{file!r}", repr(str(tmp_path / "data" / "it.db")))
    environment = {"PATH": "/usr/bin:/bin", **machine.environment()}
    return subprocess.run(
        [sys.executable, "-I", "-c", program], env=environment, check=False, capture_output=True, text=True
    )


def images(machine: Machine, tmp_path: Path) -> set[bytes | None]:
    """What different power cuts leave."""
    data = tmp_path / "data"
    before = {path: path.read_bytes() for path in data.iterdir()}
    left: set[bytes | None] = set()
    for seed in range(30):
        machine.cut_power(random.Random(seed))
        file = data / "it.db"
        left.add(file.read_bytes() if file.exists() else None)
        for path in data.iterdir():
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
    return left


def test_what_was_synced_survives_every_power_cut(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, tmp_path, WRITE + "os.fsync(f)").returncode == 0
    assert images(machine, tmp_path) == {b"a" * 1000}


def test_what_was_not_synced_is_there_or_gone_or_half(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, tmp_path, WRITE + "os.fsync(f); os.pwrite(f, b'b' * 1000, 0)").returncode == 0
    left = images(machine, tmp_path)
    assert {b"a" * 1000, b"b" * 1000} < left
    assert b"a" * SECTOR + b"b" * (1000 - SECTOR) in left


def test_a_sync_writes_what_a_program_that_was_killed_had_written(machine: Machine, tmp_path: Path) -> None:
    killed = WRITE + "os.kill(os.getpid(), 9)"
    assert run(machine, tmp_path, killed).returncode == -signal.SIGKILL
    heir = "import os; f = os.open({file!r}, os.O_RDWR); os.pwrite(f, b'b' * 10, 1000); os.fsync(f)"
    assert run(machine, tmp_path, heir).returncode == 0
    assert images(machine, tmp_path) == {b"a" * 1000 + b"b" * 10}


def test_what_is_appended_after_a_truncation_is_synced(machine: Machine, tmp_path: Path) -> None:
    appended = (
        "import os; f = os.open({file!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND); os.write(f, b'a' * 1000); "
        "os.fsync(f); os.ftruncate(f, 10); os.fsync(f); os.write(f, b'b' * 5); os.fsync(f)"
    )
    assert run(machine, tmp_path, appended).returncode == 0
    assert images(machine, tmp_path) == {b"a" * 10 + b"b" * 5}


def test_a_file_that_was_never_synced_may_be_gone(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, tmp_path, WRITE).returncode == 0
    assert None in images(machine, tmp_path)


def test_a_cut_after_a_truncation_gives_the_old_or_the_new_length(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, tmp_path, WRITE + "os.fsync(f); os.ftruncate(f, 10)").returncode == 0
    assert images(machine, tmp_path) == {b"a" * 1000, b"a" * 10}


def test_a_full_disk_refuses_what_makes_a_file_longer(machine: Machine, tmp_path: Path) -> None:
    machine.page["room"] = 1500
    done = run(machine, tmp_path, WRITE + "os.pwrite(f, b'b' * 1000, 0); os.pwrite(f, b'c' * 1000, 1000)")
    assert "No space left" in done.stderr
    assert (tmp_path / "data" / "it.db").read_bytes() == b"b" * 1000


def test_a_sync_fails_as_often_as_told(machine: Machine, tmp_path: Path) -> None:
    machine.page["bad_syncs"] = 1
    code = WRITE + "\ntry: os.fsync(f)\nexcept OSError as error: print(error.errno)\nos.fsync(f)"
    assert run(machine, tmp_path, code).stdout == "5\n"


def test_the_fuse_kills_at_the_very_operation(machine: Machine, tmp_path: Path) -> None:
    machine.page["fuse"] = 3
    done = run(machine, tmp_path, WRITE + "os.fsync(f); os.write(f, b'b' * 1000); os.write(f, b'c')")
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "data" / "it.db").read_bytes() in {b"a" * 1000, b"a" * 1000 + b"b" * 500}
    assert machine.page["operations"] == 3


def test_the_clock_is_set(machine: Machine, tmp_path: Path) -> None:
    code = "import time, datetime; print(datetime.datetime.fromtimestamp(time.time()).year)"
    machine.page["clock_us"] = 10 * 366 * 86_400_000_000
    there = int(run(machine, tmp_path, code).stdout)
    machine.page["clock_us"] = 0
    assert there - int(run(machine, tmp_path, code).stdout) == 10


def test_an_image_is_made_of_old_and_new_sectors_only() -> None:
    written, safe = bytes([2]) * 5000, bytes([1]) * 3000
    for seed in range(50):
        left = image(written, safe, random.Random(seed))
        assert len(left) in {5000, 3000}
        for start in range(0, len(left), SECTOR):
            assert len(set(left[start : start + SECTOR])) <= 2
