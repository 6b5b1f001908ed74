"""Settings files of the demo, as a person would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


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


def write_edge(data: Path, site: Path, agent: str, health_port: int) -> Path:
    """Write the settings of one agent and return the file."""
    credentials = (data / "credentials").resolve()
    settings = {
        "agent": agent,
        "site": str(site.resolve()),
        "data_dir": str((data / agent).resolve()),
        "hub": str(credentials / f"{agent}.json"),
        "health": {"port": health_port},
        "orders": {"enabled": True, "kinds": ["ac"], "per_day": 20},
    }
    return _written(data / f"{agent}.yaml", settings)


def _written(path: Path, settings: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    return path
