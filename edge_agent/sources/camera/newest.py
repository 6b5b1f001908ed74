"""The newest picture of each camera as it came, for evidence; bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple


class Picture(NamedTuple):
    """An encoded picture and when it was complete, UTC microseconds."""

    time_us: int
    jpeg: bytes


class Newest:
    """Keeps one picture for each camera; where they do not all fit, the ones not renewed for longest go."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self.bytes = 0

    def put(self, camera: str, picture: Picture) -> None:
        """Keep a picture in place of the camera's last one."""
        self._drop(camera)
        self._pictures[camera] = picture
        self.bytes += len(picture.jpeg)
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._pictures)))

    def get(self, camera: str) -> Picture | None:
        """The picture of a camera, if it is still there."""
        return self._pictures.get(camera)

    def _drop(self, camera: str) -> None:
        picture = self._pictures.pop(camera, None)
        if picture is not None:
            self.bytes -= len(picture.jpeg)
