"""Real brokers for tests: nats-server with its MQTT listener, and Mosquitto, each as a process of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devices.wire.mqtt import Broker
from tests.ports import free_port

START_S = 40.0
STOP_S = 20.0
#: Larger than any message of ours; NATS' own default of 1 MB would end the connection that sends one.
MAX_PAYLOAD = "8MB"
#: NATS brings an unacknowledged message again after this long, also after a reconnect; its default is 30 s.
ACK_WAIT = "1s"


@dataclass
class Engine:
    """The process behind a broker; may be killed, frozen and started again on the same port and folder."""

    name: str
    command: list[str]
    port: int
    log: Path
    process: Process | None = None

    async def start(self) -> None:
        """Start and wait until the port answers."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdin=DEVNULL, stdout=log, stderr=STDOUT
            )
        async with asyncio.timeout(START_S):
            while not await _answers(self.port):
                assert self.process.returncode is None, f"{self.name} ended:\n{self.log.read_text()}"
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop it from running: the kernel still takes its packets, nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def _end(self, number: signal.Signals) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class RunningBroker(Broker):
    """Where the broker is, and the process behind it."""

    engine: Engine = field(default_factory=lambda: Engine("none", [], 0, Path()), repr=False, compare=False)

    def to(self, **changes: object) -> Broker:
        """The plain address with other credentials or timing."""
        plain = {name: getattr(self, name) for name in Broker.__dataclass_fields__}
        return Broker(**{**plain, **changes})


class StartBroker(Protocol):
    """`nats_broker` or `mosquitto_broker`."""

    def __call__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        allowed: Mapping[str, Sequence[str]] | None = None,
        tls: tuple[Path, Path] | None = None,
        keepalive_s: int = 15,
    ) -> AbstractAsyncContextManager[RunningBroker]: ...


@asynccontextmanager
async def nats_broker(
    folder: Path,
    *,
    users: Mapping[str, str] | None = None,
    allowed: Mapping[str, Sequence[str]] | None = None,
    tls: tuple[Path, Path] | None = None,
    keepalive_s: int = 15,
) -> AsyncIterator[RunningBroker]:
    """nats-server with JetStream in `folder`.

    Args:
        folder: where its configuration, log and store go.
        users: name to password; none means that anyone may come. The first one is in the returned address.
        allowed: for a user named here, the MQTT topics it may publish and subscribe (all others: everything).
        tls: certificate and key file; then the address has no `tls_ca` yet, see `to`.
        keepalive_s: goes into the address.
    """
    port = free_port()
    lines = [
        "server_name: test",
        'listen: "127.0.0.1:-1"',
        f"max_payload: {MAX_PAYLOAD}",
        f'jetstream {{ store_dir: "{folder / "store"}" }}',
        f'mqtt {{ listen: "127.0.0.1:{port}", ack_wait: {ACK_WAIT}{_nats_tls(tls)} }}',
        *_nats_users(users or {}, allowed or {}),
    ]
    configuration = _written(folder / "nats.conf", lines)
    command = [program("nats-server"), "-c", str(configuration)]
    async with _running(
        Engine("nats-server", command, port, folder / "nats.log"), users, keepalive_s
    ) as broker:
        yield broker


@asynccontextmanager
async def mosquitto_broker(
    folder: Path,
    *,
    users: Mapping[str, str] | None = None,
    allowed: Mapping[str, Sequence[str]] | None = None,
    tls: tuple[Path, Path] | None = None,
    keepalive_s: int = 15,
) -> AsyncIterator[RunningBroker]:
    """Mosquitto without persistence; arguments as for `nats_broker`."""
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "persistence false", "log_dest stderr", "user root"]
    lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"] if tls else []
    lines += [f"allow_anonymous {'false' if users else 'true'}"]
    if users:
        lines += [f"password_file {await _mosquitto_passwords(folder, users)}"]
        lines += [f"acl_file {_mosquitto_rights(folder, users, allowed or {})}"]
    configuration = _written(folder / "mosquitto.conf", lines)
    command = [program("mosquitto"), "-c", str(configuration)]
    async with _running(
        Engine("mosquitto", command, port, folder / "mosquitto.log"), users, keepalive_s
    ) as broker:
        yield broker


@asynccontextmanager
async def _running(
    engine: Engine, users: Mapping[str, str] | None, keepalive_s: int
) -> AsyncIterator[RunningBroker]:
    username, password = next(iter(users.items())) if users else ("", "")
    try:
        await engine.start()
        yield RunningBroker(
            "127.0.0.1", engine.port, username, password, keepalive_s=keepalive_s, engine=engine
        )
    finally:
        await engine.kill()


def program(name: str) -> str:
    """Path of a broker's program: beside this Python, on PATH, or where Debian puts it."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")
    found = shutil.which(name, path=os.pathsep.join(places))
    assert found is not None, f"{name} is not installed: mark the test with pytest.mark.needs({name!r})"
    return found


def _nats_tls(tls: tuple[Path, Path] | None) -> str:
    return f', tls {{ cert_file: "{tls[0]}", key_file: "{tls[1]}" }}' if tls else ""


def _nats_users(users: Mapping[str, str], allowed: Mapping[str, Sequence[str]]) -> list[str]:
    """Permissions are written against subjects: a topic with dots, and `$MQTT` for what sessions need."""
    rows = []
    for name, password in users.items():
        rights = ""
        if name in allowed:
            subjects = [
                topic.replace("/", ".").replace("#", ">").replace("+", "*") for topic in allowed[name]
            ]
            listed = ", ".join(f'"{subject}"' for subject in [*subjects, "$MQTT.>"])
            rights = f", permissions: {{ publish: [{listed}], subscribe: [{listed}] }}"
        rows.append(f'{{ user: "{name}", password: "{password}"{rights} }}')
    return [f"authorization {{ users: [ {', '.join(rows)} ] }}"] if rows else []


async def _mosquitto_passwords(folder: Path, users: Mapping[str, str]) -> Path:
    path = _written(folder / "passwords", [f"{name}:{password}" for name, password in users.items()])
    hashing = await asyncio.create_subprocess_exec(program("mosquitto_passwd"), "-U", str(path))
    assert await hashing.wait() == 0
    return path


def _mosquitto_rights(folder: Path, users: Mapping[str, str], allowed: Mapping[str, Sequence[str]]) -> Path:
    lines = []
    for name in users:
        lines += [f"user {name}", *(f"topic readwrite {topic}" for topic in allowed.get(name, ["#"]))]
    return _written(folder / "rights", lines)


def _written(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
