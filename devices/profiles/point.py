"""What every measured or derived value has, whatever the protocol that brings it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from devices.model.codes import CODES
from devices.model.points import POINT_NAME_PATTERN
from devices.model.units import CONVERSIONS, conversion
from devices.profiles.strict import Strict

PointName = Annotated[str, StringConstraints(pattern=rf"^{POINT_NAME_PATTERN}$")]


class Words(Strict):
    """A string in both languages."""

    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class Counter(Strict):
    """A value that only grows until it rolls over."""

    modulus: float | None = Field(
        None, gt=0, description="Value at which the register returns to zero, in the point's unit."
    )
    max_per_h: float | None = Field(
        None, gt=0, description="Most that it can physically grow in an hour, in the point's unit."
    )
    total: bool = Field(
        True, description="Whether the agent derives `total_<name>`, which outlives resets and new meters."
    )


class Point(Strict):
    """What every measured or derived value has, whatever the protocol."""

    name: PointName
    title: Words
    unit: str = Field(
        "", description="Unit in which the device states it (after scale); stored in the canonical unit."
    )
    scale: float = 1.0
    offset: float = 0.0
    valid: tuple[float, float] | None = Field(
        None, description="Plausible range in the canonical unit; outside it: IMPLAUSIBLE."
    )
    counter: Counter | None = None
    codes: str | None = Field(
        None, description="Name of the code set of devices.model.codes that the values belong to."
    )
    enum: dict[int, str] | None = Field(
        None, description="Raw number to member name (lower case) of `codes`."
    )
    otherwise: str | None = Field(
        None, description="Member for raw numbers that `enum` does not list; without it they are GARBLED."
    )
    scale_by: str | None = Field(
        None, description="Name of a device parameter that multiplies the value, such as ct."
    )
    personal: bool = Field(
        False,
        description="Says something of a person: judged by the agent, and never sent or stored as samples.",
    )

    @property
    def total(self) -> Point | None:
        """What the agent derives from a counter: it goes on, whatever happens to the meter."""
        if self.counter is None or not self.counter.total:
            return None
        return _total(self.name, self.title, conversion(self.unit).canonical, self.personal)

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, value: str) -> str:
        if value not in CONVERSIONS:
            raise ValueError(f"one of {', '.join(sorted(CONVERSIONS))}")
        return value

    @field_validator("codes")
    @classmethod
    def _known_codes(cls, value: str | None) -> str | None:
        if value is not None and value not in CODES:
            raise ValueError(f"one of {', '.join(CODES)}")
        return value

    @field_validator("enum")
    @classmethod
    def _known_enum(cls, value: dict[int, str] | None, info: ValidationInfo) -> dict[int, str] | None:
        check_members(value.values() if value else (), info)
        return value

    @field_validator("otherwise")
    @classmethod
    def _known_otherwise(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("enum", {}) is None:
            raise ValueError("nothing, because there is no enum")
        check_members([value] if value else (), info)
        return value

    @field_validator("valid")
    @classmethod
    def _low_to_high(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError("[low, high] with low < high")
        return value


def check_members(members: Iterable[str], info: ValidationInfo) -> None:
    """Refuse words that are not members of the point's code set; silent where `codes` itself is wrong."""
    given = set(members)
    if not given or "codes" not in info.data:
        return
    codes = info.data["codes"]
    if codes is None:
        raise ValueError("nothing, because the point has no codes")
    known = {member.name.lower() for member in CODES[codes]}
    if unknown := sorted(given - known):
        raise ValueError(f"members of {codes} ({', '.join(sorted(known))}), not {', '.join(unknown)}")


@lru_cache(maxsize=4096)  # asked for with every look at a profile's points
def _total(name: str, title: Words, unit: str, personal: bool) -> Point:  # noqa: FBT001 - a key
    return Point(
        name=f"total_{name}",
        title=Words(zh=f"{title.zh[:180]}(累计)", en=f"{title.en[:180]}, running total"),
        unit=unit,
        counter=Counter(total=False),
        personal=personal,
    )
