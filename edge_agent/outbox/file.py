"""The outbox on disk: one SQLite file, one connection, for one thread. Nothing here waits or knows a loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from devices.model.errors import Refused
from devices.wire.messages import Lane
from edge_agent.errors import NotStored
from edge_agent.outbox import layout
from edge_agent.outbox.faults import Fault, fault_of
from edge_agent.outbox.ledger import CORRUPT, DROP_ORDER, OVERFLOW, TELEMETRY, TOO_OLD, Ledger, Stored

BUSY_S: Final = 2.0
LEAST_FILE_BYTES: Final = 512  # SQLite's smallest page; less is a torn file
VACUUM_PAGES: Final = 500
DROPS_AT_ONCE: Final = 1000
US_PER_S: Final = 1_000_000


class Row(NamedTuple):
    """A record to be stored."""

    lane: Lane
    seq: int
    time_us: int
    data: bytes


class OutboxFile:
    """An open outbox file.

    Raises, from every method: `sqlite3.Error`; after it nothing of that call is stored and the file should
    be closed and opened again, see `faults.py`.
    """

    def __init__(
        self,
        path: Path,
        agent: str,
        *,
        epoch: int,
        max_bytes: int,
        max_age_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Open, and begin an empty file where there is none; `epoch` is for that case.

        Raises:
            sqlite3.Error: it cannot be opened, or is damaged.
            ValueError: it is damaged in a way that SQLite does not see.
            Refused: it belongs to another agent or a newer version.
        """
        self._max_bytes = max_bytes
        self._max_age_us = round(max_age_s * US_PER_S)
        self._monotonic = monotonic
        self.corrupt_states = 0
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
        try:
            self._connection.execute(f"PRAGMA {layout.LOCKING}")
            is_new = self._is_new(path)
            for pragma in (*layout.NEW_FILE, *layout.PRAGMAS) if is_new else layout.PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            marks = self._begin(agent, epoch) if is_new else self._marks_on_disk()
            self._check(agent, marks)
            self.ledger = self._counted(marks)
            self.epoch = int(marks["epoch"])
            self._running_from_us = self._newest_stored_us() - round(monotonic() * US_PER_S)
            self._empty_log()
            self._try_to_write()
        except BaseException:  # boundary: raised again; a file that could not be opened is not held
            self._connection.close()
            raise

    # --- opening

    def _is_new(self, path: Path) -> bool:
        """Whether nothing was ever stored; what SQLite takes for empty may be all that is left of more."""
        if self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return False
        if self._pragma("page_count") > 1 or 0 < path.stat().st_size < LEAST_FILE_BYTES:
            raise ValueError("no tables in a file that is not new")
        return True

    def _begin(self, agent: str, epoch: int) -> dict[str, int | str]:
        marks: dict[str, int | str] = {
            "format": layout.FORMAT,
            "epoch": epoch,
            "agent": agent,
            **dict(Ledger().marks()),
        }
        with self._transaction():
            for statement in layout.SCHEMA:
                self._connection.execute(statement)
            self._write_marks(marks)
        return marks

    def _marks_on_disk(self) -> dict[str, int | str]:
        problem = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise ValueError(problem)
        tables = {sql for (sql,) in self._connection.execute(layout.SCHEMA_QUERY)}
        if tables != set(layout.SCHEMA):
            raise ValueError("the tables are not ours")
        marks: dict[str, int | str] = {}
        for name, value, crc in self._connection.execute("SELECT name, value, crc FROM marks"):
            if crc != layout.mark_crc(name, value):
                raise ValueError(f"checksum of mark {name} differs")
            marks[name] = value
        return marks

    def _check(self, agent: str, marks: Mapping[str, int | str]) -> None:
        version, epoch, owner = marks.get("format"), marks.get("epoch"), marks.get("agent")
        if not isinstance(version, int) or not isinstance(epoch, int) or not isinstance(owner, str):
            raise ValueError("no format, epoch or agent")  # noqa: TRY004 - damage, not a caller's mistake
        if version > layout.FORMAT:
            raise Refused(
                f"the outbox has format {version}, this version knows {layout.FORMAT}: install the newer one"
            )
        if owner != agent:
            raise Refused(
                f"the outbox belongs to agent {owner}, this is {agent}: move its file away or rename"
            )

    def _counted(self, marks: Mapping[str, int | str]) -> Ledger:
        ledger = Ledger()
        ledger.read(marks)
        for lane in Lane:
            low, high = layout.keys_of(lane)
            records, size, last = self._connection.execute(
                "SELECT count(*), ifnull(sum(length(data)), 0), ifnull(max(id), ?1) FROM records"
                " WHERE id > ?1 AND id <= ?2",
                (low, high),
            ).fetchone()
            ledger.records[lane], ledger.sizes[lane] = records, size
            if last - low >= ledger.next_seq[lane]:
                raise ValueError(
                    f"lane {lane} holds number {last - low}, its next is {ledger.next_seq[lane]}"
                )
        total = self._connection.execute("SELECT count(*) FROM records").fetchone()[0]
        if total != sum(ledger.records.values()):
            raise ValueError("there are records outside the lanes")
        return ledger

    def _newest_stored_us(self) -> int:
        """Running time goes on from the newest record; its wall clock may have been wrong."""
        newest_us = 0
        for lane in Lane:
            rows = self._connection.execute(
                "SELECT id, time_us, stored_us, crc, data FROM records WHERE id > ? AND id <= ?"
                " ORDER BY id DESC LIMIT 10",
                layout.keys_of(lane),
            )
            for key, time_us, stored_us, crc, data in rows:
                if crc == layout.record_crc(key, time_us, stored_us, data):
                    newest_us = max(newest_us, stored_us)
        return newest_us

    def _empty_log(self) -> None:
        """Bring the log into the file and sync both, so that nothing new follows frames of a failed sync.

        Raises:
            NotStored: the disk takes no writes; that says nothing against the file.
        """
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            match fault_of(error):
                case Fault.FULL:
                    return  # alerts may still find room in the log
                case Fault.FAILED:
                    raise NotStored(f"the disk takes no writes: {error}") from None
                case _:
                    raise

    def _try_to_write(self) -> None:
        """A damaged head can make a file look read-only, which should be known now."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("UPDATE marks SET crc = crc")
        self._connection.execute("ROLLBACK")

    # --- writing

    def commit(
        self, rows: Iterable[Row], states: Mapping[str, bytes], done: Iterable[tuple[Lane, int]]
    ) -> None:
        """Store rows and states and delete what is done, all or nothing; durable when it returns."""
        ledger = self.ledger.copy()
        stored_us = self.running_us
        with self._transaction():
            for lane, seq in done:
                self._delete(ledger, lane, seq)
            for lane, seq, time_us, data in rows:
                key = layout.key_of(lane, seq)
                crc = layout.record_crc(key, time_us, stored_us, data)
                self._connection.execute(
                    "INSERT INTO records VALUES (?, ?, ?, ?, ?)", (key, time_us, stored_us, crc, data)
                )
                ledger.add(lane, len(data))
                ledger.next_seq[lane] = seq + 1
            for name, data in states.items():
                self._connection.execute(
                    "INSERT OR REPLACE INTO states VALUES (?, ?, ?)",
                    (name, layout.state_crc(name.encode(), data), data),
                )
            self._drop_overflow(ledger)
            self._write_changed_marks(ledger)
        self.ledger = ledger

    def drop_aged(self) -> None:
        """Drop telemetry that has waited for longer than allowed, a bounded number at once."""
        border_us = self.running_us - self._max_age_us
        if not any((row := self._oldest(lane)) and row[1] < border_us for lane in TELEMETRY):
            return
        ledger = self.ledger.copy()
        with self._transaction():
            for lane in TELEMETRY:
                for _ in range(DROPS_AT_ONCE):
                    row = self._oldest(lane)
                    if row is None or row[1] >= border_us:
                        break
                    self._delete(ledger, lane, row[0], TOO_OLD)
            self._write_changed_marks(ledger)
        self.ledger = ledger

    def _drop_overflow(self, ledger: Ledger) -> None:
        for lane in DROP_ORDER:
            while ledger.total_bytes > self._max_bytes and (row := self._oldest(lane)):
                self._delete(ledger, lane, row[0], OVERFLOW)

    def _delete(self, ledger: Ledger, lane: Lane, seq: int, reason: str = "") -> None:
        key = layout.key_of(lane, seq)
        found = self._connection.execute(
            "SELECT ifnull(length(data), 0) FROM records WHERE id = ?", (key,)
        ).fetchone()
        if found is None:
            return
        self._connection.execute("DELETE FROM records WHERE id = ?", (key,))
        ledger.remove(lane, found[0])
        if reason:
            ledger.drop(lane, reason)

    def _write_changed_marks(self, ledger: Ledger) -> None:
        before = dict(self.ledger.marks())
        self._write_marks({name: value for name, value in ledger.marks() if before.get(name) != value})

    def _write_marks(self, marks: Mapping[str, int | str]) -> None:
        for name, value in marks.items():
            self._connection.execute(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (name, value, layout.mark_crc(name, value))
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:  # boundary: raised again; whatever happened, nothing of it is stored
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- reading

    def take(self, lane: Lane, after_seq: int, limit_bytes: int) -> list[Stored]:
        """Records after a number, in order, up to `limit_bytes` but at least one; corrupt ones are cut."""
        low, high = layout.keys_of(lane)
        taken: list[Stored] = []
        corrupt: list[int] = []
        size = 0
        rows = self._connection.execute(
            "SELECT id, time_us, stored_us, crc, data FROM records WHERE id > ? AND id <= ? ORDER BY id",
            (low + max(0, after_seq), high),
        )
        for key, time_us, stored_us, crc, data in rows:
            if crc != layout.record_crc(key, time_us, stored_us, data):
                corrupt.append(key - low)
                continue
            if taken and size + len(data) > limit_bytes:
                break
            taken.append(Stored(key - low, data, time_us))
            size += len(data)
        rows.close()
        self._cut(lane, corrupt)
        return taken

    def _cut(self, lane: Lane, corrupt: Sequence[int]) -> None:
        if not corrupt:
            return
        ledger = self.ledger.copy()
        try:
            with self._transaction():
                for seq in corrupt:
                    self._delete(ledger, lane, seq, CORRUPT)
                self._write_changed_marks(ledger)
        except sqlite3.OperationalError as error:
            if fault_of(error) is not Fault.FULL:
                raise
        else:
            self.ledger = ledger

    def fresh_from(self, lane: Lane, age_s: float) -> int:
        """Number of the first record that is younger than `age_s`; the next number if there is none."""
        border_us = self.running_us - round(age_s * US_PER_S)
        low, high = layout.keys_of(lane)[0] + 1, layout.key_of(lane, self.ledger.next_seq[lane])
        while low < high:  # records get younger with their number
            middle = (low + high) // 2
            row = self._connection.execute(
                "SELECT id, stored_us FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
                (middle, high),
            ).fetchone()
            if row is None or row[1] >= border_us:
                high = middle
            else:
                low = row[0] + 1
        return high - layout.keys_of(lane)[0]

    def oldest_us(self, lane: Lane) -> int | None:
        """Wall time of the oldest record."""
        row = self._oldest(lane)
        return row[2] if row else None

    def _oldest(self, lane: Lane) -> tuple[int, int, int] | None:
        low, high = layout.keys_of(lane)
        row = self._connection.execute(
            "SELECT id, stored_us, time_us FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT 1",
            (low, high),
        ).fetchone()
        return None if row is None else (row[0] - low, row[1], row[2])

    def states(self) -> dict[str, bytes]:
        """All saved states whose checksum is right; the others are counted in `corrupt_states`."""
        rows = self._connection.execute(layout.STATES_QUERY).fetchall()
        whole = {name.decode(): data for name, crc, data in rows if crc == layout.state_crc(name, data)}
        self.corrupt_states = len(rows) - len(whole)
        return whole

    def open_parts(self, prefix: str) -> tuple[int, list[bytes]] | None:
        """States by prefix, and the newest alert record they reckon in: one commit holds both.

        None while an alert is not acknowledged, or where a state is damaged.
        """
        if self.ledger.records[Lane.ALERTS]:
            return None
        rows = self._connection.execute(layout.STATES_QUERY).fetchall()
        found = [each for each in rows if each[0].startswith(prefix.encode())]
        if any(crc != layout.state_crc(name, data) for name, crc, data in found):
            return None
        return self.ledger.next_seq[Lane.ALERTS] - 1, [data for _, _, data in found]

    # --- upkeep

    @property
    def running_us(self) -> int:
        """Running time: goes on only while an agent runs, and never steps."""
        return self._running_from_us + round(self._monotonic() * US_PER_S)

    def vacuum(self, *, least_share: float) -> None:
        """Give a few pages back to the disk if at least this share of the file is unused."""
        free = self._pragma("freelist_count")
        if free > max(VACUUM_PAGES, least_share * self._pragma("page_count")):
            # As a script: `execute` takes one step only where there are no columns, and frees one page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")

    @property
    def file_bytes(self) -> int:
        """Size of the file, without its log."""
        return self._pragma("page_count") * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def close(self) -> None:
        """Close; what is committed stays."""
        self._connection.close()
