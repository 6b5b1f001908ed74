"""Signing in, staying, and being sent away."""

from __future__ import annotations

import pytest

from hub.accounts import first_run, people
from hub.accounts.roles import Role
from hub.api.ports import Ports
from hub.db import audit
from tests.fake_clock import FakeClock
from tests.hub.api.conftest import PASSWORD, Client, SignIn, token_of


async def verbs(ports: Ports) -> list[str]:
    return [row["verb"] for row in await ports.db.read(lambda c: audit.rows(c, None, 100))][::-1]


async def test_a_fresh_hub_has_nobody_and_waits_for_its_first_administrator(stranger: Client) -> None:
    said = (await stranger.get("/api/session")).json()
    assert said == {
        "user": None,
        "first_run": True,
        "version": "0.1.0",
        "campus": {"name": {"zh": "小园区", "en": "Small campus"}},
    }
    answer = await stranger.post("/api/sign-in", json={"name": "admin", "password": "admin"})
    assert answer.status_code == 401


async def test_the_token_makes_the_first_administrator_and_signs_in(stranger: Client, ports: Ports) -> None:
    token = await ports.db.write(lambda c: first_run.offer(c, ports.data_dir, 1))
    body = {"token": "guessed", "name": "ann", "password": PASSWORD}
    assert (await stranger.post("/api/first-run", json=body)).status_code == 403
    answer = await stranger.post("/api/first-run", json={**body, "token": token})
    assert answer.status_code == 201
    assert answer.json()["user"] == {"name": "ann", "role": "admin"}
    assert answer.json()["campus"]["timezone"] == "Asia/Shanghai"
    assert (await stranger.get("/api/users")).status_code == 200
    assert not (ports.data_dir / first_run.TOKEN_FILE).exists()
    again = await stranger.post("/api/first-run", json={**body, "token": token, "name": "eve"})
    assert again.status_code == 403
    assert await verbs(ports) == ["user.create", "session.sign-in"]


async def test_the_first_password_must_not_be_a_weak_one(stranger: Client, ports: Ports) -> None:
    token = await ports.db.write(lambda c: first_run.offer(c, ports.data_dir, 1))
    body = {"token": token, "name": "ann", "password": "password123"}
    assert (await stranger.post("/api/first-run", json=body)).status_code == 422


async def test_the_cookie_is_for_this_site_and_no_script(stranger: Client, ports: Ports) -> None:
    await token_of(ports, Role.VIEWER)
    answer = await stranger.post("/api/sign-in", json={"name": "viewer", "password": PASSWORD})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("campuswatch=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_signing_in_twice_gives_two_sessions_and_signing_out_ends_one(sign_in: SignIn) -> None:
    here, there = await sign_in(Role.VIEWER), await sign_in(Role.VIEWER)
    assert (await here.post("/api/sign-out")).json()["user"] is None
    assert (await here.get("/api/alerts")).status_code == 401
    assert (await there.get("/api/alerts")).status_code == 200


async def test_a_wrong_password_and_a_wrong_name_look_alike(stranger: Client, ports: Ports) -> None:
    await token_of(ports, Role.VIEWER)
    answers = [
        await stranger.post("/api/sign-in", json={"name": name, "password": "not the password"})
        for name in ("viewer", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert (await verbs(ports))[-2:] == ["session.refused", "session.refused"]


async def test_failures_make_one_wait_longer_and_longer(
    stranger: Client, ports: Ports, clock: FakeClock
) -> None:
    await token_of(ports, Role.VIEWER)
    wrong = {"name": "viewer", "password": "not the password"}
    for _ in range(5):
        assert (await stranger.post("/api/sign-in", json=wrong)).status_code == 401
    right = {"name": "viewer", "password": PASSWORD}
    waiting = await stranger.post("/api/sign-in", json=right)
    assert waiting.status_code == 429
    assert waiting.headers["retry-after"] == "1"
    await clock.advance(1.1)
    assert (await stranger.post("/api/sign-in", json=right)).status_code == 200
    assert (await stranger.post("/api/sign-in", json=right)).status_code == 200, "a success is forgiven"


async def test_a_session_ends_when_it_is_not_used(viewer: Client, clock: FakeClock) -> None:
    for _ in range(3):
        await clock.advance(3000)
        assert (await viewer.get("/api/alerts?limit=1")).status_code == 200, "use keeps it alive"
    await clock.advance(3700)
    assert (await viewer.get("/api/alerts?limit=1")).status_code == 401


async def test_a_session_ends_after_a_shift_all_the_same(viewer: Client, clock: FakeClock) -> None:
    for _ in range(12):
        await clock.advance(3590)
        assert (await viewer.get("/api/alerts?limit=1")).status_code == 200
    await clock.advance(200)
    assert (await viewer.get("/api/alerts?limit=1")).status_code == 401


async def test_an_administrator_changes_people_and_it_counts_at_once(
    admin: Client, sign_in: SignIn, ports: Ports
) -> None:
    bob = {"name": "bob", "password": "a blue valve is seven", "role": "operator"}
    made = await admin.post("/api/users", json=bob)
    assert (made.status_code, made.json()["role"]) == (201, "operator")
    assert "password" not in made.text
    client = await sign_in(None)
    assert (
        await client.post("/api/sign-in", json={k: bob[k] for k in ("name", "password")})
    ).status_code == 200
    assert (await admin.patch("/api/users/bob", json={"disabled": True})).json()["disabled"] is True
    assert (await client.get("/api/alerts")).status_code == 401
    assert (
        await client.post("/api/sign-in", json={k: bob[k] for k in ("name", "password")})
    ).status_code == 401
    users = (await admin.get("/api/users")).json()["users"]
    assert [(user["name"], user["disabled"]) for user in users] == [("admin", False), ("bob", True)]
    assert "argon2" not in (await admin.get("/api/users")).text
    assert (await admin.patch("/api/users/admin", json={"role": "viewer"})).status_code == 409


async def test_a_person_changes_their_own_password_and_other_sessions_end(
    sign_in: SignIn, stranger: Client
) -> None:
    here, there = await sign_in(Role.VIEWER), await sign_in(Role.VIEWER)
    new = "nine pumps are red"
    wrong = await here.post("/api/password", json={"old": "nonsense here", "new": new})
    assert wrong.status_code == 403
    weak = await here.post("/api/password", json={"old": PASSWORD, "new": "viewer2026"})
    assert weak.status_code == 422
    assert (await here.post("/api/password", json={"old": PASSWORD, "new": new})).status_code == 200
    assert (await here.get("/api/alerts")).status_code == 200
    assert (await there.get("/api/alerts")).status_code == 401
    assert (await stranger.post("/api/sign-in", json={"name": "viewer", "password": new})).status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "x" * 5000, "../../etc"])
async def test_a_made_up_cookie_is_nobody(stranger: Client, cookie: str) -> None:
    stranger.cookies.set("campuswatch", cookie)
    assert (await stranger.get("/api/session")).json()["user"] is None
    assert (await stranger.get("/api/alerts")).status_code == 401


async def test_the_password_of_the_first_user_is_not_in_the_trail(admin: Client, ports: Ports) -> None:
    await admin.post(
        "/api/users", json={"name": "bob", "password": "a blue valve is seven", "role": "viewer"}
    )
    await admin.patch("/api/users/bob", json={"password": "another valve is red"})
    trail = (await admin.get("/api/audit")).text
    assert "valve" not in trail
    assert "user.password" in trail
    assert (await admin.get("/api/audit/check")).json() == {"ok": True, "row": None, "why": None}
    assert len(await ports.db.read(people.everybody)) == 2
