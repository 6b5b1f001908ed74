"""Serves the console's files: public, without data; every page asks the REST interface for what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"

#: Nothing from elsewhere, nothing inline, nothing compiled at run time. Pictures may be data (exports, small icons).
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
#: Our own modules change with each version: ask each time, a 304 costs nothing on a local network.
ASK_EACH_TIME: Final = "no-cache"
#: A vendored file carries its version in its name and never changes.
FOR_EVER: Final = "public, max-age=31536000, immutable"


class ConsoleFiles(StaticFiles):
    """Static files with the console's security headers and an honest cache."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file, or raise 404."""
        response = await super().get_response(path, scope)
        keep = path.startswith("vendor/") and path.endswith(".js")
        response.headers.update({**HEADERS, "Cache-Control": FOR_EVER if keep else ASK_EACH_TIME})
        return response


async def index(_request: Request) -> Response:
    """The one page; everything after its `#` is routed in the browser."""
    return FileResponse(STATIC / "index.html", headers={**HEADERS, "Cache-Control": ASK_EACH_TIME})


def mount_console(app: Starlette) -> None:
    """Add `/` and `/console/*` to the hub's application."""
    app.router.routes.append(Route("/", index, methods=["GET"], name="console", include_in_schema=False))
    app.router.routes.append(
        Mount("/console", app=ConsoleFiles(directory=STATIC, follow_symlink=False), name="console-files")
    )
