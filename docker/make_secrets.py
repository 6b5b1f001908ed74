"""Makes the passwords that compose.yaml needs, once, each in a file of its own in docker/secrets.

    sudo python3 docker/make_secrets.py

Needs nothing but Python. Files that are already there are left alone. Each belongs to the account that its container
runs as, which only root can arrange; without root it says what is left to do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "secrets"
#: The account in our images; the broker is run as it too (compose.yaml).
OURS = 10001
#: The account `influxdb` in InfluxDB's own image.
INFLUX = 1000
#: What mosquitto_passwd of Mosquitto 2.0 writes: PBKDF2 with SHA-512 over 12 bytes of salt.
ROUNDS = 100_000
SALT_BYTES = 12
AGENT = "edge-1"


def main(folder: Path = FOLDER) -> int:
    """Write what is missing; 1 when the owners could not be set."""
    folder.mkdir(mode=0o755, exist_ok=True)
    if any(folder.iterdir()):
        print(f"{folder} is not empty: nothing was changed. Remove it to have new secrets.")
        return 0
    hub, agent, influx, token = (secrets.token_urlsafe(24) for _ in range(4))
    files = {
        "mqtt-passwords": (OURS, f"hub:{mosquitto_hash(hub)}\n{AGENT}:{mosquitto_hash(agent)}\n"),
        "hub-mqtt-password": (OURS, hub + "\n"),
        f"{AGENT}-credentials": (OURS, credentials(agent)),
        "influx-token-hub": (OURS, token + "\n"),
        "influx-token": (INFLUX, token),
        "influx-password": (INFLUX, influx),
    }
    for name, (_, content) in files.items():
        write(folder / name, content)
    return give({folder / name: account for name, (account, _) in files.items()})


def mosquitto_hash(password: str) -> str:
    """A password as a line of Mosquitto's password file holds it."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def credentials(password: str) -> str:
    """What `campus-hub enrol` would write with an embedded broker."""
    known = {"agent": AGENT, "host": "broker", "port": 1883, "username": AGENT, "password": password}
    return json.dumps(known, indent=1) + "\n"


def write(path: Path, content: str) -> None:
    """Write a file that nobody else may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)


def give(accounts: dict[Path, int]) -> int:
    """Let each file belong to the account that reads it."""
    if os.geteuid() != 0:
        print("the containers cannot read them yet:")
        print(*(f"  sudo chown {account}:{account} {path}" for path, account in accounts.items()), sep="\n")
        return 1
    for path, account in accounts.items():
        os.chown(path, account, account)
    print(f"made {len(accounts)} files in {next(iter(accounts)).parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
