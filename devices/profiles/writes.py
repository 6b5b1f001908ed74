"""What of a device may be set, and how: the `write` section of a data sheet. Nothing else is ever written."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from devices.profiles.point import PointName
from devices.profiles.strict import Strict

Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Word = Annotated[int, Field(ge=0, le=0xFFFF)]
DAY_S: Final = 86400.0


class Copied(Strict):
    """One word of a request, as the device has it: read just before, and sent back with the value put in.

    Some gateways want several words at once, and some keep words for writing that do not follow the unit.
    """

    table: Literal["holding", "input"] = "holding"
    addr: Address
    stride: int = Field(0, ge=0)
    mask: Word = Field(0xFFFF, description="Bits that are sent back; the others go out as 0.")


class Writable(Strict):
    """One point that may be set. Unit, scale and members are those of the point of the same name."""

    point: PointName
    table: Literal["holding", "coil"] = "holding"
    addr: Address = Field(description="First address of the request; zero-based, as sent on the wire.")
    stride: int = Field(0, ge=0)
    several: bool = Field(False, description="Sent with function 16 though it is one register.")
    copied: tuple[Copied, ...] = Field(
        (),
        max_length=16,
        description="Read-modify-write: the words of the request; none: one word, all of it.",
    )
    word: int = Field(0, ge=0, le=15, description="Which word of the request carries the value.")
    mask: int | None = Field(None, gt=0, le=0xFFFF, description="Bits of that word that carry the value.")
    shift: int = Field(0, ge=0, le=15)
    range: tuple[float, float] | None = Field(
        None, description="Lowest and highest value that may be ordered, in the canonical unit."
    )
    members: tuple[str, ...] = Field(
        (), description="Members that may be ordered, of a point that has codes."
    )
    modes: tuple[str, ...] = Field(
        (), description="Only while the point `mode` is one of these; none: in any mode."
    )
    not_above: PointName | None = Field(
        None, description="A point of the device, read just before: nothing above its value is written."
    )
    not_below: PointName | None = Field(None, description="The same, for nothing below its value.")
    standard: Literal["cooling", "heating"] | None = Field(
        None,
        description="A limit of the set point: the lowest in cooling, or the highest in heating."
        " The hub takes none that is looser than the rules of set points for the device.",
    )
    settle_s: float = Field(
        5.0, gt=0, le=120, description="Within this time the device shows what was written."
    )
    read_back: PointName | None = Field(
        None, description="The point that shows what was written, where it is another one."
    )
    hold: Literal["never", "may", "must"] = Field(
        "may",
        description="Whether the value may, or must, be ordered for a time, after which it is given back."
        " A lock must.",
    )
    longest_hold_s: float = Field(DAY_S / 2, gt=0, le=7 * DAY_S)

    @property
    def shown_by(self) -> str:
        """The point that shows what was written."""
        return self.read_back or self.point
