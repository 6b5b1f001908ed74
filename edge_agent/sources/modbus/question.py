"""What is asked of a unit, and which answer fits: reads and writes, on whatever wire. Pure.

pymodbus builds the requests; nothing else of the gateway encodes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from devices.profiles.profile import Table
from edge_agent.sources.modbus.plan import BIT_TABLES
from edge_agent.sources.polling.refusals import DeviceRefused

READS: Final[dict[Table, type[ModbusPDU]]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
EXCEPTION: Final = 0x80
#: The gateway answers, the unit behind it does not.
UNIT_SILENT: Final = frozenset({10, 11})
#: Function, first address and count: what comes back of a request that writes several values.
CONFIRMED: Final = 5


class DeviceException(DeviceRefused):
    """The device answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({exception_name(code)})")
        self.code = code
        self.is_there = code not in UNIT_SILENT


def exception_name(code: int) -> str:
    """Name of an exception code, or its number."""
    return ExcCodes(code).name.lower() if code in set(ExcCodes) else str(code)


@dataclass(frozen=True, slots=True)
class Question:
    """A request ready to be framed.

    pdu:  function code and its data
    head: how a good answer begins; for a write the whole answer
    size: bytes of a good answer, function code included
    """

    unit: int
    pdu: bytes
    head: bytes
    size: int

    @property
    def function(self) -> int:
        """The function code."""
        return self.pdu[0]

    @classmethod
    def read(cls, unit: int, table: Table, addr: int, count: int) -> Question:
        """Read `count` registers (or bits) of a table; answered with their bytes."""
        pdu = _pdu(READS[table](address=addr, count=count))
        size = (count + 7) // 8 if table in BIT_TABLES else count * 2
        return cls(unit, pdu, bytes([pdu[0], size]), size + 2)

    @classmethod
    def write_register(cls, unit: int, addr: int, word: int) -> Question:
        """Write one holding register (function 6)."""
        return cls._echoed(unit, WriteSingleRegisterRequest(address=addr, registers=[word]))

    @classmethod
    def write_registers(cls, unit: int, addr: int, words: Sequence[int]) -> Question:
        """Write holding registers from `addr` (function 16)."""
        return cls._echoed(
            unit, WriteMultipleRegistersRequest(address=addr, registers=list(words)), CONFIRMED
        )

    @classmethod
    def mask_register(cls, unit: int, addr: int, and_mask: int, or_mask: int) -> Question:
        """Make a holding register (old AND and_mask) OR (or_mask AND NOT and_mask) (function 22)."""
        return cls._echoed(unit, MaskWriteRegisterRequest(addr, and_mask, or_mask))

    @classmethod
    def write_coil(cls, unit: int, addr: int, on: bool) -> Question:  # noqa: FBT001 - the value itself
        """Write one coil (function 5)."""
        return cls._echoed(unit, WriteSingleCoilRequest(address=addr, bits=[on]))

    @classmethod
    def write_coils(cls, unit: int, addr: int, bits: Sequence[bool]) -> Question:
        """Write coils from `addr` (function 15)."""
        return cls._echoed(unit, WriteMultipleCoilsRequest(address=addr, bits=list(bits)), CONFIRMED)

    @classmethod
    def _echoed(cls, unit: int, request: ModbusPDU, most: int | None = None) -> Question:
        pdu = _pdu(request)
        return cls(unit, pdu, pdu[:most], len(pdu[:most]))

    @property
    def is_write(self) -> bool:
        """Whether it changes something in the device."""
        return len(self.head) == self.size

    def fits(self, pdu: bytes) -> bool:
        """Whether an answer of this function is the one to this question, as far as one can see."""
        return len(pdu) == self.size and pdu.startswith(self.head)

    def mismatch(self, pdu: bytes) -> str:
        """What is wrong with an answer that does not fit, in words."""
        if self.is_write and len(pdu) == self.size:
            return f"it confirms {pdu.hex()} instead of {self.head.hex()}"
        return f"{len(pdu) - 2} bytes of data instead of {self.size - 2}"


def _pdu(request: ModbusPDU) -> bytes:
    return bytes([request.function_code]) + request.encode()
