"""Rules for tests: those of the small campus, changed here and there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devices.campus.loading import load_campus
from devices.campus.rule_documents import document
from devices.campus.site import Campus

SITE = Path(__file__).parents[1] / "site" / "site.yaml"


def campus() -> Campus:
    return load_campus(SITE)


def changed(name: str, **keys: Any) -> dict[str, Any]:
    """A rule of the site file as a document, one version up, with other keys."""
    found = document(campus().rules[name])
    return {**found, "version": found.get("version", 1) + 1, **keys}


def setpoint(version: int = 2, **keys: Any) -> dict[str, Any]:
    """A stricter set point rule."""
    return changed("ac-setpoint", **{"version": version, "cooling_min_c": 27.0, **keys})


def pump(version: int = 2, **keys: Any) -> dict[str, Any]:
    """A fire rule that waits a little."""
    return changed("pump-not-auto", **{"version": version, "on_delay_s": 30.0, **keys})
