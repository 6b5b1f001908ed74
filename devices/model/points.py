"""Names of devices and points, and the table that gives each point of an agent a row number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

ID_PATTERN: Final = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
POINT_NAME_PATTERN: Final = r"[a-z][a-z0-9_]{0,62}"
_ID = re.compile(ID_PATTERN)
_POINT = re.compile(rf"({ID_PATTERN})\.({POINT_NAME_PATTERN})")


def is_id(text: str) -> bool:
    """Say whether `text` is safe as a device id, an MQTT level and a broker subject."""
    return _ID.fullmatch(text) is not None


def split_point(point_id: str) -> tuple[str, str]:
    """Split `<device_id>.<point>` into its two names.

    Raises:
        ValueError: `point_id` is not of that form.
    """
    match = _POINT.fullmatch(point_id)
    if match is None:
        raise ValueError(f"{point_id!r} is not <device_id>.<point>, for example hq1-ac-0301.setpoint_c")
    return match.group(1), match.group(2)


@dataclass(frozen=True, slots=True)
class PointTable:
    """Every point one program knows; the row of a point is its number in all columns.

    personal: those that say something of a person, and never leave the agent as samples.
    """

    names: tuple[str, ...]
    personal: frozenset[str] = frozenset()
    row: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", {name: number for number, name in enumerate(self.names)})
        if len(self.row) != len(self.names):
            raise ValueError("point names must be unique")

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, names: Iterable[str], personal: Iterable[str] = ()) -> PointTable:
        """Build the table in the order given."""
        return cls(tuple(names), frozenset(personal))
