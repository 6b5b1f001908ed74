"""Pictures: what each one says of its camera, against references learnt from healthy ones. numpy only."""

from __future__ import annotations

from edge_agent.pictures.album import Album
from edge_agent.pictures.asked import Librarian
from edge_agent.pictures.files import Files, kept
from edge_agent.pictures.looking import Looking
from edge_agent.pictures.settings import PictureSettings

__all__ = ["Album", "Files", "Librarian", "Looking", "PictureSettings", "kept"]
