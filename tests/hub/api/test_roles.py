"""Every route, role by role: none is open by oversight, none closed to whom it is for."""

from __future__ import annotations

import re

import pytest
from starlette.routing import BaseRoute

from hub.accounts.roles import Role
from hub.api.ports import Ports
from hub.api.routes import Route
from hub.api.web import routes, web_app
from hub.console import mount_console
from hub.db import audit
from tests.hub.api.conftest import SignIn

ROUTES = routes()
#: Open to strangers, each for a reason; another one must be added here by hand.
PUBLIC = {
    "GET /api/session": "the page asks whether somebody is signed in",
    "POST /api/first-run": "there is nobody yet who could sign in; needs the token",
    "POST /api/sign-in": "the door itself",
    "GET /healthz": "whoever starts the hub waits for it; tells yes or no",
}
#: Not of the interface: pages without data.
PAGES = {"/", "/console"}
#: What each method of a page's own program may do; nothing that only looks may change anything.
STREAMS = {"/api/events"}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


def test_the_public_routes_are_those_that_must_be() -> None:
    assert {name(route) for route in ROUTES if route.role is None} == set(PUBLIC)


def test_every_route_of_the_application_was_declared_with_a_role(ports: Ports) -> None:
    app = web_app(ports)
    mount_console(app)
    declared = {(route.method, route.path) for route in ROUTES}
    found = {(method, path) for route in app.routes for method, path in methods_of(route)}
    undeclared = {(method, path) for method, path in found - declared if path not in PAGES}
    assert not undeclared
    assert declared <= found


def methods_of(route: BaseRoute) -> list[tuple[str, str]]:
    methods: set[str] = getattr(route, "methods", None) or {"*"}
    return [(method, getattr(route, "path", str(route))) for method in methods if method != "HEAD"]


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.word if role else "stranger")
async def test_each_route_lets_in_its_role_and_those_above(sign_in: SignIn, role: Role | None) -> None:
    wrong = []
    for route in ROUTES:
        if route.path in STREAMS and role is not None:
            continue  # an open stream never ends here; see test_events
        client = await sign_in(role)  # for each route anew: one of them signs out
        body = {} if route.method != "GET" else None
        answer = await client.request(route.method, filled(route.path), json=body)
        if not fits(route, role, answer.status_code):
            wrong.append(f"{name(route)}: {answer.status_code}")
    assert not wrong


def fits(route: Route, role: Role | None, status: int) -> bool:
    """Whether that answer is right for that role."""
    if route.role is None:
        return status not in {401, 403}
    if role is None:
        return status == 401
    return status == 403 if role < route.role else status not in {401, 403, 405}


async def test_no_route_takes_a_method_that_it_does_not_declare(sign_in: SignIn) -> None:
    client = await sign_in(Role.ADMIN)
    for path in {route.path for route in ROUTES}:
        known = {route.method for route in ROUTES if route.path == path}
        for method in {"POST", "PUT", "PATCH", "DELETE"} - known:
            assert (await client.request(method, filled(path))).status_code == 405, f"{method} {path}"


async def test_a_refused_attempt_is_in_the_trail(sign_in: SignIn, ports: Ports) -> None:
    operator = await sign_in(Role.OPERATOR)
    answer = await operator.get("/api/users")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "not-allowed"
    row = (await ports.db.read(lambda c: audit.rows(c, None, 1)))[0]
    assert (row["actor"], row["verb"], row["object"]) == ("operator", "access.refused", "/api/users")
    assert row["address"] == "10.0.0.7"
    assert row["request"] == answer.headers["x-request-id"]


async def test_the_description_names_the_role_of_every_route(sign_in: SignIn) -> None:
    engineer = await sign_in(Role.ENGINEER)
    schema = (await engineer.get("/api/openapi.json")).json()
    said = {
        f"{method.upper()} {path}": operation["x-role"]
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    meant = {name(r): "public" if r.role is None else r.role.word for r in ROUTES if r.in_schema}
    assert said == meant
    page = (await engineer.get("/api/docs")).text
    assert all(route.path in page for route in ROUTES if route.in_schema)
    assert "<script" not in page
