"""The configuration of nats-server as an MQTT broker of ours: pure.

Written as JSON, which nats-server reads, so that no word in it can be taken for syntax.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devices.wire.messages import MAX_MESSAGE_BYTES
from hub.broker.users import BrokerUser

#: Most messages that one subscription has unacknowledged.
MAX_ACK_PENDING: Final = 256
#: nats-server brings a message again when it was not acknowledged for so long: a door message that was on its way when
#: its agent died is as late as that. A repeat does no harm; see docs/promises.md.
ACK_WAIT: Final = "15s"
#: The broker carries, it does not store: this holds what is under way, and sessions.
MAX_MEMORY_STORE: Final = 64 * 1024 * 1024
MAX_FILE_STORE: Final = 1024 * 1024 * 1024
#: How long a power cut may reach back; the outboxes of the agents repeat what it takes.
SYNC_INTERVAL: Final = "10s"
#: What every MQTT session needs of nats-server before 2.12.3; later ones grant it themselves.
SESSION_SUBJECTS: Final = ("$MQTT.sub.>",)
#: The server's own streams hold everybody's messages.
INNER_SUBJECTS: Final = ("$JS.>", "$SYS.>", "$MQTT.msgs.>", "$MQTT.rmsgs.>", "$MQTT.sess.>", "$MQTT.JSA.>")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens and keeps its files.

    certificate, key: PEM files; with them the listener speaks TLS only.
    """

    host: str
    port: int
    store: Path
    certificate: Path | None = None
    key: Path | None = None


def nats_config(place: Place, users: Iterable[BrokerUser]) -> str:
    """Return the text of the configuration file; everyone who is not in `users` stays outside."""
    accounts = {"CAMPUS": {"jetstream": "enabled", "users": [_user(user) for user in users]}}
    config = {
        "server_name": "campuswatch",
        "listen": "127.0.0.1:-1",  # NATS' own protocol: no user of ours may use it
        "max_payload": MAX_MESSAGE_BYTES + 1024,
        "mqtt": {
            "listen": f"{place.host}:{place.port}",
            "ack_wait": ACK_WAIT,
            "max_ack_pending": MAX_ACK_PENDING,
            **_tls(place),
        },
        "jetstream": {
            "store_dir": str(place.store),
            "max_memory_store": MAX_MEMORY_STORE,
            "max_file_store": MAX_FILE_STORE,
            "sync_interval": SYNC_INTERVAL,
        },
        "accounts": accounts,
    }
    return json.dumps(config, indent=1)


def _tls(place: Place) -> dict[str, Any]:
    if place.certificate is None or place.key is None:
        return {}
    return {"tls": {"cert_file": str(place.certificate), "key_file": str(place.key)}}


def _user(user: BrokerUser) -> dict[str, Any]:
    return {
        "user": user.name,
        "password": user.password_hash,
        "allowed_connection_types": ["MQTT"],
        "permissions": {
            "publish": {"allow": _subjects(user.publish), "deny": ["$MQTT.>", *INNER_SUBJECTS]},
            "subscribe": {
                "allow": [*_subjects(user.subscribe), *SESSION_SUBJECTS],
                "deny": list(INNER_SUBJECTS),
            },
        },
    }


def _subjects(topics: Sequence[str]) -> list[str]:
    """NATS' words for MQTT topics: `a/#` is also `a` itself, which `a.>` is not."""
    subjects = []
    for topic in topics:
        subject = topic.replace("/", ".").replace("+", "*")
        if subject.endswith(".#"):
            subjects.append(subject.removesuffix(".#"))
            subject = subject.removesuffix("#") + ">"
        subjects.append(subject)
    return subjects or ["$none"]  # an empty list would allow everything
