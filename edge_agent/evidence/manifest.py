"""The manifest: one line for each thing that was kept or removed, each with the hash of the line before it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from devices.model.alerts import Severity

NAME: Final = "manifest.jsonl"
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


def breaks(lines: Sequence[bytes]) -> Iterator[str]:
    """Where the chain is broken."""
    previous = BEGINNING
    for number, line in enumerate(lines, 1):
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
    """What was kept and not removed, by alert, in the order of keeping; lines that cannot be read are left out."""
    found: dict[str, Entry] = {}
    for line in lines:
        match _read(line):
            case {
                "kind": "kept",
                "alert": str(alert),
                "time_us": int(),
                "severity": int(severity),
                "files": dict(files),
            } as entry if severity in _SEVERITIES and all(map(_is_file, files.values())):
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
