from __future__ import annotations

import math
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire.messages import Lane
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.outbox.faults import Fault, fault_of
from edge_agent.outbox.rate import Rate
from edge_agent.outbox.reserve import Reserve
from tests.edge_agent.outbox.faulty_disk import FaultyDisk
from tests.edge_agent.outbox.numbered import numbered, numbers_of
from tests.fake_clock import FakeClock


def slow_rate(amounts: list[tuple[float, float]], window_s: float, now_s: float) -> float:
    """Every amount fades by its age; divided by what a steady 1/s would have left by now."""
    left = math.fsum(amount * math.exp(-(now_s - at_s) / window_s) for at_s, amount in amounts)
    return left / (window_s * (1 - math.exp(-max(1.0, now_s) / window_s)))


@given(
    gaps=st.lists(st.floats(0, 100), max_size=30),
    seed=st.integers(0, 1000),
    later_s=st.floats(0, 100),
)
def test_the_rate_agrees_with_its_slow_twin(gaps: list[float], seed: int, later_s: float) -> None:
    source = random.Random(seed)
    rate, now_s, amounts = Rate(60, 0.0), 0.0, []
    for gap in gaps:
        now_s += gap
        amount = source.uniform(0, 1000)
        rate.add(amount, now_s)
        amounts.append((now_s, amount))
    now_s += later_s
    assert rate.per_s(now_s) == pytest.approx(slow_rate(amounts, 60, now_s), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seconds", [10, 100, 10_000])
def test_a_steady_rate_is_shown_as_it_is(seconds: int) -> None:
    rate = Rate(600, 0.0)
    for second in range(1, seconds + 1):
        rate.add(50, second)
    assert rate.per_s(seconds) == pytest.approx(50, rel=0.06)


def test_a_clock_that_goes_backwards_makes_no_nonsense_of_a_rate() -> None:
    rate = Rate(600, 100.0)
    rate.add(50, 200.0)
    rate.add(50, 50.0)
    assert 0 < rate.per_s(60.0) < 101


def test_a_reserve_takes_its_space_once_and_gives_it_back(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 100_000)
    assert reserve.fill()
    assert reserve.fill()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 100_000
    reserve.release()
    assert not (tmp_path / "reserve").exists()
    assert not reserve.is_held


def test_a_reserve_without_size_or_folder_does_not_stand_in_the_way(tmp_path: Path) -> None:
    assert Reserve(tmp_path / "reserve", 0).fill()
    assert not Reserve(tmp_path / "nowhere" / "reserve", 1).fill()


def test_our_own_mistakes_are_raised_and_not_taken_for_damage() -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        fault_of(sqlite3.ProgrammingError("closed"))
    assert fault_of(ValueError("checksum")) is Fault.DAMAGED


async def test_damage_found_while_running_is_survived_and_the_record_stored(
    tmp_path: Path, clock: FakeClock
) -> None:
    disk = FaultyDisk()
    codes = iter([sqlite3.SQLITE_CORRUPT])
    with disk.in_place():
        settings = OutboxSettings(reserve_bytes=0)
        path = tmp_path / "o.db"
        async with Outbox(path, "a1", settings, now_us=clock.now_us, monotonic=clock.monotonic) as box:
            await box.put(Lane.LIVE, numbered(1))
            disk.fail = lambda _act, _name: next(codes, 0)
            await box.put(Lane.LIVE, numbered(2))
            assert numbers_of(await box.take(Lane.LIVE, 0, 1 << 30)) == [1, 2]
