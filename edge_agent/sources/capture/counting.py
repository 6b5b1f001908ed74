"""Pictures a second, bits a second, pauses and key frames: counted from packets, none decoded. Pure."""

from __future__ import annotations

import math

from edge_agent.sources.capture.packets import Counts


class PacketCount:
    """Counts the packets of a stream from one reading to the next.

    A slow stream is told from a late one: the rate follows the pictures' own times, the pauses their arrival.
    """

    def __init__(self, now_s: float) -> None:
        self._since_s = self._arrived_s = now_s
        self._before_us = math.nan  # of the newest packet at the last reading
        self._first_us = self._last_us = self._key_us = self._key_s = math.nan
        self._packets = self._bytes = 0
        self._gap_s = 0.0

    def add(self, stream_us: float, size: int, *, is_key: bool, now_s: float) -> None:
        """Count one packet."""
        self._packets += 1
        self._bytes += size
        self._gap_s = max(self._gap_s, now_s - self._arrived_s)
        self._arrived_s = now_s
        self._first_us = stream_us if math.isnan(self._first_us) else self._first_us
        self._last_us = stream_us if math.isnan(self._last_us) else max(self._last_us, stream_us)
        if is_key:
            key_s = (stream_us - self._key_us) / 1e6
            self._key_s = key_s if key_s > 0 else math.nan
            self._key_us = stream_us

    def take(self, now_s: float) -> Counts:
        """What came since the last reading; counting begins again."""
        is_first = math.isnan(self._before_us)
        span_s = (self._last_us - (self._first_us if is_first else self._before_us)) / 1e6
        watched_s = now_s - self._since_s
        counts = Counts(
            fps=(self._packets - is_first) / span_s if span_s > 0 else math.nan,
            kbps=self._bytes * 8 / 1000 / watched_s if watched_s > 0 else math.nan,
            gap_s=max(self._gap_s, now_s - self._arrived_s),
            key_s=self._key_s,
            packets=self._packets,
        )
        self._since_s, self._before_us = now_s, self._last_us
        self._packets = self._bytes = 0
        self._gap_s = 0.0
        return counts
