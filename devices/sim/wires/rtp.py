"""H.264 as RTP packets over an RTSP connection (RFC 3550, 6184), and what the sender tells of its clock. Pure."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence
from typing import Final

TICKS_PER_S: Final = 90_000
PAYLOAD_TYPE: Final = 96
#: The most of a NAL unit in one packet, as over Ethernet.
MOST_BYTES: Final = 1400
FU_A: Final = 28
FIRST, LAST = 0x80, 0x40
SPS, PPS = 7, 8
#: Seconds from 1900, where NTP begins, to 1970.
NTP_BEGINS_S: Final = 2_208_988_800
MEDIA, CONTROL = 0, 1


def nal_units(annexb: bytes) -> list[bytes]:
    """The NAL units of an access unit; start codes of three and of four bytes divide them."""
    return [unit for part in annexb.split(b"\x00\x00\x01") if (unit := part.rstrip(b"\x00"))]


def payloads(units: Sequence[bytes]) -> Iterator[bytes]:
    """What goes into each packet: a NAL unit whole, or a fragment of a large one."""
    for unit in units:
        if len(unit) <= MOST_BYTES:
            yield unit
            continue
        head, body = unit[0], unit[1:]
        last = (len(body) - 1) // MOST_BYTES
        for number in range(last + 1):
            mark = (FIRST if number == 0 else 0) | (LAST if number == last else 0)
            part = body[number * MOST_BYTES : (number + 1) * MOST_BYTES]
            yield bytes([head & 0xE0 | FU_A, mark | head & 0x1F]) + part


class Sender:
    """Numbers the packets of one listener. `ssrc` names it."""

    def __init__(self, ssrc: int, sequence: int = 0) -> None:
        self._ssrc = ssrc
        self._sequence = sequence
        self._packets = 0
        self._bytes = 0

    def frames(self, units: Sequence[bytes], ticks: int) -> bytes:
        """The packets of one picture, as they lie in the connection."""
        parts = list(payloads(units))
        out = bytearray()
        for number, payload in enumerate(parts, 1):
            mark = FIRST if number == len(parts) else 0
            head = struct.pack(
                ">BBHII", 0x80, mark | PAYLOAD_TYPE, self._sequence, ticks & 0xFFFFFFFF, self._ssrc
            )
            out += interleaved(MEDIA, head + payload)
            self._sequence = self._sequence + 1 & 0xFFFF
            self._packets += 1
            self._bytes += len(payload)
        return bytes(out)

    def report(self, ticks: int, clock_us: int) -> bytes:
        """A sender report: which moment of the camera's own clock (UTC) the ticks are."""
        seconds, rest_us = divmod(clock_us, 1_000_000)
        words = (
            *(self._ssrc, seconds + NTP_BEGINS_S & 0xFFFFFFFF, (rest_us << 32) // 1_000_000),
            *(ticks & 0xFFFFFFFF, self._packets & 0xFFFFFFFF, self._bytes & 0xFFFFFFFF),
        )
        return interleaved(CONTROL, struct.pack(">BBH6I", 0x80, 200, 6, *words))


def interleaved(channel: int, packet: bytes) -> bytes:
    """A packet as it lies between the words of an RTSP connection."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def description(parameter_sets: bytes, host: str) -> str:
    """The SDP of a stream whose parameter sets (Annex B) are told beforehand."""
    units = {unit[0] & 0x1F: unit for unit in nal_units(parameter_sets)}
    sets = ",".join(base64.b64encode(units[kind]).decode() for kind in (SPS, PPS))
    told = f"packetization-mode=1;profile-level-id={units[SPS][1:4].hex()};sprop-parameter-sets={sets}"
    lines = (
        "v=0",
        f"o=- 0 0 IN IP4 {host}",
        "s=simulated camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{TICKS_PER_S}",
        f"a=fmtp:{PAYLOAD_TYPE} {told}",
        "a=control:trackID=0",
    )
    return "\r\n".join([*lines, ""])
