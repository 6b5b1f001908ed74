"""People and their sessions: nobody by default, nobody too easily, nobody for longer than allowed."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.accounts import first_run, passwords, people, sessions
from hub.accounts.roles import Role
from hub.accounts.sessions import Lifetime
from hub.accounts.throttle import FORGET_S, FREE, FREE_ADDRESS, LONGEST_S, Throttle
from hub.db import Database, audit, tables
from hub.db.audit import Actor
from hub.errors import Conflict, Invalid, NotAllowed, NotFound

S = 1_000_000
ROOT = Actor("root", "admin")
LIFETIME = Lifetime(idle_s=60, absolute_s=3600)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/data/hub.db") as database:
        yield database


async def add(db: Database, name: str, role: Role = Role.ADMIN, password_hash: str = "x") -> people.User:
    return await db.write(lambda c: people.create(c, name, password_hash, role, ROOT, 1))


# -------------------------------------------------------------------------------------------------- passwords


def test_a_password_fits_its_hash_and_no_other() -> None:
    stored = passwords.hashed("水泵房的第七个阀门")
    assert stored.startswith("$argon2id$")
    assert passwords.fits("水泵房的第七个阀门", stored)
    assert not passwords.fits("水泵房的第八个阀门", stored)
    assert not passwords.fits("anything", None)
    assert not passwords.fits("anything", "not a hash")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 201,
        "qwertyuiop",
        "Password123!",
        "1234567890",
        "0987654321",
        "abcdefghijkl",
        "aaaaaaaaaaaa",
        "annabel-2026",
        "Campuswatch2026",
        "hikvision12345",
    ],
)
def test_a_password_that_is_guessed_soon_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check(password, "annabel")


@pytest.mark.parametrize("password", ["correct horse staple", "水泵房的第七个阀门是蓝色", "gR7!kd02mzp"])
def test_a_long_or_odd_password_is_taken(password: str) -> None:
    passwords.check(password, "annabel")


# ----------------------------------------------------------------------------------------------------- people


async def test_a_name_is_taken_once_and_must_have_its_form(db: Database) -> None:
    await add(db, "ann")
    with pytest.raises(Conflict):
        await add(db, "ann")
    for name in ("", "Ann", "-ann", "ann ", "a" * 33, "ann\n", "安"):
        with pytest.raises(Invalid):
            await add(db, name)
    assert [user.name for user in await db.read(people.everybody)] == ["ann"]


async def test_a_change_ends_the_sessions_and_is_in_the_trail(db: Database) -> None:
    await add(db, "ann")
    await add(db, "bob", Role.OPERATOR)
    token = await db.write(lambda c: sessions.begin(c, "bob", "10.0.0.7", S))
    await db.write(lambda c: people.change(c, "bob", ROOT, 2 * S, role=Role.ENGINEER))
    assert await live(db, token, 2 * S) is None
    row = (await db.read(lambda c: audit.rows(c, None, 1)))[0]
    assert (row["verb"], row["object"]) == ("user.change", "bob")
    assert (row["before"], row["after"]) == ({"role": "operator"}, {"role": "engineer"})


async def test_a_disabled_user_neither_signs_in_nor_stays(db: Database) -> None:
    await add(db, "ann")
    await add(db, "bob", Role.OPERATOR, "hash")
    token = await db.write(lambda c: sessions.begin(c, "bob", "10.0.0.7", S))
    assert await db.read(lambda c: people.stored_password(c, "bob")) == "hash"
    await db.write(lambda c: people.change(c, "bob", ROOT, 2 * S, disabled=True))
    assert await db.read(lambda c: people.stored_password(c, "bob")) is None
    assert await live(db, token, 2 * S) is None


async def test_the_last_administrator_stays(db: Database) -> None:
    await add(db, "ann")
    await add(db, "bob", Role.OPERATOR)
    for change in ({"role": Role.VIEWER}, {"disabled": True}):
        with pytest.raises(Conflict):
            await db.write(lambda c, change=change: people.change(c, "ann", ROOT, 2, **change))
    assert (await db.read(lambda c: people.named(c, "ann"))).role is Role.ADMIN
    with pytest.raises(NotFound):
        await db.write(lambda c: people.change(c, "nobody", ROOT, 2, disabled=True))


async def test_another_password_ends_all_sessions_but_the_one_kept(db: Database) -> None:
    await add(db, "ann")
    here, there = [await db.write(lambda c: sessions.begin(c, "ann", "10.0.0.7", S)) for _ in range(2)]
    keep = sessions.digest_of(here)
    await db.write(lambda c: people.set_password(c, "ann", "new", ROOT, 2 * S, keep=keep))
    assert await live(db, here, 2 * S) is not None
    assert await live(db, there, 2 * S) is None
    assert await db.read(lambda c: people.stored_password(c, "ann")) == "new"


# --------------------------------------------------------------------------------------------------- sessions


async def live(db: Database, token: str, now_us: int) -> sessions.Session | None:
    return await db.read(lambda c: sessions.find(c, sessions.digest_of(token), LIFETIME, now_us))


async def test_the_token_itself_is_nowhere_in_the_database(db: Database, tmp_path: Path) -> None:
    await add(db, "ann")
    token = await db.write(lambda c: sessions.begin(c, "ann", "10.0.0.7", S))
    assert len(token) >= 43
    stored = await db.read(lambda c: c.execute(select(tables.sessions)).all())
    assert token not in str(stored)
    assert all(token.encode() not in path.read_bytes() for path in (tmp_path / "data").iterdir())


async def test_a_session_ends_without_use_and_at_the_latest_when_it_is_old(db: Database) -> None:
    await add(db, "ann")
    token = await db.write(lambda c: sessions.begin(c, "ann", "10.0.0.7", 0))
    found = await live(db, token, 60 * S)
    assert found is not None
    assert (found.user, found.role) == ("ann", Role.ADMIN)
    assert await live(db, token, 61 * S) is None
    for minute in range(1, 61):
        await db.write(lambda c, minute=minute: sessions.touch(c, found, minute * 60 * S))
    assert await live(db, token, 3600 * S) is not None
    assert await live(db, token, 3601 * S) is None
    assert await db.write(lambda c: sessions.sweep(c, LIFETIME, 3601 * S)) == 1


async def test_an_unknown_or_ended_session_is_none(db: Database) -> None:
    await add(db, "ann")
    assert await live(db, "nonsense", 0) is None
    token = await db.write(lambda c: sessions.begin(c, "ann", "10.0.0.7", 0))
    await db.write(lambda c: sessions.end(c, sessions.digest_of(token)))
    assert await live(db, token, 0) is None


# -------------------------------------------------------------------------------------------------- first run


async def test_the_first_token_is_shown_once_kept_for_the_owner_and_works_once(
    db: Database, tmp_path: Path
) -> None:
    token = await db.write(lambda c: first_run.offer(c, tmp_path, 1))
    assert token is not None
    file = tmp_path / first_run.TOKEN_FILE
    assert file.read_text() == token + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await db.write(lambda c: first_run.offer(c, tmp_path, 2)) is None, "it still stands"
    with pytest.raises(NotAllowed):
        await db.write(lambda c: first_run.redeem(c, "guessed", "eve", "x", ROOT, 3))
    made = await db.write(lambda c: first_run.redeem(c, token, "ann", "x", ROOT, 3))
    assert made.role is Role.ADMIN
    with pytest.raises(NotAllowed):
        await db.write(lambda c: first_run.redeem(c, token, "eve", "x", ROOT, 4))
    assert await db.write(lambda c: first_run.offer(c, tmp_path, 5)) is None
    assert not file.exists()


async def test_a_lost_token_file_is_replaced_by_a_new_token(db: Database, tmp_path: Path) -> None:
    lost = await db.write(lambda c: first_run.offer(c, tmp_path, 1))
    (tmp_path / first_run.TOKEN_FILE).unlink()
    again = await db.write(lambda c: first_run.offer(c, tmp_path, 2))
    assert again is not None
    assert again != lost
    with pytest.raises(NotAllowed):
        await db.write(lambda c: first_run.redeem(c, lost, "eve", "x", ROOT, 3))


# --------------------------------------------------------------------------------------------------- throttle


class Monotonic:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_delay_grows_with_each_failure_and_ends_with_a_success() -> None:
    clock = Monotonic()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE + 12):
        waits.append(throttle.wait_s("ann", "10.0.0.7"))
        throttle.failed("ann", "10.0.0.7")
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE : FREE + 4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_S
    throttle.succeeded("ann", "10.0.0.7")
    assert throttle.wait_s("ann", "10.0.0.7") == 0.0


def test_a_delay_passes_with_time_and_failures_are_forgotten() -> None:
    clock = Monotonic()
    throttle = Throttle(clock)
    for _ in range(FREE + 2):
        throttle.failed("ann", "10.0.0.7")
    assert throttle.wait_s("ann", "10.0.0.7") == 4.0
    clock.now_s = 3.0
    assert throttle.wait_s("ann", "10.0.0.7") == 1.0
    clock.now_s = FORGET_S + 1
    throttle.failed("ann", "10.0.0.7")
    assert throttle.wait_s("ann", "10.0.0.7") == 0.0


def test_a_stranger_cannot_lock_the_duty_officer_out() -> None:
    throttle = Throttle(Monotonic())
    for _ in range(100):
        throttle.failed("officer", "203.0.113.9")
    assert throttle.wait_s("officer", "203.0.113.9") > 0
    assert throttle.wait_s("officer", "10.0.0.7") == 0.0


def test_one_who_tries_many_names_from_one_address_waits_too() -> None:
    throttle = Throttle(Monotonic())
    for number in range(FREE_ADDRESS):
        throttle.failed(f"name-{number}", "203.0.113.9")
    assert throttle.wait_s("another", "203.0.113.9") > 0
