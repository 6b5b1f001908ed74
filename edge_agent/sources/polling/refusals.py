"""How a question can fail, whatever the protocol."""

from __future__ import annotations

from devices.model.errors import Refused, Unreachable


class NoAnswer(Unreachable):
    """Nobody answered in time. `heard`: something came, but nothing that fits."""

    def __init__(self, text: str, *, heard: bool) -> None:
        super().__init__(text)
        self.heard = heard


class DeviceRefused(Refused):
    """Somebody answered that it will not or cannot; `is_there`: the device itself, not a gateway before it."""

    is_there = True
