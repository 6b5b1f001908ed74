"""How a question can fail, whatever the protocol."""

from __future__ import annotations

from devices.model.errors import Refused, Unreachable


class NoAnswer(Unreachable):
    """Nobody answered in time.

    heard:    something came, but nothing that fits
    gave_way: it had less time than it was meant to have, for the sake of an order
    """

    def __init__(self, text: str, *, heard: bool, gave_way: bool = False) -> None:
        super().__init__(text)
        self.heard = heard
        self.gave_way = gave_way


class DeviceRefused(Refused):
    """Somebody answered that it will not or cannot; `is_there`: the device itself, not a gateway before it."""

    is_there = True
