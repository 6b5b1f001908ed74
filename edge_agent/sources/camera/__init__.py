"""Cameras: still pictures fetched over HTTP, staggered, bounded, and reduced to what the detectors see."""

from __future__ import annotations

from edge_agent.sources.camera.newest import Picture
from edge_agent.sources.camera.roster import cameras_of
from edge_agent.sources.camera.settings import Account, CameraSettings
from edge_agent.sources.camera.source import CameraSource

__all__ = ["Account", "CameraSettings", "CameraSource", "Picture", "cameras_of"]
