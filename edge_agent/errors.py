"""Errors of the agent's own, on top of `devices.model.errors`."""

from __future__ import annotations

from devices.model.errors import Unreachable


class NoRoom(Unreachable):
    """The disk is full: of this commit, the alerts and states are stored and the telemetry is not.

    Commit the telemetry again later, or drop it and count that; never the alerts, they are safe.
    """


class NotStored(Unreachable):
    """The disk failed or takes nothing: this commit may be lost. Commit the same again later.

    After a failed sync nobody knows what the disk holds, so the records may turn up nevertheless; a repeat
    harms nobody, since the hub recognises alerts by their id and samples by point and time.
    """
