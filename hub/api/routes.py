"""The one way to make a route: with the role it needs. `None` is for the few that a stranger may use.

Routes are kept in a list of our own, so that a test can go through all of them, role by role.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Depends, FastAPI
from starlette.responses import Response

from hub.accounts.roles import Role
from hub.api.access import needs, needs_or_bearer
from hub.api.answers import Json

PREFIX: Final = "/api"
Endpoint = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and the least role that may use it; `bearer`: or who has the hub's token."""

    method: str
    path: str
    role: Role | None
    endpoint: Endpoint
    tag: str
    status: int
    model: Any
    in_schema: bool
    bearer: bool


class Routes:
    """The routes of one noun."""

    def __init__(self, tag: str, prefix: str = PREFIX) -> None:
        self._tag = tag
        self._prefix = prefix
        self.all: list[Route] = []

    def get(self, path: str, *, role: Role | None, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that reads."""
        return self._route("GET", path, role, **more)

    def post(self, path: str, *, role: Role | None, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that acts."""
        return self._route("POST", path, role, **more)

    def patch(self, path: str, *, role: Role | None, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that changes."""
        return self._route("PATCH", path, role, **more)

    def delete(self, path: str, *, role: Role | None, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that takes away."""
        return self._route("DELETE", path, role, **more)

    def _route(
        self,
        method: str,
        path: str,
        role: Role | None,
        *,
        status: int = 200,
        model: Any = None,
        in_schema: bool = True,
        bearer: bool = False,
    ) -> Callable[[Endpoint], Endpoint]:
        def declare(endpoint: Endpoint) -> Endpoint:
            where = self._prefix + path
            self.all.append(Route(method, where, role, endpoint, self._tag, status, model, in_schema, bearer))
            return endpoint

        return declare

    def add_to(self, app: FastAPI) -> None:
        """Put the routes into the application, each behind its role."""
        for route in self.all:
            responses: dict[int | str, dict[str, Any]] = {}
            if route.model is not None:
                responses[route.status] = {"model": route.model}
            app.add_api_route(
                route.path,
                route.endpoint,
                methods=[route.method],
                status_code=route.status,
                tags=[route.tag],
                dependencies=_guards(route),
                response_model=None,
                response_class=Json if route.model is not None else Response,
                responses=responses,
                include_in_schema=route.in_schema,
                openapi_extra={"x-role": "public" if route.role is None else route.role.word},
            )


def _guards(route: Route) -> list[Any]:
    if route.role is None:
        return []
    return [Depends((needs_or_bearer if route.bearer else needs)(route.role))]
