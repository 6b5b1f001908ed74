"""What a person notes when a meter was replaced, so that its totals go on and nothing counted is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pydantic import Field, field_validator

from devices.model.units import conversion
from devices.profiles.point import PointName
from devices.profiles.profile import Profile
from devices.profiles.strict import Strict


class Replacement(Strict):
    """A new meter in the place of an old one, by what their displays showed, in the point's stored unit."""

    point: PointName
    at: str = Field(description="When, campus time, such as 2026-11-20 10:30; within a day is near enough.")
    final: float = Field(ge=0, description="What the old meter showed at its end.")
    initial: float = Field(0.0, ge=0, description="What the new meter showed at its beginning.")
    by: str = Field(min_length=1, max_length=100, description="Who read the two.")

    @field_validator("at")
    @classmethod
    def _is_local(cls, value: str) -> str:
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:
            raise ValueError("a campus time such as 2026-11-20 10:30")
        return value


def problems_of(replaced: tuple[Replacement, ...], profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Path below the device, found and expected, of each note that is about no counter with a total."""
    counters = {point.name: point for point in profile.sheet.points if point.total is not None}
    for number, note in enumerate(replaced):
        point = counters.get(note.point)
        if point is None:
            expected = f"a counter of {profile.profile} ({', '.join(sorted(counters)) or 'it has none'})"
            yield f"replaced.{number}.point", repr(note.point), expected
        elif point.valid is not None and not note.initial <= point.valid[1]:
            unit = conversion(point.unit).canonical
            yield f"replaced.{number}.initial", str(note.initial), f"at most {point.valid[1]} {unit}"
