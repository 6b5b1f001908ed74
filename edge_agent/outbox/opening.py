"""Opening the outbox ends with a good file: a damaged one is set aside and its content carried over."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.model.errors import Garbled, Refused
from devices.wire.messages import Lane, Message, decode, encode
from devices.wire.records import Stamp, stamped
from edge_agent.errors import NotStored
from edge_agent.outbox.faults import Fault, fault_of
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.ledger import Stored
from edge_agent.outbox.salvage import readable, set_aside
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
            Refused: another process or agent has it, or the folder cannot be written: a person must act.
            NotStored: the disk is full.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._opened()
            except (sqlite3.Error, ValueError) as error:
                return self._replaced(error)
        except OSError as error:
            raise Refused(f"the outbox {self.path} cannot be written: {error}") from None

    def _opened(self) -> OutboxFile:
        return OutboxFile(
            self.path,
            self.agent,
            epoch=self.random_bits(EPOCH_BITS),
            max_bytes=self.settings.max_bytes,
            max_age_s=self.settings.max_age_s,
            monotonic=self.monotonic,
        )

    def _replaced(self, error: sqlite3.Error | ValueError) -> OutboxFile:
        match fault_of(error):
            case Fault.HELD:
                raise Refused(f"another process has the outbox {self.path} open") from None
            case Fault.FULL:
                raise NotStored(f"no room on the disk for the outbox {self.path}") from None
            case _:
                pass
        if not self.path.is_file():
            raise Refused(f"the outbox {self.path} cannot be made: {error}") from None
        aside = set_aside(self.path, self.now_us())
        self.set_aside += 1
        try:
            file = self._opened()
        except (sqlite3.Error, ValueError) as again:
            raise NotStored(f"no new outbox {self.path} can be made: {again}") from None
        carried = self._carry_over(aside, file)
        LOG.error("outbox damaged (%s): set aside as %s, %d records carried over", error, aside, carried)
        return file

    def _carry_over(self, aside: Path, file: OutboxFile) -> int:
        """Store what can be read of the damaged file anew, under the new file's numbers."""
        rows: list[Row] = []
        carried = 0
        states: dict[str, bytes] = {}
        for where, found in readable(aside):
            if isinstance(found, bytes):
                states[str(where)] = found
                continue
            row = self._restamped(Lane(where), found, file, len([r for r in rows if r.lane == where]))
            rows += [row] if row else []
            if len(rows) >= CARRIED_AT_ONCE:
                file.commit(rows, {}, ())
                carried += len(rows)
                rows.clear()
        file.commit(rows, states, ())
        carried += len(rows)
        self.salvaged += carried
        return carried

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
