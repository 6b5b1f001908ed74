"""What a DL/T 645-2007 meter offers, as a data sheet: data identifiers, how their digits stand, and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from devices.profiles.point import Point, PointName
from devices.profiles.strict import Strict

#: Two to a byte; no value of the standard is longer.
MOST_DIGITS: Final = 12
#: DI3 to DI0 as the standard prints them, such as 02010100.
DataId = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{8}$")]


class Dlt645Point(Point):
    """A point behind a data identifier: decimal digits, two to a byte, low byte first."""

    di: DataId = Field(description="Data identifier, DI3 to DI0 as the standard prints it.")
    digits: tuple[int, int] = Field(description="How many digits stand before and behind the point.")
    signed: bool = Field(False, description="The top bit of the value is its sign, not part of a digit.")
    optional: bool = Field(False, description="Absent on some meters: stop asking once refused.")

    @property
    def decimals(self) -> int:
        """Digits behind the point."""
        return self.digits[1]

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return sum(self.digits) // 2

    @field_validator("digits")
    @classmethod
    def _whole_bytes(cls, value: tuple[int, int]) -> tuple[int, int]:
        whole, behind = value
        if whole < 1 or behind < 0 or sum(value) % 2 or sum(value) > MOST_DIGITS:
            raise ValueError(f"[before, behind]: together an even number, at most {MOST_DIGITS}")
        return value


class Block(Strict):
    """A data identifier by which a meter gives several values in one answer, one after the other."""

    di: DataId
    points: tuple[PointName | None, ...] = Field(
        min_length=2, description="What comes, in order; null for a value that nobody wants."
    )
    longer: bool = Field(False, description="More values may follow, such as further tariffs; left alone.")


class Dlt645Vector(Strict):
    """A whole answer as captured and the values it must give; null: no reading."""

    frame: str = Field(pattern=r"^[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2})*$", description="Bytes as hex.")
    values: dict[PointName, float | None]


class Dlt645Sheet(Strict):
    """Data identifiers of a DL/T 645-2007 meter. It is only ever read."""

    kind: Literal["dlt645"]
    points: tuple[Dlt645Point, ...] = Field(min_length=1)
    blocks: tuple[Block, ...] = ()
    parameters: dict[str, float] = Field(
        {}, description="Device parameters and their defaults, such as ct: 1."
    )
    vectors: tuple[Dlt645Vector, ...] = ()


def problems(sheet: Dlt645Sheet) -> Iterator[tuple[str, str, str]]:
    """Yield path, what was found and what was expected of each pair of keys that does not fit together."""
    points = {point.name: point for point in sheet.points}
    identifiers = Counter([*(point.di for point in sheet.points), *(block.di for block in sheet.blocks)])
    for number, point in enumerate(sheet.points):
        if identifiers[point.di] > 1:
            yield f"sheet.points.{number}.di", f"{point.di} twice", "each data identifier once"
        if point.codes is not None:
            yield f"sheet.points.{number}.codes", repr(point.codes), "nothing: the value is a number"
    blocked = Counter(name for block in sheet.blocks for name in block.points if name is not None)
    for number, block in enumerate(sheet.blocks):
        yield from _block(f"sheet.blocks.{number}", block, points, identifiers, blocked)
    for number, vector in enumerate(sheet.vectors):
        for name in vector.values.keys() - points.keys():
            yield f"sheet.vectors.{number}.values", repr(name), f"a point of the sheet ({', '.join(points)})"


def _block(
    where: str,
    block: Block,
    points: dict[str, Dlt645Point],
    identifiers: Counter[str],
    blocked: Counter[str],
) -> Iterator[tuple[str, str, str]]:
    if identifiers[block.di] > 1:
        yield f"{where}.di", f"{block.di} twice", "each data identifier once"
    named = [name for name in block.points if name is not None]
    for name in named:
        if name not in points:
            yield f"{where}.points", repr(name), f"a point of the sheet ({', '.join(points)})"
        elif blocked[name] > 1:
            yield f"{where}.points", f"{name!r} {blocked[name]} times", "each point in one block"
    shapes = sorted({points[name].digits for name in named if name in points})
    if len(shapes) != 1:
        yield f"{where}.points", f"values of {shapes or 'no'} digits", "values of the same digits"
