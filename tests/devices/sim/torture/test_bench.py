"""The harness finds a fault of each kind that was planted, and nothing where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devices.sim.torture.oracle import CONSERVATION, INTEGRITY
from devices.sim.torture.torturing import run_benches

PLANTS = Path(__file__).with_name("plants")
ROOT = Path(__file__).resolve().parents[4]
#: Time and place in which every fault must show itself.
KILLS, SECONDS = 60, 30.0


@pytest.mark.needs("cc")
@pytest.mark.promise("P-torture-1")
async def test_real_agents_killed_without_power_and_with_their_clock_set_keep_every_promise(
    tmp_path: Path,
) -> None:
    seed = int.from_bytes(os.urandom(3), "big")
    parts = await run_benches(tmp_path, seed, kills=40, benches=2, seconds=20, kills_between=10)
    assert [str(one) for part in parts for one in part.violations] == [], f"seed {seed}"
    assert sum(part.kills for part in parts) >= 10
    for what in ("messages", "alert_events", "power_cuts"):  # a short bench may see none of a kind
        assert sum(part.counts[what] for part in parts) > 0


@pytest.mark.needs("cc")
@pytest.mark.promise("P-torture-2")
@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        ("acknowledged_before_commit", CONSERVATION),
        ("deleted_before_acknowledged", CONSERVATION),
        (
            "not_synced",
            None,
        ),  # lost, told twice with other content, or the whole file is damaged: all are right
        ("numbers_reused", INTEGRITY),
    ],
)
async def test_a_planted_fault_is_found(tmp_path: Path, plant: str, promise: str | None) -> None:
    parts = await run_benches(
        tmp_path,
        1,
        kills=KILLS,
        benches=1,
        seconds=SECONDS,
        kills_between=10,
        drain_s=2.0,
        environment={"PYTHONPATH": os.pathsep.join([str(PLANTS / plant), str(ROOT)])},
    )
    found = parts[0].violations
    assert found
    assert promise in {None, *(violation.promise for violation in found)}
    assert parts[0].begun[-1].startswith(f"{len(parts[0].begun)}: ") or len(parts[0].begun) > 1


async def test_without_the_shim_agents_are_only_killed(tmp_path: Path) -> None:
    parts = await run_benches(tmp_path, 1, kills=8, benches=1, seconds=20, kills_between=4, shim=False)
    assert parts[0].violations == []
    assert (parts[0].kills, parts[0].counts["power_cuts"]) == (8, 0)
