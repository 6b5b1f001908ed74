"""What each camera should see, by day and by infrared light: learnt from healthy pictures, confirmed by a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.codes import PictureReference, ReferenceStanding
from edge_agent.pictures.edges import Focus, Outline, Slopes, focus, kept, outline, slopes
from edge_agent.pictures.grid import COLUMNS, HALF_HEIGHT, HALF_WIDTH, ROWS, Flags, Greys, Pixels

Rows = npt.NDArray[np.int64]

#: Pictures that a reference is the median of, and what two of them must have in common, in % of the edges.
NEEDED: Final = 5
ALIKE: Final = 65.0
#: The energies at its edges are the medians of those of so many.
WHOLE: Final = 3
#: Of the edges of the other light's reference a new one must show this part: else both may not be the same view.
SAME_VIEW: Final = 30.0
#: A picture follows the reference by no more than this at a time, in grey levels.
STEP: Final = 1.0


class Light(IntEnum):
    """By which light a camera sees."""

    DAY = 0
    NIGHT = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A healthy picture that a reference may be made of; half: uint8 (90, 160), grey: uint8 (180, 320)."""

    time_us: int
    half: Greys
    grey: Greys | None


@dataclass(slots=True)
class References:
    """The references of all cameras; the first axis is the camera's row, the second is Light.

    half:       uint8 (cameras, 2, 90, 160), the reference.
    first:      the same shape: as it was learnt or confirmed; shifts count from it, so that a slow sag adds up.
    bend, slope: float32 (cameras, 2, ROWS, COLUMNS), see Focus; these follow nothing: slow blur would be learnt.
    state:      int64 (cameras, 2), see PictureReference.
    learned_us, adapted_us: int64 (cameras, 2), UTC.
    """

    half: Greys
    first: Greys
    bend: Pixels
    slope: Pixels
    state: Rows
    learned_us: Rows
    adapted_us: Rows
    hindered: dict[tuple[int, int], ReferenceStanding] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    _waiting: dict[tuple[int, int], list[Candidate]] = field(default_factory=dict)

    @classmethod
    def none(cls, cameras: int) -> References:
        """Nothing learnt yet."""
        pictures, tiles = (cameras, 2, HALF_HEIGHT, HALF_WIDTH), (cameras, 2, ROWS, COLUMNS)
        state, learned_us, adapted_us = (np.zeros((cameras, 2), np.int64) for _ in range(3))
        return cls(
            np.zeros(pictures, np.uint8),
            np.zeros(pictures, np.uint8),
            np.zeros(tiles, np.float32),
            np.zeros(tiles, np.float32),
            state,
            learned_us,
            adapted_us,
        )

    def outlines(self, row: Rows, light: Rows) -> tuple[Outline, Outline]:
        """Edges of references, and of what they were first."""
        return outline(self.half[row, light]), outline(self.first[row, light])

    def energies(self, row: Rows, light: Rows) -> Focus:
        """Energies of references."""
        return Focus(self.bend[row, light], self.slope[row, light], np.zeros(len(row)))

    def offer(self, row: int, light: int, candidate: Candidate, every_s: float) -> bool:
        """Take a healthy picture where there is no reference yet; say whether `complete` can make one now."""
        waiting = self._waiting.setdefault((row, light), [])
        if waiting and candidate.time_us - waiting[-1].time_us < every_s * 1e6:
            return False
        now = slopes(candidate.half[None])
        if waiting and kept(outline(waiting[0].half[None]), now).kept_edges[0] < ALIKE:
            waiting.clear()
        other = 1 - light
        if self.state[row, other] and not self._shows(row, other, now):
            self.counts["refused"] += 1
            self.hindered[row, light] = ReferenceStanding.OTHER_VIEW
            return False
        waiting.append(candidate)
        if len(waiting) > WHOLE:  # the others are only needed small
            waiting[-WHOLE - 1] = replace(waiting[-WHOLE - 1], grey=None)
        return len(waiting) >= NEEDED

    def _shows(self, row: int, light: int, now: Slopes) -> bool:
        there = kept(outline(self.half[row, light][None]), now).kept_edges[0]
        return bool(there >= SAME_VIEW)

    def median(self, row: int, light: int) -> Greys:
        """The median of the pictures that wait: uint8 (90, 160)."""
        found: Greys = np.median([c.half for c in self._waiting[row, light]], axis=0).astype(np.uint8)
        return found

    def give_up(self, row: int, light: int) -> None:
        """The pictures that wait have too little in them; begin anew."""
        self._waiting.pop((row, light), None)
        self.counts["too_plain"] += 1
        self.hindered[row, light] = ReferenceStanding.TOO_PLAIN

    def standing(self, row: Rows, light: Light) -> Rows:
        """How far some cameras know what to see by a light, int64 (n,), see ReferenceStanding."""
        return np.array(
            [self.state[one, light] or self.hindered.get((one, int(light)), 0) for one in row.tolist()],
            np.int64,
        )

    def learn(self, row: int, light: int, half: Greys, strong: Flags, now_us: int) -> None:
        """Make a reference of the median, whose edges are `strong`, bool (1, 70, 160)."""
        whole = [c.grey for c in self._waiting.pop((row, light)) if c.grey is not None]
        found = [focus(strong, grey[None]) for grey in whole]
        self.half[row, light] = self.first[row, light] = half
        self.bend[row, light] = np.median([one.bend[0] for one in found], axis=0)
        self.slope[row, light] = np.median([one.slope[0] for one in found], axis=0)
        self.state[row, light] = PictureReference.UNCONFIRMED
        self.hindered.pop((row, light), None)
        self.learned_us[row, light] = self.adapted_us[row, light] = now_us
        self.counts["learned"] += 1
        self.changed.add(row)

    def adapt(self, row: Rows, light: Rows, half: Greys, now_us: Rows) -> None:
        """Let unconfirmed references follow healthy pictures, one grey level at most, after the light."""
        if not len(row):
            return
        before = self.half[row, light].astype(np.float32)
        now = half.astype(np.float32)
        gain = before.mean(axis=(1, 2)) / np.maximum(now.mean(axis=(1, 2)), 1.0)
        step = np.clip(now * gain[:, None, None] - before, -STEP, STEP)
        self.half[row, light] = np.clip(np.rint(before + step), 0, 255).astype(np.uint8)
        self.adapted_us[row, light] = now_us
        self.counts["adapted"] += len(row)
        self.changed.update(row.tolist())

    def confirm(self, row: int, light: int, now_us: int) -> None:
        """A person says that the reference is right: from now on it follows nothing, and shifts count from it."""
        self.state[row, light] = PictureReference.CONFIRMED
        self.first[row, light] = self.half[row, light]
        self.learned_us[row, light] = now_us
        self.changed.add(row)

    def forget(self, row: int, light: int) -> None:
        """Learn anew."""
        self._waiting.pop((row, light), None)
        self.hindered.pop((row, light), None)
        self.state[row, light] = PictureReference.NONE
        self.changed.add(row)
