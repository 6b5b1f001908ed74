"""The disk is full: telemetry is refused in words, alerts go into the reserve, and all goes on afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: A mount in a namespace of its own vanishes with the process; who is not root needs a user namespace as well.
ALONE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--mount", "--user", "--map-root-user")


def may_mount() -> bool:
    return subprocess.run([*ALONE, "true"], check=False, capture_output=True, timeout=60).returncode == 0


@pytest.mark.promise("P-outbox-9")
@pytest.mark.parametrize("how", ["--mount", "--pretend"])
def test_on_a_full_disk_alerts_are_kept_and_telemetry_is_refused_until_there_is_room(
    tmp_path: Path, how: str
) -> None:
    """Who may not mount a small disk of his own tells the story twice on a pretended one."""
    alone: tuple[str, ...] = ()
    if how == "--mount":
        alone, how = (ALONE, how) if may_mount() else ((), "--pretend")
    story = (sys.executable, "-m", "tests.edge_agent.outbox.full_disk", str(tmp_path), how)
    told = subprocess.run(
        [*alone, *story], cwd=ROOT, check=False, capture_output=True, text=True, timeout=150
    )
    assert told.returncode == 0, told.stderr
    assert "told to the end" in told.stdout
