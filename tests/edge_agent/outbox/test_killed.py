"""kill -9 at any instant loses nothing that was acknowledged, tears nothing and keeps states with their records."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def report_of(folder: Path, seconds: float, seed: int, *planted: str) -> dict[str, Any]:
    command = (
        sys.executable,
        "-m",
        "tests.edge_agent.outbox.killed_writers",
        str(folder),
        str(seconds),
        str(seed),
    )
    run = subprocess.run(
        [*command, *planted], cwd=ROOT, check=False, capture_output=True, text=True, timeout=150
    )
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


@pytest.mark.promise("P-outbox-1")
def test_killing_the_writer_at_random_instants_loses_nothing(tmp_path: Path) -> None:
    report = report_of(tmp_path, 5, random.SystemRandom().getrandbits(30))
    assert report["rounds"] > 10
    assert {key: report[key] for key in ("lost", "double", "behind", "torn")} == {
        "lost": [],
        "double": [],
        "behind": [],
        "torn": [],
    }, f"seed {report['seed']}"


@pytest.mark.parametrize(
    ("planted", "shows"), [("--acknowledge-early", "lost"), ("--no-transaction", "behind")]
)
def test_a_planted_fault_is_found(tmp_path: Path, planted: str, shows: str) -> None:
    assert report_of(tmp_path, 3, 1, planted)[shows]
