"""One writer, several readers: what a write promises, and what a failure costs."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Connection, Integer, create_engine, func, insert, select, text, update

from devices.model.alerts import State
from devices.model.errors import Refused, Unreachable
from hub.alerts.record import RANK
from hub.db import Database
from hub.db.tables import METADATA, alerts, settings
from hub.db.upgrade import upgrade
from tests.hub.waiting import until


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/data/hub.db") as database:
        yield database


def put(name: str, value: object = 1) -> object:
    def work(connection: Connection) -> str:
        connection.execute(insert(settings).values(name=name, value=value))
        return name

    return work


def names(connection: Connection) -> list[str]:
    return sorted(connection.execute(select(settings.c.name)).scalars())


@asynccontextmanager
async def held(db: Database, first: Callable[[Connection], object] = lambda _: None) -> AsyncIterator[None]:
    """A write holds the writer meanwhile, so that those behind it gather into one group."""
    begun, end = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        first(connection)
        begun.set()
        end.wait(60)

    writing = asyncio.create_task(db.write(work))
    await asyncio.to_thread(begun.wait, 60)
    try:
        yield
    finally:
        end.set()
        await writing


async def test_a_write_is_seen_by_the_next_read_and_returns_its_result(db: Database) -> None:
    assert await db.write(put("a")) == "a"
    assert await db.read(names) == ["a"]


async def test_a_write_survives_closing_and_opening_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.db"
    async with Database(url) as db:
        await db.write(put("a"))
    async with Database(url) as db:
        assert await db.read(names) == ["a"]


async def test_a_write_that_raises_leaves_nothing_and_the_others_of_its_group_stand(db: Database) -> None:
    def spoil(connection: Connection) -> None:
        connection.execute(insert(settings).values(name="spoiled", value=1))
        raise ValueError("no")

    async with held(db):
        rest = [asyncio.create_task(db.write(work)) for work in (put("a"), spoil, put("b"))]
        await until(lambda: db.waiting == 3)
    results = await asyncio.gather(*rest, return_exceptions=True)
    assert [type(result) for result in results] == [str, ValueError, str]
    assert await db.read(names) == ["a", "b"]


async def test_writes_that_wait_together_share_a_commit(db: Database) -> None:
    commits: list[int] = []

    def count(connection: Connection) -> None:
        # total_changes moves with statements, not with commits; the transaction's own number is asked instead
        commits.append(id(connection.get_transaction()))

    async with held(db):
        tasks = [asyncio.create_task(db.write(count)) for _ in range(10)]
        await until(lambda: db.waiting == 10)
    await asyncio.gather(*tasks)
    assert len(commits) == 10
    assert len(set(commits)) == 1


async def test_a_write_whose_caller_has_gone_is_not_done(db: Database) -> None:
    async with held(db):
        gone = asyncio.create_task(db.write(put("gone")))
        await until(lambda: db.waiting == 1)
        gone.cancel()
        await asyncio.wait([gone])
    assert await db.read(names) == []


async def test_a_broken_constraint_is_refused_and_the_next_write_works(db: Database) -> None:
    await db.write(put("a"))
    with pytest.raises(Refused):
        await db.write(put("a"))
    await db.write(put("b"))
    assert await db.read(names) == ["a", "b"]


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(Unreachable):
        await db.read(put("a"))
    assert await db.read(names) == []


async def test_a_reader_is_not_held_up_by_a_long_write(db: Database) -> None:
    async with held(db, put("long")):
        assert await asyncio.wait_for(db.read(names), 30) == []
    assert await db.read(names) == ["long"]


@pytest.mark.promise("P-db-1")
async def test_a_full_disk_is_unreachable_and_what_was_written_before_stays(db: Database) -> None:
    await db.write(put("before"))

    def shrink(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))

    await db.write(shrink)
    with pytest.raises(Unreachable, match="full"):
        await db.write(put("large", "x" * 1_000_000))
    await db.write(lambda connection: connection.execute(text("PRAGMA max_page_count=1000000")).close())
    await db.write(put("after"))
    assert await db.read(names) == ["after", "before"]


@pytest.mark.promise("P-db-1")
async def test_every_write_is_synced_in_full_to_a_write_ahead_log(db: Database) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    said = await db.write(lambda c: [c.execute(text(f"PRAGMA {name}")).scalar_one() for name in pragmas])
    assert said == ["wal", 2, 1]


async def test_the_file_belongs_to_its_owner_alone(db: Database, tmp_path: Path) -> None:
    await db.write(put("a"))
    for path in (tmp_path / "data").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as db:
        pass
    with pytest.raises(Unreachable, match="closed"):
        await db.write(put("a"))
    with pytest.raises(Unreachable, match="closed"):
        await db.read(names)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "nonsense://x", "no address at all"])
async def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        async with Database(url):
            pass


async def test_a_file_that_is_no_database_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises((Refused, Unreachable)):
        async with Database(f"sqlite:///{path}"):
            pass


async def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/hub.db"):
        pass
    with sqlite3.connect(tmp_path / "hub.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(Refused, match="older than its database"):
        async with Database(f"sqlite:///{tmp_path}/hub.db"):
            pass


async def test_migrations_build_the_tables_that_the_program_knows(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/hub.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path}/hub.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


async def test_alerts_of_the_first_tables_keep_their_place_on_the_board(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/hub.db")
    config = Config()
    config.set_main_option("script_location", "hub.db:migrations")
    known = alerts.c.keys()
    row = dict.fromkeys(known, "") | {"evidence": "{}", "state": "acked", "open": True}
    row |= {column.name: 0 for column in alerts.c if isinstance(column.type, BigInteger | Integer)}
    row = {name: value for name, value in row.items() if name != "latch"} | {"rank": 2, "seq": 1}
    names = ", ".join(f'"{name}"' for name in row)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with connection.begin():
            command.upgrade(config, "0001")
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO alerts ({names}) VALUES ({values})"), row)
        upgrade(connection)
        assert connection.execute(select(alerts.c.rank, alerts.c.latch)).one() == (RANK[State.ACKED], False)
        connection.rollback()
        with connection.begin():
            command.downgrade(config, "0001")
            assert connection.execute(text("SELECT rank FROM alerts")).scalar_one() == 2
    engine.dispose()


async def test_many_writers_at_once_lose_nothing(db: Database) -> None:
    await db.write(put("count", 0))

    def increase(connection: Connection) -> None:
        value = connection.execute(select(settings.c.value).where(settings.c.name == "count")).scalar_one()
        connection.execute(update(settings).where(settings.c.name == "count").values(value=value + 1))

    await asyncio.gather(*(db.write(increase) for _ in range(500)))
    assert await db.read(lambda c: c.execute(select(settings.c.value)).scalar_one()) == 500
    assert await db.read(lambda c: c.execute(select(func.count()).select_from(settings)).scalar_one()) == 1
