"""Alerts in the database: nothing twice, nothing halved, nothing without its trail."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import Connection, create_engine, func, select

from devices.model.alerts import AlertEvent, Family, Severity, State
from devices.model.errors import Garbled
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.alerts import board, rows, store
from hub.alerts.board import Filter
from hub.alerts.record import Record
from hub.alerts.store import Applied
from hub.db import Database, audit
from hub.db.audit import Actor
from hub.db.tables import METADATA, alert_history, alerts, ledger
from hub.errors import Conflict, NotFound
from tests.hub.alerts.events import LIVES, START_US, S, cleared, moment, raised

NOW_US = START_US + 5 * S
ANN = Actor("ann", "operator", "10.0.0.7", "abcd", "r-1")


def stamp(seq: int, agent: str = "edge-hq1") -> Stamp:
    return Stamp(agent, 2**62 + 7, Lane.ALERTS, seq)


async def take(db: Database, *events: AlertEvent, seq: int | None = None, now_us: int = NOW_US) -> Applied:
    place = None if seq is None else stamp(seq)
    return await db.write(lambda c: store.apply_events(c, events, "edge-hq1", place, now_us))


async def one(db: Database, number: str) -> Record:
    return await db.read(lambda c: store.get(c, number))


async def test_an_event_is_stored_as_the_record_that_it_makes(db: Database) -> None:
    applied = await take(db, raised(3), seq=1)
    assert applied.repeats == 0
    (record,) = applied.changed
    assert (record.seq, record.state, record.message.zh) == (1, State.RAISED, "消防泵 3")
    assert await one(db, record.id) == record


@pytest.mark.promise("P-alerts-1")
async def test_a_message_taken_twice_is_taken_once(db: Database) -> None:
    first = await take(db, raised(3), seq=1)
    again = await take(db, raised(3), seq=1)
    assert (again.changed, again.repeats) == ([], 1)
    assert await one(db, first.changed[0].id) == first.changed[0]


async def test_an_event_that_comes_again_in_another_message_is_taken_once(db: Database) -> None:
    await take(db, raised(3), seq=1)
    again = await take(db, raised(3), raised(4), seq=2)
    assert again.repeats == 1
    assert again.changed[0].count == 2
    assert await db.read(lambda c: c.execute(select(func.count()).select_from(alert_history)).scalar()) == 2


async def test_the_ledger_knows_epochs_lanes_and_agents_apart(db: Database) -> None:
    places = [
        Stamp("edge-hq1", 1, Lane.ALERTS, 1),
        Stamp("edge-hq1", 2, Lane.ALERTS, 1),
        Stamp("edge-hq1", 1, Lane.BACKLOG, 1),
        Stamp("edge-hq1", 1, Lane.ALERTS, 2),
    ]
    for number, place in enumerate(places):
        event = raised(number)
        applied = await db.write(
            lambda c, e=event, p=place: store.apply_events(c, [e], "edge-hq1", p, NOW_US)
        )
        assert applied.repeats == 0
    assert await db.read(lambda c: c.execute(select(func.count()).select_from(ledger)).scalar()) == 4


async def test_an_old_entry_of_the_ledger_may_go_and_the_repeat_is_still_known(db: Database) -> None:
    await take(db, raised(3), seq=1)
    assert await db.write(lambda c: store.forget_ledger(c, NOW_US + 1)) == 1
    again = await take(db, raised(3), seq=1)
    assert (again.changed, again.repeats) == ([], 1)


async def test_a_garbled_event_takes_its_whole_message_with_it(db: Database) -> None:
    with pytest.raises(Garbled, match="unit"):
        await take(db, raised(1), raised(2, unit="x" * 17), seq=1)
    assert await db.read(board.counts) == await db.read(board.counts)
    assert await db.read(lambda c: c.execute(select(func.count()).select_from(alerts)).scalar()) == 0
    assert (await take(db, raised(1), seq=1)).repeats == 0, "its place in the ledger was not entered either"


async def test_an_agent_cannot_speak_of_anothers_alert(db: Database) -> None:
    await take(db, raised(1), seq=1)
    with pytest.raises(Garbled, match="belongs to edge-hq1"):
        await db.write(
            lambda c: store.apply_events(c, [cleared(9)], "edge-hall", stamp(1, "edge-hall"), NOW_US)
        )


async def test_values_that_are_no_numbers_come_back_as_none_was_read(db: Database) -> None:
    event = raised(0, value=float("nan"), limit=float("inf"), evidence={"a": float("nan"), "b": 1.0})
    (record,) = (await take(db, event)).changed
    stored = await one(db, record.id)
    assert str(stored.value) == str(stored.limit) == str(stored.evidence["a"]) == "nan"
    assert stored.evidence["b"] == 1.0


async def test_acts_of_people_are_stored_with_history_and_trail(db: Database) -> None:
    number = (await take(db, raised(0))).changed[0].id
    await db.write(lambda c: store.acknowledge(c, number, 1, "on my way", ANN, NOW_US + 1))
    await db.write(lambda c: store.assign(c, number, "bob", ANN, NOW_US + 2))
    await db.write(lambda c: store.note(c, number, "valve shut", ANN, NOW_US + 3))
    after = await db.write(lambda c: store.clear(c, number, "false alarm", ANN, NOW_US + 4))
    assert (after.state, after.assignee, after.notes, after.acked_by) == (State.CLOSED, "bob", 2, "ann")
    assert await one(db, number) == after
    lines = await db.read(lambda c: board.history(c, number))
    assert [(line["act"], line["actor"], line["text"], line["after"]) for line in lines] == [
        ("raise", "edge-hq1", "", "raised"),
        ("ack", "ann", "", "acked"),
        ("note", "ann", "on my way", "acked"),
        ("assign", "ann", "bob", "acked"),
        ("note", "ann", "valve shut", "acked"),
        ("clear", "ann", "false alarm", "closed"),
    ]
    trail = await db.read(lambda c: audit.rows(c, None, 10))
    assert [(row["verb"], row["object"], row["reason"]) for row in reversed(trail)] == [
        ("alert.ack", number, "on my way"),
        ("alert.assign", number, "bob"),
        ("alert.note", number, "valve shut"),
        ("alert.clear", number, "false alarm"),
    ]
    assert await db.read(audit.verify) is None


async def test_a_reset_is_stored_with_history_and_trail(db: Database) -> None:
    number = (await take(db, raised(0, latch=True))).changed[0].id
    with pytest.raises(Conflict):
        await db.write(lambda c: store.reset(c, number, "", ANN, NOW_US))
    await db.write(lambda c: store.acknowledge(c, number, 1, "", ANN, NOW_US + 1))
    await take(db, cleared(60))
    assert (await one(db, number)).state is State.LATCHED
    assert [record.id for record in (await db.read(lambda c: board.page(c, Filter(), None, 5))).alerts] == [
        number
    ]
    assert (await db.read(board.counts))["latched"] == 1
    after = await db.write(lambda c: store.reset(c, number, "valve shut", ANN, NOW_US + 2))
    assert after.state is State.CLOSED
    assert await one(db, number) == after
    line = (await db.read(lambda c: board.history(c, number)))[-1]
    assert (line["act"], line["actor"], line["text"], line["before"]) == (
        "reset",
        "ann",
        "valve shut",
        "latched",
    )
    (row,) = await db.read(lambda c: audit.rows(c, None, 1))
    assert (row["verb"], row["object"], row["reason"]) == ("alert.reset", number, "valve shut")
    assert await db.read(board.active_of) == []


async def test_what_an_agent_no_longer_knows_still_waits_for_its_reset(db: Database) -> None:
    number = (await take(db, raised(0, latch=True))).changed[0].id
    await db.write(lambda c: store.acknowledge(c, number, 1, "", ANN, NOW_US))
    (over,) = await db.write(lambda c: store.reconcile(c, "edge-hq1", [], START_US + 20 * S, NOW_US))
    assert over.state is State.LATCHED


@pytest.mark.promise("P-alerts-2")
async def test_of_two_who_acknowledge_at_once_one_succeeds(db: Database) -> None:
    number = (await take(db, raised(0))).changed[0].id
    results = await asyncio.gather(
        *(
            db.write(lambda c, n=name: store.acknowledge(c, number, 1, "", Actor(n), NOW_US))
            for name in ("ann", "bob")
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Record"]
    assert len(await db.read(lambda c: audit.rows(c, None, 10))) == 1


async def test_a_refused_act_leaves_no_trail(db: Database) -> None:
    number = (await take(db, raised(0))).changed[0].id
    with pytest.raises(Conflict):
        await db.write(lambda c: store.acknowledge(c, number, 7, "", ANN, NOW_US))
    with pytest.raises(NotFound):
        await db.write(lambda c: store.acknowledge(c, "nothing", 1, "", ANN, NOW_US))
    assert await db.read(lambda c: audit.rows(c, None, 10)) == []


async def test_the_alerts_of_an_agent_that_is_away_are_stale_and_stay_open(db: Database) -> None:
    await take(db, raised(0), moment(0, device="hq1-radar-1"))
    other = [raised(0, device="hall-pump-1")]
    await db.write(lambda c: store.apply_events(c, other, "edge-hall", None, NOW_US))
    changed = await db.write(lambda c: store.mark_stale(c, "edge-hq1", stale=True))
    assert [(record.device, record.state, record.stale) for record in changed] == [
        ("hq1-pump-1", State.RAISED, True)
    ]
    assert await db.write(lambda c: store.mark_stale(c, "edge-hq1", stale=True)) == []
    back = await db.write(lambda c: store.mark_stale(c, "edge-hq1", stale=False))
    assert [record.stale for record in back] == [False]


async def test_what_an_agent_no_longer_knows_is_cleared_as_reconciled(db: Database) -> None:
    gone, kept, young = raised(0), raised(0, device="hq1-pump-2"), raised(50, device="hq1-pump-3")
    await take(db, gone, kept, young)
    as_of_us = START_US + 20 * S
    changed = await db.write(lambda c: store.reconcile(c, "edge-hq1", [kept.id], as_of_us, NOW_US))
    assert [(record.id, record.state) for record in changed] == [(gone.id, State.CLEARED)]
    line = (await db.read(lambda c: board.history(c, gone.id)))[-1]
    assert (line["act"], line["actor"], line["text"]) == ("clear", "hub", "reconciled")
    assert {record.id for record in await db.read(board.active_of)} == {kept.id, young.id}


# ------------------------------------------------------------------------------------------------------ board


async def fill(db: Database, number: int) -> list[Record]:
    chance = random.Random(number)
    events = []
    for row in range(number):
        start_us = START_US + chance.randrange(50) * S
        known = {"device": f"hq1-dev-{row}", "start_us": start_us, "time_us": start_us}
        made = raised(severity=Severity(chance.randint(1, 4)), **known)
        events.append(made)
        if chance.random() < 0.3:
            events.append(cleared(severity=made.severity, **{**known, "time_us": start_us + S}))
    await take(db, *events)
    ids = [event.id for event in events if chance.random() < 0.3]
    for number_ in dict.fromkeys(ids):
        await db.write(lambda c, n=number_: store.acknowledge(c, n, 1, "", ANN, NOW_US))
    return list((await db.read(lambda c: rows.load(c, {event.id for event in events}))).values())


def board_place(record: Record) -> tuple[Any, ...]:
    states = [State.RAISED, State.ACKED, State.CLEARED, State.LATCHED, State.CLOSED]
    return -record.severity, states.index(record.state), -record.start_us, -(record.seq or 0)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_joined_are_the_whole_board_in_order(db: Database, limit: int) -> None:
    everything = await fill(db, 60)
    expected = sorted((r for r in everything if r.state is not State.CLOSED), key=board_place)
    assert 0 < len(expected) < 60, "some are closed, some are not"
    found: list[str] = []
    after = None
    while True:
        page = await db.read(lambda c, a=after: board.page(c, Filter(), a, limit))
        found += [record.id for record in page.alerts]
        if (after := page.next) is None:
            break
    assert found == [record.id for record in expected]


async def test_all_alerts_come_newest_first(db: Database) -> None:
    everything = await fill(db, 40)
    page = await db.read(lambda c: board.page(c, Filter(open_only=False), None, 500))
    expected = sorted(everything, key=lambda r: (-r.start_us, -(r.seq or 0)))
    assert [record.id for record in page.alerts] == [record.id for record in expected]


@pytest.mark.parametrize(
    ("wanted", "keeps"),
    [
        (Filter(severity_min=3), lambda r: r.severity >= 3),
        (Filter(devices=["hq1-dev-7"]), lambda r: r.device == "hq1-dev-7"),
        (Filter(sites=["hall"]), lambda r: r.site == "hall"),
        (Filter(from_us=START_US + 10 * S, to_us=START_US + 20 * S), lambda r: 10 <= at_s(r) < 20),
    ],
)
async def test_a_filter_keeps_what_it_says(db: Database, wanted: Filter, keeps: Any) -> None:
    everything = await fill(db, 60)
    page = await db.read(lambda c: board.page(c, wanted, None, 500))
    assert {r.id for r in page.alerts} == {
        r.id for r in everything if keeps(r) and r.state is not State.CLOSED
    }


def at_s(record: Record) -> float:
    return (record.start_us - START_US) / S


async def test_spans_are_those_of_the_rules_that_overlap_the_time(db: Database) -> None:
    camera = {"family": Family.CAMERA, "rule": "dark"}
    at = {name: START_US + start_s * S for name, start_s in (("before", 0), ("within", 500), ("holds", 550))}
    events = [
        *(one(device="before", start_us=at["before"], **camera) for one in (raised, cleared)),  # until 60 s
        raised(500, device="within", start_us=at["within"], **camera),
        cleared(560, device="within", start_us=at["within"], **camera),
        raised(550, device="holds", start_us=at["holds"], **camera),
        raised(550, device="holds", start_us=at["holds"], **{**camera, "rule": "offline"}),
    ]
    await db.write(lambda c: store.apply_events(c, events, "edge", None, START_US + 600 * S))

    async def spans(from_s: int, to_s: int) -> list[tuple[str, int, int | None]]:
        span = START_US + from_s * S, START_US + to_s * S
        return sorted(await db.read(lambda c: board.spans(c, Family.CAMERA, *span, {"dark"})))

    assert await spans(60, 500) == []
    assert await spans(59, 551) == [
        ("before", START_US, START_US + 60 * S),
        ("holds", at["holds"], None),
        ("within", at["within"], START_US + 560 * S),
    ]
    assert await spans(10_000, 20_000) == [("holds", at["holds"], None)]


async def test_counts_are_those_of_the_open_alerts(db: Database) -> None:
    everything = [r for r in await fill(db, 60) if r.state is not State.CLOSED]
    counts = await db.read(board.counts)
    for state in ("raised", "acked", "cleared"):
        assert counts[state] == sum(r.state == state for r in everything)
    assert counts["by_severity"] == {s: sum(r.severity == int(s) for r in everything) for s in "4321"}
    assert counts["by_family"]["fire"] == len(everything)


async def test_the_board_is_read_along_its_index(db: Database) -> None:
    """A page of ten thousand must not sort ten thousand."""
    await fill(db, 3)

    def plan(connection: Connection) -> str:
        query = select(alerts).where(alerts.c.open).order_by(*(c.desc() for c in board._BOARD)).limit(5)
        text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        return " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))

    said = await db.read(plan)
    assert "ix_alerts_board" in said
    assert "TEMP B-TREE" not in said


# -------------------------------------------------------------------------------------------------- any order


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_events_at_once_and_one_by_one_end_alike(events: list[AlertEvent]) -> None:
    one_by_one = stored([[event, events[0]] for event in events])
    assert stored([events]) == one_by_one


def stored(messages: list[list[AlertEvent]]) -> Record:
    """The one alert of these messages after its way through a database."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for number, events in enumerate(messages):
            store.apply_events(connection, events, "edge-hq1", stamp(number), NOW_US)
        record = store.get(connection, messages[0][0].id)
    engine.dispose()
    return record


async def test_an_alert_survives_the_program(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/again.db") as db:
        before = (await take(db, raised(0))).changed[0]
    async with Database(f"sqlite:///{tmp_path}/again.db") as db:
        assert await one(db, before.id) == before
        assert (await take(db, raised(0), seq=9)).repeats == 1
