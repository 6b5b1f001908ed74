"""What a person may do with the references of a camera, by an order of the hub: look, confirm, learn anew."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from devices.model.codes import PictureReference
from devices.model.errors import Refused
from devices.profiles.strict import Strict, parse
from devices.wire.orders import Order
from edge_agent.pictures.grid import Greys
from edge_agent.pictures.looking import Looking
from edge_agent.pictures.references import Light


class ReferenceAsked(Strict):
    """What is to be done, and with which reference."""

    do: Literal["look", "confirm", "forget"]
    light: Literal["day", "night", "both"] = "both"


class Librarian:
    """Carries out orders on references.

    Args:
        looking: has the references.
        now_us: time.
    """

    def __init__(self, looking: Looking, now_us: Callable[[], int]) -> None:
        self._looking, self._now_us = looking, now_us

    async def __call__(self, order: Order) -> dict[str, Any]:
        """Do it, and say how the references are now; with their pictures if it was to look.

        Raises:
            Refused: there is no such camera here, or nothing to confirm.
        """
        asked, camera = parse(order.args, ReferenceAsked, "order"), order.target
        lights = [light for light in Light if asked.light in {"both", light.name.lower()}]
        there = [one for one in lights if self._looking.state(camera, one) is not PictureReference.NONE]
        if asked.do == "confirm":
            if not there:
                raise Refused(f"{camera} has no reference to confirm yet")
            for light in there:
                self._looking.confirm(camera, light, self._now_us())
        elif asked.do == "forget":
            self._looking.forget(camera, *lights)
        return {
            "camera": camera,
            "references": [self._said(camera, light, show=asked.do == "look") for light in lights],
        }

    def _said(self, camera: str, light: Light, *, show: bool) -> dict[str, Any]:
        state, picture = self._looking.state(camera, light), self._looking.reference(camera, light)
        said: dict[str, Any] = {"light": light.name.lower(), "state": state.name.lower(), "since_us": None}
        if picture is not None:
            said["since_us"] = self._looking.since_us(camera, light)
            if show:
                said["png"] = base64.b64encode(png(picture)).decode()
        return said


def png(picture: Greys) -> bytes:
    """A grey picture (height, width) as a PNG."""
    height, width = picture.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), picture], axis=1).tobytes()
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
