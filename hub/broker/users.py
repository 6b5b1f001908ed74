"""Who may sign in at the broker, and which topics each may publish and subscribe: pure."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import bcrypt

from devices.wire.messages import TOPIC_ROOT

HUB_USER: Final = "hub"
#: 2^10 rounds, some 50 ms: passwords are random, and hundreds of devices may reconnect at once.
BCRYPT_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """One account at the broker; whatever is not in its topics is refused.

    name: what it signs in with.
    password_hash: bcrypt.
    publish, subscribe: MQTT topics with `+` and `#`.
    """

    name: str
    password_hash: str = field(repr=False)
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


def hub_user(password_hash: str) -> BrokerUser:
    """The hub hears every agent and speaks to each, but never in the name of one."""
    return BrokerUser(
        HUB_USER,
        password_hash,
        publish=(f"{TOPIC_ROOT}/+/down/#",),
        subscribe=(f"{TOPIC_ROOT}/+/up/#", f"{TOPIC_ROOT}/+/state"),
    )


def agent_user(agent: str, password_hash: str, prefixes: Iterable[str] = ()) -> BrokerUser:
    """An agent speaks for itself alone and hears what is sent to it and to its own field links.

    Args:
        agent: its id, also the name it signs in with.
        password_hash: see `hashed`.
        prefixes: topic prefixes of its MQTT links.
    """
    own = f"{TOPIC_ROOT}/{agent}"
    return BrokerUser(
        agent,
        password_hash,
        publish=(f"{own}/up/#", f"{own}/state"),
        subscribe=(f"{own}/down/#", *(f"{prefix}/#" for prefix in prefixes)),
    )


def field_user(name: str, password_hash: str, prefixes: Iterable[str]) -> BrokerUser:
    """Devices speak below the prefixes of their links, and hear nothing."""
    return BrokerUser(name, password_hash, publish=tuple(f"{prefix}/#" for prefix in prefixes))


def new_password() -> str:
    """Return a password that nobody has to invent, and nobody can guess."""
    return secrets.token_urlsafe(24)


def hashed(password: str) -> str:
    """Return what may be stored of a password."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_ROUNDS, prefix=b"2a")).decode()
