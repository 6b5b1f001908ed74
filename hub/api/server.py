"""The web server: uvicorn on a socket of ours, without its own ideas about signals and logs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from devices.model.errors import Refused
from hub.api.live import Feed
from hub.api.settings import WebSettings

#: Requests that are under way when the hub stops get this long.
GRACE_S: Final = 5
KEEP_ALIVE_S: Final = 30
BACKLOG: Final = 512


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the program's own affair."""
        yield


class WebServer:
    """Listens from the `async with` on; answers while `run` runs.

    Args:
        feed: the open pages, which must be told to go before the server can stop.
    """

    def __init__(self, app: ASGIApp, web: WebSettings, feed: Feed) -> None:
        self._web = web
        self._feed = feed
        tls = web.tls
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                backlog=BACKLOG,
                server_header=False,
                proxy_headers=bool(web.trusted_proxies),
                forwarded_allow_ips=list(web.trusted_proxies),
                ssl_certfile=None if tls is None else tls.certificate,
                ssl_keyfile=None if tls is None else tls.key,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @property
    def address(self) -> str:
        """Where people reach this hub from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._web.host, self._web.host)  # noqa: S104 - compared
        return f"{'https' if self._web.tls else 'http'}://{host}:{self.port}/"

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return int(self._socket.getsockname()[1])

    async def __aenter__(self) -> Self:
        """Take the port.

        Raises:
            Refused: it is taken, or not ours to take.
        """
        family = socket.AF_INET6 if ":" in self._web.host else socket.AF_INET
        try:
            self._socket = socket.create_server(
                (self._web.host, self._web.port), family=family, backlog=BACKLOG, reuse_port=False
            )
        except OSError as error:
            raise Refused(f"cannot listen on {self._web.host}:{self._web.port}: {error.strerror}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def run(self) -> None:
        """Answer until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Answer what is under way, send the pages away, take nothing new."""
        self._feed.end()
        self._server.should_exit = True
