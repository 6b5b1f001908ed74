"""The manifest: one line for each thing that was kept or removed, each with the hash of the line before it.

A file that is full is sealed under a number, and the next one goes on where it ended: one chain through all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devices.model.alerts import Severity
from devices.wire.evidence import is_alert

NAME: Final = "manifest.jsonl"
#: Files that are sealed sort by their number; a copy with another name is none of ours.
SEALED: Final = f"manifest-{'[0-9]' * 9}.jsonl"
#: A file that has reached so many bytes is sealed.
MOST_BYTES: Final = 4_000_000
#: What the first line says of the line before it.
BEGINNING: Final = "0" * 64
Entry = dict[str, Any]
_SEVERITIES: Final = frozenset(map(int, Severity))


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def line_of(number: int, previous: str, what: Mapping[str, Any]) -> bytes:
    """The line of that number, without its end, after the one with the hash `previous`."""
    entry = {"n": number, "prev": previous, **what}
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()


def lines_in(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what is left of one that a power cut tore."""
    *lines, torn = data.split(b"\n")
    return lines, torn


def sealed(folder: Path) -> list[Path]:
    """The full files, the oldest first."""
    return sorted(folder.glob(SEALED))


def chain(folder: Path) -> tuple[list[bytes], bytes]:
    """All lines in a folder, through all its files, and what is torn at the end."""
    lines, torn = [], b""
    for path in (*sealed(folder), folder / NAME):
        if torn:
            lines.append(torn)  # only the end of all can be torn by a power cut
        found, torn = lines_in(path.read_bytes() if path.exists() else b"")
        lines += found
    return lines, torn


def before(lines: Sequence[bytes]) -> tuple[int, str]:
    """Number and hash of the line that went before the first: of a file that was dropped, as a later line tells."""
    first = _read(lines[0]) if lines else None
    for line in lines:
        match _read(line):
            case {"kind": "dropped", "last": int(number), "head": str(head)} if isinstance(first, dict) and (
                first.get("n"),
                first.get("prev"),
            ) == (number + 1, head):
                return number, head
    return 0, BEGINNING


def breaks(lines: Sequence[bytes]) -> Iterator[str]:
    """Where the chain is broken."""
    last, previous = before(lines)
    for number, line in enumerate(lines, last + 1):
        try:
            entry = json.loads(line)
            told = entry["n"], entry["prev"]
        except (ValueError, KeyError, TypeError):
            yield f"line {number}: cannot be read"
            previous = digest(line)
            continue
        if told != (number, previous):
            yield f"line {number}: does not follow from the line before it"
        previous = digest(line)


def standing(lines: Sequence[bytes]) -> dict[str, Entry]:
    """What was kept and not removed, by alert, in the order of keeping.

    Lines that cannot be read are left out; so are those of no alert: its id is the name of a folder.
    """
    found: dict[str, Entry] = {}
    for line in lines:
        match _read(line):
            case {
                "kind": "kept",
                "alert": str(alert),
                "time_us": int(),
                "severity": int(severity),
                "files": dict(files),
            } as entry if severity in _SEVERITIES and is_alert(alert) and all(map(_is_file, files.values())):
                found[alert] = entry
            case {"kind": "removed", "alert": str(alert)}:
                found.pop(alert, None)
    return found


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _is_file(told: Any) -> bool:
    match told:
        case {"sha256": str(), "bytes": int()}:
            return True
    return False
