"""How long copies stay at the hub: its own days or those of the gateway, whichever are fewer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.campus.keep_days import DAY_US, KeepDays
from devices.model.alerts import Severity
from edge_agent.evidence.settings import EvidenceSettings
from hub.evidence.copies import Copies
from hub.evidence.retention import CopySettings, is_over
from tests.hub.evidence.test_copies import copied
from tests.hub.evidence.test_fetching import ALERT, FILES, Wire, connected


@given(
    st.sampled_from(list(Severity)),
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(0, 500 * DAY_US),
)
def test_the_shorter_time_counts(severity: Severity, own: int, told: int, age_us: int) -> None:
    keep = KeepDays.model_validate({severity.name.lower(): own})
    since_us = 10**15
    over = is_over(keep, severity, since_us, since_us + told * DAY_US, since_us + age_us)
    assert over == (age_us > min(own, told) * DAY_US)
    assert is_over(keep, severity, since_us, 0, since_us + age_us) == (age_us > own * DAY_US)


def test_gateway_and_hub_keep_alike_where_nothing_is_said() -> None:
    assert EvidenceSettings().keep_days == CopySettings().keep_days


async def test_a_gateway_tells_until_when_it_keeps_and_the_copy_stays_no_longer(tmp_path: Path) -> None:
    async with connected(Wire(tmp_path)) as wire:
        await asyncio.to_thread(wire.store.keep, ALERT, FILES, {"severity": 2}, DAY_US)
        await wire.hub.file("edge", ALERT, "clip.mp4")
        told_us = KeepDays().until_us(Severity.MEDIUM, DAY_US)
        of_alert = (ALERT, Severity.MEDIUM, told_us)  # by the hub's own days it has just begun
        assert not wire.hub.copies.is_over(*of_alert, told_us)
        assert wire.hub.copies.is_over(*of_alert, told_us + 1)
        wire.store._settings = EvidenceSettings(keep_days=KeepDays(medium=1))  # somebody changed it there
        await wire.hub.files("edge", ALERT)
        assert wire.hub.copies.is_over(*of_alert, 2 * DAY_US + 1)


@pytest.mark.parametrize("room", [1, 2])
def test_copies_take_no_more_than_is_said_and_what_was_told_stays_beside_them(
    tmp_path: Path, room: int
) -> None:
    copies = CopySettings.model_construct(bytes=room * 1000, keep_days=KeepDays(), reserve_bytes=0)
    hub = Copies(tmp_path, copies)
    alerts = [f"{number:024x}" for number in range(4)]
    for alert in alerts:
        copied(hub, alert, bytes(1000))
        hub.note(alert, DAY_US)
    left = [alert for alert in alerts if (tmp_path / alert / "clip.mp4").exists()]
    assert len(left) == room
    assert all(hub.is_over(alert, Severity.LOW, DAY_US, DAY_US + 1) for alert in alerts)
