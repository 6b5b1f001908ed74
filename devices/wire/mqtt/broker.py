"""Where a broker is, and what travels through it: plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and how to sign in; `tls_ca` holds the certificates to trust, None means no TLS."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls_ca: Path | None = None
    keepalive_s: int = 15

    def __post_init__(self) -> None:
        if self.keepalive_s < 2:  # noqa: PLR2004 - MQTT counts in whole seconds and we need a part of it
            raise ValueError(f"keepalive must be at least 2 s, got {self.keepalive_s}")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when the connection ends without a goodbye."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that was received; it stays ours to process until `done`.

    dropped_bytes: length of a payload that was larger than allowed and thrown away (`payload` is empty then).
    """

    topic: str
    payload: bytes
    retain: bool = False
    duplicate: bool = False
    qos: int = 0
    dropped_bytes: int = 0
    acknowledge: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    def done(self) -> None:
        """Tell the broker that the message is safe with us; else it brings it again after a reconnect."""
        if self.acknowledge is not None:
            self.acknowledge()
