"""Opening the outbox ends with a good file: a damaged one is set aside and its content carried over."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.model.errors import Garbled, Refused
from devices.wire.messages import Lane, Message, decode, encode
from devices.wire.records import Stamp, stamped
from edge_agent.errors import NotStored
from edge_agent.outbox.faults import TROUBLE, Fault, fault_of
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.ledger import Stored
from edge_agent.outbox.salvage import carried_over, readable, set_aside, waiting
from edge_agent.outbox.settings import OutboxSettings

LOG: Final = logging.getLogger(__name__)
CARRIED_AT_ONCE: Final = 200
EPOCH_BITS: Final = 63


@dataclass(slots=True)
class Opening:
    """Opens the file of one agent, again and again if need be, and counts what happened.

    random_bits: gives a random number of so many bits, for the epoch of a new file.
    """

    path: Path
    agent: str
    settings: OutboxSettings
    now_us: Callable[[], int]
    monotonic: Callable[[], float]
    random_bits: Callable[[int], int]
    set_aside: int = 0
    salvaged: int = 0

    def open(self) -> OutboxFile:
        """Return the open file, a new one where there was none or a damaged one.

        Raises:
            Refused: another process or agent has it, or it cannot be written: a person must act.
            NotStored: the disk is full or takes no writes.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self._opened_or_replaced()
            for damaged in waiting(self.path):
                self._salvage(damaged, file)
        except OSError as error:
            raise Refused(f"the outbox {self.path} cannot be written: {error}") from None
        return file

    def renewed(self) -> OutboxFile:
        """Set a good file aside and carry it over into a new one; the caller has closed it.

        Raises:
            Refused, NotStored: as `open`.
        """
        try:
            set_aside(self.path, self.now_us())
        except OSError as error:
            raise NotStored(f"the outbox {self.path} cannot be set aside: {error}") from None
        self.set_aside += 1
        return self.open()

    def _opened_or_replaced(self) -> OutboxFile:
        try:
            return self._opened()
        except (sqlite3.Error, ValueError) as error:
            self._judge(error)
            LOG.error("outbox damaged, a new one is begun: %s", error)  # noqa: TRY400 - known, no trace needed
        set_aside(self.path, self.now_us())
        self.set_aside += 1
        try:
            return self._opened()
        except (sqlite3.Error, ValueError) as error:
            raise NotStored(f"no new outbox {self.path} can be made: {error}") from None

    def _opened(self) -> OutboxFile:
        return OutboxFile(
            self.path,
            self.agent,
            epoch=self.random_bits(EPOCH_BITS),
            max_bytes=self.settings.max_bytes,
            max_age_s=self.settings.max_age_s,
            monotonic=self.monotonic,
        )

    def _judge(self, error: sqlite3.Error | ValueError) -> None:
        """Return only if the file has to be replaced."""
        fault = fault_of(error)
        if fault is Fault.DENIED and self.path.is_file() and os.access(self.path, os.R_OK | os.W_OK):
            return  # a damaged head can make a file look read-only
        if fault is Fault.HELD:
            raise Refused(f"another process has the outbox {self.path} open") from None
        if fault is Fault.DENIED:
            raise Refused(f"the outbox {self.path} cannot be written: {error}") from None
        if fault is not Fault.DAMAGED:
            raise NotStored(f"the outbox {self.path} cannot be opened: {error}") from None

    def _salvage(self, damaged: Path, file: OutboxFile) -> None:
        """Carry over what can be read; if that fails half-way, it is done again at the next opening."""
        try:
            carried = self._carry_over(damaged, file)
        except TROUBLE as error:
            fault_of(error)
            LOG.error("a damaged outbox waits to be carried over: %s", error)  # noqa: TRY400 - known
            return
        self.salvaged += carried
        LOG.error("%d records carried over from %s", carried, carried_over(self.path, damaged))

    def _carry_over(self, damaged: Path, file: OutboxFile) -> int:
        """Store what can be read of the damaged file anew, under the new file's numbers."""
        rows: list[Row] = []
        carried = 0
        states: dict[str, bytes] = {}
        for where, found in readable(damaged):
            if isinstance(found, bytes):
                states[str(where)] = found
                continue
            lane = Lane(where)
            row = self._restamped(lane, found, file, sum(each.lane is lane for each in rows))
            rows += [row] if row else []
            if len(rows) >= CARRIED_AT_ONCE:
                file.commit(rows, {}, ())
                carried += len(rows)
                rows.clear()
        file.commit(rows, states, ())
        return carried + len(rows)

    def _restamped(self, lane: Lane, old: Stored, file: OutboxFile, waiting: int) -> Row | None:
        try:
            message = decode(old.data)
        except Garbled:
            return None  # its checksum was right, so it was never a message; nothing to lose
        seq = file.ledger.next_seq[lane] + waiting
        return encoded_row(self.agent, file.epoch, lane, seq, message, old.time_us)


def encoded_row(agent: str, epoch: int, lane: Lane, seq: int, message: Message, time_us: int) -> Row:
    """Stamp and encode a message as it will be sent.

    Raises:
        ValueError: it cannot be encoded.
    """
    data = encode(stamped(message, Stamp(agent, epoch, lane, seq), time_us))
    return Row(lane, seq, time_us, data)
