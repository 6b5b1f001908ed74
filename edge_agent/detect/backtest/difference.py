"""What a draft changes: alerts gained, lost, and moved; a moved one overlaps its live one and looks otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from edge_agent.detect.backtest.episodes import Episode
from edge_agent.detect.backtest.span import Span

ENDLESS_US: Final = 1 << 62


class What(StrEnum):
    """What became of an alert."""

    GAINED = "gained"
    LOST = "lost"
    MOVED = "moved"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Pair:
    """An alert of the live rules and its like under the draft; one of them may not be there."""

    what: What
    live: Episode | None
    draft: Episode | None

    @property
    def known(self) -> Episode:
        """The draft's, or where there is none, the live one."""
        found = self.draft or self.live
        assert found is not None
        return found

    def as_json(self) -> dict[str, Any]:
        """A row of the difference."""
        return {
            "what": str(self.what),
            "rule": self.known.rule,
            "device": self.known.device,
            "live": None if self.live is None else self.live.as_json(),
            "draft": None if self.draft is None else self.draft.as_json(),
        }


def difference(live: Sequence[Episode], draft: Sequence[Episode], span: Span) -> list[Pair]:
    """Pair the alerts of both sides, each in the order of rule, device and time; in the order of time.

    What was raised before the span on both sides alone is left out: it is no news of these days.
    """
    name = attrgetter("rule", "device")
    mine = {key: list(group) for key, group in groupby(live, name)}
    other = {key: list(group) for key, group in groupby(draft, name)}
    pairs = [
        pair
        for key in mine.keys() | other.keys()
        for pair in _paired(mine.get(key, []), other.get(key, []))
        if any(one is not None and span.holds(one.raised_us) for one in (pair.live, pair.draft))
    ]
    return sorted(pairs, key=lambda pair: (pair.known.raised_us, pair.known.rule, pair.known.device))


def _paired(live: list[Episode], draft: list[Episode]) -> Iterator[Pair]:
    """Go through both in the order of time; of each, the first that overlap belong together."""
    mine, other = 0, 0
    while mine < len(live) and other < len(draft):
        old, new = live[mine], draft[other]
        if _end_us(old) < new.start_us:
            yield Pair(What.LOST, old, None)
            mine += 1
        elif _end_us(new) < old.start_us:
            yield Pair(What.GAINED, None, new)
            other += 1
        else:
            yield Pair(What.SAME if old.face == new.face else What.MOVED, old, new)
            mine, other = mine + 1, other + 1
    yield from (Pair(What.LOST, old, None) for old in live[mine:])
    yield from (Pair(What.GAINED, None, new) for new in draft[other:])


def _end_us(episode: Episode) -> int:
    return ENDLESS_US if episode.cleared_us is None else episode.cleared_us
