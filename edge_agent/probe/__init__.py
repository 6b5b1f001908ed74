"""Finding out what a Modbus device says: read politely, show what the registers may mean, check a data sheet."""

from __future__ import annotations
