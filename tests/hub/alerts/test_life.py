"""One alert, whatever comes in whichever order."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.alerts import AlertEvent, EventKind, Severity, State
from hub.alerts.life import (
    HISTORICAL_US,
    acknowledged,
    applied,
    assigned,
    cleared_by_hand,
    noted,
    reset,
)
from hub.alerts.record import Line, Record
from hub.errors import Conflict, Invalid
from tests.hub.alerts.events import LIVES, START_US, S, changed, cleared, moment, raised

NOW_US = START_US + 5 * S


def lived(events: list[AlertEvent], record: Record | None = None, now_us: int = NOW_US) -> Record:
    for event in events:
        record, _ = applied(record, event, "edge-hq1", now_us)
    assert record is not None
    return record


def acked(record: Record, now_us: int = NOW_US) -> Record:
    return acknowledged(record, record.epoch, "ann", now_us)[0]


def test_a_raise_makes_an_alert_with_what_the_agent_said() -> None:
    record, line = applied(None, raised(3), "edge-hq1", NOW_US)
    assert (record.state, record.count, record.epoch) == (State.RAISED, 1, 1)
    assert (record.raised_us, record.last_us, record.received_us) == (
        START_US + 3 * S,
        START_US + 3 * S,
        NOW_US,
    )
    assert (record.value, record.limit, record.evidence) == (2.0, 1.0, {"position": 2.0})
    assert record.cleared_us is None
    assert line == Line(
        record.id,
        START_US + 3 * S,
        NOW_US,
        "raise",
        "edge-hq1",
        "",
        None,
        State.RAISED,
        Severity.HIGH,
        2.0,
        (EventKind.RAISE, START_US + 3 * S),
    )


def test_a_repeat_changes_nothing_and_leaves_no_line() -> None:
    record = acked(lived([raised(0)]))
    assert applied(record, raised(0), "edge-hq1", NOW_US + 99) == (record, None)


def test_a_later_raise_counts_and_leaves_what_people_did() -> None:
    record = noted(assigned(acked(lived([raised(0)])), "bob", "ann", 1)[0], "on it", "bob", 2)[0]
    later = lived([raised(10)], record)
    assert (later.count, later.last_us) == (2, START_US + 10 * S)
    owned = ("state", "acked_us", "acked_by", "assignee", "notes", "epoch")
    assert [getattr(later, name) for name in owned] == [getattr(record, name) for name in owned]


def test_a_graver_raise_asks_for_attention_again() -> None:
    record = acked(lived([raised(0, severity=Severity.LOW)]))
    worse = lived([raised(10, severity=Severity.CRITICAL, value=9.0)], record)
    assert (worse.state, worse.severity, worse.value) == (State.RAISED, Severity.CRITICAL, 9.0)
    assert (worse.epoch, worse.acked_by) == (2, None)


def test_the_newest_raise_or_change_says_how_bad_it_is() -> None:
    events = [
        raised(0, severity=Severity.HIGH, value=5.0),
        changed(10, severity=Severity.CRITICAL, value=9.0),
        changed(20, severity=Severity.LOW, value=1.0),
        cleared(30, severity=Severity.HIGH, value=0.0),
    ]
    for given_events in (events, events[::-1]):
        record = lived(given_events)
        assert (record.severity, record.value, record.shown_us) == (Severity.LOW, 1.0, START_US + 20 * S)
        assert (record.state, record.count) == (State.CLEARED, 1)


@pytest.mark.promise("P-alerts-4")
def test_a_change_to_worse_asks_for_attention_again_and_a_change_to_better_does_not() -> None:
    record = acked(lived([raised(0, severity=Severity.MEDIUM)]))
    better = lived([changed(10, severity=Severity.LOW)], record)
    assert (better.state, better.severity, better.epoch, better.acked_by) == (
        State.ACKED,
        Severity.LOW,
        1,
        "ann",
    )
    worse = lived([changed(20, severity=Severity.HIGH)], better)
    assert (worse.state, worse.severity, worse.epoch, worse.acked_by) == (
        State.RAISED,
        Severity.HIGH,
        2,
        None,
    )


def test_a_change_that_comes_late_changes_nothing_that_is_shown() -> None:
    record = acked(lived([raised(0, severity=Severity.MEDIUM), changed(20, severity=Severity.LOW)]))
    late = lived([changed(10, severity=Severity.CRITICAL)], record)
    assert (late.state, late.severity, late.epoch) == (State.ACKED, Severity.LOW, 1)


def test_a_change_is_no_other_occurrence_and_stands_for_a_raise_that_is_still_under_way() -> None:
    record = lived([changed(10, severity=Severity.CRITICAL)])
    assert (record.state, record.count, record.raised_us) == (State.RAISED, 0, START_US + 10 * S)
    whole = lived([raised(0, severity=Severity.LOW)], record)
    assert (whole.count, whole.severity, whole.raised_us) == (1, Severity.CRITICAL, START_US)


@pytest.mark.promise("P-alerts-3")
@pytest.mark.parametrize("ack_first", [False, True])
def test_an_alert_that_latches_stays_open_after_its_end_until_it_is_reset(*, ack_first: bool) -> None:
    record = lived([raised(0, latch=True)])
    record = acked(record) if ack_first else record
    over = lived([cleared(60)], record)
    assert over.state is (State.LATCHED if ack_first else State.CLEARED)
    assert over.cleared_us == START_US + 60 * S
    seen = over if ack_first else acked(over)
    assert (seen.state, seen.acked_by) == (State.LATCHED, "ann")
    for before in (over, seen):
        after, line = reset(before, " checked ", "bob", NOW_US)
        assert (after.state, after.cleared_us) == (State.CLOSED, over.cleared_us)
        assert after.acked_by == (before.acked_by or "bob"), "who resets has seen it"
        assert (line.act, line.actor, line.text, line.after) == ("reset", "bob", "checked", State.CLOSED)
        with pytest.raises(Conflict, match="reset already"):
            reset(after, "", "bob", NOW_US)
        assert lived([raised(90, latch=True)], after).state is State.RAISED


@pytest.mark.promise("P-alerts-3")
def test_a_reset_is_refused_while_the_condition_holds_and_where_nothing_latches() -> None:
    for record in (lived([raised(0, latch=True)]), acked(lived([raised(0, latch=True)]))):
        with pytest.raises(Conflict, match="still holds") as caught:
            reset(record, "", "ann", NOW_US)
        assert caught.value.current is record
    with pytest.raises(Conflict, match="needs no reset"):
        reset(lived([raised(0), cleared(60)]), "", "ann", NOW_US)
    with pytest.raises(Invalid):
        reset(lived([raised(0, latch=True), cleared(60)]), "x" * 2001, "ann", NOW_US)


def test_what_a_person_clears_by_hand_still_waits_for_its_reset() -> None:
    record = acked(lived([raised(0, latch=True)]))
    assert cleared_by_hand(record, "tested", "eve", NOW_US)[0].state is State.LATCHED


def test_the_word_that_it_latches_may_come_after_the_end_was_acknowledged() -> None:
    record = acked(lived([cleared(60)]))
    assert record.state is State.CLOSED
    assert lived([raised(0, latch=True, severity=Severity.LOW)], record).state is State.LATCHED


def test_a_graver_raise_that_comes_after_the_end_is_still_to_be_acknowledged() -> None:
    record = lived([cleared(60)], acked(lived([raised(0, severity=Severity.LOW)])))
    assert record.state is State.CLOSED
    late = lived([raised(30, severity=Severity.CRITICAL)], record)
    assert (late.state, late.epoch) == (State.CLEARED, 2)


def test_an_end_waits_for_acknowledgement_and_an_acknowledged_one_closes() -> None:
    over = lived([raised(0), cleared(60)])
    assert (over.state, over.cleared_us) == (State.CLEARED, START_US + 60 * S)
    assert acked(over).state is State.CLOSED
    assert lived([cleared(60)], acked(lived([raised(0)]))).state is State.CLOSED


def test_an_end_before_its_beginning_ends_cleared() -> None:
    only_end = lived([cleared(60)])
    assert (only_end.state, only_end.count) == (State.CLEARED, 0)
    both = lived([raised(0)], only_end)
    assert (both.state, both.count, both.raised_us) == (State.CLEARED, 1, START_US)


def test_a_raise_after_the_end_opens_it_again() -> None:
    record = lived([raised(0), cleared(60), raised(90)])
    assert (record.state, record.count, record.cleared_us) == (State.RAISED, 2, None)
    closed = acked(lived([raised(0), cleared(60)]))
    again = lived([raised(90)], closed)
    assert (again.state, again.acked_by, again.epoch) == (State.RAISED, None, 2)


def test_a_moment_is_over_at_once_and_wants_to_be_seen() -> None:
    record = lived([moment(0)])
    assert (record.state, record.count, record.cleared_us) == (State.CLEARED, 1, START_US)
    assert acked(record).state is State.CLOSED
    assert lived([moment(30)], acked(record)).state is State.CLEARED


@pytest.mark.parametrize(
    ("age_us", "historical"), [(0, False), (HISTORICAL_US, False), (HISTORICAL_US + 1, True)]
)
def test_old_news_is_history(age_us: int, *, historical: bool) -> None:
    assert lived([raised(0)], now_us=START_US + age_us).historical is historical


def test_one_fresh_raise_makes_old_news_new() -> None:
    record = lived([raised(0)], now_us=START_US + HISTORICAL_US * 2)
    assert not lived([raised(1100)], record, now_us=START_US + HISTORICAL_US * 2).historical


@pytest.mark.promise("P-alerts-2")
def test_an_acknowledgement_of_another_epoch_is_a_conflict_that_shows_the_alert() -> None:
    record = lived([raised(0, severity=Severity.LOW), raised(10, severity=Severity.HIGH)])
    with pytest.raises(Conflict) as caught:
        acknowledged(record, 1, "ann", NOW_US)
    assert caught.value.current is record


def test_the_second_acknowledgement_is_a_conflict_that_names_the_first() -> None:
    with pytest.raises(Conflict, match="ann"):
        acknowledged(acked(lived([raised(0)])), 1, "bob", NOW_US)


def test_a_person_clears_by_hand_and_a_newer_raise_brings_it_back() -> None:
    record, line = cleared_by_hand(lived([raised(0)]), "tested", "eve", NOW_US)
    assert (record.state, record.cleared_us, line.text) == (State.CLEARED, NOW_US, "tested")
    assert lived([raised(3)], record).state is State.CLEARED
    assert lived([raised(6)], record).state is State.RAISED
    with pytest.raises(Conflict):
        cleared_by_hand(record, "again", "eve", NOW_US)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2001])
def test_a_note_or_reason_without_sense_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        noted(lived([raised(0)]), text, "ann", NOW_US)
    with pytest.raises(Invalid):
        cleared_by_hand(lived([raised(0)]), text, "ann", NOW_US)


# ------------------------------------------------------------------------------------------------- any order


def twin(events: list[AlertEvent], now_us: int) -> dict[str, Any]:
    """What all events together say, read off the whole set at once."""
    events = list({(e.kind, e.time_us): e for e in events}.values())
    raises = [e for e in events if e.kind is not EventKind.CLEAR]
    kinds = [EventKind.RAISE, EventKind.CHANGE, EventKind.MOMENT, EventKind.CLEAR]
    last = max(events, key=lambda e: (e.time_us, kinds.index(e.kind)))
    said = raises or events
    shown = max(said, key=lambda e: (e.time_us, kinds.index(e.kind)))
    active = last.kind in {EventKind.RAISE, EventKind.CHANGE}
    return {
        "state": State.RAISED if active else State.CLEARED,
        "count": sum(e.kind is not EventKind.CHANGE for e in raises),
        "latch": any(e.latch for e in events),
        "severity": shown.severity,
        "value": shown.value,
        "message": shown.message,
        "shown_us": shown.time_us,
        "raised_us": min((e.time_us for e in raises), default=events[0].start_us),
        "last_us": last.time_us,
        "cleared_us": None if active else last.time_us,
        "historical": all(now_us - e.time_us > HISTORICAL_US for e in said),
        "seen": frozenset((e.kind, e.time_us) for e in events),
    }


@pytest.mark.promise("P-alerts-1")
@pytest.mark.promise("P-alerts-4")
@settings(deadline=None)
@given(LIVES, st.integers(0, 2**32))
def test_any_order_with_repeats_ends_as_the_whole_set_says(events: list[AlertEvent], seed: int) -> None:
    chance = random.Random(seed)
    now_us = START_US + HISTORICAL_US + 600 * S
    mixed = events + chance.choices(events, k=chance.randrange(6))
    chance.shuffle(mixed)
    record = lived(mixed, now_us=now_us)
    assert {name: getattr(record, name) for name in twin(events, now_us)} == twin(events, now_us)


@settings(deadline=None)
@given(LIVES, st.integers(0, 2**32))
def test_two_orders_end_alike(events: list[AlertEvent], seed: int) -> None:
    shuffled = random.Random(seed).sample(events, len(events))
    here, there = lived(events), lived(shuffled)
    assert replace(here, epoch=0) == replace(there, epoch=0)


@settings(deadline=None)
@given(events=LIVES, cut=st.integers(0, 8), repeat=st.booleans())
def test_what_was_acknowledged_stays_so_until_it_gets_worse_or_comes_back(
    events: list[AlertEvent], cut: int, *, repeat: bool
) -> None:
    first, rest = events[: cut + 1], events[cut + 1 :]
    before = lived(first)
    before = acked(before)
    for event in rest + (first if repeat else []):
        after = lived([event], before)
        lost = before.acked_by is not None and after.acked_by is None
        worse = after.severity > before.severity
        newer = event.time_us >= before.last_us and event.kind is not EventKind.CLEAR
        assert not lost or worse or (newer and not before.active)
        assert after.epoch >= before.epoch
        assert not lost or after.epoch > before.epoch or not before.told
        assert not after.latch or after.state is not State.CLOSED, "nobody has reset it"
        before = after
