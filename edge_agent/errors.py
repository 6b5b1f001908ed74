"""Errors of the agent's own, on top of `devices.model.errors`."""

from __future__ import annotations

from devices.model.errors import Unreachable


class NoRoom(Unreachable):
    """The disk is full: of this commit, the alerts and states are stored and the telemetry is not.

    Commit the telemetry again later, or drop it and count that; never the alerts, they are safe.
    """


class NotStored(Unreachable):
    """Nothing of this commit is stored: the disk takes nothing, or failed. Commit the same again later."""
