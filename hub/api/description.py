"""The description of this interface, for engineers: OpenAPI, and a page of it that needs no script."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from hub.accounts.roles import Role
from hub.api.answers import Json
from hub.api.routes import Routes

ROUTES: Final = Routes("description")


@ROUTES.get("/openapi.json", role=Role.ENGINEER, in_schema=False)
async def openapi(request: Request) -> Json:
    """The whole interface as OpenAPI."""
    return Json(request.app.openapi())


@ROUTES.get("/docs", role=Role.ENGINEER, in_schema=False)
async def docs(request: Request) -> Response:
    """The same as a table to read; nothing is fetched from elsewhere."""
    schema = request.app.openapi()
    rows = "".join(
        _row(method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    )
    title = escape(f"{schema['info']['title']} {schema['info']['version']}")
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
    intro = f"<p>{escape(schema['info']['description'])} <a href=openapi.json>openapi.json</a></p>"
    names = "<tr><th>Method<th>Path<th>Role<th>Parameters<th>What it does"
    return HTMLResponse(f"{head}{intro}<table border=1 cellpadding=4>{names}{rows}</table></html>")


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    names = [item["name"] for item in operation.get("parameters", ()) if item["in"] != "header"]
    cells = (
        method.upper(),
        path,
        operation["x-role"],
        " ".join(names),
        operation.get("description", operation["summary"]),
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)
