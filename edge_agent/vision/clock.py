"""The times of frames by the stream's own stamps: steady, whatever the network did, and through a wrap of the count."""

from __future__ import annotations

from typing import Final

#: Where counts begin again: 32 bits in RTP, 33 in MPEG transport.
WRAPS: Final = (1 << 32, 1 << 33)
#: A step back beyond this, or ahead beyond the other, is another count: the stream was set or interrupted.
BACK_US: Final = 1_000_000
AHEAD_US: Final = 30_000_000
#: The stream's clock and ours may drift apart so far before the tie between them is made anew.
LOOSE_US: Final = 500_000


class StreamClock:
    """Puts stamps on our wall clock with one tie, which is not touched while it is about right.

    A tie that followed each packet would put the network's jitter back into the times.

    Args:
        tick_us: microseconds of one tick of a stamp.

    breaks: how often the count began anew; what was measured across one is worth nothing.
    """

    def __init__(self, tick_us: float) -> None:
        self._tick_us = tick_us
        self._wrapped = 0
        self._last: int | None = None
        self._tie_us: float | None = None
        self.breaks = 0

    def of(self, pts: int, packet_pts: int, packet_us: int) -> int | None:
        """UTC microseconds of a frame; None where it is not later than the one before.

        Args:
            pts: of the frame.
            packet_pts: of a packet that came just now.
            packet_us: when that packet was taken, by the least delayed packets.
        """
        ticks = self._unwrapped(pts)
        if self._last is not None:
            step_us = (ticks - self._last) * self._tick_us
            if -BACK_US <= step_us <= 0:
                return None
            if step_us < 0 or step_us > AHEAD_US:
                ticks = self._anew(pts)
        self._last = ticks
        tie_us = packet_us - (ticks + packet_pts - pts) * self._tick_us
        if self._tie_us is None:
            self._tie_us = tie_us
        elif abs(tie_us - self._tie_us) > LOOSE_US:
            self._tie_us = tie_us
            self.breaks += 1
        return round(ticks * self._tick_us + self._tie_us)

    def _unwrapped(self, pts: int) -> int:
        """The stamp as if the count had not begun again."""
        ticks = pts + self._wrapped
        if self._last is None or ticks >= self._last - BACK_US / self._tick_us:
            return ticks
        for wrap in WRAPS:
            if 0 <= ticks + wrap - self._last <= AHEAD_US / self._tick_us:
                self._wrapped += wrap
                return ticks + wrap
        return ticks

    def _anew(self, pts: int) -> int:
        self._wrapped, self._tie_us = 0, None
        self.breaks += 1
        return pts
