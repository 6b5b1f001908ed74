"""The newest encoded packets of a camera: a clip can begin before anybody knew that it would be wanted. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.capture.walltime import JUMP_US


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets of one connection, the first of them a key frame, in the order in which they came."""

    codec: Codec
    packets: tuple[Packet, ...]

    @property
    def from_us(self) -> int:
        """The moment of the first picture."""
        return self.packets[0].time_us

    @property
    def to_us(self) -> int:
        """The moment of the last picture."""
        return max(packet.time_us for packet in self.packets)


class Ring:
    """Packets of one camera, bounded by bytes and by time; the oldest go first.

    bytes: what the packets take now.
    """

    def __init__(self, most_bytes: int, most_us: int) -> None:
        self._most_bytes = most_bytes
        self._most_us = most_us
        self._packets: deque[tuple[Codec, Packet]] = deque()
        self.bytes = 0

    def take(self, codec: Codec, packet: Packet) -> None:
        """Add the newest packet."""
        self._packets.append((codec, packet))
        self.bytes += len(packet.data)
        while self.bytes > self._most_bytes or self._is_old(packet.time_us):
            _, oldest = self._packets.popleft()
            self.bytes -= len(oldest.data)

    def _is_old(self, now_us: int) -> bool:
        return bool(self._packets) and now_us - self._packets[0][1].time_us > self._most_us

    @property
    def newest_us(self) -> int:
        """The moment of the newest packet; 0 where there is none."""
        return self._packets[-1][1].time_us if self._packets else 0

    def cut(self, from_us: int, to_us: int, about_us: int) -> Cut | None:
        """Packets from the last key frame at or before `from_us` to `to_us`; None where there is no picture.

        Of several connections the one that comes nearest to `about_us` is taken, and of those the one that has most of
        the time: pictures of two cannot be in one clip.
        """
        codecs = dict.fromkeys(codec for codec, _ in self._packets)
        cuts = [found for codec in codecs if (found := self._of(codec, from_us, to_us)) is not None]

        def fitness(one: Cut) -> tuple[int, int]:
            away_us = max(0, one.from_us - about_us, about_us - one.to_us)
            return -away_us, min(one.to_us, to_us) - max(one.from_us, from_us)

        return max(cuts, key=fitness, default=None)

    def _of(self, codec: Codec, from_us: int, to_us: int) -> Cut | None:
        own = _timed(codec, [packet for other, packet in self._packets if other == codec])
        keys = [number for number, packet in enumerate(own) if packet.is_key]
        before = [number for number in keys if own[number].time_us <= from_us]
        first = before[-1] if before else next(iter(keys), len(own))
        chosen = tuple(packet for packet in own[first:] if packet.time_us <= to_us)
        return Cut(codec, chosen) if chosen and chosen[0].is_key and chosen[-1].time_us >= from_us else None


def _timed(codec: Codec, packets: Sequence[Packet]) -> list[Packet]:
    """Packets with the times that those after them show to be right.

    A connection begins with pictures that waited at the other side, so they look later than they were taken until one
    comes that did not wait. A leap is no delay: there the stream's own time began anew.
    """
    found: list[Packet] = []
    least = None
    for packet in reversed(packets):
        stream_us = packet.pts * codec.tick_us
        offset = packet.time_us - stream_us
        least = offset if least is None or abs(offset - least) >= JUMP_US else min(offset, least)
        found.append(packet._replace(time_us=round(stream_us + least)))
    return found[::-1]
