"""Agents' events for tests: plausible ones by name, and any by Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.texts import Text

#: 2026-07-01 00:00:00 UTC.
START_US = 1_782_864_000_000_000
S = 1_000_000


def event(kind: EventKind = EventKind.RAISE, at_s: float = 0, **changes: Any) -> AlertEvent:
    """An event of a pump that is not in automatic, `at_s` seconds after the start."""
    fields: dict[str, Any] = {
        "kind": kind,
        "rule": "pump-not-auto",
        "rule_version": 1,
        "family": Family.FIRE,
        "severity": Severity.HIGH,
        "site": "hq1",
        "device": "hq1-pump-1",
        "time_us": START_US + round(at_s * S),
        "start_us": START_US,
        "value": 2.0,
        "limit": 1.0,
        "unit": "",
        "message": Text(f"消防泵 {at_s}", f"pump {at_s}"),
        "evidence": {"position": 2.0},
        "parent": "",
        **changes,
    }
    number = alert_id(fields["rule"], fields["rule_version"], fields["device"], fields["start_us"])
    return AlertEvent(**{"id": number, **fields})


def raised(at_s: float = 0, **changes: Any) -> AlertEvent:
    return event(EventKind.RAISE, at_s, **changes)


def cleared(at_s: float = 60, **changes: Any) -> AlertEvent:
    return event(EventKind.CLEAR, at_s, **changes)


def changed(at_s: float = 30, **changes: Any) -> AlertEvent:
    return event(EventKind.CHANGE, at_s, **changes)


def moment(at_s: float = 0, **changes: Any) -> AlertEvent:
    return event(EventKind.MOMENT, at_s, **changes)


#: Events of one alert; no two are the same event, and close times make ties and late arrivals likely.
LIVES = st.lists(
    st.builds(
        lambda kind, at_s, severity, latch: event(
            kind, at_s, severity=severity, value=float(at_s), latch=latch
        ),
        st.sampled_from(EventKind),
        st.integers(0, 12).map(lambda n: n * 100),
        st.sampled_from(Severity),
        st.sampled_from([False, False, True]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda e: (e.kind, e.time_us),
)
