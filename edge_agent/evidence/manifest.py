"""The manifest: one line for each thing that was kept or removed, each with the hash of the line before it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

NAME: Final = "manifest.jsonl"
#: What the first line says of the line before it.
BEGINNING: Final = "0" * 64
Entry = dict[str, Any]


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def line_of(before: Sequence[bytes], what: Mapping[str, Any]) -> bytes:
    """The next line, without its end, after those before."""
    previous = digest(before[-1]) if before else BEGINNING
    entry = {"n": len(before) + 1, "prev": previous, **what}
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
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("kind") == "kept":
            found[entry["alert"]] = entry
        elif entry.get("kind") == "removed":
            found.pop(entry.get("alert"), None)
    return found
