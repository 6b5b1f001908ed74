"""What a probe may be asked for, strictly: by an order of the hub, or on the command line."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from devices.profiles.profile import LAST_ADDRESS, Address, Table
from devices.profiles.strict import Strict

MOST_REGISTERS: Final = 500
Span = tuple[Address, Address]


class ProbeAsked(Strict):
    """Read ranges of a unit and say what they may mean."""

    unit: int = Field(1, ge=0, le=255)
    table: Table = Table.HOLDING
    ranges: Annotated[tuple[Span, ...], Field(min_length=1, max_length=16)]
    looks: int = Field(2, ge=1, le=3)
    wait_s: float = Field(3.0, ge=0, le=10)

    @model_validator(mode="after")
    def _fits(self) -> ProbeAsked:
        if any(first > last for first, last in self.ranges):
            raise ValueError("ranges of [first, last] with first <= last")
        if self.registers > MOST_REGISTERS:
            raise ValueError(f"at most {MOST_REGISTERS} registers in all")
        return self

    @property
    def registers(self) -> int:
        """How many registers that is."""
        return sum(last + 1 - first for first, last in self.ranges)


class CheckAsked(Strict):
    """Hold a data sheet against a unit."""

    unit: int = Field(1, ge=0, le=255)
    check: str = Field(description="Name of the profile.")
    index: int = Field(0, ge=0, le=1023)
    parameters: dict[str, float] = Field({}, max_length=16)
    wait_s: float = Field(1.0, ge=0, le=10, description="Between two looks at counters.")


def spans_text(text: str) -> Span:
    """`0-99` or `0x2000-0x2047` or `12` as first and last address.

    Raises:
        ValueError: it is not of that form.
    """
    first, dash, last = text.partition("-")
    low = int(first, 0)
    high = int(last, 0) if dash else low
    if not 0 <= low <= high <= LAST_ADDRESS:
        raise ValueError(text)
    return low, high
