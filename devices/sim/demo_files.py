"""Settings files of the demo, as a person would write them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

import yaml

from devices.campus.site import Campus

#: Who may watch the simulated streams.
VIEWER: Final = "viewer"


def write_hub(data: Path, site: Path, port: int, broker_port: int) -> Path:
    """Write the hub's settings and return the file."""
    settings = {
        "data_dir": str((data / "hub").resolve()),
        "site": str(site.resolve()),
        "listen": {"host": "127.0.0.1", "port": port},
        "broker": {"kind": "embedded", "host": "127.0.0.1", "port": broker_port},
        "orders": {"enabled": True},  # off by default; here only simulated devices can be hurt
    }
    return _written(data / "hub.yaml", settings)


def camera_settings(data: Path, campus: Campus, agent: str) -> dict[str, Any]:
    """How an agent signs in at its streams, and which of its recorders say what they recorded."""
    password, links = str(write_password(data)), campus.links_of(agent)
    account = {"username": VIEWER, "password_file": password}
    return {
        "accounts": {link.id: account for link in links if link.kind == "rtsp"},
        "onvif": {link.id: link.port for link in links if link.kind == "http"},
    }


def write_password(data: Path) -> Path:
    """Make the password of the streams' viewer, unless an earlier demo has, and return its file."""
    path = (data / "credentials" / "viewer-password").resolve()
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(12) + "\n")
    return path


def write_edge(
    data: Path, site: Path, agent: str, health_port: int, camera: dict[str, Any] | None = None
) -> Path:
    """Write the settings of one agent and return the file; `camera` is how it takes pictures."""
    credentials = (data / "credentials").resolve()
    settings = {
        "agent": agent,
        "site": str(site.resolve()),
        "data_dir": str((data / agent).resolve()),
        "hub": str(credentials / f"{agent}.json"),
        "health": {"port": health_port},
        "sources": {"camera": camera or {}},
        "orders": {"enabled": True, "kinds": ["ac"], "per_day": 20},
    }
    return _written(data / f"{agent}.yaml", settings)


def _written(path: Path, settings: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    return path
