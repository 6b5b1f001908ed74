"""What reaches a device: one read or one write, ahead of the polling."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, Protocol

from devices.campus.site import Device
from devices.model.errors import Refused, Unreachable
from devices.profiles.profile import Table
from edge_agent.sources.modbus import ModbusSource
from edge_agent.sources.modbus.question import UNIT_SILENT, DeviceException, Question

#: How long one question may take, its turn on the link included.
PATIENCE_S: Final = 6.0
#: Exceptions that do not mean that nothing was written: it failed on the way, it takes its time, or a gateway did not
#: hear the unit, which may have heard the gateway.
PERHAPS_WRITTEN: Final = frozenset({4, 5}) | UNIT_SILENT


class Hand(Protocol):
    """How orders reach devices."""

    async def read(self, device: Device, table: Table, addr: int, count: int) -> bytes:
        """Data of registers, big-endian, or of packed bits.

        Raises:
            Unreachable, Refused, Garbled: there was no answer, an exception, or nonsense.
        """

    async def write(
        self,
        device: Device,
        table: Table,
        addr: int,
        words: tuple[int, ...],
        *,
        several: bool,
        within_s: float,
        may_go: Callable[[], bool],
    ) -> None:
        """Write registers, or a coil; not begun any more once `within_s` are over.

        `may_go` is asked when its turn on the link has come, right before it goes out.

        Raises:
            Refused: the device said no, or `may_go` did.
            Unreachable, Garbled: nobody knows whether it was written.
        """


class ModbusHand:
    """Devices on Modbus links.

    Args:
        source: of the agent; None where it has no Modbus link.
    """

    def __init__(self, source: ModbusSource | None) -> None:
        self._source = source

    async def read(self, device: Device, table: Table, addr: int, count: int) -> bytes:
        """As `Hand`."""
        question = Question.read(device.unit, table, addr, count)
        return await self._ask(device, question, PATIENCE_S)

    async def write(
        self,
        device: Device,
        table: Table,
        addr: int,
        words: tuple[int, ...],
        *,
        several: bool,
        within_s: float,
        may_go: Callable[[], bool],
    ) -> None:
        """As `Hand`."""
        if table is Table.COIL:
            question = Question.write_coil(device.unit, addr, bool(words[0]))
        elif several:
            question = Question.write_registers(device.unit, addr, words)
        else:
            question = Question.write_register(device.unit, addr, words[0])
        try:
            await self._ask(device, question, min(within_s, PATIENCE_S), may_go)
        except DeviceException as error:
            if error.code in PERHAPS_WRITTEN:
                raise Unreachable(str(error)) from None
            raise

    async def _ask(
        self,
        device: Device,
        question: Question,
        within_s: float,
        may_go: Callable[[], bool] | None = None,
    ) -> bytes:
        if self._source is None:
            raise Refused("this agent has no Modbus link")
        return await self._source.worker_of(device.link).ask(question, within_s, may_go, is_order=True)


def words_of(data: bytes) -> tuple[int, ...]:
    """Registers of an answer."""
    return struct.unpack(f">{len(data) // 2}H", data)
