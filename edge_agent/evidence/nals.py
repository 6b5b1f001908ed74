"""H.264 and H.265 pictures with start codes (Annex B), whichever way a source gave them. Pure.

A stream over the network has start codes; a file has lengths in their place and its parameter sets in a header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from edge_agent.sources.capture.packets import Codec, Packet

START: Final = b"\x00\x00\x00\x01"
#: In both headers, of H.264 (avcC) and H.265 (hvcC), the first byte is the version.
VERSION: Final = 1
SHORTEST: Final = 7
HEVC_HEAD: Final = 23


def with_start_codes(codec: Codec, packets: Sequence[Packet]) -> list[Packet]:
    """The same packets with start codes, the first with the parameter sets before it."""
    if codec.name not in {"h264", "hevc"} or not packets:
        return list(packets)
    has_lengths = len(codec.extradata) >= SHORTEST and codec.extradata[0] == VERSION
    if not has_lengths:
        sets, changed = codec.extradata, list(packets)
    else:
        size = 1 + (codec.extradata[4 if codec.name == "h264" else 21] & 3)
        sets = b"".join(START + unit for unit in _parameter_sets(codec))
        changed = [packet._replace(data=_with_codes(packet.data, size)) for packet in packets]
    changed[0] = changed[0]._replace(data=sets + changed[0].data)
    return changed


def _with_codes(data: bytes, size: int) -> bytes:
    """Units that have their length before them, in `size` bytes, with start codes instead."""
    found, at = [], 0
    while at + size <= len(data):
        length = int.from_bytes(data[at : at + size], "big")
        found.append(START + data[at + size : at + size + length])
        at += size + length
    return b"".join(found)


def _parameter_sets(codec: Codec) -> Iterator[bytes]:
    """What the header of a file says of the stream: avcC has two lists of units, hvcC as many as it says."""
    data = codec.extradata
    if codec.name == "h264":
        at = 5
        for mask in (31, 255):  # sequence sets, of which there are at most 31; then picture sets
            units, at = _units(data, at + 1, data[at] & mask)
            yield from units
        return
    at = HEVC_HEAD
    for _ in range(data[HEVC_HEAD - 1]):
        units, at = _units(data, at + 3, int.from_bytes(data[at + 1 : at + 3], "big"))
        yield from units


def _units(data: bytes, at: int, number: int) -> tuple[list[bytes], int]:
    """So many units with their lengths before them, and where the last of them ends."""
    found = []
    for _ in range(number):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : end])
        at = end
    return found, at
