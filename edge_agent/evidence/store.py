"""Evidence on the disk of the gateway: whole or not at all, bounded, and never in the way of alerts."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from devices.model.alerts import Severity
from edge_agent.errors import NoRoom
from edge_agent.evidence.manifest import (
    BEGINNING,
    MOST_BYTES,
    NAME,
    Entry,
    before,
    breaks,
    chain,
    digest,
    line_of,
    lines_in,
    sealed,
    standing,
)
from edge_agent.evidence.settings import EvidenceSettings

DAY_US: Final = 86_400_000_000
#: A folder that is not finished begins with this.
UNFINISHED: Final = ".new-"
#: Where folders go that are in no line of the manifest, for a person to look at.
QUARANTINE: Final = "quarantine"
#: A disk that takes nothing more.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def append(path: Path, at: int, data: bytes) -> None:
    """Write at a place of a file, which is made if there is none; what a full disk cut short there goes."""
    is_new = not path.exists()
    path.touch(mode=0o600)
    with path.open("r+b") as file:
        file.truncate(at)
        file.seek(0, os.SEEK_END)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync(path.parent)


class Store:
    """A folder for each alert, and the manifest. Blocks; call it in a thread, one call at a time.

    Args:
        folder: where; made if there is none.
        settings: bounds.
        free: bytes that are free on the disk of a folder.
        most_bytes: a manifest of so many is sealed, and a new one begun.
        write: adds to the manifest.

    Call `open` first.
    """

    def __init__(
        self,
        folder: Path,
        settings: EvidenceSettings,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        most_bytes: int = MOST_BYTES,
        write: Callable[[Path, int, bytes], None] = append,
    ) -> None:
        self._most_bytes = most_bytes
        self._append = write
        self._folder = folder
        self._settings = settings
        self._free = free
        self._number = 0
        self._head = ""
        self._bytes = 0
        self._kept: dict[str, Entry] = {}
        self.counts = Counter[str]()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What is kept, by alert."""
        return self._kept

    @property
    def taken_bytes(self) -> int:
        """What all of it takes."""
        return sum(_size(entry) for entry in self._kept.values())

    def head(self) -> str:
        """The hash of the last line: whoever has it can tell later that nothing was cut off."""
        return self._head

    def open(self) -> None:
        """Read the manifest; clear away what a crash left half done, and lay aside what no line tells of."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / NAME
        lines, torn = chain(self._folder)
        self._number, self._head = before(lines)[0] + len(lines), digest(lines[-1]) if lines else ""
        self._bytes = path.stat().st_size - len(torn) if path.exists() else 0
        self._kept = standing(lines)
        if torn:
            with path.open("r+b") as file:
                file.truncate(self._bytes)
        for found in list(self._folder.iterdir()):
            if found.name.startswith(UNFINISHED):
                shutil.rmtree(found)
            elif found.is_dir() and found.name not in self._kept and found.name != QUARANTINE:
                self._lay_aside(found)

    def _lay_aside(self, found: Path) -> None:
        """A damaged manifest must not cost the evidence that it tells of."""
        aside = self._folder / QUARANTINE
        aside.mkdir(exist_ok=True, mode=0o700)
        shutil.rmtree(aside / found.name, ignore_errors=True)
        found.rename(aside / found.name)
        self.counts["quarantined"] += 1

    def keep(self, alert: str, files: Mapping[str, bytes], facts: Mapping[str, Any], now_us: int) -> None:
        """Keep files of an alert; nothing happens where there are some already.

        Raises:
            NoRoom: even without what is less grave it does not fit; nothing is removed then.
            OSError: the disk does not take it; nothing is left of it.
        """
        if alert in self._kept:
            return
        severity, wanted = Severity(int(facts["severity"])), sum(len(data) for data in files.values())
        self._make_room(wanted, severity, now_us)
        unfinished, final = self._folder / f"{UNFINISHED}{alert}", self._folder / alert
        told = {name: {"sha256": digest(data), "bytes": len(data)} for name, data in files.items()}
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir(mode=0o700)
            for name, data in files.items():
                _write(unfinished / name, data)
            _sync(unfinished)
            unfinished.rename(final)
            _sync(self._folder)
            self._add({"kind": "kept", "time_us": now_us, "alert": alert, **facts, "files": told})
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.rmtree(final, ignore_errors=True)
            raise

    def until_us(self, entry: Entry) -> int:
        """When its time is over."""
        return self._settings.keep_days.until_us(Severity(entry["severity"]), entry["time_us"])

    def prune(self, now_us: int) -> int:
        """Remove what is past its time; return how many."""
        old = [alert for alert, entry in self._kept.items() if now_us > self.until_us(entry)]
        for alert in old:
            self._remove(alert, "age", now_us)
        longest_us = self._settings.keep_days.until_us(Severity.CRITICAL, 0)
        for aside in (self._folder / QUARANTINE).glob("*"):
            if now_us - aside.stat().st_mtime * 1e6 > longest_us:
                shutil.rmtree(aside)
        self._drop(now_us - longest_us, now_us)
        return len(old)

    def _drop(self, until_us: int, now_us: int) -> None:
        """Remove sealed files that tell only of what is gone for long; a line says which, so that the chain holds."""
        for path in sealed(self._folder):
            lines, _ = lines_in(path.read_bytes())
            known = standing(lines).keys() & self._kept.keys()
            if not lines or known or path.stat().st_mtime * 1e6 > until_us:
                return
            last = int(path.stem.rpartition("-")[2])
            self._add({"kind": "dropped", "time_us": now_us, "last": last, "head": digest(lines[-1])})
            path.unlink()

    def read(self, alert: str, name: str, offset: int = 0, most: int = -1) -> bytes | None:
        """A file of an alert, or the part of it from `offset` on; None where there is none or it cannot be read."""
        entry = self._kept.get(alert)
        if entry is None or name not in entry["files"]:
            return None
        try:
            with (self._folder / alert / name).open("rb") as file:
                file.seek(offset)
                return file.read(most)
        except OSError:
            self.counts["unreadable"] += 1
            return None

    def _make_room(self, wanted: int, severity: Severity, now_us: int) -> None:
        """Remove what was laid aside, then the least grave, the oldest first, but nothing graver than what comes."""
        aside = sorted((self._folder / QUARANTINE).glob("*"), key=lambda found: found.stat().st_mtime)
        sizes = [sum(file.stat().st_size for file in found.glob("*")) for found in aside]
        taken, bounds = self.taken_bytes + sum(sizes), self._settings
        lacks = wanted + max(bounds.reserve_bytes - self._free(self._folder), taken - bounds.bytes)
        laid = []
        for found, size in zip(aside, sizes, strict=True):
            if lacks > 0:
                laid.append(found)
                lacks -= size
        going = []
        for entry in sorted(self._kept.values(), key=lambda entry: (entry["severity"], entry["time_us"])):
            if lacks <= 0 or entry["severity"] > severity:
                break
            going.append(entry["alert"])
            lacks -= _size(entry)
        if lacks > 0:
            raise NoRoom("no room for evidence")
        for found in laid:
            shutil.rmtree(found, ignore_errors=True)
        for alert in going:
            self._remove(alert, "room", now_us)

    def _remove(self, alert: str, why: str, now_us: int) -> None:
        line = {"kind": "removed", "time_us": now_us, "alert": alert, "why": why}
        try:
            self._add(line)
        except OSError as error:
            if error.errno not in FULL:
                raise
            shutil.rmtree(
                self._folder / alert, ignore_errors=True
            )  # first, for once: it makes room for its own line
            self._add(line)
        shutil.rmtree(self._folder / alert, ignore_errors=True)

    def _add(self, what: Mapping[str, Any]) -> None:
        line = line_of(self._number + 1, self._head or BEGINNING, what)
        path = self._folder / NAME
        if self._bytes >= self._most_bytes:
            path.rename(self._folder / f"manifest-{self._number:09d}.jsonl")
            self._bytes = 0
        self._append(path, self._bytes, line + b"\n")
        self._number, self._head, self._bytes = self._number + 1, digest(line), self._bytes + len(line) + 1
        others = {alert: entry for alert, entry in self._kept.items() if alert != what.get("alert")}
        self._kept = others | standing([line])


def problems(folder: Path) -> Iterator[str]:
    """Everything in a folder of evidence that is not as it was kept."""
    lines, torn = chain(folder)
    if not lines and not torn:
        yield f"{folder / NAME}: there is none"
        return
    yield from breaks(lines)
    if torn:
        yield f"line {len(lines) + 1}: torn"
    kept = standing(lines)
    for alert, entry in kept.items():
        for name, told in entry["files"].items():
            file = folder / alert / name
            if not file.exists():
                yield f"{alert}/{name}: missing"
            elif digest(file.read_bytes()) != told["sha256"]:
                yield f"{alert}/{name}: not as it was kept"
    own = {NAME, QUARANTINE, *kept, *(path.name for path in sealed(folder))}
    of_alerts = {alert: set(entry["files"]) for alert, entry in kept.items()}
    for place, names in (("", own), (QUARANTINE, set()), *of_alerts.items()):
        for found in sorted((folder / place).glob("*")):
            if found.name not in names:
                yield f"{found.relative_to(folder)}: not in the manifest"


def _size(entry: Entry) -> int:
    return sum(int(told["bytes"]) for told in entry["files"].values())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
