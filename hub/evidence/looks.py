"""Which looks at evidence are in the audit trail already: a player asks for a clip in many parts. Pure."""

from __future__ import annotations

from typing import Final

#: Parts of one file that one session asks for within this time are one look.
ONE_LOOK_US: Final = 600_000_000

Look = tuple[str, str, str]  # session, alert, file


class Looks:
    """The looks of the last minutes."""

    def __init__(self) -> None:
        self._at: dict[Look, int] = {}

    def is_new(self, look: Look, now_us: int) -> bool:
        """Whether it must be recorded."""
        return not 0 <= now_us - self._at.get(look, now_us + 1) < ONE_LOOK_US

    def note(self, look: Look, now_us: int) -> None:
        """It was recorded."""
        self._at = {one: at for one, at in self._at.items() if not self.is_new(one, now_us)} | {look: now_us}
