"""The broker that the hub runs itself: started with it, restarted when it dies, ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from devices.model.errors import CampusError, Refused, Unreachable
from devices.wire.mqtt import Backoff, Broker
from hub.broker.nats_config import Place, nats_config
from hub.broker.server_process import ServerProcess, find_server
from hub.broker.users import HUB_USER, BrokerUser, hashed, hub_user, new_password

log = logging.getLogger(__name__)

READY_S: Final = 15.0
RELOAD_S: Final = 5.0
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Running(StrEnum):
    """What the embedded broker does just now."""

    SERVING = "serving"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class EmbeddedBroker:
    """A nats-server of our own, in a folder of our own, for the time of an `async with`.

    Args:
        folder: configuration and store.
        users: agents and devices; the hub itself is added, with a password that lives as long as this object.
        host: address to listen on; beyond loopback only with TLS, or where `plaintext` allows it.
        port: of MQTT.
        certificate, key: PEM files for TLS.
        plaintext: passwords may cross the network unencrypted.
        program: nats-server, if not the one that `find_server` finds.
        sleep, backoff: how to wait between restarts.
    """

    def __init__(
        self,
        folder: Path,
        users: Iterable[BrokerUser],
        *,
        host: str = "127.0.0.1",
        port: int = 1883,
        certificate: Path | None = None,
        key: Path | None = None,
        plaintext: bool = False,
        program: Path | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        backoff: Backoff | None = None,
    ) -> None:
        self._place = Place(host, port, folder / "jetstream", certificate, key)
        self._config = folder / "nats.conf"
        self._plaintext = plaintext
        self._program = program
        self._password = new_password()
        self._hub = hub_user(hashed(self._password))
        self._users = tuple(users)
        self._sleep = sleep
        self._backoff = backoff or Backoff(0.2, 30.0, 0.5, random.random)
        self._server: ServerProcess | None = None
        self.state = Running.STOPPED
        self.reason = ""
        self.counts: Counter[str] = Counter()  # restarts, strangers, violations

    @property
    def address(self) -> Broker:
        """How the hub itself reaches the broker."""
        host = "127.0.0.1" if self._place.host in {"0.0.0.0", "::"} else self._place.host  # noqa: S104 - compared, not bound
        return Broker(host, self._place.port, HUB_USER, self._password, tls_ca=self._place.certificate)

    @property
    def pid(self) -> int | None:
        """Number of the server's process while it runs."""
        return self._server.pid if self._server is not None else None

    async def __aenter__(self) -> Self:
        """Start the server and wait until it serves.

        Raises:
            Refused: there is no nats-server, it does not like its configuration, or its port is taken.
        """
        if self._place.host not in LOOPBACK and self._place.certificate is None and not self._plaintext:
            raise Refused(
                f"the broker would listen on {self._place.host} without TLS: give certificate and key,"
                " or allow plaintext if the network between is trusted"
            )
        self._program = self._program or find_server()
        self._write_config()
        try:
            await self._start()
        except Unreachable as error:
            raise Refused(f"the embedded broker cannot start: {error}") from error
        self._keeper = asyncio.create_task(self._keep(), name="broker-keeper")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # cancelled here
            await self._keeper
        await self._stop()
        self.state = Running.STOPPED

    async def set_users(self, users: Iterable[BrokerUser]) -> None:
        """Let these sign in from now on; who is left out is disconnected.

        Raises:
            Refused: the server does not accept them and goes on with those before.
            Unreachable: it is not there to say; it will start with the new ones.
        """
        self._users = tuple(users)
        self._write_config()
        if self._server is None:
            raise Unreachable("the embedded broker is restarting; it will know the new users then")
        await self._server.reload(RELOAD_S)

    async def _keep(self) -> None:
        """Restart the server for as long as we live."""
        failures = 0
        while True:
            if self._server is not None:
                self.reason = await self._server.ended()
                log.error("the broker ended and is started again: %s", self.reason)
            await self._stop()
            self.state = Running.RESTARTING
            failures += 1
            await self._sleep(self._backoff.wait_s(failures))
            self.counts["restarts"] += 1
            try:
                await self._start()
            except CampusError as error:
                self.reason = str(error)
                log.warning("the broker does not start: %s", error)
            else:
                failures = 0

    async def _start(self) -> None:
        assert self._program is not None
        server = await ServerProcess.start(self._program, self._config, self.counts)
        try:
            await server.ready(READY_S)
        except BaseException:  # boundary: raised again; a server that is not ready must not stay
            await server.stop()
            raise
        self._server = server
        self.state, self.reason = Running.SERVING, ""

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def _write_config(self) -> None:
        """Replace the file in one step; it belongs to its owner alone."""
        folder = self._config.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._config.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(nats_config(self._place, (self._hub, *self._users)))
        draft.replace(self._config)
