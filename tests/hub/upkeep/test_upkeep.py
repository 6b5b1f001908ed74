"""What the hub does by itself: watches, runs errands, admits, forgets."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, Severity, State
from devices.model.errors import Refused, Unreachable
from devices.model.samples import SampleBatch
from hub.accounts import people, sessions
from hub.accounts.roles import Role
from hub.accounts.sessions import Lifetime
from hub.alerts import board, store
from hub.alerts.own_rules import AGENT_SILENT
from hub.alerts.record import Record
from hub.db import Database, audit
from hub.db.audit import Actor
from hub.evidence import Fetching
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, Bus
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry
from hub.upkeep.admission import Admission
from hub.upkeep.errands import Dismiss, Enrol, Errands, ResetPassword, leave, wait_until_done
from hub.upkeep.folder import owned
from hub.upkeep.forgetting import US_PER_DAY, Forgetting
from hub.upkeep.watch import Watch
from tests.fake_clock import FakeClock
from tests.hub.alerts.events import START_US, moment, raised
from tests.hub.evidence.test_copies import copied

ROOT = Actor("test", "admin")


@pytest.fixture(scope="module")
def campus() -> Campus:
    return load_campus(Path(__file__).parents[1] / "site" / "site.yaml")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as database:
        yield database


# ------------------------------------------------------------------------------------------------------ watch


@pytest.fixture
def watch(db: Database, campus: Campus, clock: FakeClock) -> Watch:
    return Watch(db, campus, Bus(), 60.0, clock.now_us)


async def came(db: Database, agent: str, presence: Presence, now_us: int) -> None:
    await db.write(lambda c: roster.came(c, agent, presence, now_us))


async def active(db: Database) -> list[Record]:
    return await db.read(lambda c: board.active_of(c, rule=AGENT_SILENT.id))


@pytest.mark.promise("P-silence-1")
async def test_an_agent_that_is_away_makes_its_alerts_stale_at_once_and_is_an_alert_after_a_while(
    db: Database, watch: Watch, clock: FakeClock
) -> None:
    await came(db, "edge-hq1", Presence.ONLINE, clock.now_us())
    await db.write(
        lambda c: store.apply_events(c, [raised(0), moment(0, device="x")], "edge-hq1", None, START_US)
    )
    await watch.look()
    await came(db, "edge-hq1", Presence.OFFLINE, clock.now_us())
    with watch._bus.subscribe(ALERT) as news:
        await watch.look()
        assert [[record.stale for record in changed] for _, changed in news.take()] == [[True]]
        await clock.advance(61)
        await watch.look()
        ((_, (told,)),) = news.take()
    assert (told.device, told.site, told.agent, told.state) == ("edge-hq1", "hq1", "hub", State.RAISED)
    assert "一号院网关" in told.message.zh
    assert [record.device for record in await db.read(board.active_of)] == ["hq1-pump-1", "edge-hq1"]


@pytest.mark.promise("P-silence-1")
async def test_an_agent_that_is_back_clears_the_alert_and_its_alerts_are_known_again(
    db: Database, watch: Watch, clock: FakeClock
) -> None:
    await came(db, "edge-hq1", Presence.OFFLINE, clock.now_us())
    await db.write(lambda c: store.apply_events(c, [raised(0)], "edge-hq1", None, START_US))
    await clock.advance(61)
    await watch.look()
    assert len(await active(db)) == 1
    await came(db, "edge-hq1", Presence.ONLINE, clock.now_us())
    await watch.look()
    assert await active(db) == []
    pump = await db.read(lambda c: store.get(c, raised(0).id))
    assert (pump.state, pump.stale) == (State.RAISED, False), "never cleared by silence"
    await came(db, "edge-hq1", Presence.OFFLINE, clock.now_us())
    await clock.advance(61)
    await watch.look()
    rows = await db.read(lambda c: board.page(c, board.Filter(open_only=False), None, 10))
    assert len([r for r in rows.alerts if r.rule == AGENT_SILENT.id]) == 2, (
        "each absence is an alert of its own"
    )


async def test_a_short_absence_is_no_alert(db: Database, watch: Watch, clock: FakeClock) -> None:
    for _ in range(5):
        await came(db, "edge-hq1", Presence.OFFLINE, clock.now_us())
        await clock.advance(30)
        await watch.look()
        await came(db, "edge-hq1", Presence.ONLINE, clock.now_us())
        await clock.advance(30)
        await watch.look()
    assert await active(db) == []


async def test_an_agent_that_never_came_or_is_none_of_ours_is_no_alert(
    db: Database, watch: Watch, clock: FakeClock
) -> None:
    await db.write(lambda c: roster.enrol(c, "edge-hall", "edge-hall", "x", clock.now_us()))
    await came(db, "history", Presence.OFFLINE, clock.now_us())
    await clock.advance(600)
    await watch.look()
    assert await active(db) == []


async def test_a_hub_that_starts_again_goes_on_with_the_alert_it_had(
    db: Database, watch: Watch, campus: Campus, clock: FakeClock
) -> None:
    await came(db, "edge-hq1", Presence.OFFLINE, clock.now_us())
    await clock.advance(61)
    await watch.look()
    (before,) = await active(db)
    await clock.advance(600)
    again = Watch(db, campus, Bus(), 60.0, clock.now_us)
    await again.look()
    assert await active(db) == [before]


async def test_watching_writes_only_when_something_is_different(
    db: Database, watch: Watch, clock: FakeClock
) -> None:
    await came(db, "edge-hq1", Presence.ONLINE, clock.now_us())
    await watch.look()
    writes: list[object] = []
    watch._db = _Counting(db, writes)
    for _ in range(5):
        await clock.advance(10)
        await watch.look()
    assert writes == []


class _Counting:
    """The database, and a list of what is written through it."""

    def __init__(self, db: Database, writes: list[object]) -> None:
        self.read = db.read
        self._db = db
        self._writes = writes

    async def write(self, work: object) -> object:
        self._writes.append(work)
        return await self._db.write(work)


# ---------------------------------------------------------------------------------------------------- errands


class Told:
    """What the errands told."""

    def __init__(self) -> None:
        self.agents = 0
        self.users: list[str] = []

    async def on_agents(self) -> None:
        self.agents += 1


async def run_until_done(errands: Errands, path: Path) -> None:
    running = asyncio.create_task(errands.run())
    try:
        await asyncio.to_thread(wait_until_done, path, 5.0)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_an_errand_is_done_told_and_in_the_trail(
    db: Database, tmp_path: Path, clock: FakeClock
) -> None:
    await db.write(lambda c: people.create(c, "ann", "old", Role.ADMIN, ROOT, 1))
    told = Told()
    errands = Errands(tmp_path, db, clock.now_us, told.on_agents, told.users.append)
    path = leave(tmp_path, Enrol(agent="edge-hq1", password_hash="$2b$x"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await run_until_done(errands, path)
    assert [one.agent for one in await db.read(roster.credentials)] == ["edge-hq1"]
    await run_until_done(errands, leave(tmp_path, ResetPassword(user="ann", password_hash="new")))
    assert await db.read(lambda c: people.stored_password(c, "ann")) == "new"
    await run_until_done(errands, leave(tmp_path, Dismiss(agent="edge-hq1")))
    assert await db.read(roster.credentials) == []
    assert (told.agents, told.users) == (2, ["ann"])
    verbs = [row["verb"] for row in await db.read(lambda c: audit.rows(c, None, 3))]
    assert verbs == ["agent.dismiss", "user.password", "agent.enrol"]


async def test_an_errand_that_cannot_be_done_is_refused_with_its_reason(
    db: Database, tmp_path: Path, clock: FakeClock
) -> None:
    told = Told()
    errands = Errands(tmp_path, db, clock.now_us, told.on_agents, told.users.append)
    with pytest.raises(Refused, match="No such user"):
        await run_until_done(errands, leave(tmp_path, ResetPassword(user="nobody", password_hash="x")))
    (tmp_path / "errands" / "broken.json").write_text("{")
    with pytest.raises(Refused):
        await run_until_done(errands, tmp_path / "errands" / "broken.json")
    assert list((tmp_path / "errands").iterdir()) == []


def test_an_errand_that_nobody_takes_is_taken_back(tmp_path: Path) -> None:
    path = leave(tmp_path, Dismiss(agent="edge-hq1"))
    with pytest.raises(Unreachable):
        wait_until_done(path, 0.2)
    assert not path.exists()


def test_a_folder_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    with owned(tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        with pytest.raises(Refused, match="runs in"), owned(tmp_path / "data"):
            pass
    with owned(tmp_path / "data"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be used"), owned(tmp_path / "file" / "data"):
        pass


# -------------------------------------------------------------------------------------------------- admission


async def test_each_account_has_the_topics_that_are_its_own(db: Database, campus: Campus) -> None:
    for agent in ("edge-hq1", "field", "history"):
        await db.write(lambda c, agent=agent: roster.enrol(c, agent, agent, "x", 1))
    admission = Admission(db, campus, external=False)
    users = {user.name: user for user in await admission.users()}
    assert admission.agents == {"edge-hq1", "field", "history"}
    assert users["edge-hq1"].subscribe == ("campus/v1/edge-hq1/down/#", "field/hq1/#")
    assert users["field"].publish == ("field/hq1/#",)
    assert users["history"].publish == ("campus/v1/history/up/#", "campus/v1/history/state")
    await db.write(lambda c: roster.dismiss(c, "edge-hq1"))
    agents = admission.agents
    await admission.refresh()
    assert agents == {"field", "history"}, "the same set, so that the ingest sees it"


async def test_an_external_broker_admits_by_itself_and_the_agents_of_the_site_file_are_heard(
    db: Database, campus: Campus
) -> None:
    admission = Admission(db, campus, external=True)
    assert await admission.users() == []
    assert admission.agents == {"edge-hq1", "edge-hall", "history"}


# ------------------------------------------------------------------------------------------------- forgetting


async def test_what_is_old_is_forgotten_and_what_is_young_stays(
    db: Database, tmp_path: Path, clock: FakeClock
) -> None:
    now_us = clock.now_us()
    names = ["hq1-ac-301.room_c"]
    batch = SampleBatch.of([0, 0], [now_us - 11 * US_PER_DAY, now_us - 9 * US_PER_DAY], 25.0)
    await db.write(lambda c: people.create(c, "ann", "x", Role.ADMIN, ROOT, 1))
    await db.write(lambda c: sessions.begin(c, "ann", "", now_us - 2 * US_PER_DAY))
    async with DuckSeries(tmp_path / "series.duckdb") as series:
        await series.write([Entry(batch, names)])
        forgetting = Forgetting(
            db,
            series,
            series_days=10,
            ledger_days=5,
            lifetime=Lifetime(3600, 43200),
            now_us=clock.now_us,
        )
        await forgetting.forget()
        rows = await series.raw(names, 0, now_us, 10)
    assert rows.batch.time_us.tolist() == [now_us - 9 * US_PER_DAY]
    assert await db.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM sessions").scalar()) == 0


async def test_copies_of_evidence_go_when_the_time_of_their_severity_is_over(
    db: Database, tmp_path: Path, clock: FakeClock
) -> None:
    now_us = clock.now_us()

    def aged(number: int, severity: Severity, days: int) -> AlertEvent:
        time_us = now_us - days * US_PER_DAY - number
        return moment(severity=severity, time_us=time_us, start_us=time_us)

    low, old, high = (
        aged(1, Severity.LOW, 29),
        aged(2, Severity.LOW, 31),
        aged(3, Severity.HIGH, 31),
    )
    await db.write(lambda c: store.apply_events(c, [low, old, high], "edge", None, now_us))
    told = aged(4, Severity.CRITICAL, 3)  # its gateway keeps it for two days only
    await db.write(lambda c: store.apply_events(c, [told], "edge", None, now_us))
    fetching = Fetching(tmp_path / "evidence", send=nobody)
    for alert in (low.id, old.id, high.id, told.id, "ef" * 12):
        copied(fetching.copies, alert, b"clip")
    for alert, days in ((told.id, 2), (old.id, 365), (low.id, 30)):
        fetching.copies.note(alert, now_us + (days - 3) * US_PER_DAY)
    async with DuckSeries(tmp_path / "series.duckdb") as series:
        await Forgetting(
            db,
            series,
            series_days=10,
            ledger_days=5,
            lifetime=Lifetime(3600, 43200),
            now_us=clock.now_us,
            evidence=fetching,
        ).forget()
    assert sorted(fetching.copies.alerts()) == sorted([low.id, high.id])


async def nobody(_topic: str, _payload: bytes) -> None:
    raise Unreachable("nobody is there")
