"""How much an outbox may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devices.profiles.strict import Strict

MIB = 1024 * 1024


class OutboxSettings(Strict):
    """Bounds of the outbox.

    max_bytes:     of all records together; beyond it the oldest telemetry goes first, alerts last. The file
                   is about a tenth larger, and beside it lie up to 16 MiB of log and the reserve.
    max_age_s:     telemetry that waited longer is dropped; measured in running time, so that a wrong clock
                   drops nothing. Alerts have no such bound.
    reserve_bytes: set aside on the disk, and given to alerts when the disk is full.
    """

    max_bytes: Annotated[int, Field(ge=MIB)] = 512 * MIB
    max_age_s: Annotated[float, Field(gt=0)] = 30 * 86400.0
    reserve_bytes: Annotated[int, Field(ge=0)] = 8 * MIB
