"""A set of whole numbers that mostly follow each other, kept as intervals: pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator


class Intervals:
    """Numbers as disjoint closed intervals; 1..1000000 costs one pair.

    An agent counts its records up by one, so all that the hub ever stored of one lane is a few intervals:
    a gap stays only where the agent itself gave records up.
    """

    def __init__(self) -> None:
        self._low: list[int] = []
        self._high: list[int] = []

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._low, number) - 1
        return place >= 0 and number <= self._high[place]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._low, self._high, strict=True)

    def __len__(self) -> int:
        return len(self._low)

    @property
    def last(self) -> int:
        """The highest number; 0 if there is none."""
        return self._high[-1] if self._high else 0

    def add(self, low: int, high: int) -> None:
        """Add all numbers from `low` to `high`, both included."""
        first = bisect_right(self._low, low)
        if first and self._high[first - 1] >= low - 1:
            first -= 1
        after = bisect_right(self._low, high + 1)
        if first < after:
            low = min(low, self._low[first])
            high = max(high, self._high[after - 1])
        self._low[first:after] = [low]
        self._high[first:after] = [high]
