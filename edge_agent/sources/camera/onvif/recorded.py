"""How much of each hour was recorded, by the changes that a recorder tells. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.sources.camera.onvif.search import Change

Floats = npt.NDArray[np.float64]
HOUR_US: Final = 3_600_000_000
#: An hour of which less was recorded has a gap, in %; as in config/rules/camera.yaml.
WHOLE: Final = 99.0
#: So many channels with gaps in one hour may have one cause.
LEAST: Final = 2

Span = tuple[int, int]


def shares(
    changes: Iterable[Change], tracks: Mapping[str, Sequence[str]], from_us: int, to_us: int
) -> dict[str, Floats]:
    """Recorded part of each hour in %, float64 (hours,), by recording; NaN where the recorder cannot say.

    Args:
        changes: what was told of the stretch; more is left out.
        tracks: tracks of video of each recording; what any of them has is recorded.
        from_us: the beginning of an hour.
        to_us: the end of one.
    """
    told: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        told.setdefault((change.recording, change.track), []).append(change)
    found: dict[str, Floats] = {}
    for recording, names in tracks.items():
        known = [spans(told.get((recording, name), []), from_us, to_us) for name in names]
        there = [part for part in known if part is not None]
        hours = (to_us - from_us) // HOUR_US
        found[recording] = (
            _by_hour([s for part in there for s in part], from_us, hours) if there else np.full(hours, np.nan)
        )
    return found


def spans(changes: Iterable[Change], from_us: int, to_us: int) -> list[Span] | None:
    """When there was something of a track, in [from_us, to_us); None: nobody said how it stood at first."""
    first = [change for change in changes if change.is_start]
    later = [change for change in changes if not change.is_start and from_us < change.time_us < to_us]
    later.sort(key=lambda change: change.time_us)
    if not first and not later:
        return None
    is_there = first[-1].is_there if first else not later[0].is_there
    found, since_us = [], from_us
    for change in later:
        if is_there:
            found.append((since_us, change.time_us))
        is_there, since_us = change.is_there, change.time_us
    return [*found, (since_us, to_us)] if is_there else found


def alike(share: Floats) -> Floats:
    """Channels of a recorder that have a gap in %, of those of which it can say, float64 (hours,); 0 where alone.

    share: float64 (channels, hours), see `shares`.
    """
    gaps, known = np.count_nonzero(share < WHOLE, axis=0), np.count_nonzero(~np.isnan(share), axis=0)
    return np.where(gaps >= LEAST, np.rint(100.0 * gaps / np.maximum(known, 1)), 0.0)


def _by_hour(found: list[Span], from_us: int, hours: int) -> Floats:
    """Part of each hour that the spans cover in %; where they overlap it counts once."""
    edges = from_us + HOUR_US * np.arange(hours + 1)
    covered, reached = np.zeros(hours), from_us
    for begin, end in sorted(found):
        covered += np.clip(np.minimum(end, edges[1:]) - np.maximum(max(begin, reached), edges[:-1]), 0, None)
        reached = max(reached, end)
    return covered / HOUR_US * 100.0
