"""What a device's data sheet says, typed: points, registers, messages, limits and test vectors.

One file per make and model under `devices/profiles/sheets/`. Nothing here talks to a device.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from devices.model.points import ID_PATTERN
from devices.profiles.derived import HOST_POINTS, PASS_POINTS, PICTURE_POINTS, RECORDING_POINTS, VISION_POINTS
from devices.profiles.dlt645_sheet import Dlt645Sheet
from devices.profiles.point import Counter, Point, PointName, Words, check_members
from devices.profiles.streams import RECORDING, StreamSheet
from devices.profiles.strict import Strict
from devices.profiles.writes import Writable

#: Points are what sheets are about, and are looked for here.
__all__ = ["Counter", "Point", "PointName", "Words"]

ProfileId = Annotated[str, StringConstraints(pattern=rf"^{ID_PATTERN}$")]
LAST_ADDRESS: Final = 65535
Address = Annotated[int, Field(ge=0, le=LAST_ADDRESS)]
Word = Annotated[int, Field(ge=0, le=0xFFFF)]


class DeviceKind(StrEnum):
    """What a device is for; rules select by it."""

    METER = "meter"
    AC = "ac"
    PUMP = "pump"
    PRESSURE = "pressure"
    RADAR = "radar"
    PLATE = "plate"  # a camera that reads number plates
    DOOR = "door"
    CAMERA = "camera"
    GATEWAY = "gateway"


class Grade(StrEnum):
    """How well a sheet is supported: A several sources, B one, C partial, OWN our own definition."""

    A = "A"
    B = "B"
    C = "C"
    OWN = "own"


class Type(StrEnum):
    """How a value stands in its registers."""

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    U64 = "u64"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    BIT = "bit"  # one coil or discrete input


REGISTERS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4, "f64": 4, "bit": 1}


class Table(StrEnum):
    """The four Modbus tables."""

    HOLDING = "holding"  # function code 3
    INPUT = "input"  # function code 4
    COIL = "coil"  # function code 1
    DISCRETE = "discrete"  # function code 2


class Order(StrEnum):
    """Order of the 16-bit words of a wider value, and of the bytes within a word."""

    MSW = "msw"  # most significant word first (ABCD)
    LSW = "lsw"  # least significant word first (CDAB)
    MSW_SWAPPED = "msw-swapped"  # the two bytes of each word swapped (BADC)
    LSW_SWAPPED = "lsw-swapped"  # both: the whole value little-endian (DCBA)


class RegisterPoint(Point):
    """A point in Modbus registers. Its address for unit index i is `addr + stride * i`."""

    table: Table
    addr: Address = Field(description="Zero-based protocol address as sent on the wire.")
    stride: int = Field(0, ge=0)
    type: Type = Field(Type.U16, validate_default=True)
    order: Order = Order.MSW
    mask: int | None = Field(None, gt=0, le=0xFFFF, description="Bits of a u16 that carry the value.")
    shift: int = Field(
        0, ge=0, le=15, description="Right shift after the mask; a single bit is mask 1<<b, shift b."
    )
    sentinel: tuple[int, ...] = Field(
        (), description="Raw numbers (before mask and scale) that mean `no value`."
    )
    optional: bool = Field(False, description="Absent on some units: stop asking after exception 2.")

    @property
    def registers(self) -> int:
        """How many registers (or bits) the point covers."""
        return REGISTERS[self.type]

    @field_validator("type")
    @classmethod
    def _fits_table(cls, value: Type, info: ValidationInfo) -> Type:
        bits = info.data.get("table") in {Table.COIL, Table.DISCRETE}
        if "table" in info.data and (value is Type.BIT) != bits:
            raise ValueError("bit for coil and discrete, any other type for holding and input")
        return value

    @field_validator("mask")
    @classmethod
    def _only_u16(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("type", Type.U16) is not Type.U16:
            raise ValueError("nothing, because only a u16 can have a mask")
        return value


class Serial(Strict):
    """Usual line settings, for people; a link's own settings rule."""

    baud: int = 9600
    frame: Literal["8N1", "8N2", "8E1", "8O1"] = "8N1"


class Vector(Strict):
    """Known raw content of a point's registers and the value it must give; null: no reading."""

    point: PointName
    words: tuple[Word, ...] = Field(min_length=1)
    value: float | None


class ModbusSheet(Strict):
    """A Modbus register map."""

    kind: Literal["modbus"]
    points: tuple[RegisterPoint, ...] = Field(min_length=1)
    max_registers: int = Field(
        125, ge=1, le=125, description="Most registers the device accepts in one read."
    )
    max_gap: int = Field(8, ge=0, le=125, description="Unused registers that may be read to join two ranges.")
    forbidden: tuple[tuple[Address, Address], ...] = Field(
        (), description="[first, last] ranges that must never be read."
    )
    probe: bool = Field(True, description="Whether other registers than those of its points may be tried.")
    max_index: int = Field(0, ge=0, le=1023, description="Highest unit index behind one Modbus unit id.")
    serial: Serial | None = None
    parameters: dict[str, float] = Field(
        {}, description="Device parameters and their defaults, such as ct: 1."
    )
    vectors: tuple[Vector, ...] = ()


class JsonPoint(Point):
    """A point in a JSON message, found by a path of keys such as `data.speed`.

    A number may stand as text. true is 1, false is 0, null is "no reading". A list is several
    readings of one moment.
    """

    path: str = Field(min_length=1, max_length=200)
    fallback: tuple[str, ...] = Field((), description="Paths to try in turn where `path` is absent.")
    words: dict[str, str] | None = Field(None, description="Text in the message to member name of `codes`.")
    magnitude: bool = Field(False, description="Drop the sign of the number.")
    sign: bool = Field(False, description="Take only the sign of the number, -1, 0 or 1, before `enum`.")
    unit_by: str | None = Field(
        None, description="Name of a device parameter that states the unit, in place of `unit`."
    )
    text: Literal["plate"] | None = Field(
        None, description="The value is text that stands for a number: `plate`, a number plate."
    )

    @field_validator("words")
    @classmethod
    def _known_words(cls, value: dict[str, str] | None, info: ValidationInfo) -> dict[str, str] | None:
        check_members(value.values() if value else (), info)
        return value

    @field_validator("text")
    @classmethod
    def _is_personal(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value == "plate" and not info.data.get("personal"):
            raise ValueError("a point with personal: true, a plate says whose car it is")
        return value

    @field_validator("sign")
    @classmethod
    def _one_of_sign_and_magnitude(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's call
        if value and info.data.get("magnitude"):
            raise ValueError("only one of sign and magnitude")
        return value


class JsonVector(Strict):
    """A known message and the values it must give; null: no reading; a point left out must not come."""

    text: str
    parameters: dict[str, str | float] = Field({})
    values: dict[PointName, float | tuple[float | None, ...] | None]


class JsonSheet(Strict):
    """JSON messages over MQTT, one message is one moment."""

    kind: Literal["json"]
    points: tuple[JsonPoint, ...] = Field(min_length=1)
    require: tuple[str, ...] = Field(
        (), description="A message without any of these paths is a status answer: ignored."
    )
    time: str | None = Field(
        None, description="Path of the message's time; without it the arrival time counts."
    )
    time_unit: Literal["s", "ms", "us", "iso"] = "s"
    report_s: float | None = Field(None, gt=0, description="How often the device reports at least.")
    parameters: dict[str, str | float] = Field(
        {}, description="Device parameters and their defaults, such as unit: m/s."
    )
    vectors: tuple[JsonVector, ...] = ()


class BytesVector(Strict):
    """Known bytes as hex and the readings they must give, in order."""

    hex: str
    values: tuple[dict[PointName, float], ...]


class RadarBytesSheet(Strict):
    """Speed bytes of a Hikvision or Chuansu radar behind a serial server that publishes what it hears."""

    kind: Literal["radar-bytes"]
    format: Literal["single", "direction", "ascii"]
    points: tuple[Point, ...] = Field(min_length=1)
    low_kmh: int = 5
    high_kmh: int = 240
    parameters: dict[str, float] = Field({}, description="Device parameters and their defaults.")
    vectors: tuple[BytesVector, ...] = ()


class SnapshotSheet(Strict):
    """A camera whose still picture is fetched over HTTP; its points come from looking at it."""

    kind: Literal["snapshot"]
    points: tuple[Point, ...] = Field(min_length=1)
    path: str = Field(description="Path of the picture; {parameters} are filled in.")
    parameters: dict[str, str | float] = Field(
        {}, description="Device parameters and their defaults, such as channel: 1."
    )
    recording: str = RECORDING
    max_bytes: int = Field(8_000_000, gt=0)


DERIVED: Final[dict[DeviceKind, tuple[Point, ...]]] = {
    DeviceKind.RADAR: PASS_POINTS,
    DeviceKind.CAMERA: (*PICTURE_POINTS, *VISION_POINTS, *RECORDING_POINTS, *HOST_POINTS),
}


class Profile(Strict):
    """One make and model."""

    profile: ProfileId
    kind: DeviceKind
    title: Words
    make: str
    model: str
    grade: Grade
    sources: tuple[str, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    read_only: bool = True
    write: tuple[Writable, ...] = Field((), description="What may be set, where read_only is false.")
    sheet: Annotated[
        ModbusSheet | JsonSheet | RadarBytesSheet | SnapshotSheet | StreamSheet | Dlt645Sheet,
        Field(discriminator="kind"),
    ]

    @property
    def points(self) -> tuple[Point, ...]:
        """The points of the sheet, whatever its protocol, and those that the agent derives from them."""
        totals = (point.total for point in self.sheet.points)
        return (*self.sheet.points, *filter(None, totals), *DERIVED.get(self.kind, ()))
