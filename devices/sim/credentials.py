"""How to sign in at a broker: the same file that an agent reads, as `campus-hub enrol` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import Strict, load
from devices.wire.mqtt import Broker

USERNAME, PASSWORD = "CAMPUS_FIELD_USERNAME", "CAMPUS_FIELD_PASSWORD"


class Credentials(Strict):
    """Where a broker is, and an account there."""

    agent: str = Field("", description="The agent it was made for; empty for the field broker.")
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(1883, ge=1, le=65535)
    username: str = ""
    password: str = Field("", repr=False)
    tls_ca: Path | None = None


def broker_of(path: Path | None, address: str | None, environment: Mapping[str, str]) -> Broker:
    """The broker that a file, an address `host:port` and the environment name together.

    The address wins over the file; without a file, CAMPUS_FIELD_USERNAME and CAMPUS_FIELD_PASSWORD count.

    Raises:
        ConfigRefused: the file cannot be used, others may read it, or the address is none.
    """
    told = Credentials(username=environment.get(USERNAME, ""), password=environment.get(PASSWORD, ""))
    if path is not None:
        told = load(path, Credentials)
        if path.stat().st_mode & 0o077:
            found = f"mode {path.stat().st_mode & 0o777:o}"
            raise ConfigRefused([Problem(str(path), "-", found, "a file that only its owner can read (600)")])
    host, port = (told.host, told.port) if address is None else _parted(address)
    return Broker(host, port, told.username, told.password, told.tls_ca)


def _parted(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - TCP
        raise ConfigRefused([Problem("command line", "address", repr(address), "host:port")])
    return host, int(port)
